//! What is worth a dashboard, of most agents.

use std::time::SystemTime;

use metrics::Unit;
use telemetry_llm::Usage;
use telemetry_llm::prices::Prices;
use telemetry_runtime::Event;

use crate::metric::Metric;
use crate::{counter, distribution, sum};

/// Model calls and tools: 0.01 s, doubled.
const CALL_SECONDS: [f64; 14] =
    [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];
/// Agents: 0.1 s, doubled.
const AGENT_SECONDS: [f64; 13] = [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 51.2, 102.4, 204.8, 409.6];

/// The metrics that most agents want, of Condukt's events and of Legion's.
///
/// | name | kind | labels | what |
/// |---|---|---|---|
/// | `condukt.agent.stop.duration`, `legion.agent.message.stop.duration` | distribution | `agent`, `status` | seconds that agents took |
/// | `condukt.llm_turn.stop.duration`, `legion.llm.request.stop.duration` | distribution | `agent`, `model`, `status` | seconds that models took |
/// | `condukt.llm_turn.stop.time_to_first_token` | distribution | `agent`, `model` | seconds to the first token of a stream |
/// | `condukt.tool_call.stop.duration`, `legion.sandbox.eval.stop.duration` | distribution | `agent`; `tool` and `status`, or `success` | seconds that tools took |
/// | `condukt.tool_call.stop.count` | counter | `agent`, `tool`, `status` | tool calls |
/// | `condukt.subagent.stop.count` | counter | `agent`, `role`, `status` | delegations |
/// | `legion.iteration.stop.count` | counter | `agent` | steps |
/// | `agent.tokens` | sum | `agent`, `model`, `type` | tokens: `input`, `output`, and of them `cache_read`, `cache_write`, `reasoning` |
/// | `agent.cost` | sum | `agent`, `model` | what model calls cost, in US dollars: the provider's figure, else by the built-in table of prices |
/// | `agent.failures` | counter | `agent`, `event`, `error_type` | spans that ended as `error` |
/// | `agent.cancellations` | counter | `agent`, `event`, `kind` | spans that panicked or were cancelled |
///
/// Tokens and costs count for calls that were cut short, too: they were billed.
///
/// ```
/// let names: Vec<_> = telemetry_metrics::recommended().iter().map(|metric| metric.name_str().to_owned()).collect();
/// assert!(names.contains(&"agent.cost".to_owned()));
/// ```
pub fn recommended() -> Vec<Metric> {
    let agents = [
        distribution!("condukt.agent.stop.duration", tags("agent", "status")),
        distribution!("legion.agent.message.stop.duration", tags("agent", "status")),
    ];
    let calls = [
        distribution!("condukt.llm_turn.stop.duration", tags("agent", "model", "status")),
        distribution!("legion.llm.request.stop.duration", tags("agent", "model", "status")),
        distribution!("condukt.llm_turn.stop.time_to_first_token", tags("agent", "model")),
        distribution!("condukt.tool_call.stop.duration", tags("agent", "tool", "status")),
        distribution!("legion.sandbox.eval.stop.duration", tags("agent", "success")),
    ];
    let counts = [
        counter!("condukt.tool_call.stop", tags("agent", "tool", "status")),
        counter!("condukt.subagent.stop", tags("agent", "role", "status")),
        counter!("legion.iteration.stop", tags("agent")),
    ];
    let agents = agents.map(|metric| metric.buckets(&AGENT_SECONDS));
    let calls = calls.map(|metric| metric.buckets(&CALL_SECONDS));
    let mut all: Vec<Metric> = agents.into_iter().chain(calls).chain(counts).collect();
    all.extend(tokens());
    all.extend(costs());
    all.extend(failures());
    all.extend(cancellations());
    all
}

fn usage(event: &Event<'_>) -> Option<Usage> {
    Usage::read(&event.metadata().get("usage")?.to_json())
}

/// The keys that the closures here read.
const OF_A_CALL: [&str; 4] = ["usage", "model", "response_model", "provider"];

/// `sum!` of each event that carries what a model call used.
macro_rules! of_each_call {
    ($value:expr) => {
        [
            sum!("condukt.llm_turn.stop", value = $value, tags("agent", "model")),
            sum!("condukt.llm_turn.exception", value = $value, tags("agent", "model")),
            sum!("legion.llm.request.stop", value = $value, tags("agent", "model")),
            sum!("legion.llm.request.exception", value = $value, tags("agent", "model")),
        ]
    };
}

fn tokens() -> impl Iterator<Item = Metric> {
    type Part = fn(&Usage) -> Option<u64>;
    let parts: [(&str, Part); 5] = [
        ("input", |usage| usage.input),
        ("output", |usage| usage.output),
        ("cache_read", |usage| usage.cache_read),
        ("cache_write", |usage| usage.cache_write),
        ("reasoning", |usage| usage.reasoning),
    ];
    parts.into_iter().flat_map(|(name, part)| {
        of_each_call!(move |event: &Event<'_>| -> Option<u64> { part(&usage(event)?) }).map(|metric| {
            metric
                .name("agent.tokens")
                .description("tokens that model calls used")
                .tag("type", move |_| Some(name.to_owned()))
                .reads(&OF_A_CALL)
        })
    })
}

fn costs() -> impl Iterator<Item = Metric> {
    of_each_call!(cost).into_iter().map(|metric| {
        metric.name("agent.cost").description("what model calls cost, in US dollars").reads(&OF_A_CALL)
    })
}

/// What a call cost, in US dollars: the provider's figure, else by the table.
fn cost(event: &Event<'_>) -> Option<f64> {
    let usage = usage(event)?;
    if usage.cost.is_some() {
        return usage.cost;
    }
    let keys = event.metadata();
    let model = keys.get_str("response_model").or_else(|| keys.get_str("model"))?;
    let priced = |model| Prices::builtin().cost(keys.get_str("provider"), model, &usage, SystemTime::now());
    let cost = priced(model).or_else(|| priced(keys.get_str("model")?))?;
    Some(cost.total)
}

/// A counter of each event of those, with the event as a label.
macro_rules! of_each {
    ($name:literal, $text:literal, [$tag:tt] $($event:literal),+) => {
        [$(
            counter!($event, tags("agent", $tag))
                .name($name)
                .description($text)
                .tag("event", |event: &Event<'_>| Some(event.name().to_owned()))
                .reads(&[$tag])
                .unit(Unit::Count)
        ),+]
    };
}

fn failures() -> impl Iterator<Item = Metric> {
    of_each!(
        "agent.failures", "spans that ended as `error`", ["error_type"]
        "condukt.agent.stop", "condukt.llm_turn.stop", "condukt.tool_call.stop", "condukt.subagent.stop",
        "condukt.operation.stop", "legion.agent.message.stop", "legion.llm.request.stop", "legion.sandbox.eval.stop"
    )
    .into_iter()
    .map(|metric| metric.keep(|event: &Event<'_>| event.is_error()).reads(&["status", "error_type"]))
}

fn cancellations() -> impl Iterator<Item = Metric> {
    of_each!(
        "agent.cancellations", "spans that panicked or were cancelled", ["kind"]
        "condukt.agent.exception", "condukt.llm_turn.exception", "condukt.tool_call.exception",
        "condukt.subagent.exception", "condukt.operation.exception", "legion.agent.message.exception",
        "legion.llm.request.exception", "legion.sandbox.eval.exception"
    )
    .into_iter()
}
