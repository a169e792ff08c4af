//! What several of the tests need.
#![allow(dead_code, reason = "no test needs all of it")]

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use telemetry_runtime::{Context, Event, InContext as _, OwnedEvent, event_names};

/// The conversation that the example comes with.
pub(crate) fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/conversation.jsonl")
}

/// The large file of conversations, if it is on this machine.
pub(crate) fn shared() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/airline-conversations.jsonl");
    let file = std::env::var_os("AIRLINE_CONVERSATIONS").map_or(beside, PathBuf::from);
    let there = file.exists();
    if !there {
        eprintln!("{} is not there: testing with the shipped conversation", file.display());
    }
    there.then_some(file)
}

/// Does some work, and gives what came out of it and the events that it emitted.
pub(crate) async fn observe<R>(work: impl Future<Output = R>) -> (R, Vec<OwnedEvent>) {
    let events = Arc::new(Mutex::new(Vec::new()));
    let context = Context::current().with_handler(event_names!["condukt.**"], {
        let events = events.clone();
        move |event: &Event<'_>| events.lock().unwrap().push(OwnedEvent::from(event))
    });
    let outcome = work.in_context(context).await;
    let events = std::mem::take(&mut *events.lock().unwrap());
    (outcome, events)
}

/// The events of one name.
pub(crate) fn named<'a>(events: &'a [OwnedEvent], name: &str) -> Vec<&'a OwnedEvent> {
    events.iter().filter(|event| event.as_event().name() == name).collect()
}
