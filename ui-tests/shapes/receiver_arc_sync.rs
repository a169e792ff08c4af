//! `self: Arc<Self>`.

use std::sync::Arc;

struct Shared(u32);

impl Shared {
    #[instrumented]
    fn plus(self: Arc<Self>, n: u32) -> u32 {
        self.0 + n
    }
}

pub(super) fn check() {
    assert_eq!(Arc::new(Shared(1)).plus(2), 3);
}
