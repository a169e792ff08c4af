//! Keeps the exporters from logging: this crate logs each outage once, with the reason.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tracing::Dispatch;

/// A future that is polled without a subscriber.
pub(super) struct Quiet<F>(Pin<Box<F>>);

/// Polls a future without a subscriber.
pub(super) fn quiet<F: Future>(future: F) -> Quiet<F> {
    Quiet(Box::pin(future))
}

impl<F: Future> Future for Quiet<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        tracing::dispatcher::with_default(&Dispatch::none(), || self.0.as_mut().poll(cx))
    }
}
