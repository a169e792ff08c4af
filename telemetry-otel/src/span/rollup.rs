//! What a span shows of those inside: an agent its model calls, an operation its agent.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use telemetry_llm::Usage;

use crate::mapping::table::{RollsUp, SpanMapping};
use crate::span::attributes::SpanAttributes;
use crate::span::io::InputOutput;

/// A value that is the same in all calls, as long as it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Same {
    #[default]
    Unknown,
    Only(Cow<'static, str>),
    Many,
}

impl Same {
    fn note(&mut self, value: Option<Cow<'static, str>>) {
        *self = match (std::mem::take(self), value) {
            (Self::Unknown, Some(value)) => Self::Only(value),
            (Self::Only(known), Some(value)) if known != value => Self::Many,
            (known, _) => known,
        };
    }

    pub(crate) fn only(&self) -> Option<Cow<'static, str>> {
        match self {
            Self::Only(value) => Some(value.clone()),
            Self::Unknown | Self::Many => None,
        }
    }
}

/// What an agent's own model calls and tools come to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sums {
    pub(crate) usage: Usage,
    pub(crate) cost: Option<f64>,
    pub(crate) inference_calls: u64,
    pub(crate) tool_calls: u64,
    /// Those of the last call.
    pub(crate) finish_reasons: Vec<String>,
    pub(crate) model: Same,
    pub(crate) provider: Same,
}

/// What is gathered.
#[derive(Debug, Default)]
struct Gathered {
    io: InputOutput,
    sums: Sums,
}

/// What a span gathers from those inside.
#[derive(Debug)]
pub(crate) struct Rollup {
    row: Option<&'static SpanMapping>,
    around: Option<Arc<Self>>,
    /// Made when something is gathered: most spans gather nothing.
    gathered: Mutex<Option<Box<Gathered>>>,
    /// The conversation of what is inside.
    conversation: OnceLock<String>,
}

/// Where a span stands among those that gather.
#[derive(Clone, Debug, Default)]
pub(crate) struct Place {
    row: Option<&'static SpanMapping>,
    /// What it gathers itself; a model call, of which there are most, gathers nothing.
    pub(crate) own: Option<Arc<Rollup>>,
    around: Option<Arc<Rollup>>,
}

impl Place {
    /// The place of a new span inside another, in a context of that conversation.
    pub(crate) fn new(
        row: Option<&'static SpanMapping>,
        around: Option<Arc<Rollup>>,
        conversation: Option<&str>,
    ) -> Self {
        if let (Some(around), Some(conversation)) = (&around, conversation) {
            around.conversation.get_or_init(|| conversation.to_owned());
        }
        let own = (!row.is_some_and(SpanMapping::is_inference)).then(|| {
            Arc::new(Rollup {
                row,
                around: around.clone(),
                gathered: Mutex::default(),
                conversation: OnceLock::new(),
            })
        });
        Self { row, own, around }
    }

    /// The innermost that gathers: for what is inside the span.
    pub(crate) fn inner(&self) -> Option<Arc<Rollup>> {
        self.own.clone().or_else(|| self.around.clone())
    }

    fn outwards(&self) -> impl Iterator<Item = &Rollup> {
        std::iter::successors(self.around.as_deref(), |span| span.around.as_deref())
    }

    /// The conversation of the outermost span that has one; none for the outermost itself.
    pub(crate) fn session(&self) -> Option<String> {
        self.outwards().filter_map(|span| span.conversation.get()).last().cloned()
    }

    /// What the span's own model calls and tools come to.
    pub(crate) fn sums(&self) -> Option<Sums> {
        self.own.as_ref().and_then(|own| Some(own.lock().as_ref()?.sums.clone()))
    }

    /// Counts a model call or a tool that ended in its agent.
    pub(crate) fn count(&self, made: &SpanAttributes) {
        let Some(row) = self.row.filter(|row| row.is_inference() || row.is_tool()) else { return };
        let is_agent = |span: &&Rollup| span.row.is_some_and(|row| row.kind == "AGENT");
        let Some(agent) = self.outwards().find(is_agent) else { return };
        let mut gathered = agent.lock();
        let sums = &mut gathered.get_or_insert_default().sums;
        if row.is_tool() {
            sums.tool_calls += 1;
            return;
        }
        sums.inference_calls += 1;
        if let Some(usage) = &made.usage {
            sums.usage = sums.usage.plus(usage);
        }
        if let Some(cost) = made.cost {
            sums.cost = Some(sums.cost.unwrap_or(0.0) + cost);
        }
        if !made.finish_reasons.is_empty() {
            sums.finish_reasons.clone_from(&made.finish_reasons);
        }
        sums.model.note(made.model.clone().map(Cow::Owned));
        sums.provider.note(made.provider.clone());
    }

    /// Fills in what the span itself does not give, and passes it on to the span that shows it.
    pub(crate) fn settle(&self, io: &mut InputOutput) {
        let rolls_up = self.row.map_or(RollsUp::Nothing, |row| row.rolls_up);
        if let Some(own) = self.own.as_ref().filter(|_| rolls_up != RollsUp::Nothing) {
            let mut gathered = own.lock();
            let theirs = gathered.as_mut().map(|gathered| std::mem::take(&mut gathered.io));
            drop(gathered);
            if let Some(theirs) = theirs {
                io.input = io.input.take().or(theirs.input);
                io.output = io.output.take().or(theirs.output);
            }
        }
        let Some(row) = self.row else { return };
        if row.is_inference() {
            let agent = self.outwards().find(|span| span.row.is_some_and(|row| row.kind == "AGENT"));
            if let Some(agent) = agent.filter(|agent| agent.rolls_up() == RollsUp::Models) {
                agent.lock().get_or_insert_default().io.add_call(io);
            }
        } else if row.kind == "AGENT" || rolls_up == RollsUp::Agent {
            let around = self.outwards().next().filter(|span| span.rolls_up() == RollsUp::Agent);
            if let Some(around) = around {
                let mut gathered = around.lock();
                let theirs = &mut gathered.get_or_insert_default().io;
                if theirs.input.is_none() {
                    theirs.input.clone_from(&io.input);
                }
                if io.output.is_some() {
                    theirs.output.clone_from(&io.output);
                }
            }
        }
    }
}

impl Rollup {
    fn lock(&self) -> MutexGuard<'_, Option<Box<Gathered>>> {
        self.gathered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn rolls_up(&self) -> RollsUp {
        self.row.map_or(RollsUp::Nothing, |row| row.rolls_up)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::table::row;
    use serde_json::{Value as Json, json};

    fn span(prefix: &str, around: Option<&Place>) -> Place {
        Place::new(row(prefix).map(|(_, row)| row), around.and_then(Place::inner), None)
    }

    fn turn(agent: &Place, messages: Json, output: Json) {
        let mut io = InputOutput::default();
        io.asked(&telemetry_llm::conversation(&messages));
        io.output = Some(output);
        span("condukt.llm_turn", Some(agent)).settle(&mut io);
    }

    fn shown(of: &Place) -> (Option<Json>, Option<Json>) {
        let mut io = InputOutput::default();
        of.settle(&mut io);
        (io.input, io.output)
    }

    fn user(text: &str) -> Json {
        json!({"role": "user", "content": text})
    }

    #[test]
    fn an_agent_was_asked_what_its_first_model_was_and_answers_what_its_last_did() {
        let run = span("condukt.run", None);
        let agent = span("condukt.agent", Some(&run));
        let tool = span("condukt.tool_call", Some(&agent));
        let child = span("condukt.agent", Some(&span("condukt.subagent", Some(&tool))));
        turn(&agent, json!([user("hello")]), json!([{"type": "tool_call"}]));
        turn(&child, json!([user("inner")]), json!("answer"));
        assert_eq!(shown(&child), (Some(json!("inner")), Some(json!("answer"))));
        turn(
            &agent,
            json!([user("hello"), {"role": "assistant", "content": "calls"}, user("later")]),
            json!("bye"),
        );
        for around in [agent, run] {
            assert_eq!(shown(&around), (Some(json!("hello")), Some(json!("bye"))));
        }
    }

    #[test]
    fn calls_beside_the_conversation_are_neither_question_nor_answer() {
        let agent = span("condukt.agent", None);
        turn(&agent, json!([user("Is this harmful? <text>Where is Oslo?</text>")]), json!("no"));
        turn(&agent, json!([user("Where is Oslo?")]), json!("In Norway."));
        turn(&agent, json!([user("Think of a title for this conversation.")]), json!("Norwegian cities"));
        assert_eq!(shown(&agent), (Some(json!("Where is Oslo?")), Some(json!("In Norway."))));
    }

    #[test]
    fn a_step_that_builds_on_the_last_answer_answers() {
        let agent = span("condukt.agent", None);
        turn(&agent, json!([user("Write a draft about Oslo.")]), json!("Oslo is cold and clear."));
        turn(&agent, json!([user("Polish this: Oslo is cold and clear.")]), json!("Oslo: cold, clear."));
        turn(
            &agent,
            json!([{"role": "system", "content": "Summary so far."}, {"role": "assistant", "content": "x"}, user("And now?")]),
            json!("Done."),
        );
        assert_eq!(shown(&agent), (Some(json!("Write a draft about Oslo.")), Some(json!("Done."))));
    }

    #[test]
    fn the_outermost_conversation_is_that_of_the_trace() {
        let inside = |around: &Place, conversation| Place::new(None, around.inner(), conversation);
        let agent = span("condukt.agent", None);
        assert_eq!(agent.session(), None);
        let turn = inside(&agent, Some("s-1"));
        assert_eq!(turn.session().as_deref(), Some("s-1"));
        let child = inside(&turn, Some("s-1"));
        let deep = inside(&child, Some("s-2"));
        assert_eq!(deep.session().as_deref(), Some("s-1"));
    }

    #[test]
    fn sums_are_those_of_an_agents_own_calls() {
        let agent = span("condukt.agent", None);
        let call = |model: &str, input: u64| SpanAttributes {
            usage: Usage::read(&json!({"input": input, "output": 1})),
            model: Some(model.to_owned()),
            cost: Some(0.5),
            ..SpanAttributes::default()
        };
        span("condukt.llm_turn", Some(&agent)).count(&call("a", 10));
        let tool = span("condukt.tool_call", Some(&agent));
        tool.count(&SpanAttributes::default());
        let child = span("condukt.agent", Some(&tool));
        span("condukt.llm_turn", Some(&child)).count(&call("b", 1000));
        span("condukt.llm_turn", Some(&agent)).count(&call("a", 20));
        let sums = agent.sums().unwrap();
        assert_eq!(
            (sums.usage.input, sums.cost, sums.inference_calls, sums.tool_calls),
            (Some(30), Some(1.0), 2, 1)
        );
        assert_eq!(sums.model, Same::Only("a".into()));
    }
}
