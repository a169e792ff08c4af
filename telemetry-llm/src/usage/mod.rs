//! Token counts.

mod read;
mod settle;

use serde::Serialize;

use crate::Json;
use read::Counts;

/// The tokens of one model call, and what it cost.
///
/// What is unknown is `None`, never 0. A part is never larger than its whole: what came from a cache
/// or was written to one is within `input`, reasoning is within `output`, and `total` is at least
/// the two together.
///
/// ```
/// use telemetry_llm::Usage;
/// use serde_json::json;
///
/// // Anthropic counts what came from a cache beside its input, OpenAI within it.
/// let usage = Usage::read(&json!({"input_tokens": 10, "output_tokens": 5,
///     "cache_read_input_tokens": 100, "cache_creation_input_tokens": 20})).unwrap();
/// assert_eq!((usage.input, usage.cache_read, usage.total), (Some(130), Some(100), Some(135)));
/// assert_eq!(usage.reasoning, None);
/// ```
#[derive(Clone, Copy, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct Usage {
    /// All tokens that went in, those of a cache included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<u64>,
    /// All tokens that came out, reasoning included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<u64>,
    /// The part of `input` that was read from a cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_read: Option<u64>,
    /// The part of `input` that was written to a cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_write: Option<u64>,
    /// The part of `output` that is reasoning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<u64>,
    /// The part of `input` that is audio.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audio_input: Option<u64>,
    /// The part of `output` that is audio.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audio_output: Option<u64>,
    /// All tokens together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// The cost of the call as the provider gives it, in US dollars.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<f64>,
    /// The counts as they were read, from which the fields are made.
    #[serde(skip)]
    counts: Counts,
}

/// The fields alone: how a usage was read makes no difference.
impl PartialEq for Usage {
    fn eq(&self, other: &Self) -> bool {
        self.fields() == other.fields() && self.cost == other.cost
    }
}

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
        Self::of(Counts::of_fields(&sum))
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

    fn fields(&self) -> [Option<u64>; 8] {
        [
            self.input,
            self.output,
            self.cache_read,
            self.cache_write,
            self.reasoning,
            self.audio_input,
            self.audio_output,
            self.total,
        ]
    }

    /// What it was read from, or, where its fields were set by hand, those.
    fn counts(&self) -> Counts {
        if Self::of(self.counts) == *self { self.counts } else { Counts::of_fields(self) }
    }
}
