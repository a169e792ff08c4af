//! What is known of a model call, and of an agent by its model calls: the model, the request's
//! parameters, tokens and money.

use opentelemetry::{StringValue, Value};
use serde_json::Value as Json;
use telemetry_llm::Usage;

use crate::config::content::ContentKind;
use crate::convert::attribute_value::{AttributeValue, MAX_TEXT, of_json};
use crate::convert::truncate;
use crate::mapping::names::{self, openinference as oi};
use crate::mapping::table::SpanMapping;
use crate::span::attributes::SpanAttributes;
use crate::span::mapper::AttributeMapper;
use crate::span::outcome::is_plain_word;

/// Parameters of a request, by the names in use, and their attributes.
const PARAMETERS: &[(&[&str], &str)] = &[
    (&["temperature"], "gen_ai.request.temperature"),
    (&["top_p"], "gen_ai.request.top_p"),
    (&["top_k"], "gen_ai.request.top_k"),
    (
        &["max_tokens", "max_completion_tokens", "max_output_tokens", "num_predict"],
        "gen_ai.request.max_tokens",
    ),
    (&["frequency_penalty"], "gen_ai.request.frequency_penalty"),
    (&["presence_penalty"], "gen_ai.request.presence_penalty"),
    (&["seed"], "gen_ai.request.seed"),
    (&["stop_sequences", "stop"], "gen_ai.request.stop_sequences"),
];

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
        for (keys, name) in PARAMETERS {
            let Some(value) = keys.iter().find_map(|key| map.get(*key)).filter(|value| !value.is_null())
            else {
                continue;
            };
            let value = match (*name, value) {
                // One sequence is a list of one.
                ("gen_ai.request.stop_sequences", Json::String(one)) => {
                    Value::Array(vec![StringValue::from(truncate::text(one, MAX_TEXT))].into())
                }
                _ => match of_json(value.clone()) {
                    AttributeValue::Plain(value) => value,
                    _ => continue,
                },
            };
            made.set(*name, value);
        }
        let choices = ["n", "choice_count", "candidate_count"].iter().find_map(|key| map.get(*key)?.as_i64());
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
            let plain: serde_json::Map<_, _> =
                plain.map(|(key, value)| (key.clone(), value.clone())).collect();
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
