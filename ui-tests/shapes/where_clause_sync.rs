//! A `where` clause over an associated type.

#[instrumented]
fn total<I>(numbers: I) -> u64
where
    I: IntoIterator,
    I::Item: Into<u64>,
{
    numbers.into_iter().map(Into::into).sum()
}

pub(super) fn check() {
    assert_eq!(total([1_u32, 2]), 3);
}
