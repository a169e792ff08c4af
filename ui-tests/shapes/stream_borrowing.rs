//! `-> impl Stream` that borrows `&mut self`.

use futures::executor::block_on;
use futures::{Stream, StreamExt, stream};

struct Numbers(Vec<u8>);

impl Numbers {
    #[instrumented(stream)]
    fn all(&mut self) -> impl Stream<Item = &mut u8> + Send {
        stream::iter(self.0.iter_mut())
    }
}

pub(super) fn check() {
    let mut numbers = Numbers(vec![1, 2]);
    block_on(numbers.all().for_each(|n| {
        *n += 1;
        std::future::ready(())
    }));
    assert_eq!(numbers.0, [2, 3]);
}
