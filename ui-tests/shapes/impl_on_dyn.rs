//! Methods of a trait object's own, and of an unsized type.
// ends: ok ok

trait Speak {
    fn word(&self) -> &'static str;
}

impl dyn Speak {
    #[instrumented]
    fn speak(&self, times: usize) -> String {
        self.word().repeat(times)
    }
}

trait Total {
    fn total(&self) -> u32;
}

impl Total for [u32] {
    #[instrumented]
    fn total(&self) -> u32 {
        self.iter().sum()
    }
}

struct Dog;

impl Speak for Dog {
    fn word(&self) -> &'static str {
        "wuff"
    }
}

pub(super) fn check() {
    let dog: &dyn Speak = &Dog;
    assert_eq!(dog.speak(2), "wuffwuff");
    assert_eq!([1, 2][..].total(), 3);
}
