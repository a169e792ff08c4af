//! The rules of the contract, one test each: what attributes capture and when, what derives make of
//! types, what handlers are given, what a context holds, and what span hooks follow.
//!
//! The files are its sections; whole examples are in `walkthrough.rs`. The registry's rules are in `suites/telemetry.rs`,
//! how spans end in `endings`, tasks and other processes in `propagation`.

mod contexts;
mod crate_path;
mod current_span;
mod derives;
mod documented;
mod errors;
mod evaluation;
mod functions;
mod futures_and_streams;
mod handlers;
mod hooks;
mod inline;
mod lazy_values;
mod open_span;
mod own_keys;
mod parameters;
mod precedence;
mod public_api;
mod response;
mod results;
mod testing_kit;
mod tool_access;
mod tool_arguments;
mod tools;
mod values;
mod walkthrough;

/// The crate under another name, as a facade has it.
mod facade {
    pub(crate) use ::telemetry_runtime as telemetry;
}

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::{Serialize, Serializer};
use serde_json::{Value as Json, json};
use telemetry_runtime::testing::{self, Capture, only};
use telemetry_runtime::{
    Context, Event, EventMetadata, InContext as _, OwnedEvent, StopMetadata, agent_span, emit, event_name,
    event_names, execute, in_span, record, tool_call,
};
use tests::{own_process, passes};

/// Has a different text for each way to be recorded.
#[derive(Clone)]
struct Said;

impl Serialize for Said {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("serialize")
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("display")
    }
}

impl fmt::Debug for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("debug")
    }
}

/// Counts how often it is serialised. `Copy`, so it is kept.
#[derive(Clone, Copy)]
struct Counted<'a>(&'a AtomicUsize);

impl Serialize for Counted<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.fetch_add(1, Ordering::Relaxed);
        serializer.serialize_str("counted")
    }
}

/// The same, and not `Copy`.
struct Owned<'a>(Counted<'a>);

impl Serialize for Owned<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

fn count(counter: &AtomicUsize) -> usize {
    counter.load(Ordering::Relaxed)
}

/// Notes that it was evaluated.
fn evaluated<T>(counter: &AtomicUsize, value: T) -> T {
    counter.fetch_add(1, Ordering::Relaxed);
    value
}

/// The first event under a capture, and the last.
fn first_and_last(capture: &Capture) -> (OwnedEvent, OwnedEvent) {
    let events = capture.events();
    (events.first().unwrap().clone(), events.last().unwrap().clone())
}

/// What the stop of a span is, run under a capture of its own.
fn stop_of<R>(run: impl FnOnce() -> R) -> OwnedEvent {
    let capture = testing::capture();
    capture.scope(run);
    let (_, stop) = first_and_last(&capture);
    assert!(stop.name.ends_with(".stop"), "{stop:?}");
    stop
}

/// Runs a test in a process of its own, where no other has attached anything. True in that process.
fn alone(test: &str) -> bool {
    const ALONE: &str = "CONTRACT_ALONE";
    if std::env::var_os(ALONE).is_some_and(|name| name == test) {
        return true;
    }
    passes(own_process(test).env(ALONE, test));
    false
}
