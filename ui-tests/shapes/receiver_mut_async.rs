//! `&mut self`, `async`.

use futures::executor::block_on;

struct Counter(u32);

impl Counter {
    #[instrumented]
    async fn add(&mut self, n: u32) {
        self.0 += std::future::ready(n).await;
    }
}

pub(super) fn check() {
    let mut counter = Counter(1);
    block_on(counter.add(2));
    assert_eq!(counter.0, 3);
}
