//! A `Result` that is not the outermost type says nothing of how the call ended.
// ends: ok ok

#[instrumented]
fn maybe(text: &str) -> Option<Result<u8, std::num::ParseIntError>> {
    (!text.is_empty()).then(|| text.parse())
}

pub(super) fn check() {
    assert!(maybe("").is_none());
    assert!(maybe("x").is_some_and(|number| number.is_err()));
}
