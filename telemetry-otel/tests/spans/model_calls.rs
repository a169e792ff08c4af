//! Model calls: messages whole, tokens, money, the model that answered, and what an agent sums up.

use serde_json::{Map, Value as Json, json};
use telemetry_otel::Content;
use telemetry_otel::prices::{Price, Prices};
use telemetry_runtime::{in_span, record};

use crate::common::{Kept, attributes_of, kept};

const ON: Content = Content::On { max_bytes: 64 * 1024 };

fn with_content() -> Kept {
    kept(|builder| builder.content(ON))
}

fn chat(kept: &Kept, model: &str) -> Map<String, Json> {
    attributes_of(&kept.span(&format!("chat {model}")))
}

fn tree(attributes: &Map<String, Json>, key: &str) -> Json {
    serde_json::from_str(attributes[key].as_str().unwrap_or_else(|| panic!("no {key}"))).unwrap()
}

#[test]
fn a_model_call_shows_its_whole_conversation_and_no_text_in_its_place() {
    let kept = with_content();
    let messages = json!([
        {"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": "Hi"}, {"role": "user", "content": "And this?"},
    ]);
    let answer = json!({"content": null, "tool_calls": [{"id": "c", "function": {"name": "look", "arguments": "{\"x\":1}"}}]});
    in_span!(llm_turn, model = "m", turn = 0, messages, stop(|_| assistant_message = answer); || ());
    let attributes = chat(&kept, "m");
    assert_eq!(tree(&attributes, "gen_ai.input.messages").as_array().unwrap().len(), 4);
    assert_eq!(tree(&attributes, "gen_ai.output.messages")[0]["parts"][0]["arguments"], json!({"x": 1}));
    for text in ["input.value", "output.value", "input.mime_type", "output.mime_type"] {
        assert!(!attributes.contains_key(text), "{text} would be shown in place of the messages");
    }
}

#[test]
fn instructions_that_are_sent_apart_stand_apart() {
    let kept = with_content();
    let request = json!({"system": "Be brief.", "messages": [{"role": "user", "content": "Hello"}]});
    in_span!(llm_turn, model = "m", turn = 0, messages = request, stop(|_|); || ());
    let attributes = chat(&kept, "m");
    assert_eq!(
        tree(&attributes, "gen_ai.system_instructions"),
        json!([{"type": "text", "content": "Be brief."}])
    );
    assert_eq!(tree(&attributes, "gen_ai.input.messages")[0]["role"], "user");
}

#[test]
fn a_model_call_has_request_parameters_and_response_fields() {
    let kept = with_content();
    let parameters = json!({"temperature": 0.7, "max_completion_tokens": 100, "stop": "END", "n": 2, "seed": 7, "top_k": 40, "user": "u"});
    let tools = json!([{"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}]);
    in_span!(llm_turn, model = "azure/my-deployment", turn = 0, messages = (), parameters, tools,
        stop(|_| response_model = "gpt-4o-2024-08-06", response_id = "chatcmpl-1", finish_reason = json!(["stop", "length"]),
            usage = json!({"prompt_tokens": 1_000_000, "completion_tokens": 0}));
        || ());
    let attributes = chat(&kept, "my-deployment");
    for (key, value) in [
        ("gen_ai.provider.name", json!("azure.ai.openai")),
        ("gen_ai.response.model", json!("gpt-4o-2024-08-06")),
        ("gen_ai.response.id", json!("chatcmpl-1")),
        ("gen_ai.response.finish_reasons", json!(["stop", "length"])),
        ("gen_ai.request.temperature", json!(0.7)),
        ("gen_ai.request.max_tokens", json!(100)),
        ("gen_ai.request.stop_sequences", json!(["END"])),
        ("gen_ai.request.choice.count", json!(2)),
        ("gen_ai.request.seed", json!(7)),
        ("llm.model_name", json!("gpt-4o-2024-08-06")),
        ("llm.provider", json!("azure.ai.openai")),
    ] {
        assert_eq!(attributes.get(key), Some(&value), "{key}");
    }
    // Flat, as the conventions have it; a backend drops what is not.
    assert_eq!(
        tree(&attributes, "gen_ai.tool.definitions"),
        json!([{"type": "function", "name": "look", "parameters": {"type": "object"}}])
    );
    assert_eq!(tree(&attributes, "llm.invocation_parameters")["user"], "u");
    // A deployment's name has no price; the model that answered has.
    assert!(attributes["condukt.llm_turn.cost_usd"].as_f64().unwrap() > 1.0);
}

#[test]
fn request_parameters_have_the_conventions_types_in_any_spelling() {
    let exported = |parameters: Json| {
        let kept = with_content();
        in_span!(llm_turn, model = "m", turn = 0, messages = (), parameters, stop(|_|); || ());
        let attributes = chat(&kept, "m").into_iter();
        let request = attributes.filter_map(|(key, value)| {
            Some((key.strip_prefix("gen_ai.request.").filter(|key| *key != "model")?.to_owned(), value))
        });
        request.collect::<Json>()
    };
    // 1 is not 1.0 here: a backend has one type for each.
    assert_eq!(
        exported(
            json!({"temperature": 1, "top_p": 1, "top_k": 40, "frequency_penalty": 0, "presence_penalty": -1,
            "max_tokens": 100.0, "seed": 7, "stop": ["a", 1]})
        ),
        json!({"temperature": 1.0, "top_p": 1.0, "top_k": 40.0, "frequency_penalty": 0.0, "presence_penalty": -1.0,
            "max_tokens": 100, "seed": 7, "stop_sequences": ["a"]})
    );
    let expected = json!({"max_tokens": 100, "top_p": 0.9, "stop_sequences": ["x"], "choice.count": 2});
    let camel = json!({"maxTokens": 100, "topP": 0.9, "stopSequences": ["x"], "n": 2});
    let gemini = json!({"maxOutputTokens": 100, "topP": 0.9, "stopSequences": ["x"], "candidateCount": 2});
    for parameters in [
        camel.clone(),
        json!({"inferenceConfig": camel}),
        json!({"generationConfig": gemini, "contents": []}),
        json!({"generation_config": {"max_output_tokens": 100, "top_p": 0.9, "stop_sequences": "x", "candidate_count": 2.0}}),
        json!({"options": {"num_predict": 100, "top_p": 0.9, "stop": ["x"]}, "n": 2}),
    ] {
        assert_eq!(exported(parameters.clone()), expected, "{parameters}");
    }
    // What is of another type is no parameter of that name.
    for odd in [json!("hot"), json!({"a": 1}), json!(null), json!(true)] {
        assert_eq!(
            exported(json!({"temperature": odd, "max_tokens": odd, "seed": u64::MAX})),
            json!({}),
            "{odd}"
        );
    }
    assert_eq!(exported(json!({"max_tokens": 1.5, "seed": 1e300, "stop": [[]]})), json!({}));
}

#[test]
fn a_price_of_ones_own_is_found_by_the_name_that_the_turn_gives() {
    let price = || Price::per_million(2.0, 4.0);
    let own = Prices::builtin().with_model("azure/my-deployment", price()).with_model("meta/gpt-4o", price());
    let kept = kept(|builder| builder.prices(own.with_model("plain", price())));
    for model in ["azure/my-deployment", "meta/gpt-4o", "plain", "azure/plain"] {
        let usage = json!({"input_tokens": 1_000_000, "output_tokens": 500_000});
        in_span!(llm_turn, model, turn = 0, messages = (), stop(|_| usage = usage); || ());
    }
    for span in kept.spans() {
        assert_eq!(attributes_of(&span)["condukt.llm_turn.cost_usd"], 4.0, "{}", span.name);
    }
}

#[test]
fn a_cost_is_the_providers_else_the_tables_and_never_zero_for_what_is_unknown() {
    let own = Prices::builtin().with_model("mine", Price::per_million(2.0, 4.0));
    let kept = kept(|builder| builder.prices(own));
    let usage = || json!({"input_tokens": 1_000_000, "output_tokens": 500_000});
    let costly = json!({"input_tokens": 1, "output_tokens": 1, "cost": 0.25});
    in_span!(agent, agent = "A"; || {
        in_span!(llm_turn, model = "mine", turn = 0, messages = (), stop(|_| usage = usage()); || ());
        in_span!(llm_turn, model = "stated", turn = 0, messages = (), stop(|_| usage = costly); || ());
        in_span!(llm_turn, model = "nobody-knows", turn = 0, messages = (), stop(|_| usage = usage()); || ());
    });
    assert_eq!(chat(&kept, "mine")["condukt.llm_turn.cost_usd"], 4.0);
    assert_eq!(chat(&kept, "stated")["llm.cost.total"], 0.25);
    assert!(!chat(&kept, "nobody-knows").keys().any(|key| key.contains("cost")));
    assert_eq!(attributes_of(&kept.span("invoke_agent A"))["condukt.agent.cost_usd"], 4.25);
    let metrics = kept.metrics();
    let points = metrics["telemetry.llm.cost"]["points"].as_array().unwrap();
    let total: f64 = points.iter().map(|point| point["value"].as_f64().unwrap()).sum();
    assert!((total - 4.25).abs() < 1e-9);
    assert_eq!(metrics["telemetry.llm.unpriced"]["points"][0]["value"], 1);
    assert_eq!(metrics["telemetry.llm.unpriced"]["points"][0]["attributes"]["gen_ai.agent.name"], "A");
}

#[test]
fn an_agent_sums_up_its_own_calls_and_not_those_of_its_sub_agents() {
    let kept = with_content();
    let turn = |model: &str, input: u64| {
        let usage = json!({"input_tokens": input, "output_tokens": 2, "cache_read_input_tokens": 1});
        let messages = json!([{"role": "user", "content": "Hello"}]);
        in_span!(llm_turn, model = format!("openai:{model}"), turn = 0, messages,
            stop(|_| usage = usage, finish_reason = "stop", assistant_message = "Hi"); || ());
    };
    in_span!(agent, agent = "shop::desk::Clerk"; || {
        turn("gpt-4o", 10);
        in_span!(tool_call, tool = "ask", args = (); || {
            in_span!(subagent, role = "helper", child_agent = "shop::Helper"; || {
                in_span!(agent, agent = "shop::Helper"; || turn("gpt-4o-mini", 1000));
            });
        });
        turn("gpt-4o", 20);
    });
    let clerk = attributes_of(&kept.span("invoke_agent Clerk"));
    for (key, value) in [
        ("gen_ai.usage.input_tokens", json!(32)),
        ("gen_ai.usage.output_tokens", json!(4)),
        ("gen_ai.usage.cache_read.input_tokens", json!(2)),
        ("gen_ai.response.finish_reasons", json!(["stop"])),
        ("gen_ai.provider.name", json!("openai")),
        ("gen_ai.request.model", json!("gpt-4o")),
        ("condukt.agent.inference_calls", json!(2)),
        ("condukt.agent.tool_calls", json!(1)),
        ("gen_ai.agent.name", json!("Clerk")),
    ] {
        assert_eq!(clerk.get(key), Some(&value), "{key}");
    }
    assert!(!clerk.contains_key("llm.token_count.prompt"), "backends would count twice");
    assert_eq!(
        tree(&clerk, "gen_ai.input.messages"),
        json!([{"role": "user", "parts": [{"type": "text", "content": "Hello"}]}])
    );
    assert_eq!(tree(&clerk, "gen_ai.output.messages")[0]["parts"][0]["content"], "Hi");
    assert_eq!(attributes_of(&kept.span("invoke_agent Helper"))["gen_ai.usage.input_tokens"], 1001);
    let metrics = kept.metrics();
    let calls = &metrics["telemetry.agent.inference_calls"]["points"];
    let of = |agent: &str| {
        calls
            .as_array()
            .unwrap()
            .iter()
            .find(|point| point["attributes"]["gen_ai.agent.name"] == agent)
            .unwrap()
    };
    assert_eq!((&of("Clerk")["sum"], &of("Helper")["sum"]), (&json!(2), &json!(1)));
    let tokens = metrics["gen_ai.client.token.usage"]["points"].as_array().unwrap();
    assert!(tokens.iter().all(|point| point["attributes"]["gen_ai.agent.name"].is_string()));
}

#[test]
fn without_sums_tokens_and_cost_stand_on_model_calls_alone() {
    let kept = kept(|builder| builder.agent_sums(false));
    in_span!(agent, agent = "Clerk"; || {
        in_span!(llm_turn, model = "openai:gpt-4o", turn = 0, messages = (),
            stop(|_| usage = json!({"input_tokens": 10, "output_tokens": 2}), finish_reason = "stop"); || ());
    });
    let counts = |name: &str| {
        let attributes = attributes_of(&kept.span(name));
        let is_count = |key: &&String| key.contains(".usage.") || key.contains("cost");
        let counts = attributes.keys().filter(is_count).count();
        (counts > 0, attributes["gen_ai.response.finish_reasons"].clone())
    };
    assert_eq!(counts("chat gpt-4o"), (true, json!(["stop"])));
    assert_eq!(counts("invoke_agent Clerk"), (false, json!(["stop"])));
}

#[test]
fn an_agents_own_words_come_before_what_its_models_say() {
    let kept = with_content();
    in_span!(agent, agent = "A", prompt = "Where is Oslo?", stop(|answer| output = answer); || {
        let messages = json!([{"role": "user", "content": "guard"}]);
        in_span!(llm_turn, model = "m", turn = 0, messages, stop(|_| assistant_message = "no"); || ());
        "In Norway."
    });
    let attributes = attributes_of(&kept.span("invoke_agent A"));
    assert_eq!(
        (&attributes["input.value"], &attributes["output.value"]),
        (&json!("Where is Oslo?"), &json!("In Norway."))
    );
}

#[test]
fn one_session_a_trace_though_a_sub_agent_has_its_own_conversation() {
    let kept = with_content();
    in_span!(agent, agent = "A"; || {
        in_span!(tool_call, tool = "ask", args = (); || {
            in_span!(subagent, role = "helper", child_agent = "B"; || {
                in_span!(agent, agent = "B"; || {
                    in_span!(llm_turn, model = "m", turn = 0, messages = (), stop(|_|); || ());
                });
            });
        });
    });
    let root = attributes_of(&kept.span("invoke_agent A"));
    assert_eq!(root["session.id"], root["gen_ai.conversation.id"]);
    let (child, turn) = (attributes_of(&kept.span("invoke_agent B")), chat(&kept, "m"));
    for span in [
        &child,
        &turn,
        &attributes_of(&kept.span("execute_tool ask")),
        &attributes_of(&kept.span("subagent helper")),
    ] {
        assert_eq!(span["session.id"], root["session.id"]);
    }
    assert_ne!(child["gen_ai.conversation.id"], root["gen_ai.conversation.id"]);
    assert_eq!(child["gen_ai.conversation.id"], turn["gen_ai.conversation.id"]);
}

#[test]
fn arguments_and_results_are_encoded_once() {
    let kept = with_content();
    in_span!(tool_call, tool = "a", args = "{\"city\":\"Oslo\"}"; || "-3".to_owned());
    in_span!(tool_call, tool = "b", args = "not JSON {"; || json!({"t": -3}));
    in_span!(tool_call, tool = "c", args = json!({"list": [1]}); || "{\"t\":-3}".to_owned());
    let (a, b, c) = (
        attributes_of(&kept.span("execute_tool a")),
        attributes_of(&kept.span("execute_tool b")),
        attributes_of(&kept.span("execute_tool c")),
    );
    assert_eq!(tree(&a, "gen_ai.tool.call.arguments"), json!({"city": "Oslo"}));
    assert_eq!(
        (&a["input.mime_type"], &a["gen_ai.tool.call.result"], &a["output.mime_type"]),
        (&json!("application/json"), &json!("-3"), &json!("text/plain"))
    );
    assert_eq!(b["gen_ai.tool.call.arguments"], "not JSON {");
    assert_eq!(tree(&b, "gen_ai.tool.call.result"), json!({"t": -3}));
    assert_eq!(c["gen_ai.tool.call.result"], "{\"t\":-3}");
}

#[telemetry_runtime::agent_span(llm_turn, model = "m", turn = 0, messages = (), streaming = true, stream,
    item(|chunk| usage = chunk.get("usage"), finish_reason = chunk.get("finish_reason")))]
fn streamed(chunks: Vec<Json>) -> impl futures::Stream<Item = Json> {
    futures::stream::iter(chunks)
}

#[test]
fn tokens_in_two_parts_of_a_stream_come_together_and_whole_ones_stay_as_they_are() {
    use futures::StreamExt as _;
    let capture = telemetry_runtime::testing::capture();
    let run = |chunks: Vec<Json>| {
        let kept = kept(|builder| builder);
        futures::executor::block_on(capture.follow(async { streamed(chunks).count().await }));
        (chat(&kept, "m"), capture.take().pop().unwrap().get("usage").cloned().unwrap())
    };
    let (attributes, usage) = run(vec![
        json!({"usage": {"input_tokens": 25, "cache_read_input_tokens": 100, "output_tokens": 1}}),
        json!({"usage": null}),
        json!({"finish_reason": "end_turn", "usage": {"output_tokens": 15}}),
    ]);
    assert_eq!(
        (&attributes["gen_ai.usage.input_tokens"], &attributes["gen_ai.usage.output_tokens"]),
        (&json!(125), &json!(15))
    );
    assert_eq!(usage, json!({"input": 125, "output": 15, "cache_read": 100, "total": 140}));
    // Each chunk knows all: the last one stands in the provider's own form.
    let whole = |out: u64| json!({"usage": {"prompt_tokens": 12, "completion_tokens": out, "total_tokens": 12 + out}});
    let (attributes, usage) = run(vec![whole(1), whole(2), json!({"finish_reason": "stop"})]);
    assert_eq!(attributes["gen_ai.usage.output_tokens"], 2);
    assert_eq!(usage, whole(2)["usage"]);
}

#[telemetry_runtime::agent_span(llm_turn, model = "m", turn = 0, messages = (), streaming = true, stream, response)]
fn answered(chunks: Vec<Json>) -> impl futures::Stream<Item = Json> {
    futures::stream::iter(chunks)
}

#[test]
fn half_an_answer_has_not_stopped() {
    use futures::StreamExt as _;
    let piece = |text: &str, reason: Json| json!({"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": reason}]});
    let half = piece("It is ", Json::Null);
    let call = json!({"choices": [{"index": 0, "delta": {"tool_calls": [
        {"index": 0, "id": "c", "function": {"name": "look", "arguments": "{\"x"}}]}}]});
    let ended = |run: &dyn Fn()| {
        let kept = with_content();
        in_span!(agent, agent = "A"; || run());
        tree(&chat(&kept, "m"), "gen_ai.output.messages")[0]["finish_reason"].clone()
    };
    for chunk in [&half, &call] {
        let cut_short = || _ = futures::executor::block_on(answered(vec![chunk.clone()]).count());
        assert_eq!(ended(&cut_short), "error");
        let cancelled = || {
            let mut stream = answered(vec![chunk.clone(), half.clone()]);
            futures::executor::block_on(stream.next());
        };
        assert_eq!(ended(&cancelled), "error");
    }
    let died = || {
        let error = json!({"error": {"code": 502, "message": "died"}});
        _ = futures::executor::block_on(answered(vec![half.clone(), error]).count());
    };
    assert_eq!(ended(&died), "error");
    let panicked = || {
        let turn = || {
            in_span!(llm_turn, model = "m", turn = 0, messages = (), stop(|_|); || -> () {
                record!(llm_turn, assistant_message = "half");
                panic!("broken")
            });
        };
        std::panic::catch_unwind(turn).unwrap_err();
    };
    assert_eq!(ended(&panicked), "error");
    let failed = || {
        _ = in_span!(llm_turn, model = "m", turn = 0, messages = (), stop(|_|); || {
            record!(llm_turn, assistant_message = "half");
            Err::<(), _>("broken")
        });
    };
    assert_eq!(ended(&failed), "error");
    // What the model states is known, whatever became of its answer.
    let whole = || {
        _ = futures::executor::block_on(answered(vec![half.clone(), piece("cold.", json!("stop"))]).count());
    };
    assert_eq!(ended(&whole), "stop");
    let refused = || {
        _ = in_span!(llm_turn, model = "m", turn = 0, messages = (), stop(|_|); || {
            record!(llm_turn, assistant_message = "It is cold.", finish_reason = "stop");
            Err::<(), _>("no JSON")
        });
    };
    assert_eq!(ended(&refused), "stop");
}

#[test]
fn an_error_in_a_stream_is_that_of_its_span() {
    use futures::StreamExt as _;
    let kept = kept(|builder| builder);
    let error = json!({"error": {"code": 502, "message": "died"}});
    _ = futures::executor::block_on(answered(vec![error]).count());
    let span = kept.span("chat m");
    assert_eq!(span.status, opentelemetry::trace::Status::error("died"));
    assert_eq!(attributes_of(&span)["error.type"], "502");
}

#[test]
fn an_agent_that_failed_has_not_stopped() {
    let ended = |is_ok: bool| {
        let kept = with_content();
        _ = in_span!(agent, agent = "A"; || {
            in_span!(llm_turn, model = "m", turn = 0, messages = (), stop(|_| assistant_message = "Hi"); || ());
            if is_ok { Ok(()) } else { Err("broken") }
        });
        let agent = attributes_of(&kept.span("invoke_agent A"));
        tree(&agent, "gen_ai.output.messages")[0]["finish_reason"].clone()
    };
    assert_eq!((ended(true), ended(false)), (json!("stop"), json!("error")));
}
