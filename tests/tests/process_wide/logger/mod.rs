//! The default logger: the line of every documented event, its level, indentation and colour, the
//! choice of categories, and that nothing it is given can make it fail.

mod colours;
mod hostile;
mod lines;
mod runs;

use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::process::Command;
use std::task::{Context as Task, Poll, Waker};
use std::time::Duration;
use telemetry_runtime::testing::{self, Capture, FakeClock};
use telemetry_runtime::{
    AgentProcess, AttachError, Category, Context, Event, EventName, Level, LoggerOptions, Secrets,
    agent_span, attach, attach_default_logger, detach_default_logger, emit, event_name, event_names, execute,
    in_span, list_handlers, tool_call,
};
use tests::lines::{Line, Lines};
use tests::{alone, own_process};

use runs::{CONDUKT, LEGION, condukt, legion};

/// The lines of the logger while `run` runs.
fn logged_as(options: LoggerOptions, run: impl FnOnce()) -> Vec<Line> {
    let lines = Lines::default();
    attach_default_logger(options).unwrap();
    lines.collect(run);
    detach_default_logger().expect("the logger was not detached by anything");
    lines.take()
}

/// The texts of the lines, without colours.
fn logged(run: impl FnOnce()) -> Vec<String> {
    let lines = logged_as(LoggerOptions::default().with_ansi(false), run);
    lines.into_iter().map(|line| line.text).collect()
}

/// A context in which a clock stands still until it is advanced.
fn still() -> (FakeClock, Capture) {
    let clock = FakeClock::new();
    let capture = testing::capture().deterministic(&clock, 1);
    (clock, capture)
}

fn advance(clock: &FakeClock, millis: u64) {
    clock.advance(Duration::from_millis(millis));
}

fn texts(golden: &[(Category, &str)]) -> Vec<String> {
    golden.iter().map(|(_, text)| (*text).to_owned()).collect()
}

/// Runs something that panics.
fn panicking(run: impl FnOnce()) {
    assert!(catch_unwind(AssertUnwindSafe(run)).is_err());
}

/// Polls once, waits that many milliseconds and drops it.
fn abandon(future: impl Future, clock: &FakeClock, millis: u64) {
    let mut future = pin!(future);
    let poll = future.as_mut().poll(&mut Task::from_waker(Waker::noop()));
    assert!(matches!(poll, Poll::Pending));
    advance(clock, millis);
}

fn boom(clock: &FakeClock) {
    advance(clock, 1234);
    panic!("boom \"x\"\n");
}

/// All events that the logger can see.
fn all_names() -> Vec<&'static str> {
    let spans = telemetry_catalogue::SPANS.iter().flat_map(|span| span.events);
    let single = telemetry_catalogue::EVENTS.iter().map(|event| event.name);
    spans.chain(single).filter(|name| !name.starts_with("telemetry.")).collect()
}
