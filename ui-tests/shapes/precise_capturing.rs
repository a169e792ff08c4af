//! `use<>` in the return type: the argument is not held by what is returned.
// ends: ok ok

#[instrumented]
fn countdown<T>(from: &u8, _of: T) -> impl Iterator<Item = u8> + use<'_, T> {
    (0..*from).rev()
}

#[instrumented]
fn detached(from: &u8) -> impl Iterator<Item = u8> + use<> {
    0..*from
}

pub(super) fn check() {
    assert_eq!(countdown(&2, "x").collect::<Vec<_>>(), [1, 0]);
    let numbers = {
        let from = 2;
        detached(&from)
    };
    assert_eq!(numbers.collect::<Vec<_>>(), [0, 1]);
}
