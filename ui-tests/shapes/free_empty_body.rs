//! A function whose body is empty.

#[instrumented]
fn nothing() {}

pub(super) fn check() {
    nothing();
}
