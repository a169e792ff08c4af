//! A mutable borrow of `self`, in an iterator, `async`.

use futures::executor::block_on;

struct Numbers(Vec<u8>);

impl Numbers {
    #[instrumented]
    async fn all(&mut self) -> impl Iterator<Item = &mut u8> {
        self.0.push(std::future::ready(1).await);
        self.0.iter_mut()
    }
}

pub(super) fn check() {
    let mut numbers = Numbers(vec![2]);
    block_on(numbers.all()).for_each(|number| *number += 1);
    assert_eq!(numbers.0, [3, 2]);
}
