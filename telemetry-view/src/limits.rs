//! When a comparison fails.

use std::str::FromStr;

use crate::compare::{Comparison, Run, Sums};
use crate::model::Kind;
use crate::text::{money, plain};

/// When the second recording is worse than the first: `tools,cost>10%,errors`.
///
/// ```
/// use telemetry_view::Limits;
///
/// let limits: Limits = "tools,cost>10%,tokens>10%,errors".parse()?;
/// assert!("price>10%".parse::<Limits>().is_err());
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Limits(Vec<(Measure, f64)>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Measure {
    Tools,
    Errors,
    Turns,
    Tokens,
    Cost,
    Time,
}

const MEASURES: [(&str, Measure); 6] = [
    ("tools", Measure::Tools),
    ("errors", Measure::Errors),
    ("turns", Measure::Turns),
    ("tokens", Measure::Tokens),
    ("cost", Measure::Cost),
    ("time", Measure::Time),
];

impl FromStr for Limits {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let limits: Result<Vec<_>, String> = text
            .split(',')
            .map(|condition| {
                let condition = condition.trim();
                let (name, percent) = match condition.split_once('>') {
                    None => (condition, 0.0),
                    Some((name, limit)) => {
                        let number = limit
                            .trim()
                            .strip_suffix('%')
                            .and_then(|number| number.trim().parse::<f64>().ok());
                        let number = number.filter(|number| number.is_finite() && *number >= 0.0);
                        (
                            name.trim(),
                            number.ok_or_else(|| {
                                format!("`{condition}`: the limit is not a percentage such as 10%")
                            })?,
                        )
                    }
                };
                let known = MEASURES.iter().find(|(known, _)| *known == name).map(|(_, measure)| *measure);
                let measure = known.ok_or_else(|| {
                    let names: Vec<&str> = MEASURES.iter().map(|(name, _)| *name).collect();
                    format!("`{name}` is not one of {}", names.join(", "))
                })?;
                if matches!(measure, Measure::Tools | Measure::Errors) && condition.contains('>') {
                    return Err(format!("`{name}` takes no limit"));
                }
                Ok((measure, percent))
            })
            .collect();
        limits.map(Self)
    }
}

impl Limits {
    /// What the second recording breaks. A limit that cannot be judged counts as broken, with the reason.
    #[allow(clippy::cast_precision_loss, reason = "a percentage is asked for")]
    pub fn broken_by(&self, comparison: &Comparison) -> Vec<String> {
        let Comparison { a, b, runs } = comparison;
        if a.sessions > 0 && b.sessions == 0 {
            return vec!["the second recording has no runs".to_owned()];
        }
        let tokens = |sums: &Sums| (sums.turns_without_tokens == 0).then_some(sums.tokens.total as f64);
        self.0
            .iter()
            .filter_map(|(measure, percent)| {
                let grown = |name: &str, a: Option<f64>, b: Option<f64>, unit: &dyn Fn(f64) -> String| {
                    let (Some(a), Some(b)) = (a, b) else {
                        return Some(format!("{name}: not known of every turn"));
                    };
                    (b > a * (1.0 + percent / 100.0))
                        .then(|| format!("{name}: {} after {}", unit(b), unit(a)))
                };
                match measure {
                    Measure::Errors => (b.failures > a.failures)
                        .then(|| format!("errors: {} after {}", b.failures, a.failures)),
                    Measure::Tools => other_tools(runs),
                    Measure::Turns => {
                        grown("turns", Some(a.turns as f64), Some(b.turns as f64), &|n| n.to_string())
                    }
                    Measure::Tokens => grown("tokens", tokens(a), tokens(b), &|n| n.to_string()),
                    Measure::Cost => grown("cost", a.cost, b.cost, &|n| money(n)),
                    Measure::Time => grown("time", Some(a.time as f64), Some(b.time as f64), &|n| {
                        format!("{:.3}s", n / 1e9)
                    }),
                }
            })
            .collect()
    }
}

/// The first conversation in which other tools were called, or in another order.
fn other_tools(runs: &[Run]) -> Option<String> {
    runs.iter().find_map(|run| {
        let step = run
            .steps
            .iter()
            .find(|step| step.kind == Kind::Tool && (step.a.is_none() || step.b.is_none()))?;
        let how = if step.a.is_none() { "was not called before" } else { "is not called any more" };
        Some(format!("tools: {} {how} in \"{}\"", plain(&step.name), plain(&run.title)))
    })
}
