//! An `async` method written by a macro, with `self` from outside.

use futures::executor::block_on;

struct Counter(u8);

macro_rules! getter {
    ($self:ident, $name:ident => $value:expr) => {
        #[instrumented]
        async fn $name(&mut $self) -> u8 {
            $value
        }
    };
}

impl Counter {
    getter!(self, next => { self.0 += std::future::ready(1).await; self.0 });
}

pub(super) fn check() {
    assert_eq!(block_on(Counter(1).next()), 2);
}
