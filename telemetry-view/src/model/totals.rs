//! What runs add up to.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Serialize;

use super::span::{Kind, Span, State};

/// Tokens, added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tokens {
    /// Given to models, what they had in their caches included.
    pub input: u64,
    /// Written by models, their reasoning included.
    pub output: u64,
    /// Of the input: what came from a cache.
    pub cached: u64,
    /// Of the output: reasoning.
    pub reasoning: u64,
    /// Input and output.
    pub total: u64,
}

/// Counts of some spans.
#[derive(Clone, Debug, Default)]
pub(crate) struct Numbers {
    pub(crate) agents: usize,
    pub(crate) turns: usize,
    pub(crate) tool_calls: usize,
    pub(crate) subagents: usize,
    pub(crate) iterations: usize,
    pub(crate) evaluations: usize,
    pub(crate) failures: usize,
    pub(crate) cancellations: usize,
    pub(crate) running: usize,
    pub(crate) turns_without_tokens: usize,
    pub(crate) tokens: Tokens,
    pub(crate) cost: Option<f64>,
    pub(crate) turns_without_cost: usize,
    pub(crate) spans: usize,
    pub(crate) events: usize,
}

impl Numbers {
    pub(crate) fn add(&mut self, span: &Span) {
        match span.kind {
            Kind::Agent => self.agents += 1,
            Kind::Turn => self.turns += 1,
            Kind::Tool => self.tool_calls += 1,
            Kind::Subagent => self.subagents += 1,
            Kind::Iteration => self.iterations += 1,
            Kind::Evaluation => self.evaluations += 1,
            Kind::Operation | Kind::Run | Kind::Span | Kind::Event => {}
        }
        if span.kind == Kind::Event {
            self.events += 1;
            return;
        }
        self.spans += 1;
        match span.state {
            State::Failed => self.failures += 1,
            State::Cancelled => self.cancellations += 1,
            State::Running => self.running += 1,
            State::Waiting | State::Done | State::Unfinished => {}
        }
        let Some(usage) = &span.usage else {
            self.turns_without_tokens += usize::from(span.kind == Kind::Turn && span.ended());
            self.turns_without_cost += usize::from(span.kind == Kind::Turn && span.ended());
            return;
        };
        let part = |part: Option<u64>| part.unwrap_or(0);
        self.tokens.input = self.tokens.input.saturating_add(part(usage.input));
        self.tokens.output = self.tokens.output.saturating_add(part(usage.output));
        self.tokens.cached = self.tokens.cached.saturating_add(part(usage.cache_read));
        self.tokens.reasoning = self.tokens.reasoning.saturating_add(part(usage.reasoning));
        self.tokens.total = self.tokens.input.saturating_add(self.tokens.output);
        match span.cost {
            Some(cost) => *self.cost.get_or_insert_default() += cost,
            None => self.turns_without_cost += 1,
        }
    }
}

/// What all runs in the model add up to.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Totals {
    /// Sessions and runs, those of agents that were asked by others included.
    pub sessions: usize,
    /// Agents' answers.
    pub agents: usize,
    /// Round trips to models.
    pub turns: usize,
    /// Tool calls.
    pub tool_calls: usize,
    /// Spans that ended in an error or a panic.
    pub failures: usize,
    /// Tokens.
    pub tokens: Tokens,
    /// What it cost, in US dollars, as far as that is known; absent where it is not known of any turn.
    pub cost: Option<f64>,
    /// Turns whose tokens are not known.
    pub turns_without_tokens: usize,
    /// Turns whose cost is not known.
    pub turns_without_cost: usize,
    /// Spans that were given up.
    pub cancellations: usize,
    /// Spans that go on.
    pub running: usize,
    /// Questions that agents delegated.
    pub subagents: usize,
    /// Steps of agents' loops.
    pub iterations: usize,
    /// Evaluations of code.
    pub evaluations: usize,
    /// Spans of every kind.
    pub spans: usize,
    /// Events that stand alone.
    pub events: usize,
    /// From the first start to the last end, in nanoseconds.
    pub duration: u64,
}

/// What all spans of one name add up to.
#[derive(Clone, Debug, Serialize)]
pub struct Group {
    /// The agent, the model or the tool.
    pub name: String,
    /// How many spans.
    pub count: usize,
    /// Those that failed.
    pub failures: usize,
    /// Tokens: of an agent, those of its own turns.
    pub tokens: Tokens,
    /// What it cost, in US dollars, as far as that is known.
    pub cost: Option<f64>,
    /// Half of the spans took at most this long, in nanoseconds.
    pub p50: u64,
    /// 95 of 100 spans took at most this long, in nanoseconds.
    pub p95: u64,
    /// The slowest, in nanoseconds.
    pub max: u64,
    /// All of them together, in nanoseconds.
    pub total: u64,
}

/// The same numbers for each agent, model and tool, and over time.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Breakdown {
    /// By agent.
    pub agents: Vec<Group>,
    /// By model.
    pub models: Vec<Group>,
    /// By tool.
    pub tools: Vec<Group>,
    /// The numbers of the spans that took longest, the longest first.
    pub slowest: Vec<u32>,
    /// Equal stretches of time from the first start to the last end.
    pub over_time: Vec<Bucket>,
}

/// One stretch of time.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Bucket {
    /// When it begins, in microseconds since the Unix epoch.
    pub start: u64,
    /// Turns that began in it.
    pub turns: usize,
    /// Tool calls that began in it.
    pub tool_calls: usize,
    /// Spans that began in it and failed.
    pub failures: usize,
    /// Tokens of the turns that began in it.
    pub tokens: u64,
    /// What they cost, in US dollars.
    pub cost: f64,
}

const SLOWEST: usize = 20;
const BUCKETS: usize = 60;

#[derive(Default)]
struct Gathered {
    numbers: Numbers,
    count: usize,
    failures: usize,
    durations: Vec<u64>,
}

pub(super) fn totals<'s>(spans: impl Iterator<Item = &'s Span>, sessions: usize) -> Totals {
    let mut numbers = Numbers::default();
    let (mut first, mut last) = (u64::MAX, 0);
    for span in spans {
        numbers.add(span);
        if span.start > 0 {
            first = first.min(span.start);
            last = last.max(span.end().unwrap_or(span.start));
        }
    }
    Totals {
        sessions,
        agents: numbers.agents,
        turns: numbers.turns,
        tool_calls: numbers.tool_calls,
        failures: numbers.failures,
        tokens: numbers.tokens,
        cost: numbers.cost,
        turns_without_tokens: numbers.turns_without_tokens,
        turns_without_cost: numbers.turns_without_cost,
        cancellations: numbers.cancellations,
        running: numbers.running,
        subagents: numbers.subagents,
        iterations: numbers.iterations,
        evaluations: numbers.evaluations,
        spans: numbers.spans,
        events: numbers.events,
        duration: last.saturating_sub(first),
    }
}

pub(super) fn breakdown<'s>(spans: impl Iterator<Item = &'s Span> + Clone) -> Breakdown {
    type Groups = HashMap<Arc<str>, Gathered>;
    let (mut agents, mut models, mut tools) = (Groups::new(), Groups::new(), Groups::new());
    let mut slowest: Vec<&Span> = Vec::new();
    let (mut first, mut last) = (u64::MAX, 0);
    for span in spans.clone().filter(|span| span.kind != Kind::Event) {
        let own = match span.kind {
            Kind::Agent => Some(&mut agents),
            Kind::Turn => Some(&mut models),
            Kind::Tool => Some(&mut tools),
            _ => None,
        };
        if let Some(groups) = own {
            let group = groups.entry(span.name.clone()).or_default();
            group.count += 1;
            group.failures += usize::from(span.failed());
            group.durations.extend(span.duration);
            group.numbers.add(span);
        }
        if span.kind == Kind::Turn
            && let Some(agent) = &span.agent
        {
            // The agent's own spans are named like it.
            agents.entry(agent.clone()).or_default().numbers.add(span);
        }
        if matches!(span.kind, Kind::Turn | Kind::Tool | Kind::Evaluation | Kind::Span) {
            let at = slowest.partition_point(|known| known.duration >= span.duration);
            if at < SLOWEST {
                slowest.insert(at, span);
                slowest.truncate(SLOWEST);
            }
        }
        if span.start > 0 {
            first = first.min(span.start);
            last = last.max(span.end().unwrap_or(span.start));
        }
    }
    Breakdown {
        agents: groups(agents),
        models: groups(models),
        tools: groups(tools),
        slowest: slowest.iter().filter(|span| span.duration.is_some()).map(|span| span.number).collect(),
        over_time: if first < last { over_time(spans, first, last) } else { Vec::new() },
    }
}

fn groups(gathered: HashMap<Arc<str>, Gathered>) -> Vec<Group> {
    let mut groups: Vec<Group> = gathered
        .into_iter()
        .map(|(name, Gathered { numbers, count, failures, mut durations })| {
            durations.sort_unstable();
            Group {
                name: name.to_string(),
                count,
                failures,
                tokens: numbers.tokens,
                cost: numbers.cost,
                p50: percentile(&durations, 50),
                p95: percentile(&durations, 95),
                max: durations.last().copied().unwrap_or(0),
                total: durations.iter().fold(0, |sum, duration| sum.saturating_add(*duration)),
            }
        })
        .collect();
    groups.sort_by(|a, b| b.total.cmp(&a.total).then_with(|| a.name.cmp(&b.name)));
    groups
}

/// The smallest that at least `percent` of 100 are not greater than.
fn percentile(sorted: &[u64], percent: usize) -> u64 {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or(0)
}

fn over_time<'s>(spans: impl Iterator<Item = &'s Span>, first: u64, last: u64) -> Vec<Bucket> {
    let width = (last - first) / BUCKETS as u64 + 1;
    let mut buckets: Vec<Bucket> = (0..BUCKETS as u64)
        .map(|index| Bucket { start: (first + index * width) / 1000, ..Bucket::default() })
        .collect();
    for span in spans.filter(|span| span.start > 0 && span.kind != Kind::Event) {
        let index = usize::try_from((span.start - first) / width).unwrap_or(0);
        let Some(bucket) = buckets.get_mut(index) else { continue };
        let mut numbers = Numbers::default();
        numbers.add(span);
        bucket.turns += numbers.turns;
        bucket.tool_calls += numbers.tool_calls;
        bucket.failures += numbers.failures;
        bucket.tokens = bucket.tokens.saturating_add(numbers.tokens.total);
        bucket.cost += numbers.cost.unwrap_or(0.0);
    }
    buckets
}
