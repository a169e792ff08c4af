//! Taking events in.

use std::sync::Arc;

use telemetry_runtime::{Event, OwnedEvent, SpanIds};

use super::reading::{Phase, integer, name_of, nanos, phase_of, short, text};
use super::session::Key;
use super::span::{Kind, Span, State};
use super::{Model, Source};
use crate::answers;
use crate::compact::compact;
use telemetry_runtime::recording::{EventLine, Line};

impl Model {
    /// Takes one line of a recording. A header begins another run.
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
        let preview = match &*event.event {
            "telemetry.evaluation.result" => Self::verdict(event),
            _ => self.preview(event, &["names", "tool", "reason"]),
        };
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

    /// Updates a span from an event.
    fn update(&mut self, number: u32, event: &EventLine, line: Box<str>, phase: Phase) {
        let before = self.spans[&number].bytes();
        self.hold(number, event);
        let kind = self.spans[&number].kind;
        let given = ["args", "prompt", "message", "code", "messages", "input", "query"];
        let preview = match kind {
            Kind::Turn => self.last_words(event),
            Kind::Subagent => self.preview(event, &["child_agent"]),
            Kind::Iteration => self.preview(event, &["action"]),
            Kind::Span => Self::preview_of_own(event),
            _ => self.preview(event, &["args", "prompt", "message", "code", "operation"]),
        };
        let given_digest = Self::digest(event, &given);
        let epoch = self.epoch(number, event);
        let usage = self.value(event, "usage").as_ref().and_then(answers::usage);
        let gave_digest =
            Self::digest(event, &["result", "assistant_message", "output", "object", "action", "error"]);
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

    /// An agent without a `prompt` shows the input of its first model call.
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
