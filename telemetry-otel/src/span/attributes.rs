//! What one span comes to: its attributes, and what its metrics and log records are made of.

use std::borrow::Cow;

use opentelemetry::{Key, KeyValue, Value};
use serde_json::{Map, Value as Json};
use telemetry_llm::Usage;
use telemetry_runtime::Value as Recorded;

use crate::config::limits::Limits;
use crate::convert::truncate;
use crate::mapping::names::openinference as oi;
use crate::span::io::InputOutput;

/// What one span comes to.
#[derive(Default)]
pub(crate) struct SpanAttributes {
    /// In the order of their weight: what is beyond the limit is left out from the end.
    pub(crate) attributes: Vec<KeyValue>,
    /// Keys of the user's own come after all others.
    pub(super) own: Vec<KeyValue>,
    /// Documented keys that the conventions have no name for, and the user's own.
    pub(crate) metadata: Map<String, Json>,
    pub(crate) model: Option<String>,
    /// The model as it was asked for, where its name has the provider before it.
    pub(crate) whole_model: Option<String>,
    pub(crate) response_model: Option<String>,
    pub(crate) provider: Option<Cow<'static, str>>,
    pub(crate) agent: Option<String>,
    /// Where the model is asked, if the user says.
    pub(crate) server_address: Option<String>,
    pub(crate) server_port: Option<i64>,
    /// The name of a tool or of an operation.
    pub(crate) called: Option<String>,
    /// The operation that the user sets instead of its kind's.
    pub(crate) operation: Option<String>,
    /// The kind of span that it asks for.
    pub(crate) asked_kind: Option<String>,
    /// The method and the version of MCP, of a tool that is called by it.
    pub(crate) mcp_method: Option<String>,
    pub(crate) mcp_protocol: Option<String>,
    pub(crate) usage: Option<Usage>,
    /// In US dollars.
    pub(crate) cost: Option<f64>,
    /// In seconds.
    pub(crate) first_chunk: Option<f64>,
    /// From one chunk to the next, in seconds.
    pub(crate) per_chunk: Option<f64>,
    pub(crate) finish_reasons: Vec<String>,
    /// What it set its status to, if that was not `ok`.
    pub(crate) status: Option<String>,
    /// What the model answered, until it is known why it ended.
    pub(super) answer: Option<Json>,
    /// What went in and out as a person would read it.
    pub(crate) io: InputOutput,
    pub(crate) conversation: Option<String>,
}

impl SpanAttributes {
    pub(crate) fn set(&mut self, key: impl Into<Key>, value: impl Into<Value>) {
        self.attributes.push(KeyValue::new(key, value));
    }

    pub(super) fn set_own(&mut self, key: impl Into<Key>, value: impl Into<Value>) {
        let key = key.into();
        if !self.own.iter().any(|known| known.key == key) {
            self.own.push(KeyValue::new(key, value));
        }
    }

    pub(super) fn set_json(&mut self, key: &'static str, json: Json, max_bytes: usize) {
        if let Some(json) = truncate::json(json, max_bytes) {
            self.set(key, json);
        }
    }

    /// A text as it is, and anything else as JSON.
    pub(super) fn set_text_or_json(&mut self, key: &'static str, json: Json, max_bytes: usize) {
        match json {
            Json::String(text) => self.set(key, truncate::text(&text, max_bytes)),
            json => self.set_json(key, json, max_bytes),
        }
    }

    /// What a person reads first, with its type: without one, backends make one up.
    pub(super) fn set_shown(
        &mut self,
        key: &'static str,
        type_key: &'static str,
        shown: Option<Json>,
        max_bytes: usize,
    ) {
        let (value, mime_type) = match shown {
            None | Some(Json::Null) => return,
            Some(Json::String(text)) => (truncate::text(&text, max_bytes), oi::TEXT),
            Some(json) => match truncate::json(json, max_bytes) {
                Some(json) => (json, oi::JSON),
                None => return,
            },
        };
        self.set(key, value);
        self.set(type_key, mime_type);
    }

    pub(super) fn note_called(&mut self, key: &str, value: &Recorded<'_>) {
        if matches!(key, "tool" | "operation") {
            self.called = Some(value.to_string());
        }
    }

    /// All attributes, none twice, beside those `set` already and within the limits.
    pub(crate) fn take_attributes(&mut self, set: &[&str], limits: Limits) -> Vec<KeyValue> {
        let mut all = std::mem::take(&mut self.attributes);
        let mut own = std::mem::take(&mut self.own);
        // The user's own keys may have any name, that of one of ours included.
        own.retain(|own| !all.iter().any(|known| known.key == own.key) && !set.contains(&own.key.as_str()));
        if all.is_empty() {
            all = own;
        } else {
            all.append(&mut own);
        }
        limits.apply(&mut all, set.len());
        all
    }
}
