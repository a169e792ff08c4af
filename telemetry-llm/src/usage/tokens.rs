//! The tokens of one model call.

use serde::Serialize;

use super::counts::Counts;

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
    pub(super) counts: Counts,
}

/// The fields alone: how a usage was read makes no difference.
impl PartialEq for Usage {
    fn eq(&self, other: &Self) -> bool {
        self.fields() == other.fields() && self.cost == other.cost
    }
}

impl Usage {
    /// All counts, which are what two usages are compared by.
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
}
