//! From the keys of a span's last event to its attributes.

use std::time::SystemTime;

use opentelemetry::{StringValue, Value};
use serde_json::Value as Json;
use telemetry_llm::{FinishReason, Provider, Usage};
use telemetry_runtime::{Event, Value as Recorded};

use crate::config::content::ContentKind;
use crate::config::convention::Name;
use crate::config::options::Options;
use crate::convert::attribute_value::{AttributeValue, MAX_TEXT, made};
use crate::convert::{intern, truncate};
use crate::mapping::names::{self, openinference as oi};
use crate::mapping::table::{SpanMapping, Target, of_context};
use crate::span::attributes::SpanAttributes;
use crate::span::outcome::{Outcome, is_identifier, is_plain_word};
use crate::span::rollup::Place;

/// How a span's attributes are made.
pub(crate) struct AttributeMapper<'a> {
    pub(crate) options: &'a Options,
    pub(crate) row: Option<&'static SpanMapping>,
    /// Whether the span is recorded, so that its attributes matter.
    pub(crate) recording: bool,
    pub(crate) outcome: &'a Outcome,
    /// Where it stands in its tree.
    pub(crate) place: &'a Place,
    /// What the span was when it started: an operation that the user named.
    pub(crate) operation: Option<&'a str>,
    /// Its kind to `OpenInference`.
    pub(crate) kind: &'a str,
    pub(crate) started: SystemTime,
}

impl AttributeMapper<'_> {
    /// Reads a span's last event.
    pub(crate) fn read(&self, made: &mut SpanAttributes, event: &Event<'_>) {
        made.operation = self.operation.map(str::to_owned);
        let is_exception = event.name().ends_with(".exception");
        // Layers of keys, which `for` would ask for one key at a time.
        event.metadata().iter().for_each(|(key, value)| {
            let to = self.row.and_then(|row| row.to(key)).or_else(|| of_context(key));
            match to {
                Some(Target::Outcome) if !self.is_of_outcome(key, is_exception) => self.own(made, key, value),
                Some(to) => self.put(made, to, key, value),
                None => self.own(made, key, value),
            }
        });
        let first = event.measurements().get("time_to_first_item").and_then(|nanos| nanos.as_f64());
        made.first_chunk = first.map(|nanos| nanos / 1e9);
        let items = event.measurements().get("items").and_then(|items| items.as_f64());
        if let (Some(first), Some(items), Some(whole)) =
            (made.first_chunk, items.filter(|items| *items > 1.0), event.measurements().duration())
        {
            made.per_chunk = Some((whole.as_secs_f64() - first).max(0.0) / (items - 1.0));
        }
        self.reckon(made);
    }

    /// Whether a key of that name is the ending's. Spans of the user's own, and fields beside the
    /// documented ones, may have keys that are spelled like it.
    fn is_of_outcome(&self, key: &str, is_exception: bool) -> bool {
        match key {
            "kind" | "reason" | "stacktrace" => is_exception,
            "error" | "error_type" => matches!(self.outcome, Outcome::Failed { .. }),
            _ => !is_exception,
        }
    }

    fn own(&self, made: &mut SpanAttributes, key: &str, value: Recorded<'_>) {
        match key {
            names::RESPONSE_MODEL => {
                made.response_model = Some(truncate::text(&value.to_string(), MAX_TEXT));
                return;
            }
            // An operation that has no annotation of its own is measured by these.
            names::REQUEST_MODEL if self.row.is_none() => {
                let model = truncate::text(&value.to_string(), MAX_TEXT);
                let told = || Provider::of(&model).map(Provider::into_name);
                made.provider = made.provider.take().or_else(told);
                made.model = Some(model);
            }
            // The span has it as its kind.
            names::KIND => {
                made.asked_kind = value.as_str().map(str::to_owned);
                return;
            }
            names::SERVER_ADDRESS => {
                made.server_address = value.as_str().map(|text| truncate::text(text, MAX_TEXT));
            }
            names::SERVER_PORT => made.server_port = value.as_i64(),
            names::MCP_METHOD => made.mcp_method = Some(truncate::text(&value.to_string(), MAX_TEXT)),
            names::MCP_PROTOCOL => made.mcp_protocol = Some(truncate::text(&value.to_string(), MAX_TEXT)),
            names::PROVIDER if self.row.is_none() => {
                let named = value.as_str().and_then(Provider::named).map(Provider::into_name);
                made.provider = named.or(made.provider.take());
            }
            _ => {}
        }
        if self.recording {
            self.put_own(made, key, value);
        }
    }

    pub(super) fn name(&self, name: Name) -> Option<&'static str> {
        name.of(self.options.convention)
    }

    fn put(&self, made: &mut SpanAttributes, to: Target, key: &str, value: Recorded<'_>) {
        match to {
            Target::Agent => made.agent = Some(self.options.agent_name(&value.to_string())),
            Target::Model => {
                let asked = value.to_string();
                let (provider, model) = telemetry_llm::split_model(&asked);
                made.model = Some(truncate::text(model, MAX_TEXT));
                let has_prefix = model.len() < asked.len();
                let provider = provider.or_else(|| Provider::of(&asked));
                made.provider = made.provider.take().or(provider.map(Provider::into_name));
                made.whole_model = has_prefix.then_some(asked);
            }
            // A field takes precedence over a prefix of the model's name.
            Target::Provider => {
                let named = value.as_str().and_then(Provider::named).map(Provider::into_name);
                made.provider = named.or(made.provider.take());
            }
            Target::Usage => made.usage = Usage::read(&value.to_json()),
            Target::FinishReason => made.finish_reasons = reasons(&value.to_json()),
            Target::ResponseModel => made.response_model = Some(truncate::text(&value.to_string(), MAX_TEXT)),
            Target::Conversation | Target::ConversationAnd(_) => self.put_conversation(made, to, key, value),
            Target::Outcome if key == "status" => {
                made.status = value.as_str().filter(|status| *status != "ok").map(str::to_owned);
            }
            Target::Outcome => {}
            _ if self.recording => self.put_attribute(made, to, key, value),
            // Metrics need the name of what was called.
            Target::Attribute(_) if self.row.is_some_and(|row| row.is_tool() || row.operation.is_some()) => {
                made.note_called(key, &value);
            }
            _ => {}
        }
    }

    fn put_attribute(&self, made: &mut SpanAttributes, to: Target, key: &str, value: Recorded<'_>) {
        match to {
            Target::Attribute(name) | Target::OutcomeAnd(name) => {
                made.note_called(key, &value);
                self.put_named(made, name, key, value);
            }
            Target::Word(name) => self.put_word(made, name, key, value),
            Target::WhenTrue(name) => {
                if let (Some(true), Some(name)) = (value.as_bool(), self.name(name)) {
                    made.set(name, true);
                }
            }
            Target::Structured(name) => {
                if value.as_bool() == Some(true) {
                    made.set(names::OUTPUT_TYPE, "json");
                }
                self.put_named(made, name, key, value);
            }
            Target::User => {
                made.set_own(oi::USER, truncate::text(&value.to_string(), MAX_TEXT));
                self.put_own(made, key, value);
            }
            Target::Parameters => self.put_parameters(made, &value.to_json()),
            Target::ResultOrReason(name) => self.put_result(made, name, value),
            Target::NamesOf(name) => self.put_names(made, name, value),
            _ => self.put_content(made, to, value),
        }
    }

    /// An attribute, and a line of `OpenInference`'s metadata where the conventions have no name for
    /// it.
    pub(super) fn put_named(&self, made_: &mut SpanAttributes, name: Name, key: &str, value: Recorded<'_>) {
        let Some(name) = self.name(name) else { return };
        match made(value) {
            AttributeValue::Nothing => {}
            AttributeValue::Plain(value) => {
                if self.options.openinference && !name.starts_with("gen_ai.") {
                    made_.metadata.insert(key.trim_end_matches('?').to_owned(), plain_json(&value));
                }
                made_.set(name, value);
            }
            // None of the documented keys that stand here has a structure; what has is content.
            AttributeValue::Tree(tree) => {
                if let Some(max_bytes) = self.options.max_bytes_of_content()
                    && let Some(json) = truncate::json(tree, max_bytes)
                {
                    made_.set(name, json);
                }
            }
        }
    }

    /// A word of a few, as the documents have it. Anything longer is a model's own words: content.
    fn put_word(&self, made: &mut SpanAttributes, name: Name, key: &str, value: Recorded<'_>) {
        if value.as_str().is_none_or(|text| text.is_empty() || is_identifier(text)) {
            return self.put_named(made, name, key, value);
        }
        let kind = if key == "action" { ContentKind::Answers } else { ContentKind::Prompts };
        if let Some(max_bytes) = self.options.max_bytes_of(kind)
            && let Some(name) = self.name(name)
        {
            made.set_text_or_json(name, self.options.masked_as(kind, value.to_json()), max_bytes);
        }
    }

    /// A key of the user's own, under its own name, less the question mark of a flag. What has a
    /// structure is content, and so is what the conventions call content.
    fn put_own(&self, made_: &mut SpanAttributes, key: &str, value: Recorded<'_>) {
        if self.row.is_none() && self.put_own_content(made_, key, &value) {
            return;
        }
        let content = self.options.content_of_key(key);
        if content.is_none() && self.options.is_content_key(key) {
            return;
        }
        if key == oi::METADATA && self.put_own_metadata(made_, &value) {
            return;
        }
        let value = match (made(value), content) {
            (AttributeValue::Plain(Value::String(text)), Some(max_bytes))
                if self.options.is_content_key(key) =>
            {
                let masked = self.options.masked(key, text.as_str().into());
                truncate::text(masked.as_str().unwrap_or_default(), max_bytes).into()
            }
            (AttributeValue::Plain(value), _) => value,
            (AttributeValue::Tree(tree), Some(max_bytes)) => {
                match truncate::json(self.options.masked(key, tree), max_bytes) {
                    Some(json) => json.into(),
                    None => return,
                }
            }
            (AttributeValue::Tree(_), None) | (AttributeValue::Nothing, _) => return,
        };
        let key = key.trim_end_matches('?');
        let is_conventional = key.starts_with("gen_ai.") || key.starts_with("openinference.");
        if self.options.openinference && self.row.is_some() && !is_conventional {
            made_.metadata.insert(key.to_owned(), plain_json(&value));
        }
        made_.set_own(intern::key(key), value);
    }

    /// The user's own metadata stand among ours.
    fn put_own_metadata(&self, made: &mut SpanAttributes, value: &Recorded<'_>) -> bool {
        if !self.options.openinference {
            return false;
        }
        let json = match value.to_json() {
            Json::String(text) => serde_json::from_str(&text).unwrap_or(Json::String(text)),
            json => json,
        };
        match json {
            Json::Object(map) => {
                made.metadata.extend(map);
                true
            }
            _ => false,
        }
    }

    /// The conversation: the session first, else the run. What `OpenInference` calls a session is that of
    /// the whole trace: a sub-agent's own would move the trace to it.
    fn put_conversation(&self, made: &mut SpanAttributes, to: Target, key: &str, value: Recorded<'_>) {
        if made.conversation.is_none() {
            let id = truncate::text(&value.to_string(), MAX_TEXT);
            if self.recording {
                made.set(names::CONVERSATION, StringValue::from(id.clone()));
                if self.options.openinference {
                    let session = self.place.session().unwrap_or_else(|| id.clone());
                    made.set(oi::SESSION, session);
                }
            }
            made.conversation = Some(id);
        }
        if let Target::ConversationAnd(name) = to
            && self.recording
        {
            self.put_named(made, name, key, value);
        }
    }

    fn put_result(&self, made: &mut SpanAttributes, reason: Name, value: Recorded<'_>) {
        match self.outcome {
            Outcome::Failed { .. } => {
                if let (Some(name), Some(text)) =
                    (self.name(reason), value.as_str().filter(|text| is_identifier(text)))
                {
                    made.set(name, text.to_owned());
                }
            }
            _ => self.put_content(made, Target::OutputMessages, value),
        }
    }

    /// The names of a map's entries, which are no content; its values are.
    fn put_names(&self, made: &mut SpanAttributes, name: Name, value: Recorded<'_>) {
        let (Some(name), Json::Object(map)) = (self.name(name), value.to_json()) else { return };
        if let Some(max_bytes) = self.options.max_bytes_of_content() {
            let tree = self.options.masked(name, Json::Object(map));
            if let Some(json) = truncate::json(tree, max_bytes) {
                made.set(name, json);
            }
        } else {
            // Names are a model's too, where it writes the code.
            let keys = map.keys().filter(|key| is_plain_word(key)).map(|key| StringValue::from(key.clone()));
            made.set(name, Value::Array(keys.take(64).collect::<Vec<_>>().into()));
        }
    }

    /// What stands on the span only once all keys are read.
    pub(crate) fn finish(&self, made: &mut SpanAttributes, event: &Event<'_>, prefix: &'static str) {
        if !self.recording {
            return;
        }
        if let Some(description) = event.description()
            && self.row.is_some_and(SpanMapping::is_tool)
        {
            made.set(names::TOOL_DESCRIPTION, truncate::text(description, MAX_TEXT));
        }
        if self.row.is_some_and(SpanMapping::is_inference) {
            if let Some(first) = made.first_chunk {
                made.set(names::TIME_TO_FIRST_CHUNK, first);
            }
            if let Some(first) =
                event.measurements().get("time_to_first_token").and_then(|nanos| nanos.as_f64())
            {
                made.set_own(format!("{prefix}.time_to_first_token"), first / 1e9);
            }
        }
        if let Some(items) = event.measurements().get("items").and_then(|items| items.as_i64()) {
            made.set_own(format!("{prefix}.items"), items);
        }
        self.finish_model(made, prefix);
        self.finish_outcome(made, prefix);
        self.finish_content(made);
        if self.options.openinference && !made.metadata.is_empty() {
            let metadata = Json::Object(std::mem::take(&mut made.metadata));
            if let Some(metadata) = truncate::json(metadata, self.options.limits.max_bytes(MAX_TEXT)) {
                made.set(oi::METADATA, metadata);
            }
        }
    }

    fn finish_outcome(&self, made: &mut SpanAttributes, prefix: &'static str) {
        if let Some(error_type) = self.outcome.error_type(self.options.outcomes()) {
            // Of a call by MCP a number is the code of the error that the other side returned.
            if made.mcp_method.is_some() && error_type.parse::<i32>().is_ok() {
                made.set(names::RPC_STATUS, error_type.to_string());
            }
            made.set(names::ERROR_TYPE, error_type);
        }
        let own = |key: &str| format!("{prefix}.{key}");
        match self.outcome {
            Outcome::Cancelled => {
                made.set(own("kind"), "cancelled");
                made.set(own("cancelled"), true);
            }
            Outcome::Panicked { .. } => made.set(own("kind"), "panic"),
            Outcome::Ok => {
                // A word of the user's own, from a stop rule.
                if let Some(status) = made.status.take() {
                    made.set(own("status"), truncate::text(&status, MAX_TEXT));
                }
            }
            Outcome::Failed { .. } => {}
        }
    }
}

/// Reasons as the provider words them: a word, the one variant of an enum, or a list of them.
fn reasons(json: &Json) -> Vec<String> {
    match json {
        Json::Array(items) => items.iter().take(64).filter_map(word).collect(),
        json => word(json).into_iter().collect(),
    }
}

fn word(json: &Json) -> Option<String> {
    match json {
        // A sentence is a model's own: what stands here is exported with content off.
        Json::String(text) if !text.is_empty() => {
            Some(if is_plain_word(text) { text.clone() } else { "other".to_owned() })
        }
        Json::Object(map) if map.len() == 1 => map.iter().next().map(|(key, value)| {
            let word = value.as_str().filter(|text| is_identifier(text)).unwrap_or(key);
            if is_plain_word(word) { word.to_owned() } else { "other".to_owned() }
        }),
        json => FinishReason::read(json).map(|reason| reason.to_string()),
    }
}

/// An attribute's value as JSON.
pub(super) fn plain_json(value: &Value) -> Json {
    match value {
        Value::Bool(flag) => (*flag).into(),
        Value::I64(number) => (*number).into(),
        Value::F64(number) => (*number).into(),
        Value::Array(opentelemetry::Array::String(items)) => items.iter().map(|item| item.as_str()).collect(),
        other => other.to_string().into(),
    }
}
