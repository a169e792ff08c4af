//! Carrying a context into futures, streams, tasks and threads.

use std::future::Future;
use std::pin::Pin;
use std::task::{self, Poll};

use pin_project_lite::pin_project;

use super::{Context, ContextGuard};

pin_project! {
    /// A future that runs in a context, entered for each poll. See [`InContext`].
    #[must_use = "futures do nothing unless polled"]
    pub struct WithContext<F> {
        #[pin]
        future: Option<F>,
        context: Context,
    }

    impl<F> PinnedDrop for WithContext<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            let context = std::mem::take(this.context);
            // What its destructors emit belongs to the context too.
            context.scope(|| this.future.set(None));
        }
    }
}

impl<F: Future> Future for WithContext<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let _entered = ContextGuard::enter(this.context);
        this.future.as_pin_mut().map_or(Poll::Pending, |future| future.poll(cx))
    }
}

impl<F: futures_core::Stream> futures_core::Stream for WithContext<F> {
    type Item = F::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Option<F::Item>> {
        let this = self.project();
        let _entered = ContextGuard::enter(this.context);
        this.future.as_pin_mut().map_or(Poll::Ready(None), |stream| stream.poll_next(cx))
    }
}

/// Runs a future or a stream in a context, for example in a spawned task.
///
/// ```
/// use telemetry_runtime::{Context, InContext};
///
/// # futures::executor::block_on(async {
/// let context = Context::new().with_session_id("s-1");
/// let session = async { Context::current().session_id().map(str::to_owned) };
/// assert_eq!(session.in_context(context).await.as_deref(), Some("s-1"));
/// # });
/// ```
pub trait InContext: Sized {
    /// Returns this with the context entered for each poll.
    fn in_context(self, context: Context) -> WithContext<Self> {
        WithContext { future: Some(self), context }
    }

    /// Returns this with the context that is current now: `tokio::spawn(work().in_current_context())`.
    fn in_current_context(self) -> WithContext<Self> {
        self.in_context(Context::current())
    }
}

impl<T> InContext for T {}

/// Returns a function that runs in the context that is current now, on the thread that calls it: for threads and
/// blocking tasks.
pub fn in_current_context<R>(run: impl FnOnce() -> R) -> impl FnOnce() -> R {
    let context = Context::current();
    move || context.scope(run)
}
