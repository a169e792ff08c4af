//! A type in an `extern "C"` function that has no counterpart there.

#![deny(improper_ctypes_definitions)]

#[instrumented]
extern "C" fn length(of: &str) -> usize {
    of.len()
}

fn main() {
    length("");
}
