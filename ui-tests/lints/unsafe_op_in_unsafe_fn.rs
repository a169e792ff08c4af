//! An unsafe operation without a block of its own, and a block that nothing needs.

#![deny(unsafe_op_in_unsafe_fn, unused_unsafe)]

#[instrumented]
unsafe fn read(from: *const u8) -> u8 {
    *from
}

#[instrumented]
async unsafe fn later(from: *const u8) -> u8 {
    *from
}

#[instrumented]
fn needless(n: u8) -> u8 {
    unsafe { n }
}

fn main() {
    needless(1);
    unsafe { read(&1) };
    drop(unsafe { later(&1) });
}
