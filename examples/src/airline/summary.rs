//! What an agent did, added up by a handler: [`Collector`].
//!
//! It knows nothing of the example. It would add up any agent's events.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use serde::Serialize;
use telemetry_llm::Usage;
use telemetry_llm::prices::Prices;
use telemetry_runtime::{AttachError, Event, attach, detach, event_names};

/// How many of the slowest calls are kept.
const SLOWEST: usize = 5;

/// The sums.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Summary {
    /// Sessions, those of agents that were asked for help included.
    pub sessions: usize,
    /// Answers that agents worked out.
    pub agents: usize,
    /// Those that failed.
    pub agent_failures: usize,
    /// Questions that agents delegated.
    pub subagents: usize,
    /// Round trips to a model.
    pub llm_turns: usize,
    /// Those that failed.
    pub llm_failures: usize,
    /// Tool calls.
    pub tool_calls: usize,
    /// Those that failed.
    pub tool_failures: usize,
    /// What the models received and answered.
    pub tokens: Tokens,
    /// The calls that took longest, the longest first.
    pub slowest: Vec<Call>,
}

/// Tokens used.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Tokens {
    /// Given to models.
    pub prompt: u64,
    /// Written by models.
    pub completion: u64,
    /// Turns without a usage.
    pub turns_without: usize,
    /// What they cost, in US dollars.
    pub cost: f64,
    /// Turns of which the price is not known.
    pub turns_without_cost: usize,
}

/// One call of a model or a tool.
#[derive(Clone, Debug, Serialize)]
pub struct Call {
    /// `model` or `tool`.
    pub kind: &'static str,
    /// Which one.
    pub name: String,
    /// Of a model: which turn of the answer it was, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub turn: Option<u64>,
    /// How long it took.
    pub milliseconds: f64,
    /// The session it was in.
    pub session_id: Option<String>,
}

/// A handler that adds up what it sees, from its beginning until it is finished or dropped.
#[derive(Debug)]
pub struct Collector {
    id: String,
    sums: Arc<Mutex<Sums>>,
}

#[derive(Debug, Default)]
struct Sums {
    summary: Summary,
    sessions: HashSet<String>,
}

impl Collector {
    /// Attaches a collector.
    pub fn attach(id: &str) -> Result<Self, AttachError> {
        let sums = Arc::new(Mutex::new(Sums::default()));
        let handler = {
            let sums = sums.clone();
            move |event: &Event<'_>| sums.lock().unwrap_or_else(PoisonError::into_inner).add(event)
        };
        attach(id, event_names!["condukt.*.stop", "condukt.*.exception"], handler)?;
        Ok(Self { id: id.to_owned(), sums })
    }

    /// Detaches it, and gives what it has added up.
    pub fn finish(self) -> Summary {
        let sums = self.sums.lock().unwrap_or_else(PoisonError::into_inner);
        Summary { sessions: sums.sessions.len(), ..sums.summary.clone() }
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        // It may be detached already, which is as good.
        let _ = detach(&self.id);
    }
}

impl Sums {
    /// Adds the end of a span.
    fn add(&mut self, event: &Event<'_>) {
        let metadata = event.metadata();
        // An exception has no status: a call that panicked or was cancelled did not work.
        let failed = usize::from(metadata.get_str("status") != Some("ok"));
        let summary = &mut self.summary;
        match event.name() {
            "condukt.agent.stop" | "condukt.agent.exception" => {
                summary.agents += 1;
                summary.agent_failures += failed;
            }
            "condukt.subagent.stop" | "condukt.subagent.exception" => summary.subagents += 1,
            "condukt.llm_turn.stop" | "condukt.llm_turn.exception" => {
                summary.llm_turns += 1;
                summary.llm_failures += failed;
                summary.tokens.add(event);
                summary.time("model", event);
            }
            "condukt.tool_call.stop" | "condukt.tool_call.exception" => {
                summary.tool_calls += 1;
                summary.tool_failures += failed;
                summary.time("tool", event);
            }
            _ => return,
        }
        if let Some(session) =
            metadata.get_str("session_id").filter(|session| !self.sessions.contains(*session))
        {
            self.sessions.insert(session.to_owned());
        }
    }
}

impl Tokens {
    fn add(&mut self, turn: &Event<'_>) {
        match turn.metadata().get("usage").and_then(|usage| Usage::read(&usage.to_json())) {
            Some(usage) => {
                self.prompt += usage.input.unwrap_or_default();
                self.completion += usage.output.unwrap_or_default();
                match cost(turn, &usage) {
                    Some(cost) => self.cost += cost,
                    None => self.turns_without_cost += 1,
                }
            }
            None => {
                self.turns_without += 1;
                self.turns_without_cost += 1;
            }
        }
    }
}

/// What a turn cost: the provider's word, else the table's price of the model that answered.
fn cost(turn: &Event<'_>, usage: &Usage) -> Option<f64> {
    let text = |key| turn.metadata().get_str(key).map(str::to_owned);
    let priced = || {
        let model = text("response_model").or_else(|| text("model"))?;
        let provider = text("provider");
        Some(Prices::builtin().cost(provider.as_deref(), &model, usage, SystemTime::now())?.total)
    };
    usage.cost.or_else(priced)
}

impl Summary {
    /// Keeps a call if it is one of the slowest. `kind` is also the key that names it.
    fn time(&mut self, kind: &'static str, event: &Event<'_>) {
        let Some(duration) = event.measurements().duration() else { return };
        let milliseconds = (duration.as_secs_f64() * 1e6).round() / 1e3;
        let at = self.slowest.partition_point(|call| call.milliseconds >= milliseconds);
        if at < SLOWEST {
            let text = |key| event.metadata().get_str(key).map(str::to_owned);
            let name = text(kind).unwrap_or_default();
            let turn = event.metadata().get("turn").and_then(|turn| turn.as_u64());
            self.slowest.insert(at, Call { kind, name, turn, milliseconds, session_id: text("session_id") });
            self.slowest.truncate(SLOWEST);
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let failed = |failures: usize| match failures {
            0 => String::new(),
            some => format!(", {some} failed"),
        };
        writeln!(f, "sessions    {:>9}", self.sessions)?;
        writeln!(f, "answers     {:>9}{}", self.agents, failed(self.agent_failures))?;
        writeln!(f, "delegations {:>9}", self.subagents)?;
        writeln!(f, "turns       {:>9}{}", self.llm_turns, failed(self.llm_failures))?;
        writeln!(f, "tool calls  {:>9}{}", self.tool_calls, failed(self.tool_failures))?;
        let Tokens { prompt, completion, turns_without, cost, turns_without_cost } = self.tokens;
        write!(f, "tokens      {:>9} ({prompt} in, {completion} out", prompt + completion)?;
        match turns_without {
            0 => writeln!(f, ")")?,
            some => writeln!(f, "; unknown for {some} turns)")?,
        }
        write!(f, "cost        {:>9}", format!("${cost:.4}"))?;
        match turns_without_cost {
            0 => writeln!(f)?,
            some => writeln!(f, " (unknown for {some} turns)")?,
        }
        writeln!(f, "slowest")?;
        for call in &self.slowest {
            let turn = call.turn.map(|turn| format!(" #{turn}")).unwrap_or_default();
            writeln!(f, "  {:>9.1} ms  {:<5}  {}{turn}", call.milliseconds, call.kind, call.name)?;
        }
        Ok(())
    }
}
