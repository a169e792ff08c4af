//! The events of one piece of work, for tests that look at its last end.

use serde_json::Value;
use telemetry_runtime::testing::{self, Capture};

/// Runs a future and keeps its events.
pub async fn observe(run: impl Future) -> Seen {
    let capture = testing::capture();
    capture.follow(run).await;
    Seen(capture)
}

/// Runs a function and keeps its events.
pub fn observe_sync(run: impl FnOnce()) -> Seen {
    let capture = testing::capture();
    capture.scope(run);
    Seen(capture)
}

/// What came out.
pub struct Seen(Capture);

impl Seen {
    /// The names of the events.
    pub fn names(&self) -> Vec<String> {
        self.0.names()
    }

    /// A key of the last event.
    ///
    /// # Panics
    /// If it has no such key.
    #[must_use]
    pub fn stop(&self, key: &str) -> Value {
        let events = self.0.events();
        let stop = events.last().expect("there are events");
        stop.get(key).unwrap_or_else(|| panic!("no `{key}`: {stop:?}")).clone()
    }

    /// The doc comment that the last event carries.
    pub fn description(&self) -> String {
        let events = self.0.events();
        events.last().and_then(|stop| stop.description.clone()).unwrap_or_default().trim().to_owned()
    }

    /// Asserts that one tool was called, and that these were its name, its arguments and its end.
    ///
    /// # Panics
    /// If not.
    pub fn one_tool_call(&self, tool: &str, args: &Value, status: &str) {
        assert_eq!(self.names(), ["condukt.tool_call.start", "condukt.tool_call.stop"]);
        assert_eq!(self.stop("tool"), tool);
        assert_eq!(self.stop("args"), *args);
        assert_eq!(self.stop("status"), status);
    }
}
