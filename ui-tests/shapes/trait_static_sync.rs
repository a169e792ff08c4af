//! Functions of a trait without a receiver, implemented and by default.
// ends: ok ok

trait Named {
    fn name() -> String;

    #[instrumented]
    fn greeting() -> String {
        format!("hello {}", Self::name())
    }
}

struct Dog;

impl Named for Dog {
    #[instrumented]
    fn name() -> String {
        "dog".to_owned()
    }
}

pub(super) fn check() {
    assert_eq!(Dog::greeting(), "hello dog");
}
