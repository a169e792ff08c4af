//! `-> impl Future` made elsewhere and never polled.
// ends: none

#[instrumented(future)]
fn double(n: u32) -> impl Future<Output = u32> {
    std::future::ready(n * 2)
}

pub(super) fn check() {
    drop(double(2));
}
