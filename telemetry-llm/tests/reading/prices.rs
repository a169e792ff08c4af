//! What calls cost, against the results of the Python package that the table comes from.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use proptest::prelude::*;
use serde_json::json;
use telemetry_llm::prices::{Price, Prices};
use telemetry_llm::{Json, Usage};

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

fn usage(value: Json) -> Usage {
    Usage::read(&value).unwrap()
}

#[test]
fn costs_are_those_of_genai_prices() {
    let cases: Vec<Json> = serde_json::from_str(include_str!("../data/prices.json")).unwrap();
    assert!(cases.len() >= 500);
    let prices = Prices::builtin();
    let mut wrong = Vec::new();
    for case in cases {
        let when = at(case["at"].as_u64().unwrap());
        let cost = prices.cost(
            case["provider"].as_str(),
            case["model"].as_str().unwrap(),
            &usage(case["usage"].clone()),
            when,
        );
        let got = cost.map(|cost| [cost.input, cost.output, cost.total]);
        let near = |got: [f64; 3]| {
            got.iter().zip(case["cost"].as_array().unwrap()).all(|(got, expected)| {
                let expected = expected.as_f64().unwrap();
                (got - expected).abs() <= 1e-9 * expected.max(1e-3)
            })
        };
        if !got.is_some_and(near) {
            wrong.push(format!("{case}: {got:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn names_are_found_however_they_are_written() {
    let prices = Prices::builtin();
    let used = usage(json!({"input": 1000, "output": 100}));
    let cost = |provider: Option<&str>, model: &str| {
        prices.cost(provider, model, &used, SystemTime::now()).map(|cost| cost.total)
    };
    let gpt = cost(Some("openai"), "gpt-4o");
    assert!(gpt.is_some_and(|cost| cost > 0.0));
    for name in ["gpt-4o", "openai/gpt-4o", "openai:gpt-4o", "GPT-4o", "gpt-4o-2024-08-06", "gpt-4o-20240806"]
    {
        assert_eq!(cost(None, name), gpt, "{name}");
    }
    assert_eq!(cost(Some("azure.ai.openai"), "gpt-4o"), cost(None, "azure/gpt-4o"));
    assert!(cost(None, "azure/gpt-4o").is_some());
    let claude = cost(Some("anthropic"), "claude-sonnet-4-5");
    for (provider, name) in [
        (Some("aws.bedrock"), "anthropic.claude-sonnet-4-5-20250929-v1:0"),
        (None, "global.anthropic.claude-sonnet-4-5-20250929-v1:0"),
        (None, "bedrock/anthropic.claude-sonnet-4-5-20250929-v1:0"),
        (None, "claude-sonnet-4-5-20250929"),
        (Some("gcp.vertex_ai"), "claude-sonnet-4-5@20250929"),
    ] {
        assert!(cost(provider, name).is_some(), "{name}");
    }
    assert!(claude.is_some());
    let gemini = cost(Some("gcp.gemini"), "gemini-2.5-pro");
    assert!(gemini.is_some());
    for (provider, name) in [
        (None, "models/gemini-2.5-pro"),
        (Some("gcp.gemini"), "models/gemini-2.5-pro"),
        (None, "google/models/gemini-2.5-pro"),
        (None, "publishers/google/models/gemini-2.5-pro"),
        (Some("gcp.vertex_ai"), "projects/p/locations/l/publishers/google/models/gemini-2.5-pro"),
    ] {
        assert_eq!(cost(provider, name), gemini, "{name}");
    }
    assert!(cost(Some("x_ai"), "grok-4").is_some());
}

#[test]
fn an_unknown_price_is_none_and_not_zero() {
    let prices = Prices::builtin();
    let used = usage(json!({"input": 1000, "output": 100}));
    for (provider, name) in [
        (Some("ollama"), "gpt-4o"),
        (Some("openai"), "no-such-model"),
        (None, "my-deployment"),
        (None, ""),
        (Some("vllm"), "llama-3"),
    ] {
        assert_eq!(prices.cost(provider, name, &used, SystemTime::now()), None, "{provider:?} {name}");
    }
    assert_eq!(prices.cost("openai", "gpt-4o", &Usage::default(), SystemTime::now()), None);
    assert_eq!(prices.cost("openai", "gpt-4o", &used, UNIX_EPOCH - Duration::from_secs(1)), None);
    assert!(prices.date() >= "2026-11-01" && prices.source().starts_with("genai-prices"));
}

#[test]
fn prices_of_ones_own() {
    let used = usage(json!({"input": 1_000_000, "output": 1_000_000, "cache_read": 500_000}));
    let prices = Prices::builtin()
        .with_override("gpt-4o", Price::per_million(1.0, 2.0).cache_read(0.1))
        .unwrap()
        .with_model("my-deployment", Price::per_million(4.0, 8.0));
    let total = |provider: Option<&str>, model: &str| {
        prices.cost(provider, model, &used, SystemTime::now()).unwrap().total
    };
    assert!((total(Some("openai"), "openai/gpt-4o-2024-08-06") - 2.55).abs() < 1e-9);
    assert!((total(None, "my-deployment") - 12.0).abs() < 1e-9);
    assert!(
        (Prices::builtin().cost("openai", "gpt-4o", &used, SystemTime::now()).unwrap().total - 2.55).abs()
            > 0.1
    );
    let error =
        Prices::builtin().with_override("gpt-4p", Price::per_million(1.0, 2.0)).unwrap_err().to_string();
    assert!(error.contains("gpt-4p") && error.contains("did you mean `gpt-4"), "{error}");
}

#[test]
fn a_table_of_ones_own() {
    let table = json!({"date": "2030-01-01", "providers": [{"id": "acme", "model_match": {"starts_with": "rocket"}, "models": [
        {"id": "rocket", "match": {"like": "rocket-#*"}, "prices": [
            {"price": {"input": {"base": 1, "tiers": [{"start": 100, "price": 2}]}, "output": 10}},
            {"from": "2030-06-01", "price": {"input": 3, "output": 10}},
            {"hours": ["22:00:00", "06:00:00"], "price": {"input": 0.5, "output": 10}}]}]}]});
    let prices = Prices::from_json(&table.to_string()).unwrap();
    let cost = |tokens: u64, when: u64| {
        prices.cost(None, "rocket-2", &usage(json!({"input": tokens})), at(when)).unwrap().input * 1e6
    };
    let noon = 12 * 3600;
    assert!((cost(100, noon) - 100.0).abs() < 1e-6 && (cost(101, noon) - 202.0).abs() < 1e-6);
    assert!((cost(100, 23 * 3600) - 50.0).abs() < 1e-6 && (cost(100, 3600) - 50.0).abs() < 1e-6);
    // 2030-06-01, noon.
    assert!((cost(100, 1_906_502_400 + noon) - 300.0).abs() < 1e-6);
    for wrong in ["", "[]", "{}", "{\"providers\": 3}"] {
        assert!(Prices::from_json(wrong).is_err(), "{wrong}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_name_may_be_asked(name in "\\PC{0,20}", provider in prop::option::of("\\PC{0,8}"), input in any::<u64>(), when in any::<u32>()) {
        let used = usage(json!({"input": input.max(1), "output": input}));
        let cost = Prices::builtin().cost(provider.as_deref(), &name, &used, at(u64::from(when)));
        prop_assert!(cost.is_none_or(|cost| cost.total >= 0.0 && cost.total.is_finite()));
        let _ = Prices::builtin().with_override(&name, Price::per_million(1.0, 1.0));
    }
}
