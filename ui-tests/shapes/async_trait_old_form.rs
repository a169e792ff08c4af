//! What `async_trait` wrote before 0.1.43, by hand: an inner `async fn`, boxed.

use std::pin::Pin;

use futures::executor::block_on;

struct Dog(String);

impl Dog {
    #[instrumented]
    fn speak<'life0, 'async_trait>(
        &'life0 self,
        times: usize,
    ) -> Pin<Box<dyn Future<Output = String> + Send + 'async_trait>>
    where
        'life0: 'async_trait,
        Self: 'async_trait,
    {
        async fn speak(this: &Dog, times: usize) -> String {
            this.0.repeat(times)
        }
        Box::pin(speak(self, times))
    }
}

pub(super) fn check() {
    assert_eq!(block_on(Dog("wuff".to_owned()).speak(2)), "wuffwuff");
}
