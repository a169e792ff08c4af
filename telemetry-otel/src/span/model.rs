//! What is known of a model call, and of an agent by its model calls: the model, the request's
//! parameters, tokens and money.

use opentelemetry::{StringValue, Value};
use serde_json::{Map, Value as Json};
use telemetry_llm::Usage;

use crate::config::content::ContentKind;
use crate::convert::attribute_value::MAX_TEXT;
use crate::convert::truncate;
use crate::mapping::names::{self, openinference as oi};
use crate::mapping::table::SpanMapping;
use crate::span::attributes::SpanAttributes;
use crate::span::mapper::AttributeMapper;
use crate::span::outcome::is_plain_word;

/// What the conventions have a parameter as, whichever way a request writes it.
#[derive(Clone, Copy)]
enum Type {
    Double,
    Int,
    Texts,
}

/// Parameters of a request, by the names in use, and their attributes.
const PARAMETERS: &[(&[&str], Type, &str)] = &[
    (&["temperature"], Type::Double, "gen_ai.request.temperature"),
    (&["top_p"], Type::Double, "gen_ai.request.top_p"),
    (&["top_k"], Type::Double, "gen_ai.request.top_k"),
    (
        &["max_tokens", "max_completion_tokens", "max_output_tokens", "num_predict"],
        Type::Int,
        "gen_ai.request.max_tokens",
    ),
    (&["frequency_penalty"], Type::Double, "gen_ai.request.frequency_penalty"),
    (&["presence_penalty"], Type::Double, "gen_ai.request.presence_penalty"),
    (&["seed"], Type::Int, "gen_ai.request.seed"),
    (&["stop_sequences", "stop"], Type::Texts, "gen_ai.request.stop_sequences"),
];

/// Where providers have parameters that stand together: Gemini, Bedrock, Ollama.
const HOLDERS: &[&str] = &["generation_config", "inference_config", "config", "options"];

/// The first of those keys that a request has, in snake case or in camel case, itself or in what holds its parameters.
fn parameter<'j>(request: &'j Map<String, Json>, keys: &[&str]) -> Option<&'j Json> {
    let of = |map: &'j Map<String, Json>| keys.iter().find_map(|key| either_case(map, key));
    of(request).or_else(|| HOLDERS.iter().find_map(|held| of(either_case(request, held)?.as_object()?)))
}

fn either_case<'j>(map: &'j Map<String, Json>, key: &str) -> Option<&'j Json> {
    let value = map.get(key).or_else(|| {
        let mut words = key.split('_');
        let first = words.next()?.to_owned();
        let camel = words.fold(first, |name, word| name + &word[..1].to_ascii_uppercase() + &word[1..]);
        map.get(&camel)
    });
    value.filter(|value| !value.is_null())
}

impl Type {
    /// The value of a parameter as that; none where it is not.
    fn of(self, value: &Json) -> Option<Value> {
        match self {
            Self::Double => value.as_f64().map(Value::F64),
            Self::Int => whole(value).map(Value::I64),
            Self::Texts => {
                // One sequence is a list of one.
                let items = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
                let text = |item: &Json| Some(StringValue::from(truncate::text(item.as_str()?, MAX_TEXT)));
                let texts: Vec<_> = items.iter().filter_map(text).collect();
                (!texts.is_empty()).then(|| Value::Array(texts.into()))
            }
        }
    }
}

/// A whole number, which some write as `100.0`.
fn whole(value: &Json) -> Option<i64> {
    value.as_i64().or_else(|| value.as_f64()?.to_string().parse().ok())
}

impl AttributeMapper<'_> {
    /// What a call cost: as the provider states, else by the table of prices.
    pub(super) fn reckon(&self, made: &mut SpanAttributes) {
        if !self.row.is_some_and(SpanMapping::is_inference) {
            return;
        }
        let Some(usage) = made.usage else { return };
        made.cost = usage.cost.or_else(|| {
            let provider = made.provider.as_deref();
            // A deployment may answer with a name that the table does not know, and have its own price by its whole name.
            let names = [&made.response_model, &made.whole_model, &made.model];
            let mut names = names.into_iter().filter_map(|name| name.as_deref());
            names.find_map(|model| self.options.cost(provider, model, &usage, self.started))
        });
    }

    pub(super) fn put_parameters(&self, made: &mut SpanAttributes, parameters: &Json) {
        let Json::Object(map) = parameters else { return };
        for (keys, type_, name) in PARAMETERS {
            if let Some(value) = parameter(map, keys).and_then(|value| type_.of(value)) {
                made.set(*name, value);
            }
        }
        let choices = parameter(map, &["n", "choice_count", "candidate_count"]).and_then(whole);
        if let Some(count) = choices.filter(|count| *count != 1) {
            made.set("gen_ai.request.choice.count", count);
        }
        if self.options.openinference && self.options.shows_parameters {
            // Messages and tools have attributes of their own, and are content.
            // What is a text or has a structure may be a part of the prompt.
            let is_shown = |value: &Json| match value {
                Json::String(text) => is_plain_word(text),
                value => !value.is_object() && !value.is_array(),
            };
            let plain = map.iter().filter(|(key, value)| {
                !matches!(key.as_str(), "messages" | "input" | "tools" | "prompt" | "system" | "instructions")
                    && (is_shown(value) || self.options.shows(ContentKind::Prompts))
            });
            let plain: Map<_, _> = plain.map(|(key, value)| (key.clone(), value.clone())).collect();
            if !plain.is_empty() {
                let max_bytes = self.options.limits.max_bytes(MAX_TEXT);
                made.set_json(oi::PARAMETERS, Json::Object(plain), max_bytes);
            }
        }
    }

    pub(super) fn finish_model(&self, made: &mut SpanAttributes, prefix: &'static str) {
        let Some(row) = self.row else { return };
        if row.is_inference() {
            if self.options.openinference {
                if let Some(model) = made.response_model.clone().or(made.model.clone()) {
                    made.set(oi::MODEL, model);
                }
                if let Some(provider) = made.provider.clone() {
                    made.set(oi::PROVIDER, provider.clone());
                    made.set(oi::SYSTEM, provider);
                }
            }
            if let Some(model) = made.response_model.clone() {
                made.set(names::RESPONSE_MODEL, model);
            }
            Self::put_reasons(made);
            self.put_usage(made, prefix, self.options.openinference);
            self.finish_answer(made);
        } else if row.kind == "AGENT" {
            self.finish_agent(made, prefix);
        }
    }

    /// An agent's own model calls, summed.
    fn finish_agent(&self, made: &mut SpanAttributes, prefix: &'static str) {
        let Some(sums) = self.place.sums() else { return };
        if sums.inference_calls == 0 && sums.tool_calls == 0 {
            return;
        }
        made.usage = Some(sums.usage).filter(|usage| !usage.is_empty());
        made.cost = sums.cost;
        made.finish_reasons.clone_from(&sums.finish_reasons);
        for (key, value) in
            [(names::PROVIDER, sums.provider.only()), (names::REQUEST_MODEL, sums.model.only())]
        {
            if let Some(value) = value {
                made.set(key, value);
            }
        }
        Self::put_reasons(made);
        // Backends that add tokens up look at `OpenInference`'s names: there they stand on model calls
        // alone.
        if self.options.agent_sums {
            self.put_usage(made, prefix, false);
        }
        let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        made.set(format!("{prefix}.inference_calls"), count(sums.inference_calls));
        made.set(format!("{prefix}.tool_calls"), count(sums.tool_calls));
    }

    fn put_reasons(made: &mut SpanAttributes) {
        if made.finish_reasons.is_empty() {
            return;
        }
        let reasons: Vec<StringValue> = made.finish_reasons.iter().cloned().map(StringValue::from).collect();
        made.set(names::FINISH_REASONS, Value::Array(reasons.into()));
    }

    fn put_usage(&self, made: &mut SpanAttributes, prefix: &'static str, openinference: bool) {
        let usage = made.usage.unwrap_or_default();
        for ((name, oi_name), count) in counts(&usage) {
            let Some(count) = count.and_then(|count| i64::try_from(count).ok()) else { continue };
            if let Some(name) = self.name(name) {
                made.set(name, count);
            }
            if openinference {
                made.set(oi_name, count);
            }
        }
        let total = usage.total.and_then(|total| i64::try_from(total).ok());
        if let Some(total) = total.filter(|_| openinference) {
            made.set(oi::TOTAL_TOKENS, total);
        }
        let Some(cost) = made.cost else { return };
        made.set(cost_name(prefix), cost);
        if openinference {
            made.set(oi::TOTAL_COST, cost);
            // What other backends read.
            made.set("gen_ai.usage.cost", cost);
            made.set("operation.cost", cost);
        }
    }
}

/// The attribute of a cost in US dollars.
pub(crate) fn cost_name(prefix: &'static str) -> String {
    format!("{}.cost_usd", prefix.trim_end_matches(".request"))
}

type Named = (crate::config::convention::Name, &'static str);

fn counts(usage: &Usage) -> [(Named, Option<u64>); 5] {
    [
        (names::INPUT_TOKENS, usage.input),
        (names::OUTPUT_TOKENS, usage.output),
        (names::CACHE_READ_TOKENS, usage.cache_read),
        (names::CACHE_WRITE_TOKENS, usage.cache_write),
        (names::REASONING_TOKENS, usage.reasoning),
    ]
}
