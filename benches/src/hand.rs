//! The reference: a span as one would write it by hand, with nothing that can be left out.
//!
//! One relaxed load; if a handler is attached, two clocks, an indirect call with a struct borrowed from the
//! stack, the body, one clock, an indirect call.

use std::hint::black_box;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use crate::subjects::work;

/// What the handler is given.
#[derive(Debug)]
pub struct Event<'a> {
    /// The event's name.
    pub name: &'static str,
    /// At the start.
    pub system_time: Option<SystemTime>,
    /// At both.
    pub monotonic_time: Instant,
    /// At the stop.
    pub duration: Option<Duration>,
    /// A key.
    pub query: &'a str,
    /// A key.
    pub top_k: usize,
    /// A key.
    pub cached: bool,
    /// At the stop.
    pub status: Option<&'static str>,
}

type Handler = Box<dyn Fn(&Event<'_>) + Send + Sync>;

static ENABLED: AtomicBool = AtomicBool::new(false);
static HANDLER: OnceLock<Handler> = OnceLock::new();

/// Switches it on, with a handler that does nothing.
pub fn attach() {
    HANDLER.get_or_init(|| {
        Box::new(|event| {
            black_box(event);
        })
    });
    ENABLED.store(true, Ordering::Relaxed);
}

/// Switches it off.
pub fn detach() {
    ENABLED.store(false, Ordering::Relaxed);
}

/// The work with a span around it.
#[inline(never)]
pub fn sync3(query: &str, top_k: usize, cached: bool) -> u64 {
    if !ENABLED.load(Ordering::Relaxed) {
        return work(query, top_k, cached);
    }
    let Some(handler) = HANDLER.get() else { return work(query, top_k, cached) };
    let started = Instant::now();
    handler(&Event {
        name: "bench.retrieval.start",
        system_time: Some(SystemTime::now()),
        monotonic_time: started,
        duration: None,
        query,
        top_k,
        cached,
        status: None,
    });
    let returned = work(query, top_k, cached);
    let ended = Instant::now();
    handler(&Event {
        name: "bench.retrieval.stop",
        system_time: None,
        monotonic_time: ended,
        duration: Some(ended - started),
        query,
        top_k,
        cached,
        status: Some("ok"),
    });
    returned
}

/// The same of a future.
#[allow(clippy::unused_async, reason = "it is what is measured")]
pub async fn async3(query: &str, top_k: usize, cached: bool) -> u64 {
    sync3(query, top_k, cached)
}
