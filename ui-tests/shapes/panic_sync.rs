//! A panic in the body.
// ends: panic

#[instrumented]
fn checked(n: u8) -> u8 {
    assert!(n > 9, "too small: {n}");
    n
}

pub(super) fn check() {
    let payload = std::panic::catch_unwind(|| checked(3)).expect_err("it panics");
    assert_eq!(payload.downcast_ref::<String>().map(String::as_str), Some("too small: 3"));
}
