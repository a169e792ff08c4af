//! `self: &Arc<Self>`.

use std::sync::Arc;

struct Shared(u32);

impl Shared {
    #[instrumented]
    fn another(self: &Arc<Self>) -> Arc<Self> {
        Arc::clone(self)
    }
}

pub(super) fn check() {
    assert_eq!(Arc::new(Shared(1)).another().0, 1);
}
