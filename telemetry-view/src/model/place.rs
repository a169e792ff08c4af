//! Where a span belongs: under its parent, and into a session.

use std::collections::BTreeSet;

use telemetry_runtime::{SpanId, TraceId};

use super::Model;
use super::reading::text;
use super::session::{Key, Session};
use super::span::Kind;
use telemetry_runtime::recording::EventLine;

impl Model {
    /// Puts a new span under its parent and into its session.
    pub(super) fn place(&mut self, number: u32, parent: Option<(TraceId, SpanId)>, event: &EventLine) {
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

    /// Sets the parent of a session.
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

    pub(super) fn set_parent(&mut self, session: u32, parent: u32) {
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
    pub(super) fn adopt(&mut self, number: u32, id: (TraceId, SpanId)) {
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
    pub(super) fn session_of(&mut self, key: Key) -> u32 {
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
}
