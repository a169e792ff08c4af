//! Making room.

use std::collections::{HashMap, HashSet};

use telemetry_runtime::{SpanId, TraceId};

use super::{MAX_REMOVED, Model};

impl Model {
    /// Removes what is oldest until there is room again.
    pub(super) fn make_room(&mut self) {
        if self.bytes() <= self.limit {
            return;
        }
        // Some more than is needed, as finding the oldest takes a look at everything.
        let enough = self.limit - self.limit / 10;
        for family in self.finished() {
            if self.bytes() <= enough {
                return;
            }
            for session in family {
                self.remove_session(session);
                self.losses.evicted_sessions += 1;
            }
        }
        if self.bytes() > self.limit {
            self.remove_oldest_spans(enough);
        }
    }

    /// The sessions of each conversation that has ended, the one that ended first at the front. What an event came for
    /// last is not among them.
    fn finished(&self) -> Vec<Vec<u32>> {
        let newest = self.order.back().and_then(|number| self.spans.get(number)).map(|span| span.session);
        let root = |mut number: u32| {
            while let Some(parent) = self.sessions.get(&number).and_then(|session| session.parent) {
                number = parent;
            }
            number
        };
        let busy: HashSet<u32> = self
            .sessions
            .values()
            .filter(|session| session.alive || self.runs(session.number))
            .map(|session| session.number)
            .chain(newest)
            .map(root)
            .collect();
        let mut families = HashMap::<u32, (u64, Vec<u32>)>::new();
        for session in self.sessions.values().filter(|session| !session.spans.is_empty()) {
            let root = root(session.number);
            if !busy.contains(&root) {
                let family = families.entry(root).or_default();
                family.0 = family.0.max(session.touched);
                family.1.push(session.number);
            }
        }
        let mut families: Vec<(u64, Vec<u32>)> = families.into_values().collect();
        families.sort_unstable();
        families.into_iter().map(|(_, family)| family).collect()
    }

    fn runs(&self, session: u32) -> bool {
        let session = self.sessions.get(&session);
        session.is_some_and(|session| {
            session.spans.iter().any(|number| self.spans.get(number).is_some_and(|span| !span.ended()))
        })
    }

    fn remove_session(&mut self, number: u32) {
        let Some(session) = self.sessions.remove(&number) else { return };
        self.by_key.remove(&session.key);
        self.changed_sessions.remove(&session.revision);
        self.by_trace.retain(|_, session| *session != number);
        for span in session.spans {
            self.remove_span(span);
        }
    }

    /// Removes the oldest spans that have ended, each with all that is in it, until `enough` bytes are left.
    fn remove_oldest_spans(&mut self, enough: usize) {
        let newest = self.order.back().copied();
        let mut gone: HashSet<u32> = HashSet::new();
        for number in self.order.clone() {
            if self.bytes() <= enough {
                break;
            }
            let ended = |number: &u32| self.spans.get(number).is_none_or(|span| span.ended());
            if Some(number) == newest
                || !ended(&number)
                || !self.spans.get(&number).is_some_and(|span| span.children.iter().all(ended))
            {
                continue;
            }
            let mut waiting = vec![number];
            while let Some(number) = waiting.pop() {
                waiting.extend(self.spans.get(&number).map(|span| span.children.clone()).unwrap_or_default());
                self.remove_span(number);
                gone.insert(number);
            }
        }
        let mut touched = Vec::new();
        for session in self.sessions.values_mut() {
            let before = session.spans.len();
            session.spans.retain(|span| !gone.contains(span));
            if session.spans.len() < before {
                touched.push(session.number);
            }
        }
        for session in touched {
            self.touch_session(session);
        }
    }

    fn remove_span(&mut self, number: u32) {
        let Some(span) = self.spans.remove(&number) else { return };
        let bytes = span.bytes();
        self.bytes = self.bytes.saturating_sub(bytes);
        if let Some(session) = self.sessions.get_mut(&span.session) {
            session.bytes = session.bytes.saturating_sub(bytes);
        }
        for hash in span.refs {
            self.contents.release(hash);
        }
        if let Some(ids) = span.ids {
            let id = (ids.trace_id, ids.id);
            if self.by_id.get(&id) == Some(&number) {
                self.by_id.remove(&id);
            }
            if let Some(parent) = ids.parent_id {
                self.forget_orphan((ids.trace_id, parent), number);
            }
            self.forget_orphan(id, number);
        }
        if let Some(parent) = span.parent.and_then(|parent| self.spans.get_mut(&parent)) {
            parent.children.retain(|child| *child != number);
        }
        self.changed_spans.remove(&span.revision);
        self.revision += 1;
        self.removed.push_back((self.revision, number));
        if self.removed.len() > MAX_REMOVED
            && let Some((revision, _)) = self.removed.pop_front()
        {
            self.forgotten = revision;
        }
        self.losses.evicted_spans += 1;
        while self.order.front().is_some_and(|number| !self.spans.contains_key(number)) {
            self.order.pop_front();
        }
    }

    fn forget_orphan(&mut self, parent: (TraceId, SpanId), number: u32) {
        if let Some(waiting) = self.orphans.get_mut(&parent) {
            waiting.retain(|child| *child != number);
            if waiting.is_empty() {
                self.orphans.remove(&parent);
            }
        }
    }
}
