//! A default method that needs a supertrait and an unsized `Self`.

trait Describe: std::fmt::Debug {
    #[instrumented]
    fn describe(&self) -> String {
        format!("{self:?}")
    }
}

impl Describe for str {}

pub(super) fn check() {
    assert_eq!("a".describe(), "\"a\"");
}
