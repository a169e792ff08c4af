//! The messages and the results of tools, as text.

use std::collections::HashMap;
use std::fmt::Write as _;

use telemetry_llm::{Message, Part, Role, answer, conversation};

use super::sorted::sorted;
use super::spans::{SpanView, Spans};
use crate::ids::SpanId;
use crate::value::Json;

pub(super) fn render(spans: &Spans) -> String {
    let mut roots: Vec<SpanView<'_>> = spans.iter().filter(|span| span.parent().is_none()).collect();
    roots.sort_by_key(SpanView::began);
    let mut transcript = Transcript::default();
    for root in roots {
        transcript.write(&root, 0);
    }
    transcript.out
}

/// Whose conversation it is: an agent's in a session, or without one a span's.
#[derive(PartialEq, Eq, Hash)]
enum Speaker<'s> {
    InSession(&'s str, Option<&'s str>),
    Inside(SpanId),
}

impl<'s> Speaker<'s> {
    fn of(turn: &SpanView<'s>) -> Self {
        let session = turn.text("session_id").or_else(|| turn.text("run_id"));
        let around = || turn.ancestors().find(is_speaker).map_or(turn.ids().id, |agent| agent.ids().id);
        session.map_or_else(|| Self::Inside(around()), |session| Self::InSession(session, turn.text("agent")))
    }
}

fn is_speaker(span: &SpanView<'_>) -> bool {
    matches!(span.kind(), "agent" | "agent_message" | "operation" | "run")
}

#[derive(Default)]
struct Transcript<'s> {
    out: String,
    conversations: HashMap<Speaker<'s>, Conversation>,
}

/// A conversation as far as it was written.
#[derive(Default)]
struct Conversation {
    messages: Vec<Message>,
    /// The calls of tools whose results no message has had yet.
    calls: Vec<Call>,
}

/// A call of a tool that is a span, and so was written with its result.
struct Call {
    tool: String,
    id: Option<String>,
}

impl Conversation {
    /// Whether a part of a later message was written before: a result at its call, which has only one, an answer at its turn.
    fn takes(&mut self, message: &Message, part: &Part) -> bool {
        match part {
            Part::ToolResult { id, .. } => {
                let name = id.as_deref().and_then(|id| self.name_of_call(id)).map(str::to_owned);
                let is_it = |call: &Call| match (&call.id, id) {
                    (Some(call), Some(id)) => call == id,
                    _ => name.as_ref().is_none_or(|name| *name == call.tool),
                };
                if let Some(at) = self.calls.iter().position(is_it) {
                    self.calls.remove(at);
                    return true;
                }
                self.messages.iter().flat_map(|known| &known.parts).any(|known| {
                    matches!(known, Part::ToolResult { id: known, .. } if known.is_some() && known == id)
                })
            }
            _ if message.role == Role::Assistant => self.messages.iter().any(|known| {
                is_same(known, message) || known.role == message.role && known.parts.contains(part)
            }),
            _ => false,
        }
    }

    fn name_of_call(&self, id: &str) -> Option<&str> {
        let mut calls = self.messages.iter().flat_map(Message::tool_calls);
        calls.find(|call| call.id.as_deref() == Some(id)).map(|call| call.name.as_str())
    }
}

impl<'s> Transcript<'s> {
    /// Writes a span and what is inside.
    fn write(&mut self, span: &SpanView<'s>, depth: usize) {
        match span.kind() {
            _ if is_speaker(span) => {
                let key = if span.is("operation") { "operation" } else { "agent" };
                line(&mut self.out, depth, short(span.text(key).unwrap_or(span.kind())));
                self.inside(span, depth + 1);
                ended(&mut self.out, span, depth + 1);
            }
            "llm_turn" | "llm_request" => self.turn(span, depth),
            "tool_call" => {
                let tool = span.text("tool").unwrap_or_default();
                let args = span.get("args").map_or_else(String::new, text);
                line(&mut self.out, depth, &format!("{tool} {args}"));
                self.inside(span, depth + 1);
                if let Some(result) = span.get("result").filter(|_| span.status() != Some("error")) {
                    line(&mut self.out, depth, &format!("{tool} gave {}", text(result)));
                }
                ended(&mut self.out, span, depth);
                let call = Call { tool: tool.to_owned(), id: span.text("tool_call_id").map(str::to_owned) };
                self.conversations.entry(Speaker::of(span)).or_default().calls.push(call);
            }
            _ => self.inside(span, depth),
        }
    }

    fn inside(&mut self, span: &SpanView<'s>, depth: usize) {
        let mut children: Vec<SpanView<'s>> = span.children().collect();
        children.sort_by_key(SpanView::began);
        for child in children {
            self.write(&child, depth);
        }
    }

    fn turn(&mut self, span: &SpanView<'s>, depth: usize) {
        let mut messages = span.get("messages").map(conversation).unwrap_or_default();
        let so_far = self.conversations.entry(Speaker::of(span)).or_default();
        // A conversation grows from turn to turn: what was written is not written again.
        let known = so_far.messages.iter().zip(&messages);
        let known = known.take_while(|(known, message)| is_same(known, message)).count();
        for message in &messages[known..] {
            for part in &message.parts {
                if !so_far.takes(message, part) {
                    part_lines(&mut self.out, depth, message, part, so_far);
                }
            }
        }
        if let Some(message) = span.get("assistant_message").and_then(answer) {
            for part in &message.parts {
                part_lines(&mut self.out, depth, &message, part, so_far);
            }
            messages.push(message);
        }
        so_far.messages = messages;
        self.inside(span, depth + 1);
        ended(&mut self.out, span, depth);
    }
}

fn is_same(known: &Message, message: &Message) -> bool {
    known.role == message.role && (known.parts == message.parts || known.text() == message.text())
}

fn part_lines(out: &mut String, depth: usize, message: &Message, part: &Part, so_far: &Conversation) {
    let role = message.role.as_str();
    let told = match part {
        Part::Text { content } => content.clone(),
        Part::Reasoning { content, .. } => format!("(thinks) {content}"),
        Part::ToolCall(call) => format!("calls {} {}", call.name, text(&call.arguments)),
        Part::ToolResult { id, response } => {
            let name = id.as_deref().and_then(|id| so_far.name_of_call(id));
            let told = format!("{} gave {}", name.unwrap_or("tool"), text(response));
            return line(out, depth, &told);
        }
        Part::Blob { modality, .. } | Part::Uri { modality, .. } | Part::File { modality, .. } => {
            format!("[{modality}]")
        }
        _ => "[other]".to_owned(),
    };
    line(out, depth, &format!("{role}: {told}"));
}

/// How a span ended, unless it went well.
fn ended(out: &mut String, span: &SpanView<'_>, depth: usize) {
    let name = span.text("tool").unwrap_or(span.kind());
    if let Some(kind) = span.exception() {
        let reason = span.text("reason").filter(|reason| *reason != kind);
        line(
            out,
            depth,
            &format!("{name} {kind}{}", reason.map_or_else(String::new, |why| format!(": {why}"))),
        );
    } else if span.status() == Some("error") {
        line(out, depth, &format!("{name} failed: {}", span.text("error").unwrap_or_default()));
    }
}

/// One line, indented; the lines of a text that has several are indented further.
fn line(out: &mut String, depth: usize, text: &str) {
    let mut lines = text.trim_end().lines();
    let _ = writeln!(out, "{:width$}{}", "", lines.next().unwrap_or_default(), width = depth * 2);
    for more in lines {
        let width = if more.is_empty() { 0 } else { depth * 2 + 4 };
        let _ = writeln!(out, "{:width$}{more}", "");
    }
}

fn text(value: &Json) -> String {
    value.as_str().map_or_else(|| sorted(value).to_string(), str::to_owned)
}

/// The last segment of a type's path.
fn short(name: &str) -> &str {
    let end = name.find('<').unwrap_or(name.len());
    let start = name[..end].rfind("::").map_or(0, |at| at + 2);
    &name[start..]
}
