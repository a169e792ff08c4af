//! Taking events in.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io;
use std::sync::Arc;

use telemetry_runtime::{Event, Json, OwnedEvent, SpanId, SpanIds, TraceId};

use super::session::{Key, Session};
use super::span::{Kind, Span, State};
use super::{Model, Source};
use crate::answers;
use crate::compact::compact;
use telemetry_runtime::recording::{Content, EventLine, Line};

/// How many bytes of a value are shown beside a span's name.
const PREVIEW: usize = 120;
const ERROR: usize = 200;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Start,
    Stop,
    Exception,
}

/// What a span's name begins with, and which of its events it is. `None` for what stands alone.
fn phase_of(event: &EventLine) -> Option<(&str, Phase)> {
    let (prefix, last) = event.event.rsplit_once('.')?;
    event.span?;
    if event.event == "condukt.compact.stop" {
        return None;
    }
    match last {
        "start" => Some((prefix, Phase::Start)),
        "stop" => Some((prefix, Phase::Stop)),
        "exception" => Some((prefix, Phase::Exception)),
        _ => None,
    }
}

impl Model {
    /// Takes one line of a recording. A header says that what follows is another run.
    pub fn line(&mut self, line: Line) {
        self.written(line, None);
    }

    /// The same with the line's own text, which need then not be written again.
    pub(crate) fn written(&mut self, line: Line, text: Option<Box<str>>) {
        match line {
            Line::Header(_) => self.sources.push(Source::default()),
            Line::Content(hash, content) => {
                // What a list goes on from has come before it, so there is no circle.
                if !self.contents.insert(hash, content) {
                    self.losses.unreadable_lines += 1;
                }
            }
            Line::Dropped(dropped) => {
                self.losses.dropped_events = self.losses.dropped_events.saturating_add(dropped);
            }
            Line::Event(event) => self.take(event, text),
        }
    }

    /// Takes an event.
    pub fn event(&mut self, event: &Event<'_>) {
        self.take(OwnedEvent::from(event).into(), None);
    }

    fn take(&mut self, mut event: EventLine, text: Option<Box<str>>) {
        let before = event.refs.len();
        let new = compact(&mut event, |hash| self.contents.contains(hash));
        for (hash, content) in new {
            self.contents.insert(hash, content);
        }
        let line = match text.filter(|_| event.refs.len() == before) {
            Some(text) => text,
            None => serde_json::to_string(&event).unwrap_or_default().into(),
        };
        match phase_of(&event).map(|(prefix, phase)| (prefix.to_owned(), phase)) {
            Some((prefix, phase)) => self.span_event(&event, line, &prefix, phase),
            None => self.single(&event, line),
        }
        self.make_room();
    }

    fn span_event(&mut self, event: &EventLine, line: Box<str>, prefix: &str, phase: Phase) {
        let Some(ids) = event.span else { return };
        let id = (ids.trace_id, ids.id);
        let known = self.by_id.get(&id).copied().filter(|number| {
            let Some(span) = self.spans.get(number) else { return false };
            let fits = match phase {
                Phase::Start => span.start_line.is_none() || nanos(event, "system_time") == Some(span.start),
                Phase::Stop | Phase::Exception => true,
            };
            &*span.prefix == prefix && fits
        });
        if known.is_none() && phase != Phase::Start && !event.measurements.contains_key("duration") {
            // Not the end of a span, though it is named like one.
            return self.single(event, line);
        }
        let number = match known {
            Some(number) => {
                let span = &self.spans[&number];
                let repeated = if phase == Phase::Start { &span.start_line } else { &span.end_line };
                if repeated.is_some() {
                    return;
                }
                number
            }
            None => {
                let number = self.create(Kind::of(prefix), prefix, Some(ids), event);
                self.by_id.insert(id, number);
                self.place(number, ids.parent_id.map(|parent| (ids.trace_id, parent)), event);
                self.adopt(number, id);
                number
            }
        };
        self.update(number, event, line, phase);
        if phase != Phase::Start {
            self.leave_unfinished(number);
        }
        self.touch_span(number);
    }

    /// An event that stands alone.
    fn single(&mut self, event: &EventLine, line: Box<str>) {
        let number = self.create(Kind::Event, &event.event, event.span, event);
        let parent = event.span.map(|ids| (ids.trace_id, ids.id));
        self.place(number, parent, event);
        let now = self.time_of(event);
        let alive = match &*event.event {
            "legion.agent.started" => Some(true),
            "legion.agent.stopped" => Some(false),
            _ => None,
        };
        self.hold(number, event);
        let parent_start = self.spans[&number].parent.map(|parent| &self.spans[&parent]);
        let parent_start = parent_start.map_or(0, |parent| parent.end().unwrap_or(parent.start));
        let preview = self.preview(event, &["names", "tool", "reason"]);
        if let Some(span) = self.spans.get_mut(&number) {
            span.state = if event.event == "telemetry.handler.failure" { State::Failed } else { State::Done };
            span.start = now.unwrap_or(parent_start);
            span.preview = preview;
            span.end_line = Some(line);
            let (session, bytes) = (span.session, span.bytes());
            self.bytes += bytes;
            if let Some(session) = self.sessions.get_mut(&session) {
                session.bytes += bytes;
                session.alive = alive.unwrap_or(session.alive);
            }
        }
        self.touch_span(number);
    }

    fn create(&mut self, kind: Kind, prefix: &str, ids: Option<SpanIds>, event: &EventLine) -> u32 {
        let number = self.next_span;
        self.next_span += 1;
        let name = name_of(kind, prefix, event);
        let span = Span {
            number,
            ids,
            parent: None,
            children: Vec::new(),
            session: u32::MAX,
            kind,
            prefix: self.intern(prefix),
            name: self.intern(&name),
            agent: text(event, "agent").map(|agent| self.intern(short(agent))),
            state: State::Running,
            start: 0,
            duration: None,
            first_token: None,
            error: None,
            usage: None,
            cost: None,
            turn: None,
            preview: "".into(),
            given: 0,
            gave: 0,
            own_session: false,
            source: u32::try_from(self.sources.len() - 1).unwrap_or(0),
            revision: 0,
            start_line: None,
            end_line: None,
            refs: Vec::new(),
            end_monotonic: None,
        };
        self.spans.insert(number, span);
        self.order.push_back(number);
        number
    }

    /// Puts a new span under its parent and into its session.
    fn place(&mut self, number: u32, parent: Option<(TraceId, SpanId)>, event: &EventLine) {
        let found =
            parent.and_then(|parent| self.by_id.get(&parent).copied()).filter(|parent| *parent != number);
        if let Some(found) = found {
            self.link(number, found);
        } else if let Some(parent) = parent {
            self.orphans.entry(parent).or_default().push(number);
        }
        let kind = self.spans[&number].kind;
        let own = if kind == Kind::Subagent {
            text(event, "parent_session_id").map(|id| Key::Session(id.to_owned()))
        } else {
            let session = text(event, "session_id").map(|id| Key::Session(id.to_owned()));
            session.or_else(|| text(event, "run_id").map(|id| Key::Run(id.to_owned())))
        };
        let trace = event.span.map(|ids| ids.trace_id);
        let own_session = own.is_some();
        let session = match own {
            Some(key) => self.session_of(key),
            None => match found.and_then(|parent| self.spans.get(&parent)) {
                Some(parent) => parent.session,
                None => match trace.and_then(|trace| self.by_trace.get(&trace).copied()) {
                    Some(session) => session,
                    None => self.session_of(trace.map_or(Key::Loose, Key::Trace)),
                },
            },
        };
        if let Some(span) = self.spans.get_mut(&number) {
            span.session = session;
            span.own_session = own_session;
        }
        if let Some(session) = self.sessions.get_mut(&session) {
            session.spans.insert(number);
        }
        if own_session {
            if let Some(trace) = trace.filter(|trace| !self.by_trace.contains_key(trace)) {
                self.by_trace.insert(trace, session);
                // What came before anything of its trace had a session belongs here too.
                if let Some(loose) = self.by_key.get(&Key::Trace(trace)).copied() {
                    let spans =
                        self.sessions.get(&loose).map(|loose| loose.spans.clone()).unwrap_or_default();
                    for span in spans {
                        self.move_to(span, session);
                    }
                }
            }
            self.relate(number, event);
        }
    }

    /// Says whose child a session is.
    fn relate(&mut self, number: u32, event: &EventLine) {
        let span = &self.spans[&number];
        let session = span.session;
        let named = match span.kind {
            Kind::Subagent => None,
            _ => {
                let session = text(event, "parent_session_id").map(|id| Key::Session(id.to_owned()));
                session.or_else(|| text(event, "parent_run_id").map(|id| Key::Run(id.to_owned())))
            }
        };
        let around = span.parent.and_then(|parent| self.spans.get(&parent)).map(|parent| parent.session);
        let parent = match named {
            Some(key) => Some(self.session_of(key)),
            None => around.filter(|around| *around != session),
        };
        if let Some(parent) = parent {
            self.set_parent(session, parent);
        }
    }

    fn set_parent(&mut self, session: u32, parent: u32) {
        // Whatever ids an agent is given, no session is inside itself.
        let mut above = Some(parent);
        while let Some(number) = above {
            if number == session {
                return;
            }
            above = self.sessions.get(&number).and_then(|session| session.parent);
        }
        let known = self.sessions.get_mut(&session).filter(|session| session.parent.is_none());
        if let Some(known) = known {
            known.parent = Some(parent);
            self.touch_session(session);
        }
    }

    fn link(&mut self, number: u32, parent: u32) {
        // The same of spans.
        let mut above = Some(parent);
        while let Some(at) = above {
            if at == number {
                return;
            }
            above = self.spans.get(&at).and_then(|span| span.parent);
        }
        if let Some(span) = self.spans.get_mut(&parent) {
            span.children.push(number);
        }
        if let Some(span) = self.spans.get_mut(&number) {
            span.parent = Some(parent);
        }
    }

    /// Puts what waited for a span under it.
    fn adopt(&mut self, number: u32, id: (TraceId, SpanId)) {
        for child in self.orphans.remove(&id).unwrap_or_default() {
            if !self.spans.contains_key(&child) {
                continue;
            }
            self.link(child, number);
            let session = self.spans[&number].session;
            if self.spans[&child].own_session {
                let other = self.spans[&child].session;
                if other != session {
                    self.set_parent(other, session);
                }
            } else {
                self.move_to(child, session);
            }
            self.touch_span(child);
        }
    }

    /// Moves a span, and those in it that have no session of their own, into another session.
    fn move_to(&mut self, number: u32, session: u32) {
        let mut waiting = vec![number];
        while let Some(number) = waiting.pop() {
            let Some(span) = self.spans.get_mut(&number) else { continue };
            if span.own_session || span.session == session {
                continue;
            }
            let from = std::mem::replace(&mut span.session, session);
            let bytes = span.bytes();
            waiting.extend(&span.children);
            if let Some(from) = self.sessions.get_mut(&from) {
                from.spans.remove(&number);
                from.bytes = from.bytes.saturating_sub(bytes);
            }
            if let Some(to) = self.sessions.get_mut(&session) {
                to.spans.insert(number);
                to.bytes += bytes;
            }
            self.touch_session(from);
            self.touch_span(number);
        }
    }

    /// The session of a key, which is new where there was none.
    fn session_of(&mut self, key: Key) -> u32 {
        if let Some(number) = self.by_key.get(&key) {
            return *number;
        }
        let number = self.next_session;
        self.next_session += 1;
        self.by_key.insert(key.clone(), number);
        let session = Session {
            number,
            key,
            parent: None,
            spans: BTreeSet::new(),
            alive: false,
            bytes: 0,
            revision: 0,
            touched: 0,
        };
        self.sessions.insert(number, session);
        number
    }

    /// Reads what an event says of its span.
    fn update(&mut self, number: u32, event: &EventLine, line: Box<str>, phase: Phase) {
        let before = self.spans[&number].bytes();
        self.hold(number, event);
        let kind = self.spans[&number].kind;
        let given = ["args", "prompt", "message", "code", "messages", "input", "query"];
        let preview = match kind {
            Kind::Turn => self.last_words(event),
            Kind::Subagent => self.preview(event, &["child_agent"]),
            Kind::Iteration => self.preview(event, &["action"]),
            Kind::Span => self.preview_of_own(event),
            _ => self.preview(event, &["args", "prompt", "message", "code", "operation"]),
        };
        let given_digest = self.digest(event, &given);
        let epoch = self.epoch(number, event);
        let usage = self.value(event, "usage").as_ref().and_then(answers::usage);
        let gave_digest =
            self.digest(event, &["result", "assistant_message", "output", "object", "action", "error"]);
        let failure = self.failure(event, phase);
        let agent = text(event, "agent").map(|agent| self.intern(short(agent)));
        let models = [text(event, "response_model"), text(event, "model")];
        let provider = text(event, "provider");

        let Some(span) = self.spans.get_mut(&number) else { return };
        if !preview.is_empty() {
            span.preview = preview;
        }
        span.agent = agent.or(span.agent.take());
        span.turn = integer(event, "turn").or_else(|| integer(event, "iteration")).or(span.turn);
        if given_digest != 0 {
            span.given = given_digest;
        }
        if phase == Phase::Start {
            span.start = nanos(event, "system_time").unwrap_or(span.start);
            span.start_line = Some(line);
        } else {
            span.duration = nanos(event, "duration");
            span.first_token =
                nanos(event, "time_to_first_token").or_else(|| nanos(event, "time_to_first_item"));
            span.end_monotonic = nanos(event, "monotonic_time");
            (span.state, span.error) = failure;
            span.gave = gave_digest;
            span.end_line = Some(line);
            if span.kind == Kind::Turn
                && let Some(usage) = usage
            {
                span.cost = answers::cost(provider, models, &usage, span.start);
                span.usage = Some(Box::new(usage));
            }
        }
        if span.start_line.is_none()
            && let (Some(epoch), Some(end), Some(duration)) = (epoch, span.end_monotonic, span.duration)
        {
            let start = epoch + i128::from(end) - i128::from(duration);
            span.start = u64::try_from(start.max(0)).unwrap_or(0);
        }
        let (session, after) = (span.session, span.bytes());
        // What a new span itself takes is not yet counted.
        let before = if span.start_line.is_some() && span.end_line.is_some() { before } else { 0 };
        self.bytes = (self.bytes + after).saturating_sub(before);
        if let Some(session) = self.sessions.get_mut(&session) {
            session.bytes = (session.bytes + after).saturating_sub(before);
            session.touched = self.revision;
        }
        if kind == Kind::Turn {
            self.say_what_was_asked(number);
        }
        if phase != Phase::Start
            && kind == Kind::Subagent
            && let Some(child) = text(event, "session_id")
        {
            let child = self.session_of(Key::Session(child.to_owned()));
            self.set_parent(child, session);
        }
    }

    /// An agent that was given no `prompt` says what its first model call was asked.
    fn say_what_was_asked(&mut self, turn: u32) {
        let Some(turn) = self.spans.get(&turn) else { return };
        let (asked, session) = (turn.preview.clone(), turn.session);
        let agent = turn.parent.and_then(|parent| self.spans.get_mut(&parent));
        let Some(agent) = agent.filter(|agent| agent.kind == Kind::Agent && agent.preview.is_empty()) else {
            return;
        };
        self.bytes += asked.len();
        if let Some(session) = self.sessions.get_mut(&session).filter(|_| agent.session == session) {
            session.bytes += asked.len();
        }
        agent.preview = asked;
        let number = agent.number;
        self.touch_span(number);
    }

    /// When the run's monotonic clock was 0.
    fn epoch(&mut self, number: u32, event: &EventLine) -> Option<i128> {
        let source = self.sources.get_mut(self.spans[&number].source as usize)?;
        if let (Some(wall), Some(monotonic)) = (nanos(event, "system_time"), nanos(event, "monotonic_time")) {
            source.epoch = Some(i128::from(wall) - i128::from(monotonic));
        }
        source.epoch
    }

    fn time_of(&self, event: &EventLine) -> Option<u64> {
        let epoch = self.sources.last().and_then(|source| source.epoch);
        nanos(event, "system_time").or_else(|| {
            let time = epoch? + i128::from(nanos(event, "monotonic_time")?);
            u64::try_from(time).ok()
        })
    }

    /// What goes on inside a span that has ended has lost its end; one that still comes is taken.
    fn leave_unfinished(&mut self, number: u32) {
        let mut waiting = self.spans[&number].children.clone();
        while let Some(child) = waiting.pop() {
            let Some(span) = self.spans.get_mut(&child) else { continue };
            if span.state == State::Running && !span.ended() {
                span.state = State::Unfinished;
                waiting.extend(&span.children);
                self.touch_span(child);
            }
        }
    }

    /// Keeps what the event refers to.
    fn hold(&mut self, number: u32, event: &EventLine) {
        for hash in event.refs.values() {
            self.contents.retain(*hash);
        }
        if let Some(span) = self.spans.get_mut(&number) {
            span.refs.extend(event.refs.values());
        }
    }

    fn failure(&self, event: &EventLine, phase: Phase) -> (State, Option<Box<str>>) {
        let (failed, says) = match phase {
            Phase::Start => return (State::Running, None),
            Phase::Stop => (
                match text(event, "status") {
                    Some("error") => State::Failed,
                    Some("cancel" | "cancelled") => State::Cancelled,
                    Some(_) => State::Done,
                    None if event.metadata.get("success") == Some(&Json::Bool(false)) => State::Failed,
                    None => State::Done,
                },
                "error",
            ),
            Phase::Exception if text(event, "kind") == Some("cancelled") => (State::Cancelled, "reason"),
            Phase::Exception => (State::Failed, "reason"),
        };
        let says = (failed == State::Failed).then(|| self.value(event, says)).flatten();
        (failed, says.map(|error| first_words(&error, ERROR).into()))
    }

    /// The value of a key, wherever it is.
    fn value(&self, event: &EventLine, key: &str) -> Option<Json> {
        match event.refs.get(key) {
            Some(hash) => self.shared(*hash),
            None => event.metadata.get(key).cloned(),
        }
    }

    /// The first words of the first of these keys that is there.
    fn preview(&self, event: &EventLine, keys: &[&str]) -> Box<str> {
        let value = keys.iter().find_map(|key| self.value(event, key).filter(|value| !value.is_null()));
        value.map(|value| first_words(&value, PREVIEW)).unwrap_or_default().into()
    }

    fn preview_of_own(&self, event: &EventLine) -> Box<str> {
        const NOT: [&str; 8] =
            ["status", "error", "error_type", "kind", "reason", "stacktrace", "session_id", "agent"];
        let own: serde_json::Map<String, Json> = event
            .metadata
            .iter()
            .filter(|(key, _)| !NOT.contains(&key.as_str()))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        if own.is_empty() { "".into() } else { first_words(&own.into(), PREVIEW).into() }
    }

    /// The first words of the last message that a model was given.
    fn last_words(&self, event: &EventLine) -> Box<str> {
        let last = match event.refs.get("messages").and_then(|hash| self.contents.get(*hash)) {
            Some(Content::List { items, .. }) => {
                serde_json::from_str::<Vec<Json>>(items.get()).ok().and_then(|mut items| items.pop())
            }
            _ => self.value(event, "messages").and_then(|mut messages| messages.as_array_mut()?.pop()),
        };
        last.map(|last| first_words(last.get("content").unwrap_or(&last), PREVIEW)).unwrap_or_default().into()
    }

    /// A digest of the first of these keys that is there.
    fn digest(&self, event: &EventLine, keys: &[&str]) -> u32 {
        let mut hasher = DefaultHasher::new();
        for key in keys {
            match (event.refs.get(*key), event.metadata.get(*key)) {
                // A shared value's name says what it holds.
                (Some(hash), _) => hash.hash(&mut hasher),
                (None, Some(value)) => {
                    let _ = serde_json::to_writer(Hashed(&mut hasher), value);
                }
                (None, None) => continue,
            }
            return (hasher.finish() as u32).max(1);
        }
        0
    }

    fn intern(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.names.get(name) {
            return known.clone();
        }
        let name: Arc<str> = name.into();
        if self.names.len() < 100_000 {
            self.names.insert(name.clone());
        }
        name
    }
}

/// Hashes what is written.
struct Hashed<'h>(&'h mut DefaultHasher);

impl io::Write for Hashed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn nanos(event: &EventLine, key: &str) -> Option<u64> {
    event.measurements.get(key).and_then(Json::as_u64)
}

fn integer(event: &EventLine, key: &str) -> Option<u64> {
    event.metadata.get(key).and_then(Json::as_u64)
}

fn text<'e>(event: &'e EventLine, key: &str) -> Option<&'e str> {
    event.metadata.get(key).and_then(Json::as_str)
}

/// The last part of an agent's path: `Assistant` of `my_app::Assistant`. A path within `<..>` stays whole.
fn short(agent: &str) -> &str {
    if agent.contains('<') { agent } else { agent.rsplit("::").next().unwrap_or(agent) }
}

fn name_of(kind: Kind, prefix: &str, event: &EventLine) -> String {
    let key = match kind {
        Kind::Agent => "agent",
        Kind::Turn => "model",
        Kind::Tool => "tool",
        Kind::Subagent => "role",
        Kind::Operation => "operation",
        Kind::Iteration | Kind::Run | Kind::Evaluation | Kind::Span | Kind::Event => "",
    };
    match (kind, text(event, key)) {
        (Kind::Agent, Some(agent)) => short(agent).to_owned(),
        (_, Some(name)) => cut(name, 200).to_owned(),
        (Kind::Event, None) => {
            let own = prefix.strip_prefix("condukt.").or_else(|| prefix.strip_prefix("legion."));
            own.unwrap_or(prefix).to_owned()
        }
        (Kind::Span, None) => prefix.to_owned(),
        (_, None) => kind.as_str().to_owned(),
    }
}

/// The beginning of a text, at most so many bytes of it.
fn cut(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

/// The first words of a value, on one line.
pub(super) fn first_words(value: &Json, bytes: usize) -> String {
    let mut out = String::new();
    write_words(value, &mut out, bytes);
    let mut words = String::with_capacity(out.len().min(bytes));
    for word in out.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        if !words.is_empty() {
            words.push(' ');
        }
        words.push_str(word);
    }
    if words.len() > bytes {
        words.truncate(words.floor_char_boundary(bytes));
        words.push('…');
    }
    words
}

/// Writes texts as they are and anything else as JSON, not much more than so many bytes.
fn write_words(value: &Json, out: &mut String, bytes: usize) {
    match value {
        Json::String(text) => out.push_str(cut(text, bytes * 2)),
        Json::Array(parts) => {
            // Messages may be in parts.
            let mut texts =
                parts.iter().filter_map(|part| part.get("text").and_then(Json::as_str)).peekable();
            if texts.peek().is_none() {
                return write_json(value, out, bytes);
            }
            for text in texts {
                if out.len() > bytes {
                    return;
                }
                out.push_str(cut(text, bytes * 2));
                out.push(' ');
            }
        }
        _ => write_json(value, out, bytes),
    }
}

fn write_json(value: &Json, out: &mut String, bytes: usize) {
    if out.len() > bytes {
        return;
    }
    match value {
        Json::Object(map) => {
            let mut separator = '{';
            for (key, value) in map {
                out.push(separator);
                out.push_str(&Json::from(cut(key, bytes)).to_string());
                out.push(':');
                write_json(value, out, bytes);
                separator = ',';
                if out.len() > bytes {
                    return;
                }
            }
            out.push_str(if separator == '{' { "{}" } else { "}" });
        }
        Json::Array(items) => {
            let mut separator = '[';
            for item in items {
                out.push(separator);
                write_json(item, out, bytes);
                separator = ',';
                if out.len() > bytes {
                    return;
                }
            }
            out.push_str(if separator == '[' { "[]" } else { "]" });
        }
        Json::String(text) => out.push_str(&Json::from(cut(text, bytes)).to_string()),
        _ => out.push_str(&value.to_string()),
    }
}
