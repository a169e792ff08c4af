//! The user's own `Box`, `Vec`, `String` and `Option`.
// ends: ok ok

use futures::executor::block_on;

struct Box(u8);
struct Vec(u8);
struct String(u8);
struct Option(u8);

#[instrumented]
fn sum(a: Box, b: Vec, c: String, d: Option) -> u8 {
    a.0 + b.0 + c.0 + d.0
}

#[instrumented]
async fn later(of: Box) -> Option {
    Option(of.0)
}

pub(super) fn check() {
    assert_eq!(sum(Box(1), Vec(2), String(3), Option(4)), 10);
    assert_eq!(block_on(later(Box(1))).0, 1);
}
