//! The registry under load: handlers that change it as they run, first uses that race with attachments, threads that emit,
//! attach and fail at once, processes that end, queues at their limits, and a model of what takes no lock.

mod ends;
mod first_uses;
mod growth;
mod handlers;
#[cfg(target_os = "linux")]
mod memory;
mod model;
mod queues;
mod threads;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{channel, sync_channel};
use std::sync::{Arc, Barrier, Mutex};
use std::time::Duration;

use serde_json::json;
use telemetry_runtime::{
    Context, Event, EventMetadata, EventName, agent_span, attach, detach, event_name, event_names, execute,
    in_current_context, list_handlers, queue,
};
use tests::{own_process, passes};

fn name(text: &str) -> EventName {
    EventName::parse(text).unwrap()
}

fn emit(event: &EventName, number: u64) {
    execute(event, &json!({"number": number}), &()).unwrap();
}

fn number(event: &Event<'_>) -> u64 {
    event.measurements().get("number").unwrap().as_u64().unwrap()
}
