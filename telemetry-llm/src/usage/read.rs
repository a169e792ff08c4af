//! Where each provider and library has its counts.

use serde_json::{Map, Value as Json};

use super::counts::{Counts, Place, Slot};
use crate::json::{at, get};

/// The table: the first row of a slot that leads to a number is its count. The spelling of a key
/// makes no difference (see `json`).
const ROWS: &[(Slot, &str)] = &[
    // OpenAI's chat and Responses, Anthropic's, Bedrock's, and all that copy them.
    (Slot::Input, "input_tokens"),
    (Slot::Input, "prompt_tokens"),
    // Gemini.
    (Slot::Input, "prompt_token_count"),
    // Bedrock's metrics of an invocation, LangChain4j.
    (Slot::Input, "input_token_count"),
    // Ollama.
    (Slot::Input, "prompt_eval_count"),
    // Cohere: what was processed, else what was billed.
    (Slot::Input, "tokens.input_tokens"),
    (Slot::Input, "billed_units.input_tokens"),
    // The provider interface of Vercel's SDK.
    (Slot::Input, "input_tokens.total"),
    // This crate's own form, and Langfuse's.
    (Slot::Input, "input"),
    (Slot::Output, "output_tokens"),
    (Slot::Output, "completion_tokens"),
    (Slot::Output, "candidates_token_count"),
    // Gemini's live form.
    (Slot::Output, "response_token_count"),
    (Slot::Output, "output_token_count"),
    (Slot::Output, "eval_count"),
    (Slot::Output, "tokens.output_tokens"),
    (Slot::Output, "billed_units.output_tokens"),
    (Slot::Output, "output_tokens.total"),
    (Slot::Output, "output"),
    (Slot::Total, "total_tokens"),
    (Slot::Total, "total_token_count"),
    (Slot::Total, "total"),
    // Anthropic, Bedrock.
    (Slot::CacheRead, "cache_read_input_tokens"),
    (Slot::CacheRead, "cache_read_input_token_count"),
    // Vercel, rig.
    (Slot::CacheRead, "cached_input_tokens"),
    (Slot::CacheRead, "cache_read_tokens"),
    (Slot::CacheRead, "cached_tokens"),
    // Mistral.
    (Slot::CacheRead, "num_cached_tokens"),
    // Gemini.
    (Slot::CacheRead, "cached_content_token_count"),
    // DeepSeek.
    (Slot::CacheRead, "prompt_cache_hit_tokens"),
    // OpenAI, xAI, Groq, OpenRouter, genai.
    (Slot::CacheRead, "prompt_tokens_details.cached_tokens"),
    (Slot::CacheRead, "prompt_token_details.cached_tokens"),
    (Slot::CacheRead, "input_tokens_details.cached_tokens"),
    // OpenAI's realtime interface.
    (Slot::CacheRead, "input_token_details.cached_tokens"),
    // LangChain; the details of Vercel's SDK.
    (Slot::CacheRead, "input_token_details.cache_read"),
    (Slot::CacheRead, "input_token_details.cache_read_tokens"),
    (Slot::CacheRead, "input_tokens.cache_read"),
    // swiftide.
    (Slot::CacheRead, "details.input_tokens_details.cached_tokens"),
    (Slot::CacheRead, "details.prompt_tokens_details.cached_tokens"),
    (Slot::CacheRead, "details.cached_tokens"),
    (Slot::CacheRead, "cache_read"),
    (Slot::CacheWrite, "cache_creation_input_tokens"),
    (Slot::CacheWrite, "cache_write_input_tokens"),
    (Slot::CacheWrite, "cache_write_input_token_count"),
    (Slot::CacheWrite, "cache_creation_tokens"),
    (Slot::CacheWrite, "cache_write_tokens"),
    (Slot::CacheWrite, "prompt_tokens_details.cache_write_tokens"),
    (Slot::CacheWrite, "prompt_tokens_details.cache_creation_tokens"),
    (Slot::CacheWrite, "input_tokens_details.cache_write_tokens"),
    (Slot::CacheWrite, "input_tokens_details.cache_creation_tokens"),
    (Slot::CacheWrite, "input_token_details.cache_creation"),
    (Slot::CacheWrite, "input_token_details.cache_write"),
    (Slot::CacheWrite, "input_token_details.cache_write_tokens"),
    (Slot::CacheWrite, "input_tokens.cache_write"),
    (Slot::CacheWrite, "details.input_tokens_details.cache_write_tokens"),
    (Slot::CacheWrite, "details.prompt_tokens_details.cache_creation_tokens"),
    (Slot::CacheWrite, "cache_write"),
    (Slot::Reasoning, "reasoning_tokens"),
    (Slot::Reasoning, "thoughts_token_count"),
    (Slot::Reasoning, "completion_tokens_details.reasoning_tokens"),
    (Slot::Reasoning, "output_tokens_details.reasoning_tokens"),
    (Slot::Reasoning, "output_tokens_details.thinking_tokens"),
    (Slot::Reasoning, "output_token_details.reasoning"),
    (Slot::Reasoning, "output_token_details.reasoning_tokens"),
    (Slot::Reasoning, "output_tokens.reasoning"),
    (Slot::Reasoning, "details.output_tokens_details.reasoning_tokens"),
    (Slot::Reasoning, "details.completion_tokens_details.reasoning_tokens"),
    (Slot::Reasoning, "details.reasoning_tokens"),
    (Slot::Reasoning, "reasoning"),
    (Slot::AudioInput, "prompt_tokens_details.audio_tokens"),
    (Slot::AudioInput, "input_tokens_details.audio_tokens"),
    (Slot::AudioInput, "input_token_details.audio_tokens"),
    (Slot::AudioInput, "input_token_details.audio"),
    (Slot::AudioInput, "audio_input_tokens"),
    (Slot::AudioInput, "audio_input"),
    (Slot::AudioOutput, "completion_tokens_details.audio_tokens"),
    (Slot::AudioOutput, "output_tokens_details.audio_tokens"),
    (Slot::AudioOutput, "output_token_details.audio_tokens"),
    (Slot::AudioOutput, "output_token_details.audio"),
    (Slot::AudioOutput, "audio_output_tokens"),
    (Slot::AudioOutput, "audio_output"),
    // DeepSeek, Vercel.
    (Slot::Uncached, "prompt_cache_miss_tokens"),
    (Slot::Uncached, "input_token_details.no_cache_tokens"),
    (Slot::Uncached, "input_tokens.no_cache"),
    (Slot::ToolInput, "tool_use_prompt_token_count"),
    // rig.
    (Slot::ToolInput, "tool_use_prompt_tokens"),
];

/// Where a cost in US dollars stands.
const COSTS: &[&str] = &[
    "cost",
    "total_cost",
    "cost_usd",
    "total_cost_usd",
    // rig, Perplexity.
    "cost.total",
    "cost.total_cost",
];

/// xAI counts its cost in ten thousand millionths of a dollar.
const TICKS: (&str, f64) = ("cost_in_usd_ticks", 1e-10);

/// Where an answer or a chunk holds its usage.
const HOLDERS: &[&str] = &[
    "usage",
    "usage_metadata",
    "total_usage",
    "x_groq.usage",
    "token_usage",
    // Anthropic's first event, Cohere's last, Bedrock's last.
    "message.usage",
    "delta.usage",
    "metadata.usage",
    "response.usage",
    "amazon-bedrock-invocationMetrics",
    // Cohere's first version, ollama-rs, genai's end of a stream, LangChain.
    "meta",
    "final_data",
    "captured_usage",
    "End.captured_usage",
    "response_metadata.token_usage",
    "response_metadata.usage",
    "llm_output.token_usage",
    // LangChain's serialised messages.
    "data.usage_metadata",
    "kwargs.usage_metadata",
    "data.response_metadata.token_usage",
    "kwargs.response_metadata.token_usage",
    "generations.0.0.message.usage_metadata",
    "generations.0.0.message.kwargs.usage_metadata",
];

/// The counts of a map, or of what holds one.
pub(super) fn counts(value: &Json) -> Option<Counts> {
    let map = value.as_object()?;
    let own = of_map(value, map);
    if own.says_something() {
        return Some(own);
    }
    HOLDERS.iter().find_map(|path| {
        let held = at(value, path)?;
        let counts = of_map(held, held.as_object()?);
        counts.says_something().then_some(counts)
    })
}

fn of_map(value: &Json, map: &Map<String, Json>) -> Counts {
    let mut counts = Counts::default();
    if !map.keys().any(|key| may_count(key)) {
        return counts;
    }
    for (slot, path) in ROWS {
        let place = &mut counts.slots[*slot as usize];
        if place.is_none() {
            *place = at(value, path).and_then(count);
        }
    }
    // Gemini gives the kinds of things that it counted.
    let audio = |path| of_modality(at(value, path)?, "AUDIO");
    let or = |slot: &mut Option<u64>, path| *slot = slot.or_else(|| audio(path));
    or(&mut counts.slots[Slot::AudioInput as usize], "prompt_tokens_details");
    or(&mut counts.slots[Slot::AudioOutput as usize], "candidates_tokens_details");
    or(&mut counts.slots[Slot::AudioOutput as usize], "response_tokens_details");
    // Anthropic gives the lifetime of what it wrote to a cache. LangChain writes 0 for the sum beside it.
    if counts.part(Slot::CacheWrite).is_none() {
        let part = |path| at(value, path).and_then(count);
        let parts = [
            part("cache_creation.ephemeral_5m_input_tokens"),
            part("cache_creation.ephemeral_1h_input_tokens"),
            part("input_token_details.ephemeral_5m_input_tokens"),
            part("input_token_details.ephemeral_1h_input_tokens"),
            part("prompt_tokens_details.cache_creation_details.ephemeral_5m_tokens"),
            part("prompt_tokens_details.cache_creation_details.ephemeral_1h_tokens"),
        ];
        let known: Vec<u64> = parts.into_iter().flatten().collect();
        if !known.is_empty() {
            counts.slots[Slot::CacheWrite as usize] =
                Some(known.iter().fold(0, |sum, part| sum.saturating_add(*part)));
        }
    }
    let money = |path: &&str| at(value, path)?.as_f64().filter(|cost| cost.is_finite() && *cost >= 0.0);
    counts.cost = COSTS.iter().find_map(money).or_else(|| money(&TICKS.0).map(|ticks| ticks * TICKS.1));
    counts.cache = place_of_cache(map);
    counts.reasoning = place_of_reasoning(map);
    counts
}

/// Whether a key may be one of the table's: most maps that are asked have none.
fn may_count(key: &str) -> bool {
    ["oken", "val_count", "valCount", "cost", "Cost", "cache", "reasoning", "audio"]
        .iter()
        .any(|part| key.contains(part))
        || matches!(key, "input" | "output" | "total" | "billed_units" | "billedUnits" | "Input" | "Output")
}

/// Anthropic and Bedrock count a cache beside the input. Those who copied their keys into another
/// form, which has a total or counts a prompt, count it within.
fn place_of_cache(map: &Map<String, Json>) -> Place {
    let has = |key: &str| map.get(key).is_some_and(Json::is_number);
    let holds = |key: &str| get(map, key).is_some_and(Json::is_number);
    if has("cacheReadInputTokens") || has("cacheWriteInputTokens") || has("cacheCreationInputTokens") {
        return Place::Always;
    }
    let theirs = has("cache_read_input_tokens") || has("cache_creation_input_tokens");
    if holds("prompt_tokens")
        || ["input", "cache_read", "cache_write"].into_iter().any(has) && !theirs
        || holds("cached_input_tokens")
    {
        return Place::Within;
    }
    let nested = get(map, "cache_creation").is_some_and(Json::is_object);
    if theirs || nested { Place::Beside } else { Place::Unknown }
}

/// Gemini counts thoughts beside the output.
fn place_of_reasoning(map: &Map<String, Json>) -> Place {
    let holds = |key: &str| get(map, key).is_some_and(Json::is_number);
    if holds("thoughts_token_count") {
        Place::Beside
    } else if ["output", "reasoning"].iter().any(|key| map.get(*key).is_some_and(Json::is_number)) {
        Place::Within
    } else {
        Place::Unknown
    }
}

/// What a list of `{modality, tokenCount}` counts of one kind.
fn of_modality(list: &Json, kind: &str) -> Option<u64> {
    let of_kind = |item: &&Json| {
        at(item, "modality").and_then(Json::as_str).is_some_and(|stated| stated.eq_ignore_ascii_case(kind))
    };
    count(at(list.as_array()?.iter().find(of_kind)?, "token_count")?)
}

/// A number of tokens: a whole number that is not negative, however it is written.
fn count(value: &Json) -> Option<u64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let number = value.as_number()?;
    number.as_u64().or_else(|| {
        let float = number.as_f64().filter(|float| (0.0..=EXACT).contains(float) && float.fract() == 0.0)?;
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "checked on the line above"
        )]
        Some(float as u64)
    })
}
