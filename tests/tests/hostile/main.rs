//! Hostile values: whatever a user's `Serialize`, `Debug` or `Display` does, the call is reported, no handler is
//! detached, nothing overflows and nothing hangs.

mod depth;
mod failures;
mod locks;
mod size;
mod values;

use std::cell::RefCell;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Value as Json, json};
use telemetry_runtime::testing::{self, Capture};
use telemetry_runtime::{
    Context, ErrorType, Event, EventMetadata, Secrets, StopMetadata, Value, agent_span, attach, detach, emit,
    event_names, in_span, record, tool_call,
};

/// What a value is recorded as.
fn recorded(value: impl Serialize) -> Json {
    Value::serialize(&value).to_json()
}

fn marker(of: &str) -> String {
    format!("<unserialisable: {of}>")
}

/// On the small stack of a worker thread.
fn on_a_small_stack<R: Send>(run: impl FnOnce() -> R + Send) -> R {
    std::thread::scope(|scope| {
        std::thread::Builder::new()
            .stack_size(2 * 1024 * 1024)
            .spawn_scoped(scope, run)
            .unwrap()
            .join()
            .unwrap()
    })
}
