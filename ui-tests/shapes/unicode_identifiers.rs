//! Identifiers beyond ASCII.

#[instrumented]
fn größe(länge: u32) -> u32 {
    länge * 2
}

pub(super) fn check() {
    assert_eq!(größe(2), 4);
}
