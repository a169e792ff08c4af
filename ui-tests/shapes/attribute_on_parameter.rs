//! Lint attributes on parameters, `self` among them.

struct Thing;

impl Thing {
    #[instrumented]
    #[allow(clippy::unused_self, reason = "that is the case")]
    fn one(#[allow(unused)] &self, #[expect(unused_variables)] n: u8) -> u8 {
        1
    }
}

pub(super) fn check() {
    assert_eq!(Thing.one(2), 1);
}
