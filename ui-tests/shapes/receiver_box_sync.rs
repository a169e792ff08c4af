//! `self: Box<Self>`.

struct Owner(String);

impl Owner {
    #[instrumented]
    #[allow(clippy::boxed_local, reason = "that is the case")]
    fn into_inner(self: Box<Self>) -> String {
        self.0
    }
}

pub(super) fn check() {
    assert_eq!(Box::new(Owner("a".to_owned())).into_inner(), "a");
}
