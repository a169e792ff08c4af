//! The events beside what happened.

use super::*;

impl Ran {
    pub(crate) fn records(&self) -> Vec<Record> {
        lock(&self.run.records).clone()
    }

    /// Each call that began has one start and the end that it had, and no other has any.
    pub(crate) fn check_ends(&self) -> Result<(), TestCaseError> {
        for (number, record) in self.records().iter().enumerate() {
            let of_it: Vec<&Seen> = self.scoped.iter().filter(|seen| seen.number == number).collect();
            let starts = of_it.iter().filter(|seen| seen.end.is_none()).count();
            let ends: Vec<_> = of_it.iter().filter_map(|seen| seen.end.as_deref()).collect();
            if record.begun.is_none() || !record.in_context {
                ensure!(of_it.is_empty(), "call {number} did not begin here: {of_it:?}");
                continue;
            }
            ensure!(starts == 1, "call {number} has {starts} starts");
            let expected = record.end.map(|(_, end)| match end {
                End::Ok => "ok",
                End::Err => "error",
                End::Panic if record.by_hand => "cancelled",
                End::Panic => "panic",
                End::Dropped => "cancelled",
            });
            for end in of_it.iter().filter(|seen| seen.end.is_some()) {
                ensure!(
                    end.recorded == record.recorded,
                    "call {number} recorded {}, and its end says {}",
                    record.recorded,
                    end.recorded
                );
            }
            ensure!(ends == Vec::from_iter(expected), "call {number} ended as {expected:?}: {ends:?}");
            ensure!(of_it[0].end.is_none(), "call {number} ends before it starts");
            ensure!(
                of_it.iter().all(|seen| seen.span == of_it[0].span),
                "call {number} has one span: {of_it:?}"
            );
            if let Some(reason) = of_it.last().and_then(|seen| seen.reason.as_deref()) {
                self.check_reason(number, record, reason)?;
            }
        }
        Ok(())
    }

    /// What passed it was thrown in it, or in what it called.
    pub(crate) fn check_reason(
        &self,
        number: usize,
        record: &Record,
        reason: &str,
    ) -> Result<(), TestCaseError> {
        if record.by_hand || record.end.is_some_and(|(_, end)| end == End::Dropped) {
            ensure!(reason == "cancelled", "call {number} was cancelled: {reason}");
            return Ok(());
        }
        let records = self.records();
        let thrower = reason.strip_prefix("planned ").and_then(|thrower| thrower.parse::<usize>().ok());
        let Some(thrower) = thrower else {
            return Err(TestCaseError::fail(format!("call {number}: {reason}")));
        };
        ensure!(records[thrower].thrown, "call {thrower} threw nothing");
        let mut around = std::iter::successors(Some(thrower), |number| records[*number].parent);
        ensure!(around.any(|around| around == number), "call {number} did not call {thrower}");
        Ok(())
    }

    /// Spans lie within each other as calls do.
    pub(crate) fn check_order(&self) -> Result<(), TestCaseError> {
        let records = self.records();
        let at = |number: usize, end: bool| {
            self.scoped.iter().position(|seen| seen.number == number && seen.end.is_some() == end)
        };
        for (number, record) in records.iter().enumerate() {
            let (Some(start), Some(parent)) = (at(number, false), record.parent) else { continue };
            let (Some(outer), span) = (at(parent, false), self.scoped[start].span) else {
                return Err(TestCaseError::fail(format!(
                    "call {number} is within {parent}, which has no start"
                )));
            };
            ensure!(outer < start, "call {number} starts before {parent}");
            let outer = self.scoped[outer].span;
            ensure!(span.parent_id == Some(outer.id), "call {number} is a child of {parent}");
            ensure!(span.trace_id == outer.trace_id, "call {number} is of the trace of {parent}");
            let is_waited_for = record.task.as_ref().is_none_or(|task| task.load(Ordering::Relaxed));
            if let (Some(inner), Some(outer), true) = (at(number, true), at(parent, true), is_waited_for) {
                ensure!(inner < outer, "call {parent} ends before {number}");
            }
        }
        let roots: HashSet<_> = self
            .scoped
            .iter()
            .filter(|seen| records[seen.number].parent.is_none())
            .map(|seen| seen.span)
            .collect();
        ensure!(roots.iter().all(|root| root.parent_id.is_none()), "{roots:?}");
        let ids: HashSet<_> = self.scoped.iter().map(|seen| seen.span.id).collect();
        let starts = self.scoped.iter().filter(|seen| seen.end.is_none()).count();
        ensure!(ids.len() == starts, "{} ids of {starts} spans", ids.len());
        Ok(())
    }

    /// Each event shows the context that the calls around it opened.
    pub(crate) fn check_context(&self) -> Result<(), TestCaseError> {
        let records = self.records();
        let mut sessions: HashMap<usize, Option<String>> = HashMap::new();
        let mut fresh: HashSet<String> = HashSet::new();
        for seen in self.scoped.iter().filter(|seen| seen.end.is_none()) {
            let number = seen.number;
            let around: Vec<usize> =
                std::iter::successors(Some(number), |number| records[*number].parent).collect();
            let nearest = |kind: Kind| around.iter().position(|number| records[*number].kind == kind);
            let (own_kind, outside) = (records[number].kind, &around[1..]);
            // The session outside of it.
            let outer = outside.first().and_then(|outer| sessions.get(outer).cloned()).flatten();
            let session = match own_kind {
                Kind::Agent if outer.is_none() => {
                    let session = seen.session.clone();
                    ensure!(
                        session.as_ref().is_some_and(|session| fresh.insert(session.clone())),
                        "call {number} opens a session: {session:?}"
                    );
                    session
                }
                Kind::Subagent => None,
                _ => outer.clone(),
            };
            if matches!(own_kind, Kind::Own | Kind::Tool | Kind::Agent) {
                ensure!(seen.session == session, "call {number} is in {session:?}: {:?}", seen.session);
            }
            sessions.insert(number, session);
            if own_kind == Kind::Own || own_kind == Kind::Subagent {
                let delegation = nearest(Kind::Subagent);
                let expected = delegation.and_then(|at| {
                    // The nearest that was in a session: one may delegate within another.
                    around[at..].iter().skip(1).find_map(|number| sessions.get(number).cloned().flatten())
                });
                ensure!(
                    seen.parent_session == expected,
                    "call {number} was delegated by {expected:?}: {:?}",
                    seen.parent_session
                );
            }
            let agent = nearest(Kind::Agent).map(|at| format!("agent-{}", around[at]));
            ensure!(seen.agent == agent, "call {number} is of {agent:?}: {:?}", seen.agent);
            if own_kind == Kind::Own || own_kind == Kind::Iteration {
                let iteration = nearest(Kind::Iteration).map(|at| around[at] as u64);
                ensure!(
                    seen.iteration == iteration,
                    "call {number} is in {iteration:?}: {:?}",
                    seen.iteration
                );
            }
        }
        // What a start shows its end shows too.
        for end in self.scoped.iter().filter(|seen| seen.end.is_some()) {
            let start = self.scoped.iter().find(|seen| seen.number == end.number && seen.end.is_none());
            let shown = |seen: &Seen| {
                let session = (records[seen.number].kind != Kind::Subagent).then(|| seen.session.clone());
                (
                    seen.agent.clone(),
                    session,
                    seen.parent_session.clone(),
                    seen.iteration,
                    seen.prefix.clone(),
                )
            };
            ensure!(start.is_some_and(|start| shown(start) == shown(end)), "{start:?} and {end:?}");
        }
        Ok(())
    }

    /// Both handlers that were attached throughout saw the same.
    pub(crate) fn check_handlers(&self, in_one_thread: bool) -> Result<(), TestCaseError> {
        if in_one_thread {
            ensure!(self.global == self.scoped, "{:?} and {:?}", self.global, self.scoped);
        } else {
            let sorted = |seen: &[Seen]| {
                let mut keys: Vec<_> = seen.iter().map(|seen| (seen.number, seen.end.clone())).collect();
                keys.sort();
                keys
            };
            ensure!(sorted(&self.global) == sorted(&self.scoped), "{:?} and {:?}", self.global, self.scoped);
        }
        for recorder in &*lock(&self.run.recorders) {
            let seen = lock(&recorder.seen);
            let mut once = HashSet::new();
            for seen in &*seen {
                ensure!(once.insert((seen.number, seen.end.is_some())), "twice: {seen:?}");
                ensure!(self.scoped.contains(seen), "not there: {seen:?}");
            }
        }
        Ok(())
    }

    /// A handler attached on the way saw each event from its attachment to its detachment, of the spans that
    /// were observed when they began.
    pub(crate) fn check_recorders(&self) -> Result<(), TestCaseError> {
        for recorder in &*lock(&self.run.recorders) {
            let until = recorder.detached_at.unwrap_or(usize::MAX);
            let is_attached = |at: usize| (recorder.attached_at..until).contains(&at);
            let mut expected: Vec<(usize, usize, bool)> = Vec::new();
            for (number, record) in self.records().iter().enumerate() {
                let Some(begun) = &record.begun else { continue };
                if !record.in_context || !recorder.is_for(record.kind) {
                    continue;
                }
                if is_attached(begun.at) {
                    expected.push((begun.at, number, false));
                }
                if let Some((at, _)) = record.end
                    && is_attached(at)
                    && begun.observed
                {
                    expected.push((at, number, true));
                }
            }
            expected.sort_unstable();
            expected.truncate(recorder.recording.fails_at.unwrap_or(usize::MAX));
            let expected: Vec<_> = expected.into_iter().map(|(_, number, end)| (number, end)).collect();
            let seen: Vec<_> =
                lock(&recorder.seen).iter().map(|seen| (seen.number, seen.end.is_some())).collect();
            ensure!(seen == expected, "{recorder:?} saw {seen:?}, not {expected:?}");
        }
        Ok(())
    }
}
