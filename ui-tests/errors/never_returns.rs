//! `-> !` of a body that comes to its end.

#[instrumented]
fn never(n: u8) -> ! {
    if n > 1 {
        panic!("too large");
    }
}

fn main() {
    never(1);
}
