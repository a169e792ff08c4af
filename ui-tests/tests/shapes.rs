//! Every function shape of `shapes/` under an attribute; with `CORPUS=whole`, bare and under each.
//!
//! `build.rs` writes the modules out. A test calls its case's `check`, which asserts what the function
//! does, without a handler and with a capture, and then looks at what came out: for each
//! annotated call that was made exactly one start and one end, in the order that the case gives.

#![warn(clippy::nursery)]
#![allow(
    clippy::future_not_send,
    clippy::let_and_return,
    clippy::manual_async_fn,
    clippy::missing_const_for_fn,
    clippy::needless_arbitrary_self_type,
    clippy::needless_lifetimes,
    clippy::needless_pass_by_value,
    clippy::non_minimal_cfg,
    clippy::redundant_pub_crate,
    clippy::trivially_copy_pass_by_ref,
    clippy::unused_async,
    unreachable_pub,
    unused_qualifications,
    reason = "what the bare functions do: it is what they are here to show"
)]

use std::cell::Cell;

use telemetry_runtime::{Context, EventMetadata, OwnedEvent, testing};

macro_rules! corpus {
    ($($module:ident),*) => { $(
        mod $module {
            include!(concat!(env!("OUT_DIR"), "/", stringify!($module), ".rs"));
        }
    )* };
}

corpus!(bare, agent, llm_turn, own_span, tool_call);

/// The span of a user's own that shapes are put under.
#[derive(EventMetadata)]
#[span("shapes.case", stop(seen))]
struct Shape {
    label: &'static str,
    size: u8,
}

thread_local! {
    /// Whether what runs is being captured.
    static OBSERVED: Cell<bool> = const { Cell::new(false) };
}

/// Called by a case where it must run within the span of its function.
fn in_the_span() {
    if OBSERVED.get() {
        assert!(Context::current().span().is_some(), "the span is not open here");
    }
}

/// Runs a case without a handler, then with a capture, and holds the events against `ends`: for each
/// annotated call how it ended, in the order of the ends.
fn run(check: fn(), ends: &[&str]) {
    check();

    let capture = testing::capture();
    OBSERVED.set(true);
    capture.scope(check);
    OBSERVED.set(false);

    let events = capture.events();
    let (starts, stops): (Vec<_>, Vec<_>) = events.iter().partition(|event| event.name.ends_with(".start"));
    assert_eq!(stops.iter().map(|stop| ending(stop)).collect::<Vec<_>>(), ends, "{}", capture.tree());
    assert_eq!(starts.len(), stops.len(), "{}", capture.tree());
    for start in starts {
        let mut ended = stops.iter().filter(|stop| stop.span == start.span);
        let stop = ended.next().unwrap_or_else(|| panic!("it never ends: {start:?}"));
        assert_eq!(ended.next(), None, "it ends twice: {start:?}");
        assert_pair(start, stop);
    }
}

/// What a case calls the ending of a call.
fn ending(stop: &OwnedEvent) -> &str {
    let key = if stop.name.ends_with(".exception") { "kind" } else { "status" };
    stop.get(key).and_then(|value| value.as_str()).unwrap_or_else(|| panic!("no `{key}`: {stop:?}"))
}

/// Asserts what holds of every start and its end.
fn assert_pair(start: &OwnedEvent, stop: &OwnedEvent) {
    assert!(start.span.is_some(), "{start:?}");
    let prefix = |event: &OwnedEvent| event.name.rsplit_once('.').map(|(prefix, _)| prefix.to_owned());
    assert_eq!(prefix(start), prefix(stop));
    for key in ["system_time", "monotonic_time"] {
        assert!(start.measurements.contains_key(key), "no `{key}`: {start:?}");
    }
    for key in ["duration", "monotonic_time"] {
        assert!(stop.measurements.contains_key(key), "no `{key}`: {stop:?}");
    }
    for (key, value) in &start.metadata {
        assert_eq!(stop.get(key), Some(value), "`{key}` is not what it was: {stop:?}");
    }
}
