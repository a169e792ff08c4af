//! The messages and the results of tools, as text.

use std::fmt::Write as _;

use telemetry_llm::{Message, Part, answer, conversation};

use super::spans::{SpanView, Spans};
use crate::value::Json;

pub(super) fn render(spans: &Spans) -> String {
    let mut out = String::new();
    let mut roots: Vec<SpanView<'_>> = spans.iter().filter(|span| span.parent().is_none()).collect();
    roots.sort_by_key(SpanView::began);
    let mut said = Vec::new();
    for root in roots {
        write(&mut out, &root, 0, &mut said);
    }
    out
}

/// Writes a span and what is inside. `said` is the conversation of the agent around, as far as it was written.
fn write(out: &mut String, span: &SpanView<'_>, depth: usize, said: &mut Vec<Message>) {
    match span.kind() {
        "agent" | "agent_message" | "operation" | "run" => {
            let key = if span.is("operation") { "operation" } else { "agent" };
            line(out, depth, short(span.text(key).unwrap_or(span.kind())));
            inside(out, span, depth + 1, &mut Vec::new());
            ended(out, span, depth + 1);
        }
        "llm_turn" | "llm_request" => turn(out, span, depth, said),
        "tool_call" => {
            let tool = span.text("tool").unwrap_or_default();
            let args = span.get("args").map_or_else(String::new, text);
            line(out, depth, &format!("{tool} {args}"));
            inside(out, span, depth + 1, &mut Vec::new());
            if let Some(result) = span.get("result").filter(|_| span.status() != Some("error")) {
                line(out, depth, &format!("{tool} gave {}", text(result)));
            }
            ended(out, span, depth);
        }
        _ => inside(out, span, depth, said),
    }
}

fn inside(out: &mut String, span: &SpanView<'_>, depth: usize, said: &mut Vec<Message>) {
    let mut children: Vec<SpanView<'_>> = span.children().collect();
    children.sort_by_key(SpanView::began);
    for child in children {
        write(out, &child, depth, said);
    }
}

fn turn(out: &mut String, span: &SpanView<'_>, depth: usize, said: &mut Vec<Message>) {
    let messages = span.get("messages").map(conversation).unwrap_or_default();
    // A conversation grows from turn to turn: what was written is not written again.
    let known = said.iter().zip(&messages).take_while(|(known, message)| is_same(known, message)).count();
    for message in &messages[known..] {
        // What tools gave stands at their calls, and the model's answer at its turn.
        let is_told = matches!(message.role.as_str(), "tool" | "assistant") && known > 0;
        if !is_told {
            message_lines(out, depth, message);
        }
    }
    *said = messages;
    if let Some(message) = span.get("assistant_message").and_then(answer) {
        message_lines(out, depth, &message);
        said.push(message);
    }
    inside(out, span, depth + 1, said);
    ended(out, span, depth);
}

fn is_same(known: &Message, message: &Message) -> bool {
    known.role == message.role && (known.parts == message.parts || known.text() == message.text())
}

fn message_lines(out: &mut String, depth: usize, message: &Message) {
    let role = message.role.as_str();
    for part in &message.parts {
        let told = match part {
            Part::Text { content } => content.clone(),
            Part::Reasoning { content, .. } => format!("(thinks) {content}"),
            Part::ToolCall(call) => format!("calls {} {}", call.name, text(&call.arguments)),
            Part::ToolResult { response, .. } => text(response),
            Part::Blob { modality, .. } | Part::Uri { modality, .. } | Part::File { modality, .. } => {
                format!("[{modality}]")
            }
            _ => "[other]".to_owned(),
        };
        line(out, depth, &format!("{role}: {told}"));
    }
}

/// How a span ended, unless it went well.
fn ended(out: &mut String, span: &SpanView<'_>, depth: usize) {
    if let Some(kind) = span.exception() {
        let reason = span.text("reason").filter(|reason| *reason != kind);
        line(
            out,
            depth,
            &format!("{} {kind}{}", span.kind(), reason.map_or_else(String::new, |why| format!(": {why}"))),
        );
    } else if span.status() == Some("error") {
        line(out, depth, &format!("{} failed: {}", span.kind(), span.text("error").unwrap_or_default()));
    }
}

/// One line, indented; the lines of a text that has several are indented further.
fn line(out: &mut String, depth: usize, text: &str) {
    let mut lines = text.trim_end().lines();
    let _ = writeln!(out, "{:width$}{}", "", lines.next().unwrap_or_default(), width = depth * 2);
    for more in lines {
        let _ = writeln!(out, "{:width$}{more}", "", width = depth * 2 + 4);
    }
}

fn text(value: &Json) -> String {
    value.as_str().map_or_else(|| sorted(value).to_string(), str::to_owned)
}

/// The value with its maps sorted: `serde_json` keeps them sorted or not as others in the build ask.
fn sorted(value: &Json) -> Json {
    match value {
        Json::Array(items) => items.iter().map(sorted).collect(),
        Json::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|entry| entry.0);
            Json::Object(entries.into_iter().map(|(key, value)| (key.clone(), sorted(value))).collect())
        }
        other => other.clone(),
    }
}

/// The last segment of a type's path.
fn short(name: &str) -> &str {
    let end = name.find('<').unwrap_or(name.len());
    let start = name[..end].rfind("::").map_or(0, |at| at + 2);
    &name[start..]
}
