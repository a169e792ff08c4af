//! Token counts, in the shapes that people have.

use serde_json::Value as Json;

/// The tokens of one model call. What is unknown is none, never zero.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Usage {
    /// All that went in, what came from a cache included.
    pub(crate) input: Option<u64>,
    /// All that came out, reasoning included.
    pub(crate) output: Option<u64>,
    pub(crate) cache_read: Option<u64>,
    pub(crate) cache_write: Option<u64>,
    pub(crate) reasoning: Option<u64>,
    pub(crate) total: Option<u64>,
    /// In US dollars.
    pub(crate) cost: Option<f64>,
}

const INPUT: &[&str] =
    &["input_tokens", "prompt_tokens", "inputTokens", "promptTokenCount", "prompt_eval_count", "input"];
const OUTPUT: &[&str] =
    &["output_tokens", "completion_tokens", "outputTokens", "candidatesTokenCount", "eval_count", "output"];
const TOTAL: &[&str] = &["total_tokens", "totalTokens", "totalTokenCount", "total"];
const COST: &[&str] = &["total_cost", "cost_usd", "cost"];

/// Keys that Anthropic's API alone has; its input does not count what they count.
const ANTHROPIC_READ: &str = "cache_read_input_tokens";
const ANTHROPIC_WRITE: &str = "cache_creation_input_tokens";
const CACHE_READ: &[&str] = &[
    ANTHROPIC_READ,
    "cached_input_tokens",
    "cache_read_tokens",
    "cached_tokens",
    "cacheReadInputTokens",
    "cachedContentTokenCount",
    "prompt_tokens_details.cached_tokens",
    "input_tokens_details.cached_tokens",
    "input_token_details.cache_read",
];
const CACHE_WRITE: &[&str] = &[
    ANTHROPIC_WRITE,
    "cache_creation_tokens",
    "cache_write_tokens",
    "cacheWriteInputTokens",
    "prompt_tokens_details.cache_creation_tokens",
    "input_token_details.cache_creation",
];
const REASONING: &[&str] = &[
    "reasoning_tokens",
    "thoughtsTokenCount",
    "completion_tokens_details.reasoning_tokens",
    "output_tokens_details.reasoning_tokens",
    "output_token_details.reasoning",
];

impl Usage {
    /// Reads a usage map; none if it says nothing.
    ///
    /// Libraries write zero for what they were not told. No call is without input, so that one with
    /// no input says nothing; and a part that is zero is left out.
    pub(crate) fn read(usage: &Json) -> Option<Self> {
        let part = |paths| first(usage, paths).filter(|count| *count > 0);
        let (cache_read, cache_write) = (part(CACHE_READ), part(CACHE_WRITE));
        let total = part(TOTAL);
        let mut input = part(INPUT);
        let output = first(usage, OUTPUT).filter(|count| *count > 0 || input.is_some());
        if is_anthropic(usage) {
            let added = cache_read.unwrap_or(0).saturating_add(cache_write.unwrap_or(0));
            let uncached = first(usage, INPUT).filter(|count| count.saturating_add(added) > 0);
            input = uncached.map(|count| count.saturating_add(added));
        }
        let read = Self {
            input,
            output,
            cache_read,
            cache_write,
            reasoning: part(REASONING),
            total: total.or_else(|| input.zip(output).map(|(input, output)| input.saturating_add(output))),
            cost: COST.iter().find_map(|key| usage.get(key)?.as_f64()).filter(|cost| cost.is_finite()),
        };
        (read != Self::default()).then_some(read)
    }
}

fn first(usage: &Json, paths: &[&str]) -> Option<u64> {
    paths.iter().find_map(|path| match path.split_once('.') {
        None => get(usage, path)?.as_u64(),
        Some((outer, inner)) => get(get(usage, outer)?, inner)?.as_u64(),
    })
}

/// A key's value: the handful that there are is sooner compared than hashed.
fn get<'j>(usage: &'j Json, key: &str) -> Option<&'j Json> {
    usage.as_object()?.iter().find(|(known, _)| *known == key).map(|(_, value)| value)
}

/// Whether it is as Anthropic's API has it: the rest of the world counts cached input as input, and
/// says what all comes to.
fn is_anthropic(usage: &Json) -> bool {
    let has = |key| usage.get(key).is_some_and(Json::is_number);
    (has(ANTHROPIC_READ) || has(ANTHROPIC_WRITE))
        && !has("cached_input_tokens")
        && !TOTAL.iter().any(|key| has(key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(usage: Json) -> Usage {
        Usage::read(&usage).unwrap()
    }

    #[test]
    fn the_shapes_of_the_common_libraries_are_read() {
        let plain = read(json!({"input_tokens": 12, "output_tokens": 3}));
        assert_eq!((plain.input, plain.output, plain.total), (Some(12), Some(3), Some(15)));

        let chat = read(json!({
            "prompt_tokens": 120, "completion_tokens": 18, "total_tokens": 138,
            "prompt_tokens_details": {"cached_tokens": 30, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 5},
        }));
        assert_eq!((chat.input, chat.output, chat.total), (Some(120), Some(18), Some(138)));
        assert_eq!((chat.cache_read, chat.reasoning, chat.cache_write), (Some(30), Some(5), None));

        let responses = read(json!({
            "input_tokens": 120, "output_tokens": 18, "total_tokens": 138,
            "input_tokens_details": {"cached_tokens": 30},
            "output_tokens_details": {"reasoning_tokens": 5},
        }));
        assert_eq!(responses, Usage { ..chat });

        let rig = read(json!({
            "input_tokens": 9, "output_tokens": 1, "total_tokens": 10, "cached_input_tokens": 0,
            "cache_creation_input_tokens": 0,
        }));
        assert_eq!((rig.input, rig.cache_read), (Some(9), None));

        let gemini = read(json!({"promptTokenCount": 7, "candidatesTokenCount": 2, "totalTokenCount": 9}));
        assert_eq!((gemini.input, gemini.output, gemini.total), (Some(7), Some(2), Some(9)));
    }

    #[test]
    fn anthropics_input_is_without_its_cache_and_ours_is_with() {
        let usage = read(json!({
            "input_tokens": 10, "output_tokens": 5,
            "cache_read_input_tokens": 100, "cache_creation_input_tokens": 20,
        }));
        assert_eq!(usage.input, Some(130));
        assert_eq!((usage.cache_read, usage.cache_write, usage.total), (Some(100), Some(20), Some(135)));
        let all_cached = read(json!({
            "input_tokens": 0, "output_tokens": 5,
            "cache_read_input_tokens": 100, "cache_creation_input_tokens": 0,
        }));
        assert_eq!(all_cached.input, Some(100));
    }

    #[test]
    fn what_is_unknown_is_absent() {
        for nothing in [json!(null), json!({}), json!("12"), json!([1]), json!({"input_tokens": null})] {
            assert_eq!(Usage::read(&nothing), None, "{nothing}");
        }
        let zeroes = json!({"input_tokens": 0, "output_tokens": 0, "total_tokens": 0});
        assert_eq!(Usage::read(&zeroes), None);
        let silent = read(json!({"input_tokens": 8, "output_tokens": 0}));
        assert_eq!((silent.input, silent.output), (Some(8), Some(0)));
        assert_eq!(Usage::read(&json!({"input_tokens": -3, "output_tokens": 1.5})), None);
    }
}
