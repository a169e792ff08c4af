//! Token counts.

mod counts;
mod read;
mod settle;
mod tokens;

use serde_json::Value as Json;

use counts::{Counts, Place, Slot};
pub use tokens::Usage;

impl Usage {
    /// Reads the usage of any provider: a map of counts, or an answer or a chunk that holds one.
    ///
    /// Returns `None` if it holds no counts. Libraries write 0 for what they do not know: no call is
    /// without input, so that a usage without input holds no counts, and a part that is 0 is left out.
    pub fn read(value: &Json) -> Option<Self> {
        let usage = Self::of(read::counts(value)?);
        (usage != Self::default()).then_some(usage)
    }

    /// Puts two partial usages of one call together, field by field: the later one wins where both
    /// know a field.
    ///
    /// It is associative, so that the chunks of a stream may be put together in any grouping.
    ///
    /// ```
    /// # use telemetry_llm::Usage;
    /// # use serde_json::json;
    /// let begun = Usage::read(&json!({"input_tokens": 25, "cache_read_input_tokens": 100})).unwrap();
    /// let ended = Usage::read(&json!({"output_tokens": 15})).unwrap();
    /// let both = begun.merge(&ended);
    /// assert_eq!((both.input, both.output, both.total), (Some(125), Some(15), Some(140)));
    /// ```
    #[must_use]
    pub fn merge(&self, later: &Self) -> Self {
        Self::of(self.counts().merge(&later.counts()))
    }

    /// Adds the usage of another call: what one of them does not know counts as nothing.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        fn sum(a: Option<u64>, b: Option<u64>) -> Option<u64> {
            match (a, b) {
                (Some(a), Some(b)) => Some(a.saturating_add(b)),
                (a, b) => a.or(b),
            }
        }
        let sum = Self {
            input: sum(self.input, other.input),
            output: sum(self.output, other.output),
            cache_read: sum(self.cache_read, other.cache_read),
            cache_write: sum(self.cache_write, other.cache_write),
            reasoning: sum(self.reasoning, other.reasoning),
            audio_input: sum(self.audio_input, other.audio_input),
            audio_output: sum(self.audio_output, other.audio_output),
            total: sum(self.at_least(), other.at_least()),
            cost: match (self.cost, other.cost) {
                (Some(a), Some(b)) => Some(a + b),
                (a, b) => a.or(b),
            },
            counts: Counts::default(),
        };
        // What only one of them knows stays within its whole.
        Self::of(of_fields(&sum))
    }

    /// The total, or as much of it as is known.
    fn at_least(&self) -> Option<u64> {
        self.total.or(self.input).or(self.output)
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn of(counts: Counts) -> Self {
        settle::settle(counts)
    }

    /// What it was read from, or, where its fields were set by hand, those.
    fn counts(&self) -> Counts {
        if Self::of(self.counts) == *self { self.counts } else { of_fields(self) }
    }
}

/// The counts of fields that were set by hand.
fn of_fields(usage: &Usage) -> Counts {
    let mut counts =
        Counts { cost: usage.cost, cache: Place::Within, reasoning: Place::Within, ..Counts::default() };
    for (slot, count) in [
        (Slot::Input, usage.input),
        (Slot::Output, usage.output),
        (Slot::CacheRead, usage.cache_read),
        (Slot::CacheWrite, usage.cache_write),
        (Slot::Reasoning, usage.reasoning),
        (Slot::AudioInput, usage.audio_input),
        (Slot::AudioOutput, usage.audio_output),
        (Slot::Total, usage.total),
    ] {
        counts.slots[slot as usize] = count;
    }
    counts
}
