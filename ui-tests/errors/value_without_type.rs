//! A body with a value where none is due.

#[instrumented]
fn nothing(n: u8) {
    n + 1
}

fn main() {
    nothing(1);
}
