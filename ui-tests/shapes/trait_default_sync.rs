//! A default method of a trait, called on a type and through `dyn`.
// ends: ok ok

trait Speak {
    fn word(&self) -> &'static str;

    #[instrumented]
    fn speak(&self, times: usize) -> String {
        self.word().repeat(times)
    }
}

struct Dog;

impl Speak for Dog {
    fn word(&self) -> &'static str {
        "wuff"
    }
}

pub(super) fn check() {
    assert_eq!(Dog.speak(2), "wuffwuff");
    let dog: &dyn Speak = &Dog;
    assert_eq!(dog.speak(1), "wuff");
}
