//! The functions that are measured: bare, and annotated.

use std::future::Future;
use std::hint::black_box;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use telemetry_runtime::{EventMetadata, agent_span, in_span, tool_call};

/// The work of every subject.
#[inline(always)]
#[allow(clippy::inline_always, reason = "every subject has its own copy")]
pub fn work(query: &str, top_k: usize, cached: bool) -> u64 {
    let seen = query.len().wrapping_add(top_k).wrapping_mul(if cached { 3 } else { 5 });
    black_box(seen) as u64
}

/// What every subject is given.
pub const GIVEN: (&str, usize, bool) = ("what is the weather like in Oslo?", 7, true);

/// Polls a future once, which must be enough.
///
/// Inlined in every case, or else it depends on a future's size whether the compiler sees through it.
#[inline(always)]
#[allow(clippy::inline_always, reason = "every case is to have the same")]
pub fn ready<F: Future>(future: F) -> F::Output {
    let mut cx = Context::from_waker(Waker::noop());
    match pin!(future).poll(&mut cx) {
        Poll::Ready(returned) => returned,
        Poll::Pending => unreachable!("the future is ready at once"),
    }
}

/// Polls a future until it is done.
#[inline(always)]
#[allow(clippy::inline_always, reason = "as `ready` does")]
pub fn drive<F: Future>(future: F) -> F::Output {
    let mut cx = Context::from_waker(Waker::noop());
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(returned) = future.as_mut().poll(&mut cx) {
            return returned;
        }
    }
}

/// A future that is pending this often.
#[derive(Debug)]
pub struct Suspend(pub u32);

impl Future for Suspend {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if self.0 == 0 {
            return Poll::Ready(());
        }
        self.0 -= 1;
        Poll::Pending
    }
}

/// A span without fields.
#[derive(EventMetadata)]
#[span("bench.nothing")]
pub struct Nothing {}

/// A span of three fields.
#[derive(EventMetadata)]
#[span("bench.retrieval", stop(hits))]
#[allow(missing_docs, reason = "their names describe them")]
pub struct Retrieval<'a> {
    pub query: &'a str,
    pub top_k: usize,
    pub cached: bool,
}

/// A span of six fields.
#[derive(EventMetadata)]
#[span("bench.search")]
#[allow(missing_docs, reason = "their names describe them")]
pub struct Search<'a> {
    pub query: &'a str,
    pub top_k: usize,
    pub cached: bool,
    pub page: u32,
    pub score: f64,
    pub region: &'a str,
}

/// An event of three keys.
#[derive(EventMetadata)]
#[event("bench.lookup")]
#[allow(missing_docs, reason = "their names describe them")]
pub struct Lookup<'a> {
    #[event(measurement)]
    pub count: u64,
    pub query: &'a str,
    pub cached: bool,
}

/// Without a span.
#[inline(never)]
pub fn bare_sync3(query: &str, top_k: usize, cached: bool) -> u64 {
    work(query, top_k, cached)
}

/// Without a span.
#[allow(clippy::unused_async, reason = "what the others are measured against")]
pub async fn bare_async3(query: &str, top_k: usize, cached: bool) -> u64 {
    work(query, top_k, cached)
}

/// Without a span, suspended three times.
pub async fn bare_suspended3(query: &str, top_k: usize, cached: bool) -> u64 {
    Suspend(3).await;
    work(query, top_k, cached)
}

/// No field.
#[inline(never)]
#[agent_span(Nothing {}, stop(|_|))]
pub fn sync0(query: &str, top_k: usize, cached: bool) -> u64 {
    work(query, top_k, cached)
}

/// Three fields.
#[inline(never)]
#[agent_span(Retrieval { query, top_k, cached }, stop(|_|))]
pub fn sync3(query: &str, top_k: usize, cached: bool) -> u64 {
    work(query, top_k, cached)
}

/// Six fields.
#[inline(never)]
#[agent_span(Search { query, top_k, cached, page: 2, score: 0.5, region: "eu" }, stop(|_|))]
pub fn sync6(query: &str, top_k: usize, cached: bool) -> u64 {
    work(query, top_k, cached)
}

/// No field.
#[agent_span(Nothing {}, stop(|_|))]
pub async fn async0(query: &str, top_k: usize, cached: bool) -> u64 {
    work(query, top_k, cached)
}

/// Three fields.
#[agent_span(Retrieval { query, top_k, cached }, stop(|_|))]
pub async fn async3(query: &str, top_k: usize, cached: bool) -> u64 {
    work(query, top_k, cached)
}

/// Six fields.
#[agent_span(Search { query, top_k, cached, page: 2, score: 0.5, region: "eu" }, stop(|_|))]
pub async fn async6(query: &str, top_k: usize, cached: bool) -> u64 {
    work(query, top_k, cached)
}

/// Three fields, suspended three times.
#[agent_span(Retrieval { query, top_k, cached }, stop(|_|))]
pub async fn suspended3(query: &str, top_k: usize, cached: bool) -> u64 {
    Suspend(3).await;
    work(query, top_k, cached)
}

/// A tool of three arguments, as a model calls it.
#[inline(never)]
#[tool_call]
pub fn tool(query: &str, top_k: usize, cached: bool) -> u64 {
    work(query, top_k, cached)
}

/// An agent with a method.
#[derive(Debug)]
pub struct Retriever {
    /// How many results it gives.
    pub top_k: usize,
}

impl Retriever {
    /// Three fields, of a method.
    #[inline(never)]
    #[agent_span(Retrieval { query, top_k: self.top_k, cached }, stop(|_|))]
    pub fn retrieve(&self, query: &str, cached: bool) -> u64 {
        work(query, self.top_k, cached)
    }
}

/// Three fields, without a function of its own.
#[inline(never)]
pub fn inline3(query: &str, top_k: usize, cached: bool) -> u64 {
    in_span!(Retrieval { query, top_k, cached }, stop(|_|); || work(query, top_k, cached))
}

/// A documented span that opens a session.
#[inline(never)]
#[agent_span(agent, agent = "bench")]
pub fn agent(query: &str, top_k: usize, cached: bool) -> u64 {
    sync3(query, top_k, cached)
}

/// It panics.
#[agent_span(Retrieval { query, top_k, cached }, stop(|_|))]
pub fn panics(query: &str, top_k: usize, cached: bool) -> u64 {
    let seen = work(query, top_k, cached);
    if seen == u64::MAX { seen } else { std::panic::panic_any("as it should") }
}

/// It is never done.
#[agent_span(Retrieval { query, top_k, cached }, stop(|_|))]
pub async fn pending(query: &str, top_k: usize, cached: bool) -> u64 {
    std::future::pending::<()>().await;
    work(query, top_k, cached)
}
