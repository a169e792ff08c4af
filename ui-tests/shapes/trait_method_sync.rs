//! A method in the implementation of a trait.

trait Speak {
    fn speak(&self, times: usize) -> String;
}

struct Dog;

impl Speak for Dog {
    #[instrumented]
    fn speak(&self, times: usize) -> String {
        "wuff".repeat(times)
    }
}

pub(super) fn check() {
    assert_eq!(Dog.speak(2), "wuffwuff");
}
