//! Observing a function allocates nothing, observing a future once.

use benches::allocations::{self, Counting};
use benches::cases::Case;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How often a case allocates in a thousand calls, once warm.
fn in_a_thousand(name: &str) -> u64 {
    let case = Case::named(name);
    let _listening = case.listen();
    (case.run)(100);
    allocations::of(|| (case.run)(1000))
}

#[test]
fn an_observed_call_allocates_as_little_as_promised() {
    // One test, as cases attach handlers under the same names.
    for (name, allowed) in [
        ("sync f3, off", 0),
        ("async f3, off", 0),
        ("sync f0, 1 handler", 0),
        ("sync f3, 1 handler", 0),
        ("sync f6, 1 handler", 0),
        ("sync f3, 16 handlers", 0),
        // Its context and secret, made once.
        ("sync f3, with a secret", 7),
        ("async f3, 1 handler", 1000),
        ("async f3, 3 suspensions, 1 handler", 1000),
    ] {
        assert_eq!(in_a_thousand(name), allowed, "{name}");
    }
}
