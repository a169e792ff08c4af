//! Parameters that dereference to something else.

use std::ops::{Deref, DerefMut};

struct Wrapper<T>(T);

impl<T> Deref for Wrapper<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Wrapper<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

#[instrumented]
fn push(mut words: Wrapper<Vec<u8>>, n: Wrapper<u8>) -> Wrapper<usize> {
    words.push(*n);
    Wrapper(words.len())
}

pub(super) fn check() {
    assert_eq!(*push(Wrapper(vec![]), Wrapper(1)), 1);
}
