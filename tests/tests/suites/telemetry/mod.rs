//! What `:telemetry`'s own test suite asks for, case by case, and the rules its users rely on that
//! the suite leaves open: attaching, dispatch, failing handlers, and spans.
//!
//! `t04_invoke_handler` is case 4, and so on. Each case that emits does so both ways: by a name made
//! at run time and by an event of the user's own.
//!
//! Without a meaning here: t22 `logs_on_local_function` (every handler is a closure or a type, and
//! neither is slower).
//!
//! With another meaning: t01 and t17 (there is one registry, which cannot be switched over or off);
//! a handler's `config` is what its closure captured.
//!
//! The numbered cases are in `cases.rs`; the rules beside them in `attaching.rs` and `dispatch.rs`.

/// Both ways to emit one event: by a name made at run time, and by an event of the user's own.
macro_rules! ways {
    ($name:literal) => {{
        #[derive(EventMetadata)]
        #[event($name)]
        struct Fired {
            #[event(measurement)]
            data: u64,
            some: &'static str,
        }
        let by_name: fn() = || {
            let name = EventName::parse($name).unwrap();
            execute(&name, &json!({"data": 3}), &json!({"some": "metadata"})).unwrap();
        };
        let by_type: fn() = || Fired { data: 3, some: "metadata" }.emit();
        [by_name, by_type]
    }};
}

mod attaching;
mod cases;
mod dispatch;

use futures::StreamExt as _;
use serde_json::json;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;
use telemetry_runtime::testing::{self, only};
use telemetry_runtime::{
    AttachError, Context, Event, EventMetadata, EventName, IntoPatterns, NameError, OwnedEvent, Pattern,
    agent_span, attach, detach, event_name, event_names, execute, in_span, list_handlers,
};

/// A handler that sends what it sees to a channel.
fn sending(to: Sender<OwnedEvent>) -> impl Fn(&Event<'_>) + Send + Sync + 'static {
    move |event| to.send(event.into()).unwrap()
}

/// Attaches a handler and returns what it sees.
fn seen_by(id: &str, events: impl IntoPatterns) -> Receiver<OwnedEvent> {
    let (sender, seen) = mpsc::channel();
    attach(id, events, sending(sender)).unwrap();
    seen
}

/// The ids of the handlers that are listed for a prefix, of those that begin with `mine`.
fn listed(prefix: &str, mine: &str) -> Vec<String> {
    list_handlers(prefix).into_iter().map(|handler| handler.id).filter(|id| id.starts_with(mine)).collect()
}

fn already(id: &str) -> Result<(), AttachError> {
    Err(AttachError::AlreadyAttached(id.to_owned()))
}

fn not_attached(id: &str) -> Result<(), AttachError> {
    Err(AttachError::NotAttached(id.to_owned()))
}

fn names(seen: &Receiver<OwnedEvent>) -> Vec<String> {
    seen.try_iter().map(|event| event.name.into_owned()).collect()
}

fn keys(map: &serde_json::Map<String, serde_json::Value>) -> BTreeSet<&str> {
    map.keys().map(String::as_str).collect()
}

/// An event exactly as it was emitted by [`ways`].
fn assert_whole(event: &OwnedEvent, name: &str) {
    assert_eq!(event.name, name);
    assert_eq!(json!(event.measurements), json!({"data": 3}));
    assert_eq!(json!(event.metadata), json!({"some": "metadata"}));
}

#[derive(EventMetadata)]
#[span("suite.span", stop(result))]
struct Spanned {
    some: &'static str,
}

#[agent_span(Spanned { some: "metadata" }, stop(|value| result = value))]
fn spanned(value: u8) -> u8 {
    value
}
