//! A method that never returns.
// ends: panic

struct Agent;

impl Agent {
    #[instrumented]
    #[allow(clippy::unused_self, reason = "that is the case")]
    fn abandon(self, why: &'static str) -> ! {
        std::panic::panic_any(why)
    }
}

pub(super) fn check() {
    let hook = std::panic::catch_unwind(|| Agent.abandon("no reason"));
    assert_eq!(hook.expect_err("it never returns").downcast_ref(), Some(&"no reason"));
}
