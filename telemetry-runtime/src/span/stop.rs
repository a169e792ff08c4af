//! What a span's end adds to what its start had.

use smallvec::SmallVec;

use crate::event::beside;
use crate::value::{Captured, CapturedValue, StopValue, Value};

/// The keys of a span's stop, filled from its return value.
///
/// A later value of a key replaces an earlier one; `None` changes nothing. See [`StopMetadata`](trait@crate::StopMetadata).
///
/// ```
/// use telemetry_runtime::{Stop, StopMetadata, spans};
///
/// struct Reply {
///     tokens: u64,
///     reason: Option<&'static str>,
/// }
///
/// impl StopMetadata<spans::llm_turn> for Reply {
///     fn stop_metadata<'r>(&'r self, stop: &mut Stop<'r>) {
///         stop.set("usage", self.tokens);
///         stop.set("finish_reason", self.reason);
///     }
/// }
/// ```
#[derive(Default)]
pub struct Stop<'r> {
    entries: SmallVec<[(&'static str, StopValue<'r>); 6]>,
    /// Whether the `status` is `error`.
    is_error: bool,
}

impl<'r> Stop<'r> {
    /// Sets a key to a scalar or a text: a `bool`, a number, a string, or an `Option` of one.
    pub fn set(&mut self, key: &'static str, value: impl Into<StopValue<'r>>) {
        self.put(key, value.into());
    }

    fn put(&mut self, key: &'static str, value: StopValue<'r>) {
        if let CapturedValue::Absent = value {
            return;
        }
        if key == "status" {
            self.is_error = value.value().is_some_and(|status| status.as_str() == Some("error"));
        }
        self.replace(key, value);
    }

    #[inline]
    fn replace(&mut self, key: &'static str, value: StopValue<'r>) {
        match self.entries.iter_mut().find(|entry| entry.0 == key) {
            Some(entry) => entry.1 = value,
            None => self.entries.push((key, value)),
        }
    }

    /// Sets a key to a value that is serialised when a handler reads it.
    pub fn serialize<T: serde::Serialize>(&mut self, key: &'static str, value: &'r T) {
        self.set(key, StopValue::lazy(value));
    }

    #[doc(hidden)]
    pub fn result(&mut self, result: StopValue<'r>, failure: Option<String>) {
        self.set("result", result);
        if let Some(error) = failure {
            self.fail((error, "tool_error".to_owned()));
        }
    }

    #[doc(hidden)]
    pub fn record(&mut self, key: &'static str, value: Captured<'static>) {
        self.set(key, value.into_stop());
    }

    #[doc(hidden)]
    pub fn ok(&mut self) {
        self.is_error = false;
        self.replace("status", CapturedValue::Str("ok"));
    }

    #[doc(hidden)]
    pub fn fail(&mut self, (error, error_type): (String, String)) {
        self.text("status", "error");
        self.set("error", CapturedValue::Text(error.into()));
        self.set("error_type", CapturedValue::Text(error_type.into()));
    }

    #[doc(hidden)]
    pub fn text(&mut self, key: &'static str, text: &'r str) {
        self.set(key, CapturedValue::Str(text));
    }

    /// Sets those keys that an exception has too aside, under the name that [`beside`] gives them.
    pub(crate) fn set_aside(&mut self, taken: &[&str]) {
        for entry in &mut self.entries {
            if taken.contains(&entry.0)
                && let Some(name) = beside(entry.0)
            {
                entry.0 = name;
            }
        }
    }

    /// Whether its status is `error`.
    pub(crate) fn is_error(&self) -> bool {
        self.is_error
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.entries.iter().any(|entry| entry.0 == key)
    }

    pub(crate) fn get(&self, key: &str) -> Option<Value<'_>> {
        self.entries.iter().find(|entry| entry.0 == key)?.1.value()
    }

    pub(crate) fn entries(&self) -> &[(&'static str, StopValue<'r>)] {
        &self.entries
    }
}
