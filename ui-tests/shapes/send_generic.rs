//! A future that is `Send` because its parameter is.

use futures::executor::block_on;

#[instrumented]
async fn twice<T: Clone + Send + Sync>(value: T) -> (T, T) {
    let copy = std::future::ready(value.clone()).await;
    (value, copy)
}

fn boxed<'a, T: Clone + Send + Sync + 'a>(value: T) -> futures::future::BoxFuture<'a, (T, T)> {
    Box::pin(twice(value))
}

pub(super) fn check() {
    assert_eq!(block_on(boxed(&1)), (&1, &1));
}
