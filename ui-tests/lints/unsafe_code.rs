//! Unsafe code where it is forbidden.

#![forbid(unsafe_code)]

#[instrumented]
fn first(bytes: &[u8]) -> u8 {
    unsafe { *bytes.get_unchecked(0) }
}

fn main() {
    first(&[1]);
}
