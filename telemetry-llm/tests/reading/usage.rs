//! Tokens of every provider and library, and the rules that hold for all of them.

use proptest::prelude::*;
use serde_json::json;
use telemetry_llm::{Json, Usage};

fn read(usage: Json) -> Usage {
    Usage::read(&usage).unwrap_or_else(|| panic!("nothing read of {usage}"))
}

/// Input, output, read from a cache, written to one, reasoning, total.
fn counts(usage: Json) -> [Option<u64>; 6] {
    let usage = read(usage);
    [usage.input, usage.output, usage.cache_read, usage.cache_write, usage.reasoning, usage.total]
}

const fn some(counts: [u64; 6]) -> [Option<u64>; 6] {
    let mut made = [None; 6];
    let mut index = 0;
    while index < 6 {
        if counts[index] > 0 {
            made[index] = Some(counts[index]);
        }
        index += 1;
    }
    made
}

#[test]
fn forms_that_count_parts_within_their_wholes() {
    let chat = json!({"prompt_tokens": 120, "completion_tokens": 18, "total_tokens": 138,
        "prompt_tokens_details": {"cached_tokens": 30, "audio_tokens": 7, "cache_write_tokens": 4},
        "completion_tokens_details": {"reasoning_tokens": 5, "audio_tokens": 2}});
    assert_eq!(counts(chat.clone()), some([120, 18, 30, 4, 5, 138]));
    assert_eq!((read(chat.clone()).audio_input, read(chat).audio_output), (Some(7), Some(2)));

    let responses = json!({"input_tokens": 120, "output_tokens": 18, "total_tokens": 138,
        "input_tokens_details": {"cached_tokens": 30}, "output_tokens_details": {"reasoning_tokens": 5}});
    assert_eq!(counts(responses), some([120, 18, 30, 0, 5, 138]));

    let deepseek = json!({"prompt_tokens": 100, "completion_tokens": 5, "total_tokens": 105,
        "prompt_cache_hit_tokens": 80, "prompt_cache_miss_tokens": 20});
    assert_eq!(counts(deepseek), some([100, 5, 80, 0, 0, 105]));
    let hits_and_misses = json!({"prompt_cache_hit_tokens": 80, "prompt_cache_miss_tokens": 20});
    assert_eq!(counts(hits_and_misses), some([100, 0, 80, 0, 0, 0]));

    let mistral = json!({"prompt_tokens": 10, "completion_tokens": 3, "total_tokens": 13, "num_cached_tokens": 4,
        "prompt_audio_seconds": {}});
    assert_eq!(counts(mistral), some([10, 3, 4, 0, 0, 13]));

    let openrouter = json!({"prompt_tokens": 10, "completion_tokens": 3, "total_tokens": 13, "cost": 0.00042,
        "cost_details": {"upstream_inference_cost": null}, "prompt_tokens_details": {"cached_tokens": 0}});
    assert_eq!(
        (counts(openrouter.clone()), read(openrouter).cost),
        (some([10, 3, 0, 0, 0, 13]), Some(0.00042))
    );

    let groq = json!({"queue_time": 0.02, "prompt_tokens": 18, "prompt_time": 0.001, "completion_tokens": 5,
        "completion_time": 0.4, "total_tokens": 23, "total_time": 0.401});
    assert_eq!(counts(groq), some([18, 5, 0, 0, 0, 23]));

    let realtime = json!({"input_tokens": 120, "output_tokens": 18, "total_tokens": 138, "input_token_details":
        {"text_tokens": 20, "audio_tokens": 100, "cached_tokens": 64, "cached_tokens_details": {"audio_tokens": 64}}});
    assert_eq!(counts(realtime), some([120, 18, 64, 0, 0, 138]));
    let live = json!({"promptTokenCount": 20, "responseTokenCount": 9, "totalTokenCount": 29,
        "responseTokensDetails": [{"modality": "TEXT", "tokenCount": 4}, {"modality": "AUDIO", "tokenCount": 5}]});
    assert_eq!(read(live).audio_output, Some(5));

    let litellm = json!({"prompt_tokens": 130, "completion_tokens": 5, "total_tokens": 135,
        "cache_read_input_tokens": 100, "cache_creation_input_tokens": 20});
    assert_eq!(counts(litellm), some([130, 5, 100, 20, 0, 135]));
}

#[test]
fn forms_of_libraries() {
    let vercel = json!({"inputTokens": 100, "outputTokens": 50, "totalTokens": 150, "cachedInputTokens": 80,
        "reasoningTokens": 30});
    assert_eq!(counts(vercel), some([100, 50, 80, 0, 30, 150]));
    let vercel_details = json!({"inputTokens": 100, "outputTokens": 50, "totalTokens": 150,
        "inputTokenDetails": {"noCacheTokens": 15, "cacheReadTokens": 80, "cacheWriteTokens": 5},
        "outputTokenDetails": {"textTokens": 20, "reasoningTokens": 30}});
    assert_eq!(counts(vercel_details), some([100, 50, 80, 5, 30, 150]));
    let vercel_provider = json!({"inputTokens": {"total": 100, "noCache": 15, "cacheRead": 80, "cacheWrite": 5},
        "outputTokens": {"total": 50, "text": 20, "reasoning": 30}});
    assert_eq!(counts(vercel_provider), some([100, 50, 80, 5, 30, 150]));
    let langchain = json!({"input_tokens": 350, "output_tokens": 240, "total_tokens": 590,
        "input_token_details": {"audio": 10, "cache_creation": 200, "cache_read": 100},
        "output_token_details": {"audio": 10, "reasoning": 200}});
    assert_eq!(counts(langchain), some([350, 240, 100, 200, 200, 590]));
    let rig = json!({"input_tokens": 130, "output_tokens": 5, "total_tokens": 135, "cached_input_tokens": 100,
        "cache_creation_input_tokens": 20, "reasoning_tokens": 3, "cost": {"input": 0.1, "output": 0.2, "total": 0.3}});
    assert_eq!(counts(rig.clone()), some([130, 5, 100, 20, 3, 135]));
    assert_eq!(read(rig).cost, Some(0.3));
    let rig_with_tools =
        json!({"input_tokens": 20, "output_tokens": 15, "total_tokens": 135, "tool_use_prompt_tokens": 100});
    assert_eq!(counts(rig_with_tools), some([120, 15, 0, 0, 0, 135]));
    let swiftide = json!({"prompt_tokens": 10, "completion_tokens": 6, "total_tokens": 16,
        "details": {"input_tokens_details": {"cached_tokens": 4}, "output_tokens_details": {"reasoning_tokens": 2}}});
    assert_eq!(counts(swiftide), some([10, 6, 4, 0, 2, 16]));
    let genai = json!({"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150,
        "prompt_tokens_details": {"cached_tokens": 20, "cache_creation_tokens": 30,
            "cache_creation_details": {"ephemeral_5m_tokens": 10, "ephemeral_1h_tokens": 20}, "audio_tokens": null},
        "completion_tokens_details": {"reasoning_tokens": 5}});
    assert_eq!(counts(genai), some([100, 50, 20, 30, 5, 150]));
}

#[test]
fn a_cache_whose_lifetimes_are_counted_apart() {
    // LangChain sets the sum to 0 then.
    for (short, long) in [(200, 0), (150, 50), (0, 200)] {
        let langchain = json!({"input_tokens": 350, "output_tokens": 20, "total_tokens": 370, "input_token_details": {
            "cache_read": 100, "cache_creation": 0, "ephemeral_5m_input_tokens": short, "ephemeral_1h_input_tokens": long}});
        assert_eq!(counts(langchain), some([350, 20, 100, 200, 0, 370]));
    }
}

#[test]
fn a_cache_that_is_counted_beside_the_input_is_added_to_it() {
    let anthropic = json!({"input_tokens": 10, "output_tokens": 5, "cache_read_input_tokens": 100,
        "cache_creation_input_tokens": 20, "cache_creation": {"ephemeral_5m_input_tokens": 15, "ephemeral_1h_input_tokens": 5},
        "service_tier": "standard"});
    assert_eq!(counts(anthropic), some([130, 5, 100, 20, 0, 135]));
    let all_cached = json!({"input_tokens": 0, "output_tokens": 5, "cache_read_input_tokens": 100,
        "cache_creation_input_tokens": 0});
    assert_eq!(counts(all_cached), some([100, 5, 100, 0, 0, 105]));
    let small_cache = json!({"input_tokens": 100, "output_tokens": 5, "cache_read_input_tokens": 10});
    assert_eq!(counts(small_cache), some([110, 5, 10, 0, 0, 115]));
    for total in [json!(1731), json!(301), json!(null)] {
        let bedrock = json!({"inputTokens": 4, "outputTokens": 297, "totalTokens": total,
            "cacheReadInputTokens": 0, "cacheWriteInputTokens": 1430});
        assert_eq!(counts(bedrock), some([1434, 297, 0, 1430, 0, 1731]));
    }
    let bedrock =
        json!({"inputTokens": 200, "outputTokens": 7, "totalTokens": 207, "cacheReadInputTokens": 100});
    assert_eq!(counts(bedrock), some([300, 7, 100, 0, 0, 307]));
}

#[test]
fn reasoning_that_is_counted_beside_the_output_is_added_to_it() {
    let gemini = json!({"promptTokenCount": 20, "candidatesTokenCount": 151, "thoughtsTokenCount": 382,
        "totalTokenCount": 553});
    assert_eq!(counts(gemini), some([20, 533, 0, 0, 382, 553]));
    let without_total =
        json!({"promptTokenCount": 20, "candidatesTokenCount": 151, "thoughtsTokenCount": 12});
    assert_eq!(counts(without_total), some([20, 163, 0, 0, 12, 183]));
    let thinking_still = json!({"promptTokenCount": 20, "thoughtsTokenCount": 12, "totalTokenCount": 32});
    assert_eq!(counts(thinking_still), some([20, 12, 0, 0, 12, 32]));
    let with_tools = json!({"promptTokenCount": 20, "toolUsePromptTokenCount": 100, "candidatesTokenCount": 5,
        "thoughtsTokenCount": 10, "totalTokenCount": 135, "cachedContentTokenCount": 8,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 15}, {"modality": "AUDIO", "tokenCount": 5}]});
    assert_eq!(counts(with_tools.clone()), some([120, 15, 8, 0, 10, 135]));
    assert_eq!(read(with_tools).audio_input, Some(5));
    let xai = json!({"prompt_tokens": 32, "completion_tokens": 9, "total_tokens": 135,
        "completion_tokens_details": {"reasoning_tokens": 94}, "prompt_tokens_details": {"cached_tokens": 6}});
    assert_eq!(counts(xai), some([32, 103, 6, 0, 94, 135]));
    let xai_short = json!({"prompt_tokens": 32, "completion_tokens": 90, "total_tokens": 132,
        "completion_tokens_details": {"reasoning_tokens": 10}});
    assert_eq!(counts(xai_short), some([32, 100, 0, 0, 10, 132]));
}

#[test]
fn usage_is_found_where_an_answer_holds_it() {
    for held in [
        json!({"usage": {"input_tokens": 5, "output_tokens": 2}}),
        json!({"model": "llama3", "done": true, "prompt_eval_count": 5, "eval_count": 2, "total_duration": 9}),
        json!({"final_data": {"prompt_eval_count": 5, "eval_count": 2, "total_duration": 9}}),
        json!({"usage": {"billed_units": {"input_tokens": 3, "output_tokens": 1}, "tokens": {"input_tokens": 5, "output_tokens": 2}}}),
        json!({"meta": {"api_version": {"version": "1"}, "billed_units": {"input_tokens": 5, "output_tokens": 2}}}),
        json!({"usageMetadata": {"promptTokenCount": 5, "candidatesTokenCount": 2}}),
        json!({"x_groq": {"id": "req_1", "usage": {"prompt_tokens": 5, "completion_tokens": 2}}}),
        json!({"metadata": {"usage": {"inputTokens": 5, "outputTokens": 2, "totalTokens": 7}}}),
        json!({"amazon-bedrock-invocationMetrics": {"inputTokenCount": 5, "outputTokenCount": 2}}),
        json!({"End": {"captured_usage": {"prompt_tokens": 5, "completion_tokens": 2}}}),
    ] {
        assert_eq!(counts(held), some([5, 2, 0, 0, 0, 7]));
    }
}

#[test]
fn an_unknown_count_is_absent() {
    for nothing in [
        json!(null),
        json!({}),
        json!("12"),
        json!([1]),
        json!({"input_tokens": null}),
        json!({"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}),
        json!({"input_tokens": -3, "output_tokens": 1.5}),
        json!({"input_tokens": "12"}),
        json!({"usage": null}),
    ] {
        assert_eq!(Usage::read(&nothing), None, "{nothing}");
    }
    let silent = read(json!({"input_tokens": 8, "output_tokens": 0}));
    assert_eq!((silent.input, silent.output, silent.cache_read), (Some(8), Some(0), None));
    let whole_floats = read(json!({"input_tokens": 8.0, "output_tokens": 2.0}));
    assert_eq!((whole_floats.input, whole_floats.output), (Some(8), Some(2)));
    assert_eq!(serde_json::to_value(silent).unwrap(), json!({"input": 8, "output": 0, "total": 8}));
    let huge = read(
        json!({"input_tokens": u64::MAX, "output_tokens": u64::MAX, "cache_read_input_tokens": u64::MAX}),
    );
    assert_eq!(huge.total, Some(u64::MAX));
    assert_eq!(read(json!({"cost": -1.0, "input_tokens": 1})).cost, None);
}

#[test]
fn two_parts_of_one_stream_come_together() {
    let begun = read(
        json!({"input_tokens": 25, "cache_read_input_tokens": 100, "cache_creation_input_tokens": 0, "output_tokens": 1}),
    );
    let ended = read(json!({"output_tokens": 15}));
    assert_eq!(
        begun.merge(&ended),
        read(json!({"input": 125, "output": 15, "cache_read": 100, "total": 140}))
    );
    // The end repeats the input, without its cache.
    let repeats = read(json!({"input_tokens": 25, "output_tokens": 15}));
    assert_eq!(begun.merge(&repeats).input, Some(125));
    // A library that does not know it writes 0 at the end.
    let zeroes = Usage::default();
    assert_eq!(begun.merge(&zeroes), begun);
}

fn usages() -> impl Strategy<Value = Json> {
    let count = prop_oneof![
        Just(Json::Null),
        (0_u64..300).prop_map(Json::from),
        Just(json!(u64::MAX)),
        Just(json!(2.0))
    ];
    let keys = prop::sample::select(vec![
        "input_tokens",
        "prompt_tokens",
        "inputTokens",
        "promptTokenCount",
        "output_tokens",
        "completion_tokens",
        "candidatesTokenCount",
        "outputTokens",
        "total_tokens",
        "totalTokenCount",
        "cache_read_input_tokens",
        "cache_creation_input_tokens",
        "cacheReadInputTokens",
        "cachedInputTokens",
        "cached_tokens",
        "thoughtsTokenCount",
        "reasoning_tokens",
        "prompt_cache_hit_tokens",
        "prompt_cache_miss_tokens",
        "toolUsePromptTokenCount",
        "input",
        "output",
        "total",
        "cache_read",
        "cache_write",
        "reasoning",
        "audio_input",
        "audio_output",
        "prompt_tokens_details",
        "completion_tokens_details",
        "input_token_details",
        "audio_tokens",
        "cost",
    ]);
    let inner = prop::collection::hash_map(keys.clone(), count.clone(), 0..4)
        .prop_map(|map| Json::Object(map.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()));
    prop::collection::hash_map(keys, prop_oneof![4 => count, 1 => inner], 0..7)
        .prop_map(|map| Json::Object(map.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()))
}

fn holds(usage: &Usage) -> Result<(), TestCaseError> {
    let within = |part: Option<u64>, whole: Option<u64>| part.is_none() || whole.is_none() || part <= whole;
    let cached = usage.cache_read.unwrap_or(0).saturating_add(usage.cache_write.unwrap_or(0));
    prop_assert!(within(Some(cached), usage.input), "{usage:?}");
    prop_assert!(within(usage.audio_input, usage.input), "{usage:?}");
    prop_assert!(within(usage.reasoning, usage.output), "{usage:?}");
    prop_assert!(within(usage.audio_output, usage.output), "{usage:?}");
    prop_assert!(within(usage.input, usage.total) && within(usage.output, usage.total), "{usage:?}");
    if let (Some(input), Some(output)) = (usage.input, usage.output) {
        prop_assert!(usage.total.unwrap() >= input.saturating_add(output), "{usage:?}");
    }
    Ok(())
}

proptest! {
    #[test]
    fn a_part_is_never_larger_than_its_whole(a in usages(), b in usages()) {
        let (a, b) = (Usage::read(&a).unwrap_or_default(), Usage::read(&b).unwrap_or_default());
        holds(&a)?;
        holds(&a.merge(&b))?;
        holds(&a.plus(&b))?;
    }

    #[test]
    fn merging_is_associative(a in usages(), b in usages(), c in usages()) {
        let [a, b, c] = [a, b, c].map(|usage| Usage::read(&usage).unwrap_or_default());
        prop_assert_eq!(a.merge(&b).merge(&c), a.merge(&b.merge(&c)));
        prop_assert_eq!(a.merge(&Usage::default()), a);
        prop_assert_eq!(Usage::default().merge(&a), a);
    }

    #[test]
    fn a_serialised_usage_reads_as_itself(usage in usages()) {
        if let Some(usage) = Usage::read(&usage) {
            let own = serde_json::to_value(usage).unwrap();
            prop_assert_eq!(Usage::read(&own), Some(usage), "{}", own);
        }
    }
}
