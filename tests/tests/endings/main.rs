//! Every start has exactly one end, and its event and keys are those of how the work ended.

mod cancellation;
mod capturing;
mod handlers;
mod known_keys;
mod observation;
mod panics;
mod threads;

use std::future::{Future, pending, ready};
use std::panic::{AssertUnwindSafe, panic_any, resume_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use futures::FutureExt;
use serde_json::{Value as Json, json};
use telemetry_runtime::testing::{self, Capture, only};
use telemetry_runtime::{
    Context, ErrorType, Event, EventMetadata, InContext, OwnedEvent, Secrets, Value, agent_span, attach,
    detach, emit, event_name, event_names, execute, in_span, record,
};
use tests::{caught, own_process, passes, poll_once};

#[derive(EventMetadata)]
#[span("endings.step")]
struct Step {
    n: u32,
}

/// The spans that ended, in that order: `1 ok`, `2 panic`, `3 cancelled`.
fn ends(capture: &Capture) -> Vec<String> {
    let events = capture.events();
    let starts = events.iter().filter(|event| event.name.ends_with(".start")).count();
    let ends: Vec<String> = events.iter().filter_map(end_of).collect();
    assert_eq!(starts, ends.len(), "each start has one end: {ends:?}");
    ends
}

fn end_of(event: &OwnedEvent) -> Option<String> {
    let key = match event.name.rsplit('.').next()? {
        "stop" => "status",
        "exception" => "kind",
        _ => return None,
    };
    Some(format!("{} {}", event.get("n")?, event.get(key)?.as_str()?))
}

fn frames(event: &OwnedEvent) -> Vec<&str> {
    event.get("stacktrace").unwrap().as_array().unwrap().iter().map(|frame| frame.as_str().unwrap()).collect()
}

fn exceptions(capture: &Capture) -> Vec<OwnedEvent> {
    capture.named("endings.step.exception")
}

#[agent_span(Step { n: 1 })]
fn outer(run: impl FnOnce()) {
    run();
}

#[agent_span(Step { n: 2 })]
fn inner(run: impl FnOnce()) {
    run();
}

#[agent_span(Step { n })]
async fn step<F: Future>(n: u32, work: F) -> F::Output {
    work.await
}
