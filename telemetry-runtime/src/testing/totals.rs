//! What a run did and used in all.

use std::time::Duration;

use telemetry_llm::Usage;

use super::spans::{SpanView, Spans};

/// What a run did and used in all. See [`Capture::totals`](super::Capture::totals).
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Totals {
    /// Sessions: the session ids there are.
    pub sessions: usize,
    /// Runs of agents: `agent` and `agent_message`.
    pub agents: usize,
    /// Calls of models: `llm_turn` and `llm_request`.
    pub turns: usize,
    /// Calls of tools.
    pub tool_calls: usize,
    /// Delegations to sub-agents.
    pub subagents: usize,
    /// Tools and model calls that failed: with the status `error`, or by a panic.
    pub failures: usize,
    /// Spans that were cancelled, inside of no span that was.
    pub cancellations: usize,
    /// The tokens of all model calls, those that were cut short included.
    pub usage: Usage,
    /// The cost of the calls, in US dollars: as the providers give it, else, from `Recording::priced_totals`, by its prices.
    /// `None` if no call's cost is known.
    pub cost: Option<f64>,
    /// The model calls of which no cost is known.
    pub turns_without_cost: usize,
    /// From the first start to the last end.
    pub duration: Duration,
}

/// The cost of a call for which the provider gives no cost, in US dollars.
pub(super) type Priced<'p> = &'p dyn Fn(&SpanView<'_>, &Usage) -> Option<f64>;

pub(super) fn of(spans: &Spans, priced: Priced<'_>) -> Totals {
    let is_turn = |span: &SpanView<'_>| span.is("llm_turn") || span.is("llm_request");
    let count = |is: &dyn Fn(&SpanView<'_>) -> bool| spans.iter().filter(|span| is(span)).count();
    let has_failed =
        |span: &SpanView<'_>| span.status() == Some("error") || span.exception() == Some("panic");
    let is_cancelled = |span: &SpanView<'_>| span.exception() == Some("cancelled");
    let usages: Vec<Option<Usage>> = spans
        .iter()
        .filter(is_turn)
        .map(|span| {
            let mut usage = span.get("usage").and_then(Usage::read)?;
            usage.cost = usage.cost.or_else(|| priced(&span, &usage));
            Some(usage)
        })
        .collect();
    let known = || usages.iter().flatten();
    let mut sessions: Vec<&str> = Vec::new();
    let all: Vec<SpanView<'_>> = spans.iter().collect();
    for session in all.iter().filter_map(|span| span.text("session_id")) {
        if !sessions.contains(&session) {
            sessions.push(session);
        }
    }
    let began = all.iter().filter_map(SpanView::began).min();
    let ended = all.iter().filter_map(|span| Some(span.began()? + span.duration()?)).max();
    Totals {
        sessions: sessions.len(),
        agents: count(&|span| span.is("agent") || span.is("agent_message")),
        turns: usages.len(),
        tool_calls: count(&|span| span.is("tool_call")),
        subagents: count(&|span| span.is("subagent")),
        failures: count(&|span| (is_turn(span) || span.is("tool_call")) && has_failed(span)),
        cancellations: count(&|span| {
            is_cancelled(span) && !span.ancestors().any(|around| is_cancelled(&around))
        }),
        usage: known().fold(Usage::default(), |sum, usage| sum.plus(usage)),
        cost: known().filter_map(|usage| usage.cost).reduce(|sum, cost| sum + cost),
        turns_without_cost: usages.len() - known().filter(|usage| usage.cost.is_some()).count(),
        duration: began.zip(ended).map_or(Duration::ZERO, |(began, ended)| ended.saturating_sub(began)),
    }
}
