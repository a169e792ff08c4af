//! `mut self`, `async`.

use futures::executor::block_on;

struct Builder {
    parts: Vec<u8>,
}

impl Builder {
    #[instrumented]
    async fn with(mut self, part: u8) -> Self {
        self.parts.push(std::future::ready(part).await);
        self
    }
}

pub(super) fn check() {
    assert_eq!(block_on(Builder { parts: vec![] }.with(1)).parts, [1]);
}
