//! A mutable borrow of the argument, in an iterator.

#[instrumented]
fn even(numbers: &mut [u8]) -> impl Iterator<Item = &mut u8> {
    numbers.iter_mut().filter(|number| **number % 2 == 0)
}

pub(super) fn check() {
    let mut numbers = [1, 2];
    even(&mut numbers).for_each(|number| *number = 9);
    assert_eq!(numbers, [1, 9]);
}
