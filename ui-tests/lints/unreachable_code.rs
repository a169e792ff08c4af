//! Code behind a return and behind a panic.

#![deny(unreachable_code)]

#[instrumented]
fn one(n: u8) -> u8 {
    return n;
    2
}

#[instrumented]
fn never() -> ! {
    panic!();
    println!("after");
}

#[instrumented]
async fn later(n: u8) -> u8 {
    loop {}
    n
}

fn main() {
    one(1);
    drop(later(1));
    never();
}
