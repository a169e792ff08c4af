//! A value that is not what `impl Trait` promises.

#[instrumented]
fn numbers() -> impl Iterator<Item = u8> {
    1
}

fn main() {
    numbers();
}
