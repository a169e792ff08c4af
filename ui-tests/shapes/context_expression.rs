//! The context as an expression.

use futures::executor::block_on;

#[instrumented(context = ::telemetry_runtime::Context::current().with("user_id", user))]
async fn greet(user: &str) -> usize {
    std::future::ready(user.len()).await
}

pub(super) fn check() {
    assert_eq!(block_on(greet("u-1")), 3);
}
