//! The table, and what its prices come to.

use serde::Deserialize;

use super::cost::Cost;
use crate::Usage;

/// The whole table.
#[derive(Debug, Deserialize)]
pub(super) struct Table {
    #[serde(default)]
    pub(super) source: String,
    #[serde(default)]
    pub(super) date: String,
    pub(super) providers: Vec<Provider>,
}

/// One who serves models.
#[derive(Debug, Deserialize)]
pub(super) struct Provider {
    pub(super) id: String,
    #[serde(rename = "provider_match")]
    pub(super) names: Option<Clause>,
    pub(super) model_match: Option<Clause>,
    #[serde(default)]
    pub(super) fallback: Vec<String>,
    pub(super) models: Vec<Model>,
}

/// One model.
#[derive(Debug, Deserialize)]
pub(super) struct Model {
    pub(super) id: String,
    #[serde(rename = "match")]
    pub(super) clause: Clause,
    pub(super) prices: Vec<Conditional>,
}

/// A price, and when it holds: from a day, or in certain hours of each day.
#[derive(Debug, Deserialize)]
pub(super) struct Conditional {
    from: Option<String>,
    hours: Option<[String; 2]>,
    price: PriceSet,
}

/// Which names are meant. All are compared in lower case.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Clause {
    Equals(String),
    StartsWith(String),
    EndsWith(String),
    Contains(String),
    /// `#` is a digit, a `*` at the end is anything.
    Like(String),
    Or(Vec<Clause>),
    And(Vec<Clause>),
    Not(Box<Clause>),
}

impl Clause {
    /// Whether it means a name, which is in lower case.
    pub(super) fn matches(&self, name: &str) -> bool {
        match self {
            Self::Equals(text) => name == text,
            Self::StartsWith(text) => name.starts_with(text.as_str()),
            Self::EndsWith(text) => name.ends_with(text.as_str()),
            Self::Contains(text) => name.contains(text.as_str()),
            Self::Like(pattern) => like(pattern, name),
            Self::Or(clauses) => clauses.iter().any(|clause| clause.matches(name)),
            Self::And(clauses) => clauses.iter().all(|clause| clause.matches(name)),
            Self::Not(clause) => !clause.matches(name),
        }
    }
}

fn like(pattern: &str, name: &str) -> bool {
    let (pattern, whole) = pattern.strip_suffix('*').map_or((pattern, true), |begin| (begin, false));
    let fits =
        |(wanted, found): (u8, u8)| if wanted == b'#' { found.is_ascii_digit() } else { wanted == found };
    let long_enough = if whole { name.len() == pattern.len() } else { name.len() >= pattern.len() };
    long_enough && pattern.bytes().zip(name.bytes()).all(fits)
}

/// A price for a million of something.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(untagged)]
pub(super) enum PriceOf {
    /// Always the same.
    Flat(f64),
    /// Another for calls with more input than a threshold, for all of their tokens.
    Tiered { base: f64, tiers: Vec<Tier> },
}

/// A price above a threshold.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub(super) struct Tier {
    start: u64,
    price: f64,
}

impl From<f64> for PriceOf {
    fn from(price: f64) -> Self {
        Self::Flat(price)
    }
}

impl PriceOf {
    /// What so many cost in a call with that much input.
    fn of(&self, count: u64, input: u64) -> f64 {
        let price = match self {
            Self::Flat(price) => *price,
            Self::Tiered { base, tiers } => {
                let reached = tiers.iter().filter(|tier| input > tier.start).max_by_key(|tier| tier.start);
                reached.map_or(*base, |tier| tier.price)
            }
        };
        #[allow(clippy::cast_precision_loss, reason = "no call has 2^53 tokens")]
        let count = count as f64;
        price * count / 1e6
    }
}

/// The prices of one model.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default)]
pub(super) struct PriceSet {
    pub(super) input: Option<PriceOf>,
    pub(super) output: Option<PriceOf>,
    pub(super) cache_read: Option<PriceOf>,
    pub(super) cache_write: Option<PriceOf>,
    pub(super) audio_input: Option<PriceOf>,
    pub(super) audio_output: Option<PriceOf>,
    pub(super) reasoning: Option<PriceOf>,
    /// Of a thousand requests.
    pub(super) requests: Option<f64>,
}

impl PriceSet {
    pub(super) fn plain(input: f64, output: f64) -> Self {
        Self { input: Some(input.into()), output: Some(output.into()), ..Self::default() }
    }

    /// What a usage comes to. A part that has a price of its own is taken out of its whole.
    pub(super) fn cost(&self, usage: &Usage) -> Option<Cost> {
        // Known to be free.
        if *self == Self::default() {
            return Some(Cost::default());
        }
        let given = usage.input?;
        let made = usage.output.unwrap_or(0);
        let parts = |whole: u64, parts: &[(Option<&PriceOf>, Option<u64>)]| {
            let (mut left, mut cost) = (whole, 0.0);
            for (price, count) in parts {
                if let (Some(price), Some(count)) = (price, count) {
                    let count = (*count).min(left);
                    left -= count;
                    cost += price.of(count, given);
                }
            }
            (left, cost)
        };
        let (rest_given, input_parts) = parts(
            given,
            &[
                (self.cache_read.as_ref(), usage.cache_read),
                (self.cache_write.as_ref(), usage.cache_write),
                (self.audio_input.as_ref(), usage.audio_input),
            ],
        );
        let (rest_made, output_parts) = parts(
            made,
            &[(self.reasoning.as_ref(), usage.reasoning), (self.audio_output.as_ref(), usage.audio_output)],
        );
        // What has no price is not free: its price is not known.
        let rest = |price: Option<&PriceOf>, count: u64| match price {
            Some(price) => Some(price.of(count, given)),
            None => (count == 0).then_some(0.0),
        };
        let input = input_parts + rest(self.input.as_ref(), rest_given)?;
        let output = output_parts + rest(self.output.as_ref(), rest_made)?;
        let request = self.requests.map_or(0.0, |price| price / 1000.0);
        Some(Cost { input, output, total: input + output + request })
    }
}

impl Model {
    /// Its price at a time, in seconds since the Unix epoch: the last one that holds, else the first.
    pub(super) fn price(&self, seconds: u64) -> Option<&PriceSet> {
        let holding = self.prices.iter().rev().find(|conditional| conditional.holds(seconds));
        holding.or_else(|| self.prices.first()).map(|conditional| &conditional.price)
    }
}

impl Conditional {
    fn holds(&self, seconds: u64) -> bool {
        const DAY: u64 = 24 * 60 * 60;
        if let Some(from) = &self.from {
            return day_of(from).is_some_and(|first| seconds / DAY >= first);
        }
        let Some([start, end]) = &self.hours else { return true };
        let (Some(start), Some(end)) = (second_of(start), second_of(end)) else { return false };
        let now = seconds % DAY;
        if end < start { now >= start || now < end } else { (start..end).contains(&now) }
    }
}

/// The days from the Unix epoch to a date such as `2026-11-28`.
fn day_of(date: &str) -> Option<u64> {
    let mut parts = date.splitn(3, '-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    if !(1970..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // Years that begin in March have their leap day last.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day - 1;
    u64::try_from(days - 719_468).ok()
}

/// The seconds from midnight to a time such as `16:30:00`.
fn second_of(time: &str) -> Option<u64> {
    let mut parts = time.splitn(3, ':').map(|part| part.parse::<u64>().ok().filter(|part| *part < 60));
    let (hours, minutes, seconds) = (parts.next()??, parts.next()??, parts.next()??);
    Some(hours * 3600 + minutes * 60 + seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_times_are_counted() {
        assert_eq!(day_of("1970-01-01"), Some(0));
        assert_eq!(day_of("2000-03-01"), Some(11_017));
        assert_eq!(day_of("2026-11-28"), Some(20_785));
        assert_eq!(second_of("16:30:00"), Some(59_400));
        for wrong in ["", "2026", "2026-13-01", "x-y-z"] {
            assert_eq!(day_of(wrong), None);
        }
    }

    #[test]
    fn patterns_of_digits() {
        assert!(like("gpt-####-##", "gpt-2026-01") && !like("gpt-####-##", "gpt-2026-0x"));
        assert!(!like("gpt-##", "gpt-123") && like("gpt-##*", "gpt-123") && !like("gpt-##*", "gpt-1"));
    }
}
