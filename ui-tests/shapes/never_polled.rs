//! A future that is never polled.
// ends: none

#[instrumented]
async fn double(n: u32) -> u32 {
    n * 2
}

pub(super) fn check() {
    drop(double(2));
}
