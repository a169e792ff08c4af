//! What two recordings have in common, and where they part.

use std::collections::{HashMap, HashSet};
use std::fmt;

use serde::Serialize;

use crate::model::{Kind, Model, SessionSummary, Span, State, Tokens};
use crate::text::{duration, money, plain};

/// Two recordings beside each other.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    /// What the first adds up to.
    pub a: Sums,
    /// What the second adds up to.
    pub b: Sums,
    /// Conversations, as they belong together.
    pub runs: Vec<Run>,
}

/// What a recording adds up to.
#[derive(Clone, Debug, Serialize)]
pub struct Sums {
    /// Sessions.
    pub sessions: usize,
    /// Agents' answers.
    pub agents: usize,
    /// Round trips to models.
    pub turns: usize,
    /// Tool calls.
    pub tool_calls: usize,
    /// Spans that failed.
    pub failures: usize,
    /// Tokens.
    pub tokens: Tokens,
    /// What it cost, in US dollars. `None` where it is not known of every turn.
    pub cost: Option<f64>,
    /// The time in which conversations went on, added up, in nanoseconds.
    pub time: u64,
    /// Turns whose tokens are not known.
    pub turns_without_tokens: usize,
    /// The tools that were called, with how often.
    pub tools: std::collections::BTreeMap<String, usize>,
}

/// Two conversations that belong together, or one that stands alone.
#[derive(Clone, Debug, Serialize)]
pub struct Run {
    /// What it is about.
    pub title: String,
    /// The session's id in the first recording.
    pub a: Option<String>,
    /// The session's id in the second.
    pub b: Option<String>,
    /// Its steps, as they belong together.
    pub steps: Vec<Step>,
}

/// Two spans that belong together, or one that stands alone.
#[derive(Clone, Debug, Serialize)]
pub struct Step {
    /// What it is.
    pub kind: Kind,
    /// The agent, model or tool.
    pub name: String,
    /// How deep it is in the tree.
    pub depth: usize,
    /// How it was in the first.
    pub a: Option<Side>,
    /// How it was in the second.
    pub b: Option<Side>,
    /// In what the two differ: `state`, `arguments`, `messages`, `result`, `tokens`, `cost`. Time always does.
    pub differs: Vec<&'static str>,
}

/// One of the two.
#[derive(Clone, Debug, Serialize)]
pub struct Side {
    /// How it ended.
    pub state: State,
    /// How long it took, in nanoseconds.
    pub duration: Option<u64>,
    /// Input and output tokens.
    pub tokens: Option<u64>,
    /// What it cost, in US dollars.
    pub cost: Option<f64>,
    /// The first words of what it was given.
    pub preview: String,
    /// The error's first words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl Step {
    /// Whether the two are alike but for the time they took.
    pub fn is_same(&self) -> bool {
        self.a.is_some() && self.b.is_some() && self.differs.is_empty()
    }
}

/// Compares two recordings: conversations by what they are about and in what order they came, then their steps.
pub fn compare(a: &Model, b: &Model) -> Comparison {
    let (left, right) = (conversations(a), conversations(b));
    let name = |run: &SessionSummary| (run.agent.clone(), run.title.clone());
    let mut pairs = align(&left, &right, |run| name(run));
    pair_the_rest(&mut pairs);
    let (of_a, of_b) = (a.sessions(), b.sessions());
    let runs = pairs.into_iter().map(|(x, y)| run((a, &of_a), (b, &of_b), x, y)).collect();
    Comparison { a: sums(a), b: sums(b), runs }
}

/// Of neighbours that have no counterpart the first of one belongs to the first of the other: the same question in other
/// words.
fn pair_the_rest<'r>(pairs: &mut Vec<(Option<&'r SessionSummary>, Option<&'r SessionSummary>)>) {
    let mut paired = Vec::with_capacity(pairs.len());
    let (mut left, mut right) = (Vec::new(), Vec::new());
    let flush =
        |left: &mut Vec<&'r SessionSummary>, right: &mut Vec<&'r SessionSummary>, paired: &mut Vec<_>| {
            let count = left.len().max(right.len());
            paired.extend((0..count).map(|index| (left.get(index).copied(), right.get(index).copied())));
            left.clear();
            right.clear();
        };
    for (x, y) in pairs.drain(..) {
        match (x, y) {
            (Some(x), None) => left.push(x),
            (None, Some(y)) => right.push(y),
            both => {
                flush(&mut left, &mut right, &mut paired);
                paired.push(both);
            }
        }
    }
    flush(&mut left, &mut right, &mut paired);
    *pairs = paired;
}

/// The outermost sessions.
fn conversations(model: &Model) -> Vec<SessionSummary> {
    let sessions = model.sessions();
    let there: HashSet<u32> = sessions.iter().map(|session| session.number).collect();
    sessions
        .into_iter()
        .filter(|session| session.parent.is_none_or(|parent| !there.contains(&parent)))
        .collect()
}

/// A model with the list of its sessions.
type Listed<'m> = (&'m Model, &'m [SessionSummary]);

fn run(a: Listed<'_>, b: Listed<'_>, x: Option<&SessionSummary>, y: Option<&SessionSummary>) -> Run {
    let left = x.map(|session| steps(a.0, a.1, session.number)).unwrap_or_default();
    let right = y.map(|session| steps(b.0, b.1, session.number)).unwrap_or_default();
    let pairs = align(&left, &right, |(span, _)| (span.kind, span.name.clone()));
    let steps = pairs.into_iter().filter_map(|(left, right)| {
        let (span, depth) = left.or(right)?;
        Some(Step {
            kind: span.kind,
            name: span.name.to_string(),
            depth: *depth,
            a: left.map(|(span, _)| side(span)),
            b: right.map(|(span, _)| side(span)),
            differs: left.zip(right).map(|((x, _), (y, _))| differences(x, y)).unwrap_or_default(),
        })
    });
    Run {
        title: x.or(y).map(|session| session.title.clone()).unwrap_or_default(),
        a: x.map(|session| session.id.clone()),
        b: y.map(|session| session.id.clone()),
        steps: steps.collect(),
    }
}

/// The spans of a conversation, those of sessions inside it included, as a tree is read.
fn steps<'m>(model: &'m Model, sessions: &[SessionSummary], session: u32) -> Vec<(&'m Span, usize)> {
    let mut members = vec![session];
    let mut next = 0;
    while next < members.len() {
        let parent = Some(members[next]);
        members.extend(sessions.iter().filter(|other| other.parent == parent).map(|other| other.number));
        next += 1;
    }
    let inside: HashSet<u32> = members.iter().copied().collect();
    let mut done = HashSet::new();
    let mut found = Vec::new();
    for member in members {
        let Some(member) = model.session(member) else { continue };
        let mut roots = model.roots(member);
        roots.retain(|span| {
            let parent = span.parent.and_then(|parent| model.span(parent));
            parent.is_none_or(|parent| !inside.contains(&parent.session))
        });
        let tree = model.walk(roots, |span| done.insert(span.number));
        found.extend(tree.filter(|(span, _)| span.kind != Kind::Event));
    }
    found
}

fn side(span: &Span) -> Side {
    Side {
        state: span.state,
        duration: span.duration,
        tokens: span
            .usage
            .as_ref()
            .map(|usage| usage.input.unwrap_or(0).saturating_add(usage.output.unwrap_or(0))),
        cost: span.cost,
        preview: span.preview.to_string(),
        error: span.error.as_deref().map(str::to_owned),
    }
}

fn differences(a: &Span, b: &Span) -> Vec<&'static str> {
    let (x, y) = (side(a), side(b));
    let given = if a.kind == Kind::Turn { "messages" } else { "arguments" };
    [
        (a.state != b.state, "state"),
        (a.given != b.given, given),
        (a.gave != b.gave, "result"),
        (x.tokens != y.tokens, "tokens"),
        (x.cost != y.cost, "cost"),
    ]
    .into_iter()
    .filter_map(|(differs, what)| differs.then_some(what))
    .collect()
}

fn sums(model: &Model) -> Sums {
    let totals = model.totals();
    let mut tools = std::collections::BTreeMap::new();
    for span in model.spans().filter(|span| span.kind == Kind::Tool) {
        *tools.entry(span.name.to_string()).or_default() += 1;
    }
    // A turn that has not ended may have cost something too.
    let open = model.spans().filter(|span| span.kind == Kind::Turn && !span.ended()).count();
    let time = conversations(model)
        .iter()
        .map(|session| session.duration.saturating_mul(1000))
        .fold(0, u64::saturating_add);
    Sums {
        sessions: totals.sessions,
        agents: totals.agents,
        turns: totals.turns,
        tool_calls: totals.tool_calls,
        failures: totals.failures,
        tokens: totals.tokens,
        cost: totals
            .cost
            .filter(|_| totals.turns_without_cost + open == 0)
            .or((totals.turns == 0).then_some(0.0)),
        time,
        turns_without_tokens: totals.turns_without_tokens + open,
        tools,
    }
}

/// How many comparisons an alignment may take. Beyond that each is put to the next of its name.
const MAX_TABLE: usize = 4_000_000;

/// Puts two lists beside each other, in their longest common order. The page's script does the same.
#[allow(clippy::many_single_char_names, reason = "two lists, their names and the places in them")]
fn align<'r, T, N: Eq + std::hash::Hash>(
    a: &'r [T],
    b: &'r [T],
    name: impl Fn(&T) -> N,
) -> Vec<(Option<&'r T>, Option<&'r T>)> {
    let (x, y): (Vec<N>, Vec<N>) = (a.iter().map(&name).collect(), b.iter().map(&name).collect());
    let head = x.iter().zip(&y).take_while(|(x, y)| x == y).count();
    let rest = (a.len() - head).min(b.len() - head);
    let tail = x.iter().rev().zip(y.iter().rev()).take(rest).take_while(|(x, y)| x == y).count();
    let mut pairs: Vec<(Option<&T>, Option<&T>)> = (0..head).map(|i| (Some(&a[i]), Some(&b[i]))).collect();
    let (to_a, to_b) = (a.len() - tail, b.len() - tail);
    let (mut i, mut j) = (head, head);
    if (to_a - head).saturating_mul(to_b - head) <= MAX_TABLE {
        let wide = to_b - head + 1;
        let mut best = vec![0_u32; (to_a - head + 1) * wide];
        let at = |i: usize, j: usize| (i - head) * wide + (j - head);
        for i in (head..to_a).rev() {
            for j in (head..to_b).rev() {
                best[at(i, j)] = if x[i] == y[j] {
                    best[at(i + 1, j + 1)] + 1
                } else {
                    best[at(i + 1, j)].max(best[at(i, j + 1)])
                };
            }
        }
        while i < to_a || j < to_b {
            if i < to_a && j < to_b && x[i] == y[j] {
                pairs.push((Some(&a[i]), Some(&b[j])));
                (i, j) = (i + 1, j + 1);
            } else if j >= to_b || (i < to_a && best[at(i + 1, j)] >= best[at(i, j + 1)]) {
                pairs.push((Some(&a[i]), None));
                i += 1;
            } else {
                pairs.push((None, Some(&b[j])));
                j += 1;
            }
        }
    } else {
        let mut places: HashMap<&N, Vec<usize>> = HashMap::new();
        for index in (head..to_b).rev() {
            places.entry(&y[index]).or_default().push(index);
        }
        while i < to_a {
            let place = places.get_mut(&x[i]).and_then(|places| {
                while places.last().is_some_and(|place| *place < j) {
                    places.pop();
                }
                places.pop()
            });
            match place {
                Some(place) => {
                    pairs.extend((j..place).map(|j| (None, Some(&b[j]))));
                    pairs.push((Some(&a[i]), Some(&b[place])));
                    j = place + 1;
                }
                None => pairs.push((Some(&a[i]), None)),
            }
            i += 1;
        }
        pairs.extend((j..to_b).map(|j| (None, Some(&b[j]))));
    }
    pairs.extend((0..tail).map(|k| (Some(&a[to_a + k]), Some(&b[to_b + k]))));
    pairs
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { a, b, .. } = self;
        let signed = |a: u64, b: u64| match b.cmp(&a) {
            std::cmp::Ordering::Equal => String::new(),
            std::cmp::Ordering::Greater => format!("+{}", b - a),
            std::cmp::Ordering::Less => format!("-{}", a - b),
        };
        writeln!(f, "{:<12}{:>14}{:>14}  difference", "", "first", "second")?;
        for (name, x, y) in [
            ("sessions", a.sessions as u64, b.sessions as u64),
            ("agents", a.agents as u64, b.agents as u64),
            ("turns", a.turns as u64, b.turns as u64),
            ("tool calls", a.tool_calls as u64, b.tool_calls as u64),
            ("failures", a.failures as u64, b.failures as u64),
            ("tokens in", a.tokens.input, b.tokens.input),
            ("tokens out", a.tokens.output, b.tokens.output),
        ] {
            writeln!(f, "{name:<12}{x:>14}{y:>14}  {}", signed(x, y))?;
        }
        let cost = |cost: Option<f64>| cost.map_or("unknown".to_owned(), money);
        writeln!(f, "{:<12}{:>14}{:>14}", "cost", cost(a.cost), cost(b.cost))?;
        writeln!(f, "{:<12}{:>14}{:>14}", "time", duration(a.time), duration(b.time))?;
        for run in &self.runs {
            let different: Vec<&Step> = run.steps.iter().filter(|step| !step.is_same()).collect();
            let alone = match (&run.a, &run.b) {
                (Some(_), None) => "  first only",
                (None, Some(_)) => "  second only",
                _ => "",
            };
            writeln!(
                f,
                "\n{}{alone}  {} of {} steps differ",
                plain(&run.title),
                different.len(),
                run.steps.len()
            )?;
            if run.a.is_none() || run.b.is_none() {
                continue;
            }
            for step in different {
                let (sign, what) = match (&step.a, &step.b) {
                    (Some(_), None) => ('-', String::new()),
                    (None, Some(_)) => ('+', String::new()),
                    _ => ('~', step.differs.join(", ")),
                };
                let shown = step.b.as_ref().or(step.a.as_ref());
                let summary = shown.map_or("", |side| side.error.as_deref().unwrap_or(&side.preview));
                let summary = if step.kind == Kind::Turn { "" } else { summary };
                writeln!(
                    f,
                    "  {sign} {:indent$}{} {}  {what}  {}",
                    "",
                    step.kind.as_str(),
                    plain(&step.name),
                    plain(summary),
                    indent = step.depth.min(20) * 2
                )?;
            }
        }
        Ok(())
    }
}
