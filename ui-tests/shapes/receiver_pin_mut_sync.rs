//! `self: Pin<&mut Self>`.

use std::pin::{Pin, pin};

struct Counter(u32);

impl Counter {
    #[instrumented]
    fn add(mut self: Pin<&mut Self>, n: u32) -> u32 {
        self.0 += n;
        self.0
    }
}

pub(super) fn check() {
    let counter = pin!(Counter(1));
    assert_eq!(counter.add(2), 3);
}
