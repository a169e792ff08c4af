//! `self`.

struct Owner(String);

impl Owner {
    #[instrumented]
    fn into_inner(self) -> String {
        self.0
    }
}

pub(super) fn check() {
    assert_eq!(Owner("a".to_owned()).into_inner(), "a");
}
