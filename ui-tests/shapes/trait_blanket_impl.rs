//! A method in a blanket implementation.

trait Twice {
    fn twice(&self) -> (Self, Self)
    where
        Self: Sized;
}

impl<T: Clone> Twice for T {
    #[instrumented]
    fn twice(&self) -> (Self, Self) {
        (self.clone(), self.clone())
    }
}

pub(super) fn check() {
    assert_eq!(String::from("a").twice().1, "a");
}
