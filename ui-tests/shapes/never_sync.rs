//! `-> !`, ended by a panic.
// ends: panic

#[instrumented]
fn fail(code: u8) -> ! {
    std::panic::resume_unwind(Box::new(code))
}

pub(super) fn check() {
    let payload = std::panic::catch_unwind(|| fail(3)).expect_err("it never returns");
    assert_eq!(payload.downcast_ref::<u8>(), Some(&3));
}
