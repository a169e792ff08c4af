//! A session as the conversation that its models had.

use std::collections::{HashMap, HashSet, VecDeque};

use serde::Serialize;
use telemetry_runtime::Json;

use super::{Kind, Model, Span, State};
use crate::answers::{self, Message, Part, Role};
use telemetry_runtime::recording::{Content, EventLine, Hash};

/// What was spoken, in the order of time.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum Entry {
    /// A message: text, calls and pictures.
    Message {
        /// The span that it was read from.
        span: u32,
        /// `system`, `user`, `assistant` or `tool`.
        role: String,
        /// What it is made of.
        parts: Vec<Speech>,
    },
    /// The model was given another history from here on than it had before.
    HistoryChanged {
        /// The turn.
        span: u32,
    },
    /// There was no answer.
    Failure {
        /// The turn, or the agent.
        span: u32,
        /// What went wrong.
        error: String,
    },
}

/// One part of what was spoken.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum Speech {
    /// Words.
    Text {
        /// The words.
        text: String,
    },
    /// What the model thought.
    Reasoning {
        /// The words.
        text: String,
    },
    /// A tool call, with what came of it.
    Call {
        /// The tool.
        name: String,
        /// Its arguments.
        arguments: Json,
        /// What came of it, where that is known.
        result: Option<Json>,
        /// The call's own span, where it has one.
        span: Option<u32>,
        /// The id that the model gave it.
        #[serde(skip)]
        id: Option<String>,
    },
    /// What came of a call that is not known.
    Result {
        /// The result.
        result: Json,
    },
    /// A picture: a `data:` URL, or where it is.
    Image {
        /// The URL.
        url: String,
    },
    /// Anything else.
    Other {
        /// The value.
        value: Json,
    },
}

/// The messages that a turn was given.
struct Given {
    /// The shared lists that they are, the last one first.
    chain: Vec<Hash>,
    /// They themselves, where they are in the event.
    inline: Option<Json>,
}

impl Model {
    /// The conversation of a session.
    pub fn transcript(&self, session: u32) -> Vec<Entry> {
        let Some(session) = self.sessions.get(&session) else { return Vec::new() };
        let spans = self.in_order(&session.spans);
        let mut transcript = TranscriptBuilder::new(self, &spans);
        let mut previous: Option<Given> = None;
        for turn in spans.iter().copied().filter(|span| span.kind == Kind::Turn) {
            let Some(event) = Self::last_event(turn) else { continue };
            let given = self.given(&event);
            if given.chain.is_empty() && given.inline.is_none() {
                continue;
            }
            let (fresh, changed) = self.fresh(previous.as_ref(), &given);
            if changed {
                transcript.entries.push(Entry::HistoryChanged { span: turn.number });
            }
            transcript.messages(turn, answers::conversation(&Json::Array(fresh)));
            previous = Some(given);
            transcript.answer(turn, self.value_of_key(&event, "assistant_message"));
        }
        if previous.is_none() {
            transcript.without_messages(&spans);
        }
        transcript.entries
    }

    /// The event of a span with the most keys.
    fn last_event(span: &Span) -> Option<EventLine> {
        let line = span.end_line.as_deref().or(span.start_line.as_deref())?;
        serde_json::from_str(line).ok()
    }

    fn value_of_key(&self, event: &EventLine, key: &str) -> Option<Json> {
        let shared = event.refs.get(key).and_then(|hash| self.shared(*hash));
        shared.or_else(|| event.metadata.get(key).cloned()).filter(|value| !value.is_null())
    }

    fn given(&self, event: &EventLine) -> Given {
        let mut chain = Vec::new();
        let mut next = event.refs.get("messages").copied();
        while let Some(hash) = next {
            let Some(content) = self.contents.get(hash) else { break };
            chain.push(hash);
            next = content.after();
        }
        let inline = event.metadata.get("messages").filter(|messages| !messages.is_null()).cloned();
        Given { chain, inline }
    }

    fn all(&self, given: &Given) -> Vec<Json> {
        let shared = given.chain.first().and_then(|hash| self.shared(*hash));
        match shared.or_else(|| given.inline.clone()) {
            Some(Json::Array(items)) => items,
            Some(Json::Null) | None => Vec::new(),
            Some(other) => vec![other],
        }
    }

    /// The messages that the turn before was not given, and whether others of those are missing.
    fn fresh(&self, previous: Option<&Given>, given: &Given) -> (Vec<Json>, bool) {
        let Some(previous) = previous else { return (self.all(given), false) };
        let head = previous.chain.first();
        if let Some(at) = head.and_then(|head| given.chain.iter().position(|hash| hash == head)) {
            let mut fresh = Vec::new();
            for hash in given.chain[..at].iter().rev() {
                if let Some(Content::List { items, .. }) = self.contents.get(*hash) {
                    fresh.append(&mut serde_json::from_str(items.get()).unwrap_or_default());
                }
            }
            return (fresh, false);
        }
        let (before, mut now) = (self.all(previous), self.all(given));
        let same = before.iter().zip(&now).take_while(|(before, now)| before == now).count();
        let changed = same < before.len();
        now.drain(..same);
        if changed {
            let known: HashSet<String> = before.iter().map(Json::to_string).collect();
            now.retain(|message| !known.contains(&message.to_string()));
        }
        (now, changed)
    }
}

/// The transcript so far.
struct TranscriptBuilder<'m> {
    model: &'m Model,
    entries: Vec<Entry>,
    /// The tool spans of each call id that are not beside their call yet.
    tools: HashMap<String, VecDeque<&'m Span>>,
    /// The last answer, which the next turn's messages repeat.
    answered: Option<Message>,
}

impl<'m> TranscriptBuilder<'m> {
    fn new(model: &'m Model, spans: &[&'m Span]) -> Self {
        let mut tools: HashMap<String, VecDeque<&Span>> = HashMap::new();
        for span in spans.iter().copied().filter(|span| span.kind == Kind::Tool) {
            let event = Model::last_event(span);
            let id = event.and_then(|event| Some(event.metadata.get("tool_call_id")?.as_str()?.to_owned()));
            if let Some(id) = id {
                tools.entry(id).or_default().push_back(span);
            }
        }
        Self { model, entries: Vec::new(), tools, answered: None }
    }

    /// Messages that a turn was given.
    fn messages(&mut self, turn: &Span, messages: Vec<Message>) {
        let mut messages = messages.into_iter().peekable();
        let again = self.answered.take().is_some_and(|answered| {
            messages.peek().is_some_and(|first| first.role == Role::Assistant && is_same(first, &answered))
        });
        if again {
            messages.next();
        }
        for message in messages {
            self.message(turn, message);
        }
    }

    fn message(&mut self, turn: &Span, message: Message) {
        let mut parts = Vec::new();
        for part in message.parts {
            match part {
                Part::ToolCall(call) => {
                    let span = call.id.as_ref().and_then(|id| self.tools.get_mut(id)?.pop_front());
                    let span = span.map(|span| span.number);
                    let (name, arguments, id) = (call.name, call.arguments, call.id);
                    parts.push(Speech::Call { name, arguments, result: None, span, id });
                }
                Part::ToolResult { id, response } => {
                    if let Some(result) = self.beside_its_call(id.as_deref(), response) {
                        parts.push(Speech::Result { result });
                    }
                }
                other => parts.push(speech(other)),
            }
        }
        if !parts.is_empty() {
            self.entries.push(Entry::Message {
                span: turn.number,
                role: message.role.as_str().to_owned(),
                parts,
            });
        }
    }

    /// Puts a result beside its call. Gives it back where there is no such call.
    fn beside_its_call(&mut self, id: Option<&str>, given: Json) -> Option<Json> {
        let messages = self.entries.iter_mut().rev().filter_map(|entry| match entry {
            Entry::Message { parts, .. } => Some(parts),
            _ => None,
        });
        for call in messages.flat_map(|parts| parts.iter_mut()) {
            if let Speech::Call { id: known, result: result @ None, .. } = call
                && id.is_some()
                && known.as_deref() == id
            {
                *result = Some(given);
                return None;
            }
        }
        Some(given)
    }

    fn answer(&mut self, turn: &Span, answer: Option<Json>) {
        if let Some(message) = answer.as_ref().and_then(answers::answer) {
            self.answered = Some(message.clone());
            self.message(turn, message);
        }
        match turn.state {
            State::Failed | State::Cancelled => {
                let error = turn.error.as_deref().unwrap_or(turn.state.as_str()).to_owned();
                self.entries.push(Entry::Failure { span: turn.number, error });
            }
            _ => {}
        }
    }

    /// The same for a session whose model calls carry no messages: from prompts, tools and results.
    fn without_messages(&mut self, spans: &[&Span]) {
        let mut moments: Vec<(u64, u32, Entry)> = Vec::new();
        for span in spans {
            let Some(event) = Model::last_event(span) else { continue };
            let value = |keys: &[&str]| keys.iter().find_map(|key| self.model.value_of_key(&event, key));
            let end = span.end().unwrap_or(span.start);
            let mut say = |at: u64, role: &str, parts: Vec<Speech>| {
                moments.push((
                    at,
                    span.number,
                    Entry::Message { span: span.number, role: role.to_owned(), parts },
                ));
            };
            let call = |name: &str, arguments: Json, result: Option<Json>| {
                vec![Speech::Call {
                    name: name.to_owned(),
                    arguments,
                    result,
                    span: Some(span.number),
                    id: None,
                }]
            };
            match span.kind {
                Kind::Agent | Kind::Operation | Kind::Run => {
                    if let Some(asked) = value(&["prompt", "message"]) {
                        say(span.start, "user", vec![spoken(asked)]);
                    }
                    if let Some(answer) = value(&["output", "result"]) {
                        say(end, "assistant", vec![spoken(answer)]);
                    }
                }
                Kind::Turn => {
                    let answer = value(&["assistant_message"]).as_ref().and_then(answers::answer);
                    if let Some(message) = answer {
                        // Calls have spans of their own.
                        let parts = message.parts.into_iter();
                        let texts = parts.filter(|part| !matches!(part, Part::ToolCall(_))).map(speech);
                        let texts: Vec<Speech> = texts.collect();
                        if !texts.is_empty() {
                            say(end, "assistant", texts);
                        }
                    }
                }
                Kind::Tool => {
                    let result = value(&["result", "error", "reason"]);
                    say(
                        span.start,
                        "assistant",
                        call(&span.name, value(&["args"]).unwrap_or_default(), result),
                    );
                }
                Kind::Evaluation => {
                    let result = value(&["result", "error", "reason"]);
                    say(span.start, "assistant", call("code", value(&["code"]).unwrap_or_default(), result));
                }
                _ => {}
            }
            if span.failed()
                && let Some(error) = span.error.as_deref()
                && !matches!(span.kind, Kind::Tool | Kind::Evaluation)
            {
                moments.push((
                    end,
                    span.number,
                    Entry::Failure { span: span.number, error: error.to_owned() },
                ));
            }
        }
        moments.sort_by_key(|(at, number, _)| (*at, *number));
        self.entries.extend(moments.into_iter().map(|(_, _, entry)| entry));
    }
}

fn spoken(value: Json) -> Speech {
    match value {
        Json::String(text) => Speech::Text { text },
        value => Speech::Other { value },
    }
}

/// A part that is neither a call nor its result.
fn speech(part: Part) -> Speech {
    match part {
        Part::Text { content } => Speech::Text { text: content },
        Part::Reasoning { redacted: true, .. } => {
            Speech::Reasoning { text: "hidden by the provider".to_owned() }
        }
        Part::Reasoning { content, .. } => Speech::Reasoning { text: content },
        Part::Blob { modality, mime_type, content } if modality == "image" => {
            let kind = mime_type.unwrap_or_else(|| "image/png".to_owned());
            Speech::Image { url: format!("data:{kind};base64,{content}") }
        }
        Part::Uri { modality, uri, .. } if modality == "image" => Speech::Image { url: uri },
        other => Speech::Other { value: serde_json::to_value(other).unwrap_or_default() },
    }
}

/// Whether two forms of an answer say the same.
fn is_same(a: &Message, b: &Message) -> bool {
    let calls = |message: &Message| message.tool_calls().map(|call| call.name.clone()).collect::<Vec<_>>();
    a.text() == b.text() && calls(a) == calls(b)
}
