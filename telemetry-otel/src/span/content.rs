//! Content: what goes into models, tools and agents, and what comes out.

use serde_json::{Value as Json, json};
use telemetry_llm::{FinishReason, Message, Part, Role};
use telemetry_runtime::Value as Recorded;

use crate::config::content::ContentKind;
use crate::convert::{messages, tools};
use crate::mapping::names::{self, openinference as oi};
use crate::mapping::table::{RollsUp, SpanMapping, Target};
use crate::span::attributes::SpanAttributes;
use crate::span::io::InputOutput;
use crate::span::mapper::AttributeMapper;
use crate::span::outcome::Outcome;

impl AttributeMapper<'_> {
    pub(super) fn put_content(&self, made: &mut SpanAttributes, to: Target, value: Recorded<'_>) {
        let Some(max_bytes) = kind(to).and_then(|kind| self.options.max_bytes_of(kind)) else { return };
        let json = value.to_json();
        if json.is_null() {
            return;
        }
        match to {
            Target::InputMessages => self.put_messages(made, &json, max_bytes),
            Target::OutputMessages => made.answer = Some(json),
            Target::Object => {
                made.set(names::OUTPUT_TYPE, "json");
                made.answer = Some(json.to_string().into());
            }
            Target::Arguments => {
                let arguments = self.options.masked_as(ContentKind::ToolArguments, tree_of(json));
                made.io.input = Some(arguments.clone());
                made.set_text_or_json(names::TOOL_ARGUMENTS, arguments, max_bytes);
            }
            Target::Code => {
                let code = self.options.masked_as(ContentKind::ToolArguments, json);
                made.set_json(names::TOOL_ARGUMENTS, json!({"code": code}), max_bytes);
                made.io.input = Some(code);
            }
            // What a tool returned although it failed is an error's business.
            Target::ToolResult if *self.outcome == Outcome::Ok => {
                let result = self.options.masked_as(ContentKind::ToolResults, json);
                made.io.output = Some(result.clone());
                made.set_text_or_json(names::TOOL_RESULT, result, max_bytes);
            }
            Target::Tools => {
                let tools = tools::definitions(tree_of(json));
                if tools.as_array().is_some_and(|tools| !tools.is_empty()) {
                    let tools = self.options.masked_as(ContentKind::ToolDefinitions, tools);
                    made.set_json(names::TOOL_DEFINITIONS, tools, max_bytes);
                }
            }
            Target::Input => made.io.input = Some(self.options.masked_as(ContentKind::Prompts, json)),
            Target::Output => made.io.output = Some(self.options.masked_as(ContentKind::Answers, json)),
            _ => {}
        }
    }

    fn put_messages(&self, made: &mut SpanAttributes, json: &Json, max_bytes: usize) {
        let mut messages = telemetry_llm::conversation(json);
        made.io.asked(&messages);
        // Instructions that were sent beside the messages stand beside them.
        let apart = json.is_object() && messages.len() > 1 && messages[0].role == Role::System;
        if apart {
            let instructions = messages.remove(0).parts;
            let parts = serde_json::to_value(instructions).unwrap_or_default();
            let parts = self.options.masked_as(ContentKind::Prompts, parts);
            made.set_json(names::SYSTEM_INSTRUCTIONS, parts, max_bytes);
        }
        self.set_messages(made, names::INPUT_MESSAGES, ContentKind::Prompts, messages, max_bytes);
    }

    fn set_messages(
        &self,
        made: &mut SpanAttributes,
        name: &'static str,
        kind: ContentKind,
        mut messages: Vec<Message>,
        max_bytes: usize,
    ) {
        if !self.options.shows(ContentKind::Images) {
            let media = messages.iter_mut().flat_map(|message| &mut message.parts);
            media.for_each(messages::leave_out_media);
        }
        let tree = self.options.masked_as(kind, messages::json(messages, max_bytes));
        made.set_json(name, tree, max_bytes);
    }

    pub(super) fn finish_answer(&self, made: &mut SpanAttributes) {
        let Some(max_bytes) = self.options.max_bytes_of(ContentKind::Answers) else { return };
        let Some(answer) = made.answer.take() else { return };
        let reason = made.finish_reasons.first().map(|reason| FinishReason::from(reason.as_str()));
        let Some(message) = messages::answer(&answer, reason, self.is_whole()) else { return };
        // A turn that only calls tools has no text; its calls are its output.
        let parts = || serde_json::to_value(&message.parts).unwrap_or_default();
        made.io.output = Some(message.text().map_or_else(parts, Json::from));
        self.set_messages(made, names::OUTPUT_MESSAGES, ContentKind::Answers, vec![message], max_bytes);
    }

    /// Whether what it answered is all that it was to answer.
    fn is_whole(&self) -> bool {
        *self.outcome == Outcome::Ok
    }

    /// What a span shows of itself and of those inside.
    pub(super) fn finish_content(&self, made: &mut SpanAttributes) {
        if self.options.content.max_bytes().is_none() {
            return;
        }
        let prompts = self.options.max_bytes_of(ContentKind::Prompts);
        let answers = self.options.max_bytes_of(ContentKind::Answers);
        // Agents of Legion return a value rather than a message; what of it is text is shown as such.
        if let (Some(result), Some(max_bytes)) = (made.answer.take(), answers) {
            self.set_as_message(made, names::OUTPUT_MESSAGES, Role::Assistant, &result, max_bytes);
            made.io.output = Some(self.options.masked_as(ContentKind::Answers, result));
        }
        self.place.settle(&mut made.io);
        if self.row.is_some_and(|row| row.rolls_up == RollsUp::Models) {
            let InputOutput { input, output, .. } = made.io.clone();
            if let (Some(input), Some(max_bytes)) = (input, prompts) {
                self.set_as_message(made, names::INPUT_MESSAGES, Role::User, &input, max_bytes);
            }
            if let (Some(output), Some(max_bytes)) = (output, answers) {
                self.set_as_message(made, names::OUTPUT_MESSAGES, Role::Assistant, &output, max_bytes);
            }
        }
        // Of a model call the messages are both: backends would show a text beside them in their place.
        let is_model = self.row.is_some_and(SpanMapping::is_inference) && self.kind == "LLM";
        if self.options.openinference && !is_model {
            let is_tool = self.row.is_some_and(SpanMapping::is_tool);
            let (given, returned) = match is_tool {
                true => (ContentKind::ToolArguments, ContentKind::ToolResults),
                false => (ContentKind::Prompts, ContentKind::Answers),
            };
            let InputOutput { input, output, .. } = made.io.clone();
            if let Some(max_bytes) = self.options.max_bytes_of(given) {
                made.set_shown(oi::INPUT, oi::INPUT_TYPE, input, max_bytes);
            }
            if let Some(max_bytes) = self.options.max_bytes_of(returned) {
                made.set_shown(oi::OUTPUT, oi::OUTPUT_TYPE, output, max_bytes);
            }
        }
    }

    /// A value as the one message of a role: a text, or its JSON.
    fn set_as_message(
        &self,
        made: &mut SpanAttributes,
        name: &'static str,
        role: Role,
        value: &Json,
        max_bytes: usize,
    ) {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let mut message = Message::new(role, vec![Part::text(text)]);
        if message.role == Role::Assistant {
            message.finish_reason = Some(messages::unstated_reason(&message, self.is_whole()));
        }
        let kind = if name == names::INPUT_MESSAGES { ContentKind::Prompts } else { ContentKind::Answers };
        self.set_messages(made, name, kind, vec![message], max_bytes);
    }

    /// Keys of a span of the user's own that are what it shows; true if it was such a key.
    pub(super) fn put_own_content(&self, made: &mut SpanAttributes, key: &str, value: &Recorded<'_>) -> bool {
        let to = match key {
            "input" | "prompt" | oi::INPUT => Target::Input,
            "output" | oi::OUTPUT => Target::Output,
            _ => return false,
        };
        if kind(to).and_then(|kind| self.options.max_bytes_of(kind)).is_some() {
            self.put_content(made, to, Recorded::Json(&value.to_json()));
            // Without `OpenInference`'s name it stands under its own.
            return self.options.openinference;
        }
        true
    }
}

/// What kind of content a key is.
fn kind(to: Target) -> Option<ContentKind> {
    Some(match to {
        Target::InputMessages | Target::Input => ContentKind::Prompts,
        Target::Tools => ContentKind::ToolDefinitions,
        Target::OutputMessages | Target::Object | Target::Output => ContentKind::Answers,
        Target::Arguments | Target::Code => ContentKind::ToolArguments,
        Target::ToolResult => ContentKind::ToolResults,
        _ => return None,
    })
}

/// JSON in a text, as a model writes arguments, is that JSON.
fn tree_of(json: Json) -> Json {
    match &json {
        Json::String(text) => match serde_json::from_str::<Json>(text) {
            Ok(tree @ (Json::Object(_) | Json::Array(_))) => tree,
            _ => json,
        },
        _ => json,
    }
}
