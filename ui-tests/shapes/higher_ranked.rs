//! A bound for every lifetime.

#[instrumented]
fn apply<F>(text: &str, of: F) -> usize
where
    F: for<'a> Fn(&'a str) -> &'a str,
{
    of(text).len()
}

pub(super) fn check() {
    assert_eq!(apply(" a ", str::trim), 1);
}
