//! From counts as a provider gives them to counts whose parts are within their wholes.

use super::counts::{Counts, Place, Slot};
use super::tokens::Usage;

/// Makes a usage of counts.
pub(super) fn settle(counts: Counts) -> Usage {
    let (cache_read, cache_write) = (counts.part(Slot::CacheRead), counts.part(Slot::CacheWrite));
    let cached = cache_read.unwrap_or(0).saturating_add(cache_write.unwrap_or(0));
    let reasoning = counts.part(Slot::Reasoning);
    let stated = counts.part(Slot::Total);
    let given_output = counts.get(Slot::Output);

    let mut input = match (counts.get(Slot::Input), counts.get(Slot::Uncached)) {
        (Some(input), _) => {
            let sides = Sides { part: cached, whole: input, rest: given_output, more: reasoning, stated };
            Some(if sides.is_beside(counts.cache) { input.saturating_add(cached) } else { input })
        }
        // Hits and misses alone.
        (None, Some(uncached)) => Some(uncached.saturating_add(cached)),
        (None, None) => None,
    };
    input = input.map(|input| input.saturating_add(counts.get(Slot::ToolInput).unwrap_or(0)));
    let input = input.filter(|input| *input > 0);

    let output = given_output.map(|output| {
        let part = reasoning.unwrap_or(0);
        let sides = Sides { part, whole: output, rest: input, more: None, stated };
        if sides.is_beside(counts.reasoning) { output.saturating_add(part) } else { output }
    });
    // Thoughts alone, before the first word.
    let output = output.or(reasoning.filter(|_| counts.reasoning == Place::Beside));
    let output = output.filter(|output| *output > 0 || input.is_some());

    let both = input.zip(output).map(|(input, output)| input.saturating_add(output));
    let least = both.or(input).or(output).unwrap_or(0);
    let within =
        |part: Option<u64>, whole: Option<u64>| part.map(|part| whole.map_or(part, |whole| part.min(whole)));
    Usage {
        input,
        output,
        cache_read,
        cache_write,
        reasoning,
        audio_input: within(counts.part(Slot::AudioInput), input),
        audio_output: within(counts.part(Slot::AudioOutput), output),
        total: stated.map(|stated| stated.max(least)).or(both),
        cost: counts.cost,
        counts,
    }
}

/// A part, the whole it may be within, and what decides whether it is.
struct Sides {
    part: u64,
    whole: u64,
    /// The other side of the call: its output for an input.
    rest: Option<u64>,
    /// What the other side may have beside it in turn.
    more: Option<u64>,
    stated: Option<u64>,
}

impl Sides {
    fn is_beside(&self, place: Place) -> bool {
        if self.part == 0 {
            return false;
        }
        // A part is never larger than its whole.
        if self.part > self.whole {
            return true;
        }
        let sum = |beside: u64| {
            let both = self.rest.map(|rest| self.whole.saturating_add(rest).saturating_add(beside));
            let stated = self.stated.zip(both).is_some_and(|(stated, both)| stated == both);
            let more = self.more.zip(both).map(|(more, both)| both.saturating_add(more));
            stated || self.stated.zip(more).is_some_and(|(stated, more)| stated == more)
        };
        match place {
            Place::Within => false,
            Place::Always => true,
            Place::Beside => sum(self.part) || !sum(0),
            Place::Unknown => sum(self.part) && !sum(0),
        }
    }
}
