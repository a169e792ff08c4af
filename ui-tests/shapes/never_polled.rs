//! A future that nobody polls.
// ends: none

#[instrumented]
async fn double(n: u32) -> u32 {
    n * 2
}

pub(super) fn check() {
    drop(double(2));
}
