//! What one span comes to: its attributes, and what its metrics and log records are made of.

use std::borrow::Cow;

use opentelemetry::{KeyValue, StringValue, Value};
use serde_json::{Map, Value as Json};
use telemetry_llm::{FinishReason, Provider, Role, Usage};
use telemetry_runtime::{Event, Value as Recorded};

use crate::config::convention::Name;
use crate::config::options::Options;
use crate::convert::attribute_value::{AttributeValue, MAX_TEXT, made};
use crate::convert::intern;
use crate::convert::messages;
use crate::convert::truncate;
use crate::mapping::names::{self, openinference as oi};
use crate::mapping::table::{SpanMapping, Target, of_context};
use crate::span::outcome::{Outcome, is_identifier};
use crate::span::rollup::{InputOutput, Rollup};

/// What one span comes to.
#[derive(Default)]
pub(crate) struct SpanAttributes {
    /// In the order of their weight: what is beyond the limit is left out from the end.
    pub(crate) attributes: Vec<KeyValue>,
    /// Keys of the user's own come after all others.
    own: Vec<KeyValue>,
    metadata: Map<String, Json>,
    pub(crate) model: Option<String>,
    pub(crate) provider: Option<Cow<'static, str>>,
    pub(crate) agent: Option<String>,
    /// The name of a tool or of an operation.
    pub(crate) called: Option<String>,
    pub(crate) usage: Option<Usage>,
    pub(crate) first_chunk: Option<f64>,
    finish_reason: Option<String>,
    /// What it said of its end, if that was not `ok`.
    status: Option<String>,
    /// What the model answered, until it is known why it ended.
    answer: Option<Json>,
    /// What went in and out as a person would read it.
    pub(crate) io: InputOutput,
    conversation: bool,
}

/// How a sheet is filled in.
pub(crate) struct AttributeMapper<'a> {
    pub(crate) options: &'a Options,
    pub(crate) row: Option<&'static SpanMapping>,
    /// Whether anybody will see the attributes.
    pub(crate) recording: bool,
    pub(crate) ending: &'a Outcome,
    /// What it shows of the spans inside.
    pub(crate) gathered: Option<&'a Rollup>,
}

impl AttributeMapper<'_> {
    /// Reads a span's last event.
    pub(crate) fn read(&self, sheet: &mut SpanAttributes, event: &Event<'_>) {
        // Layers of keys, which `for` would ask for one key at a time.
        event.metadata().iter().for_each(|(key, value)| {
            let to = self.row.and_then(|row| row.to(key)).or_else(|| of_context(key));
            match to {
                Some(to) => self.put(sheet, to, key, value),
                None if self.recording => self.put_own(sheet, key, value),
                None => {}
            }
        });
        if let Some(first) = event.measurements().get("time_to_first_item").and_then(|nanos| nanos.as_f64()) {
            sheet.first_chunk = Some(first / 1e9);
        }
    }

    /// What stands on the sheet only once all keys are read.
    pub(crate) fn finish(&self, sheet: &mut SpanAttributes, event: &Event<'_>, prefix: &'static str) {
        if !self.recording {
            return;
        }
        if let Some(description) = event.description()
            && self.row.is_some_and(SpanMapping::is_tool)
        {
            sheet.set(names::TOOL_DESCRIPTION, truncate::text(description, MAX_TEXT));
        }
        if self.row.is_some_and(SpanMapping::is_inference)
            && let Some(first) = sheet.first_chunk
        {
            sheet.set(names::TIME_TO_FIRST_CHUNK, first);
        }
        if let Some(items) = event.measurements().get("items").and_then(|items| items.as_i64()) {
            sheet.set_own(format!("{prefix}.items"), items);
        }
        self.finish_model(sheet);
        self.finish_ending(sheet, prefix);
        self.finish_content(sheet);
        if self.options.openinference && !sheet.metadata.is_empty() {
            let metadata = Json::Object(std::mem::take(&mut sheet.metadata));
            if let Some(metadata) = truncate::json(metadata, MAX_TEXT) {
                sheet.set(oi::METADATA, metadata);
            }
        }
    }

    fn name(&self, name: Name) -> Option<&'static str> {
        name.of(self.options.convention)
    }

    fn put(&self, sheet: &mut SpanAttributes, to: Target, key: &str, value: Recorded<'_>) {
        match to {
            Target::Agent => sheet.agent = Some(value.to_string()),
            Target::Model => {
                let asked = value.to_string();
                let (provider, model) = telemetry_llm::split_model(&asked);
                sheet.model = Some(model.to_owned());
                sheet.provider = sheet.provider.take().or(provider.map(Provider::into_name));
            }
            // A field says it more clearly than a prefix.
            Target::Provider => {
                sheet.provider = value.as_str().and_then(Provider::named).map(Provider::into_name);
            }
            Target::Usage(cost) => {
                let usage = Usage::read(&value.to_json());
                sheet.usage = usage;
                if self.recording {
                    self.put_usage(sheet, usage.unwrap_or_default(), cost);
                }
            }
            Target::FinishReason => sheet.finish_reason = word(&value.to_json()),
            Target::Outcome if key == "status" => {
                sheet.status = value.as_str().filter(|status| *status != "ok").map(str::to_owned);
            }
            Target::Outcome => {}
            _ if self.recording => self.put_attribute(sheet, to, key, value),
            // Metrics are told what was called.
            Target::Attribute(_) if self.row.is_some_and(|row| row.is_tool() || row.operation.is_some()) => {
                sheet.note_called(key, &value);
            }
            _ => {}
        }
    }

    fn put_attribute(&self, sheet: &mut SpanAttributes, to: Target, key: &str, value: Recorded<'_>) {
        match to {
            Target::Attribute(name) | Target::EndingAnd(name) => {
                sheet.note_called(key, &value);
                self.put_named(sheet, name, key, value);
            }
            Target::Also(name, also) => {
                self.put_named(sheet, name, key, value);
                if let (Some(name), AttributeValue::Plain(value)) = (self.name(also), made(value)) {
                    sheet.set(name, value);
                }
            }
            Target::WhenTrue(name) => {
                if let (Some(true), Some(name)) = (value.as_bool(), self.name(name)) {
                    sheet.set(name, true);
                }
            }
            Target::Structured(name) => {
                if value.as_bool() == Some(true) {
                    sheet.set(names::OUTPUT_TYPE, "json");
                }
                self.put_named(sheet, name, key, value);
            }
            Target::Conversation => self.put_conversation(sheet, value),
            Target::ConversationAnd(name) => {
                self.put_conversation(sheet, value);
                self.put_named(sheet, name, key, value);
            }
            Target::User => {
                sheet.set_own(oi::USER, truncate::text(&value.to_string(), MAX_TEXT));
                self.put_own(sheet, key, value);
            }
            Target::ResultOrReason(name) => self.put_result(sheet, name, value),
            Target::NamesOf(name) => self.put_names(sheet, name, value),
            _ => self.put_content(sheet, to, value),
        }
    }

    /// An attribute, and a line of `OpenInference`'s metadata where the conventions have no name for
    /// it.
    fn put_named(&self, sheet: &mut SpanAttributes, name: Name, key: &str, value: Recorded<'_>) {
        let Some(name) = self.name(name) else { return };
        match made(value) {
            AttributeValue::Nothing => {}
            AttributeValue::Plain(value) => {
                if self.options.openinference && !name.starts_with("gen_ai.") {
                    sheet.metadata.insert(key.trim_end_matches('?').to_owned(), plain_json(&value));
                }
                sheet.set(name, value);
            }
            // None of the documented keys that stand here has a structure; what has is content.
            AttributeValue::Tree(tree) => {
                if let Some(max_bytes) = self.options.content.max_bytes()
                    && let Some(json) = truncate::json(tree, max_bytes)
                {
                    sheet.set(name, json);
                }
            }
        }
    }

    /// A key of the user's own, under its own name, less the question mark of a flag. What has a
    /// structure is content.
    fn put_own(&self, sheet: &mut SpanAttributes, key: &str, value: Recorded<'_>) {
        let content = self.options.content.max_bytes();
        if content.is_none() && self.options.is_content_key(key) {
            return;
        }
        let value = match (made(value), content) {
            (AttributeValue::Plain(value), _) => value,
            (AttributeValue::Tree(tree), Some(max_bytes)) => match truncate::json(tree, max_bytes) {
                Some(json) => json.into(),
                None => return,
            },
            (AttributeValue::Tree(_), None) | (AttributeValue::Nothing, _) => return,
        };
        let key = key.trim_end_matches('?');
        if self.options.openinference && self.row.is_some() {
            sheet.metadata.insert(key.to_owned(), plain_json(&value));
        }
        sheet.set_own(intern::key(key), value);
    }

    fn put_conversation(&self, sheet: &mut SpanAttributes, value: Recorded<'_>) {
        // A span may be in a session and in a run: the session is said first.
        if !std::mem::replace(&mut sheet.conversation, true) {
            let id = StringValue::from(truncate::text(&value.to_string(), MAX_TEXT));
            sheet.set(names::CONVERSATION, id.clone());
            if self.options.openinference {
                sheet.set(oi::SESSION, id);
            }
        }
    }

    fn put_usage(&self, sheet: &mut SpanAttributes, usage: Usage, cost_name: &'static str) {
        let counts = [
            (names::INPUT_TOKENS, usage.input),
            (names::OUTPUT_TOKENS, usage.output),
            (names::CACHE_READ_TOKENS, usage.cache_read),
            (names::CACHE_WRITE_TOKENS, usage.cache_write),
            (names::REASONING_TOKENS, usage.reasoning),
        ];
        for ((name, openinference), count) in counts {
            let Some(count) = count.and_then(|count| i64::try_from(count).ok()) else { continue };
            if let Some(name) = self.name(name) {
                sheet.set(name, count);
            }
            if self.options.openinference {
                sheet.set(openinference, count);
            }
        }
        let total = usage.total.and_then(|total| i64::try_from(total).ok());
        if let Some(total) = total.filter(|_| self.options.openinference) {
            sheet.set(oi::TOTAL_TOKENS, total);
        }
        if let Some(cost) = usage.cost {
            sheet.set(cost_name, cost);
            if self.options.openinference {
                sheet.set(oi::TOTAL_COST, cost);
            }
        }
    }

    fn put_result(&self, sheet: &mut SpanAttributes, reason: Name, value: Recorded<'_>) {
        match self.ending {
            Outcome::Failed { .. } => {
                if let (Some(name), Some(text)) =
                    (self.name(reason), value.as_str().filter(|text| is_identifier(text)))
                {
                    sheet.set(name, text.to_owned());
                }
            }
            _ => self.put_content(sheet, Target::OutputMessages, value),
        }
    }

    /// The names of a map's entries, which are no content; its values are.
    fn put_names(&self, sheet: &mut SpanAttributes, name: Name, value: Recorded<'_>) {
        let (Some(name), Json::Object(map)) = (self.name(name), value.to_json()) else { return };
        if let Some(max_bytes) = self.options.content.max_bytes() {
            if let Some(json) = truncate::json(Json::Object(map), max_bytes) {
                sheet.set(name, json);
            }
        } else {
            let keys = map.keys().map(|key| StringValue::from(truncate::text(key, MAX_TEXT)));
            sheet.set(name, Value::Array(keys.take(64).collect::<Vec<_>>().into()));
        }
    }

    fn put_content(&self, sheet: &mut SpanAttributes, to: Target, value: Recorded<'_>) {
        let Some(max_bytes) = self.options.content.max_bytes() else { return };
        let json = value.to_json();
        if json.is_null() {
            return;
        }
        match to {
            Target::InputMessages => {
                let messages = telemetry_llm::conversation(&json);
                sheet.io.input = messages::last_text(&messages, &Role::User).map(Json::from);
                if let Some(messages) = truncate::json(messages::json(messages, max_bytes), max_bytes) {
                    sheet.set(names::INPUT_MESSAGES, messages);
                }
            }
            Target::OutputMessages => sheet.answer = Some(json),
            Target::Object => {
                sheet.set(names::OUTPUT_TYPE, "json");
                sheet.answer = Some(json.to_string().into());
            }
            Target::Arguments => {
                sheet.io.input = Some(json.clone());
                sheet.set_json(names::TOOL_ARGUMENTS, json, max_bytes);
            }
            Target::Code => {
                sheet.set_json(names::TOOL_ARGUMENTS, serde_json::json!({"code": json}), max_bytes);
                sheet.io.input = Some(json);
            }
            // What a tool returned although it failed is an error's business.
            Target::ToolResult if *self.ending == Outcome::Ok => {
                sheet.io.output = Some(json.clone());
                sheet.set_json(names::TOOL_RESULT, json, max_bytes);
            }
            Target::Input => sheet.io.input = Some(json),
            Target::Output => sheet.io.output = Some(json),
            _ => {}
        }
    }

    fn finish_model(&self, sheet: &mut SpanAttributes) {
        if !self.row.is_some_and(SpanMapping::is_inference) {
            return;
        }
        if let Some(model) = sheet.model.clone().filter(|_| self.options.openinference) {
            sheet.set(oi::MODEL, model);
        }
        if let Some(reason) = sheet.finish_reason.clone() {
            let reasons = Value::Array(vec![StringValue::from(reason)].into());
            sheet.set(names::FINISH_REASONS, reasons);
        }
        if let (Some(answer), Some(max_bytes)) = (sheet.answer.take(), self.options.content.max_bytes()) {
            let reason = sheet.finish_reason.as_deref().map(FinishReason::from);
            let Some(message) = messages::answer(&answer, reason) else { return };
            // A turn that only calls tools says nothing; what it calls is its output.
            let parts = || serde_json::to_value(&message.parts).unwrap_or_default();
            sheet.io.output = Some(message.text().map_or_else(parts, Json::from));
            if let Some(messages) = truncate::json(messages::json(vec![message], max_bytes), max_bytes) {
                sheet.set(names::OUTPUT_MESSAGES, messages);
            }
        }
    }

    fn finish_ending(&self, sheet: &mut SpanAttributes, prefix: &'static str) {
        if let Some(error_type) = self.ending.error_type(self.options.endings()) {
            sheet.set(names::ERROR_TYPE, error_type);
        }
        let own = |key: &str| format!("{prefix}.{key}");
        match self.ending {
            Outcome::Cancelled => {
                sheet.set(own("kind"), "cancelled");
                sheet.set(own("cancelled"), true);
            }
            Outcome::Panicked { .. } => sheet.set(own("kind"), "panic"),
            Outcome::Ok => {
                // A word of the user's own, from a stop rule.
                if let Some(status) = sheet.status.take() {
                    sheet.set(own("status"), truncate::text(&status, MAX_TEXT));
                }
            }
            Outcome::Failed { .. } => {}
        }
    }

    /// Agents of Legion return a value rather than a message; what of it is text is shown as such.
    fn finish_content(&self, sheet: &mut SpanAttributes) {
        let Some(max_bytes) = self.options.content.max_bytes() else { return };
        if let Some(result) = sheet.answer.take() {
            let text = match &result {
                Json::String(text) => text.clone(),
                other => other.to_string(),
            };
            let message = messages::answer(&Json::from(text), None);
            let messages = messages::json(message.into_iter().collect(), max_bytes);
            if let Some(messages) = truncate::json(messages, max_bytes) {
                sheet.set(names::OUTPUT_MESSAGES, messages);
            }
            sheet.io.output = Some(result);
        }
        if let Some(gathered) = self.gathered {
            gathered.settle(&mut sheet.io);
        }
        if self.options.openinference {
            let InputOutput { input, output } = sheet.io.clone();
            sheet.set_shown(oi::INPUT, oi::INPUT_TYPE, input, max_bytes);
            sheet.set_shown(oi::OUTPUT, oi::OUTPUT_TYPE, output, max_bytes);
        }
    }
}

impl SpanAttributes {
    fn set(&mut self, key: impl Into<opentelemetry::Key>, value: impl Into<Value>) {
        self.attributes.push(KeyValue::new(key, value));
    }

    fn set_own(&mut self, key: impl Into<opentelemetry::Key>, value: impl Into<Value>) {
        let key = key.into();
        if !self.own.iter().any(|known| known.key == key) {
            self.own.push(KeyValue::new(key, value));
        }
    }

    fn set_json(&mut self, key: &'static str, json: Json, max_bytes: usize) {
        if let Some(json) = truncate::json(json, max_bytes) {
            self.set(key, json);
        }
    }

    /// What a person reads first, with its type: without one, backends make one up.
    fn set_shown(
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

    fn note_called(&mut self, key: &str, value: &Recorded<'_>) {
        if matches!(key, "tool" | "operation") {
            self.called = Some(value.to_string());
        }
    }

    /// All attributes, none twice, and at most that many beside those `set` already. Where some
    /// are left out, the last one says how many.
    pub(crate) fn take_attributes(&mut self, set: &[&str], limit: usize) -> Vec<KeyValue> {
        let mut all = std::mem::take(&mut self.attributes);
        let mut own = std::mem::take(&mut self.own);
        // The user's own keys may have any name, that of one of ours included.
        own.retain(|own| !all.iter().any(|known| known.key == own.key) && !set.contains(&own.key.as_str()));
        if all.is_empty() {
            all = own;
        } else {
            all.append(&mut own);
        }
        let room = limit.saturating_sub(set.len());
        if all.len() > room {
            let kept = room.saturating_sub(1);
            let dropped = all.len() - kept;
            all.truncate(kept);
            all.push(KeyValue::new(DROPPED, i64::try_from(dropped).unwrap_or(i64::MAX)));
            crate::span::limit::warn_attributes(dropped, limit);
        }
        all
    }
}

/// How many attributes were left out because a span may have no more.
pub(crate) const DROPPED: &str = "telemetry.attributes.dropped";

/// A word, as of an enum: a string, or the one key of a variant.
fn word(json: &Json) -> Option<String> {
    match json {
        Json::String(text) if !text.is_empty() => Some(truncate::text(text, 128)),
        Json::Object(map) if map.len() == 1 => map.iter().next().map(|(key, value)| {
            truncate::text(value.as_str().filter(|text| is_identifier(text)).unwrap_or(key), 128)
        }),
        _ => None,
    }
}

/// An attribute's value as JSON.
fn plain_json(value: &Value) -> Json {
    match value {
        Value::Bool(flag) => (*flag).into(),
        Value::I64(number) => (*number).into(),
        Value::F64(number) => (*number).into(),
        Value::Array(opentelemetry::Array::String(items)) => items.iter().map(|item| item.as_str()).collect(),
        other => other.to_string().into(),
    }
}
