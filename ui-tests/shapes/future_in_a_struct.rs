//! A plain function that returns a future in a struct: a value like any other.

use futures::executor::block_on;

struct Job<F> {
    future: F,
}

#[instrumented]
fn job(n: u32) -> Job<impl Future<Output = u32>> {
    Job { future: async move { n * 2 } }
}

pub(super) fn check() {
    assert_eq!(block_on(job(2).future), 4);
}
