//! The kinds of functions that are annotated.

use std::panic::UnwindSafe;

use super::*;

#[tool_call]
async fn later(text: &str) -> usize {
    std::future::ready(()).await;
    text.len()
}

#[agent_span(agent)]
fn boxed() -> std::pin::Pin<Box<dyn Future<Output = u8> + Send + UnwindSafe>> {
    Box::pin(async { 1 })
}

#[tokio::test]
async fn a_future_is_as_send_and_as_unwind_safe_as_it_was() {
    fn assert_send<T: Send>(future: T) -> T {
        future
    }
    fn assert_unwind_safe<T: UnwindSafe>(future: T) -> T {
        future
    }
    assert_eq!(assert_send(later("four")).await, 4);
    assert_eq!(assert_unwind_safe(later("four")).await, 4);
    assert_eq!(boxed().await, 1);
}
