//! A value that does not coerce to the trait object of the return type.

use std::fmt::Display;

struct Opaque;

#[instrumented]
fn shown() -> Box<dyn Display> {
    Box::new(Opaque)
}

#[instrumented]
async fn shown_later() -> Box<dyn Display> {
    Box::new(Opaque)
}

fn main() {
    shown();
    drop(shown_later());
}
