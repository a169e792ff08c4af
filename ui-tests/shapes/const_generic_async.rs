//! A const parameter, `async`, with an expression among its arguments.

use futures::executor::block_on;

struct Ring<const N: usize>([u8; N]);

impl<const N: usize> Ring<N> {
    #[instrumented]
    async fn skip<const BY: usize>(&self) -> [u8; N] {
        let mut next = self.0;
        next.rotate_left(std::future::ready(BY).await);
        next
    }
}

pub(super) fn check() {
    assert_eq!(block_on(Ring([1, 2, 3]).skip::<{ 1 + 1 }>()), [3, 1, 2]);
}
