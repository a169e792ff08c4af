//! No event shows a secret, wherever it stands and however it is written.

mod cost;
mod forms;
mod leaks_of_the_originals;
mod property;
mod readers;
mod scope;
mod seams;
mod sources;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde_json::{Value as Json, json};
use telemetry_runtime::testing::{self, Capture, only};
use telemetry_runtime::{
    Context, ErrorType, Event, EventMetadata, EventName, LoggerOptions, OwnedEvent, Secrets, SecretsError,
    SpanHook, SpanStart, StartedSpan, agent_span, attach, attach_default_logger, attach_hook, attach_typed,
    condukt, detach, detach_default_logger, detach_hook, emit, event_name, event_names, execute, in_span,
    queue, record, tool_call,
};

/// With a quote, a newline and a backslash, as a private key in a configuration has.
const KEY: &str = "-----BEGIN KEY-----\nMII\"Evg\\IBAD+A/NBgk=\n-----END KEY-----";

fn capture(secrets: &[(&str, &str)]) -> Capture {
    let secrets = Secrets::resolve(secrets.iter().copied()).unwrap();
    testing::capture().with_context(|context| context.with_secrets(secrets))
}

/// What becomes of a text in an event.
fn shown(secrets: &[(&str, &str)], text: impl Serialize) -> Json {
    let capture = capture(secrets);
    capture.scope(|| in_span!(operation, operation = "op", fields("text" = text); || ()));
    capture.named("condukt.operation.stop")[0].get("text").unwrap_or(&Json::Null).clone()
}

/// A tool that gives back what it is given.
#[tool_call]
fn echo<T: Serialize>(input: T) -> T {
    input
}

#[tool_call]
fn fails(input: String) -> Result<(), String> {
    Err(input)
}
