//! What an agent was asked and answered, where its own events do not say: what the models inside
//! were asked first, and what they said last.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value as Json;

use crate::mapping::table::{RollsUp, SpanMapping};

/// What went in and what came out.
#[derive(Clone, Debug, Default)]
pub(crate) struct InputOutput {
    pub(crate) input: Option<Json>,
    pub(crate) output: Option<Json>,
}

/// What a span gathers from those inside.
#[derive(Debug)]
pub(crate) struct Rollup {
    row: &'static SpanMapping,
    around: Option<Arc<Self>>,
    io: Mutex<InputOutput>,
}

impl Rollup {
    pub(crate) fn new(row: &'static SpanMapping, around: Option<Arc<Self>>) -> Arc<Self> {
        Arc::new(Self { row, around, io: Mutex::default() })
    }

    /// Fills in what the span itself did not say, and passes it on to the span that answers for it.
    pub(crate) fn settle(&self, io: &mut InputOutput) {
        if self.row.gathers != RollsUp::Nothing {
            let gathered = std::mem::take(&mut *self.io.lock().unwrap_or_else(PoisonError::into_inner));
            io.input = io.input.take().or(gathered.input);
            io.output = io.output.take().or(gathered.output);
        }
        if let Some(around) = self.answerable() {
            let mut theirs = around.io.lock().unwrap_or_else(PoisonError::into_inner);
            if theirs.input.is_none() {
                theirs.input.clone_from(&io.input);
            }
            // A model that only calls tools has not answered yet.
            if io.output.as_ref().is_some_and(|output| output.is_string() || !self.row.is_inference()) {
                theirs.output.clone_from(&io.output);
            }
        }
    }

    /// A model call is its agent's; an agent is that of the operation, run or delegation right
    /// around it.
    fn answerable(&self) -> Option<&Self> {
        let mut around = std::iter::successors(self.around.as_deref(), |span| span.around.as_deref());
        if self.row.is_inference() {
            around.find(|span| span.row.kind == "AGENT").filter(|span| span.row.gathers == RollsUp::Models)
        } else if self.row.kind == "AGENT" || self.row.gathers == RollsUp::Agent {
            around.next().filter(|span| span.row.gathers == RollsUp::Agent)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::table::row;
    use serde_json::json;

    fn span(prefix: &str, around: Option<&Arc<Rollup>>) -> Arc<Rollup> {
        Rollup::new(row(prefix).unwrap().1, around.cloned())
    }

    fn said(input: &str, output: &str) -> InputOutput {
        InputOutput { input: Some(input.into()), output: Some(output.into()) }
    }

    #[test]
    fn an_agent_was_asked_what_its_first_model_was_and_says_what_its_last_said() {
        let run = span("condukt.run", None);
        let agent = span("condukt.agent", Some(&run));
        let tool = span("condukt.tool_call", Some(&agent));
        let child = span("condukt.agent", Some(&span("condukt.subagent", Some(&tool))));
        span("condukt.llm_turn", Some(&agent)).settle(&mut said("hello", "calls"));
        tool.settle(&mut said("{}", "done"));
        span("condukt.llm_turn", Some(&child)).settle(&mut said("inner", "answer"));
        child.settle(&mut InputOutput::default());
        span("condukt.llm_turn", Some(&agent)).settle(&mut said("later", "bye"));
        for around in [agent, run] {
            let mut io = InputOutput::default();
            around.settle(&mut io);
            assert_eq!((io.input, io.output), (Some(json!("hello")), Some(json!("bye"))));
        }
    }
}
