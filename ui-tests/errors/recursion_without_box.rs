//! An `async fn` that awaits itself without a box.

#[instrumented]
async fn count(n: u8) -> u8 {
    if n == 0 { 0 } else { count(n - 1).await + 1 }
}

fn main() {
    drop(count(1));
}
