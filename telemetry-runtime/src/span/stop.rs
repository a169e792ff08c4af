//! What a span's end adds to what its start had.

use smallvec::SmallVec;

use crate::value::{Captured, CapturedValue, StopValue, Value};

/// The keys of a span's stop, filled from its return value.
///
/// A later value of a key replaces an earlier one; `None` changes nothing.
#[derive(Default)]
pub struct Stop<'r> {
    entries: SmallVec<[(&'static str, StopValue<'r>); 6]>,
}

impl<'r> Stop<'r> {
    /// Sets a key.
    pub fn set(&mut self, key: &'static str, value: StopValue<'r>) {
        if let CapturedValue::Absent = value {
            return;
        }
        match self.entries.iter_mut().find(|entry| entry.0 == key) {
            Some(entry) => entry.1 = value,
            None => self.entries.push((key, value)),
        }
    }

    /// Sets a key to something that is serialised if somebody looks.
    pub fn serialize<T: serde::Serialize>(&mut self, key: &'static str, value: &'r T) {
        self.set(key, StopValue::lazy(value));
    }

    /// Sets a key to what was recorded of it.
    pub fn record(&mut self, key: &'static str, value: Captured<'static>) {
        self.set(key, value.into_stop());
    }

    /// The work succeeded.
    pub fn ok(&mut self) {
        self.text("status", "ok");
    }

    /// The work failed: what the error says, and its kind.
    pub fn fail(&mut self, (error, error_type): (String, String)) {
        self.text("status", "error");
        self.set("error", CapturedValue::Text(error.into()));
        self.set("error_type", CapturedValue::Text(error_type.into()));
    }

    /// Sets a key to a text.
    pub fn text(&mut self, key: &'static str, text: &'r str) {
        self.set(key, CapturedValue::Str(text));
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
