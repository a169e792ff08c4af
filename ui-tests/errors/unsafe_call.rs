//! An annotated `unsafe fn` called, and something unsafe done, without `unsafe`.

#[instrumented]
unsafe fn danger() {}

#[instrumented]
fn read(from: *const u8) -> u8 {
    *from
}

fn main() {
    danger();
    read(&1);
}
