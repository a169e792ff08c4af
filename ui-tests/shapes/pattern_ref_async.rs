//! `ref` and `ref mut`, `async`.

use futures::executor::block_on;

#[instrumented]
#[allow(clippy::toplevel_ref_arg, reason = "that is the case")]
async fn length(ref name: String, ref mut count: usize) -> usize {
    *count += std::future::ready(name.len()).await;
    *count
}

pub(super) fn check() {
    assert_eq!(block_on(length("abc".to_owned(), 1)), 4);
}
