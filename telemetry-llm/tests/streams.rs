//! Streams: what the chunks come to is the answer that they encode, however it was cut.

use proptest::prelude::*;
use serde_json::json;
use telemetry_llm::{FinishReason, Json, Response, ResponseStream, has_token};

/// A part of an answer that a test encodes.
#[derive(Clone, Debug)]
enum Piece {
    Text(String),
    Thought(String),
    Call { name: String, arguments: Json },
}

fn pushed(chunks: &[Json]) -> (Response, bool) {
    let mut stream = ResponseStream::new();
    let mut complete = false;
    for chunk in chunks {
        stream.push(chunk);
        complete = stream.is_complete();
    }
    (stream.response().expect("nothing read"), complete)
}

/// A text in pieces of that many characters.
fn cut(text: &str, size: usize) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    chars.chunks(size.max(1)).map(|piece| piece.iter().collect()).collect()
}

/// A thought first, then a text, then calls: the order that all providers can encode.
fn pieces() -> impl Strategy<Value = Vec<Piece>> {
    let text = "[a-zé\" \\\\🙂]{1,20}";
    let arguments =
        prop::collection::btree_map("[a-c]{1,2}", "[x-zø\"]{0,6}", 0..3).prop_map(|map| json!(map));
    let calls = prop::collection::vec(("[a-z]{1,6}", arguments), 0..3);
    (prop::option::of(text), prop::option::of(text), calls).prop_map(|(thought, said, calls)| {
        let calls = calls.into_iter().map(|(name, arguments)| Piece::Call { name, arguments });
        thought.map(Piece::Thought).into_iter().chain(said.map(Piece::Text)).chain(calls).collect()
    })
}

/// The whole answer of a form, and its stream in pieces of a size.
type Encoder = fn(&[Piece], usize) -> (Json, Vec<Json>);

fn chat(pieces: &[Piece], size: usize) -> (Json, Vec<Json>) {
    let mut message = json!({"role": "assistant", "content": null});
    let chunk = |delta: Json| json!({"id": "c1", "model": "gpt-4o", "choices": [{"index": 0, "delta": delta, "finish_reason": null}]});
    let mut chunks = vec![chunk(json!({"role": "assistant", "content": ""}))];
    let mut calls = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Thought(thought) => {
                message["reasoning_content"] = json!(thought);
                chunks.extend(
                    cut(thought, size).into_iter().map(|piece| chunk(json!({"reasoning_content": piece}))),
                );
            }
            Piece::Text(text) => {
                message["content"] = json!(text);
                chunks.extend(cut(text, size).into_iter().map(|piece| chunk(json!({"content": piece}))));
            }
            Piece::Call { name, arguments } => {
                let (index, id) = (calls.len(), format!("call_{}", calls.len()));
                let arguments = arguments.to_string();
                chunks.push(chunk(json!({"tool_calls": [{"index": index, "id": id, "type": "function", "function": {"name": name, "arguments": ""}}]})));
                let of = |piece| {
                    chunk(json!({"tool_calls": [{"index": index, "function": {"arguments": piece}}]}))
                };
                chunks.extend(cut(&arguments, size).into_iter().map(of));
                calls.push(
                    json!({"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}),
                );
            }
        }
    }
    message["tool_calls"] = json!(calls);
    let usage = json!({"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13});
    chunks.push(json!({"id": "c1", "model": "gpt-4o", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}));
    chunks.push(json!({"id": "c1", "model": "gpt-4o", "choices": [], "usage": usage}));
    (
        json!({"id": "c1", "model": "gpt-4o", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}], "usage": usage}),
        chunks,
    )
}

fn responses(pieces: &[Piece], size: usize) -> (Json, Vec<Json>) {
    let mut chunks = vec![
        json!({"type": "response.created", "response": {"id": "r1", "model": "gpt-5", "status": "in_progress", "output": []}}),
    ];
    let mut output = Vec::new();
    for (index, piece) in pieces.iter().enumerate() {
        let event = |kind: &str, delta: String| json!({"type": format!("response.{kind}.delta"), "output_index": index, "content_index": 0, "delta": delta});
        let (opened, item) = match piece {
            Piece::Thought(thought) => {
                let opened = json!({"type": "reasoning", "id": "rs", "summary": []});
                chunks.push(
                    json!({"type": "response.output_item.added", "output_index": index, "item": opened}),
                );
                chunks.extend(
                    cut(thought, size).into_iter().map(|piece| event("reasoning_summary_text", piece)),
                );
                (
                    opened,
                    json!({"type": "reasoning", "id": "rs", "summary": [{"type": "summary_text", "text": thought}]}),
                )
            }
            Piece::Text(text) => {
                let opened = json!({"type": "message", "role": "assistant", "content": []});
                chunks.push(
                    json!({"type": "response.output_item.added", "output_index": index, "item": opened}),
                );
                chunks.extend(cut(text, size).into_iter().map(|piece| event("output_text", piece)));
                (
                    opened,
                    json!({"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text}]}),
                )
            }
            Piece::Call { name, arguments } => {
                let opened = json!({"type": "function_call", "id": format!("fc_{index}"), "call_id": format!("call_{index}"), "name": name, "arguments": ""});
                chunks.push(
                    json!({"type": "response.output_item.added", "output_index": index, "item": opened}),
                );
                let arguments = arguments.to_string();
                chunks.extend(
                    cut(&arguments, size).into_iter().map(|piece| event("function_call_arguments", piece)),
                );
                let mut item = opened.clone();
                item["arguments"] = json!(arguments);
                (opened, item)
            }
        };
        assert_eq!(opened["type"], item["type"]);
        // Half of the streams break off before their items are done.
        if size.is_multiple_of(2) {
            chunks.push(json!({"type": "response.output_item.done", "output_index": index, "item": item}));
        }
        output.push(item);
    }
    let status = json!({"id": "r1", "model": "gpt-5", "status": "completed", "output": output, "usage": {"input_tokens": 9, "output_tokens": 4}});
    chunks.push(json!({"type": "response.completed", "response": status}));
    (status, chunks)
}

fn anthropic(pieces: &[Piece], size: usize) -> (Json, Vec<Json>) {
    let mut chunks = vec![
        json!({"type": "message_start", "message": {"id": "msg_1", "type": "message", "role": "assistant",
        "model": "claude-sonnet-4-5", "content": [], "stop_reason": null, "usage": {"input_tokens": 9, "output_tokens": 1}}}),
        json!({"type": "ping"}),
    ];
    let mut content = Vec::new();
    for (index, piece) in pieces.iter().enumerate() {
        let (opened, whole, field, kind, text) = match piece {
            Piece::Thought(thought) => (
                json!({"type": "thinking", "thinking": "", "signature": ""}),
                json!({"type": "thinking", "thinking": thought, "signature": "s"}),
                "thinking",
                "thinking_delta",
                thought.clone(),
            ),
            Piece::Text(text) => (
                json!({"type": "text", "text": ""}),
                json!({"type": "text", "text": text}),
                "text",
                "text_delta",
                text.clone(),
            ),
            Piece::Call { name, arguments } => (
                json!({"type": "tool_use", "id": format!("t{index}"), "name": name, "input": {}}),
                json!({"type": "tool_use", "id": format!("t{index}"), "name": name, "input": arguments}),
                "partial_json",
                "input_json_delta",
                if *arguments == json!({}) { String::new() } else { arguments.to_string() },
            ),
        };
        chunks.push(json!({"type": "content_block_start", "index": index, "content_block": opened}));
        chunks.extend(cut(&text, size).into_iter().map(|piece| json!({"type": "content_block_delta", "index": index, "delta": {"type": kind, field: piece}})));
        chunks.push(json!({"type": "content_block_delta", "index": index, "delta": {"type": "signature_delta", "signature": "s"}}));
        chunks.push(json!({"type": "content_block_stop", "index": index}));
        content.push(whole);
    }
    chunks.push(json!({"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": null}, "usage": {"output_tokens": 4}}));
    chunks.push(json!({"type": "message_stop"}));
    (
        json!({"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5", "content": content,
        "stop_reason": "end_turn", "usage": {"input_tokens": 9, "output_tokens": 4}}),
        chunks,
    )
}

fn gemini(pieces: &[Piece], size: usize) -> (Json, Vec<Json>) {
    let chunk = |parts: Vec<Json>| {
        json!({"candidates": [{"content": {"role": "model", "parts": parts}, "index": 0}],
        "modelVersion": "gemini-2.5-flash", "responseId": "r1", "usageMetadata": {"promptTokenCount": 9, "totalTokenCount": 9}})
    };
    let (mut chunks, mut parts) = (Vec::new(), Vec::new());
    for piece in pieces {
        match piece {
            Piece::Thought(thought) => {
                parts.push(json!({"text": thought, "thought": true}));
                chunks.extend(
                    cut(thought, size)
                        .into_iter()
                        .map(|piece| chunk(vec![json!({"text": piece, "thought": true})])),
                );
            }
            Piece::Text(text) => {
                parts.push(json!({"text": text}));
                chunks.extend(cut(text, size).into_iter().map(|piece| chunk(vec![json!({"text": piece})])));
            }
            Piece::Call { name, arguments } => {
                parts.push(json!({"functionCall": {"name": name, "args": arguments}}));
                chunks.push(chunk(parts[parts.len() - 1..].to_vec()));
            }
        }
    }
    let mut whole = chunk(parts);
    whole["candidates"][0]["finishReason"] = json!("STOP");
    whole["usageMetadata"] = json!({"promptTokenCount": 9, "candidatesTokenCount": 4, "totalTokenCount": 13});
    let mut last = whole.clone();
    last["candidates"][0]["content"]["parts"] = json!([{"text": ""}]);
    chunks.push(last);
    (whole, chunks)
}

fn bedrock(pieces: &[Piece], size: usize) -> (Json, Vec<Json>) {
    let mut chunks = vec![json!({"messageStart": {"role": "assistant"}})];
    let mut content = Vec::new();
    for (index, piece) in pieces.iter().enumerate() {
        let delta = |delta: Json| json!({"contentBlockDelta": {"contentBlockIndex": index, "delta": delta}});
        match piece {
            Piece::Thought(thought) => {
                content.push(
                    json!({"reasoningContent": {"reasoningText": {"text": thought, "signature": "s"}}}),
                );
                chunks.extend(
                    cut(thought, size)
                        .into_iter()
                        .map(|piece| delta(json!({"reasoningContent": {"text": piece}}))),
                );
            }
            Piece::Text(text) => {
                content.push(json!({"text": text}));
                chunks.extend(cut(text, size).into_iter().map(|piece| delta(json!({"text": piece}))));
            }
            Piece::Call { name, arguments } => {
                let id = format!("t{index}");
                content.push(json!({"toolUse": {"toolUseId": id, "name": name, "input": arguments}}));
                chunks.push(json!({"contentBlockStart": {"contentBlockIndex": index, "start": {"toolUse": {"toolUseId": id, "name": name}}}}));
                chunks.extend(
                    cut(&arguments.to_string(), size)
                        .into_iter()
                        .map(|piece| delta(json!({"toolUse": {"input": piece}}))),
                );
            }
        }
        chunks.push(json!({"contentBlockStop": {"contentBlockIndex": index}}));
    }
    let usage = json!({"inputTokens": 9, "outputTokens": 4, "totalTokens": 13});
    chunks.push(json!({"messageStop": {"stopReason": "end_turn"}}));
    chunks.push(json!({"metadata": {"usage": usage, "metrics": {"latencyMs": 3}}}));
    (
        json!({"output": {"message": {"role": "assistant", "content": content}}, "stopReason": "end_turn", "usage": usage}),
        chunks,
    )
}

fn cohere(pieces: &[Piece], size: usize) -> (Json, Vec<Json>) {
    let mut chunks =
        vec![json!({"type": "message-start", "id": "c1", "delta": {"message": {"role": "assistant"}}})];
    let mut message = json!({"role": "assistant", "content": [], "tool_calls": []});
    let mut calls = 0;
    for piece in pieces {
        match piece {
            Piece::Thought(plan) => {
                message["tool_plan"] = json!(plan);
                chunks.extend(cut(plan, size).into_iter().map(
                    |piece| json!({"type": "tool-plan-delta", "delta": {"message": {"tool_plan": piece}}}),
                ));
            }
            Piece::Text(text) => {
                message["content"] = json!([{"type": "text", "text": text}]);
                chunks.push(json!({"type": "content-start", "index": 0, "delta": {"message": {"content": {"type": "text", "text": ""}}}}));
                chunks.extend(cut(text, size).into_iter().map(|piece| json!({"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": piece}}}})));
                chunks.push(json!({"type": "content-end", "index": 0}));
            }
            Piece::Call { name, arguments } => {
                let arguments = arguments.to_string();
                let call = json!({"id": format!("t{calls}"), "type": "function", "function": {"name": name, "arguments": ""}});
                chunks.push(json!({"type": "tool-call-start", "index": calls, "delta": {"message": {"tool_calls": call}}}));
                chunks.extend(cut(&arguments, size).into_iter().map(|piece|
                    json!({"type": "tool-call-delta", "index": calls, "delta": {"message": {"tool_calls": {"function": {"arguments": piece}}}}})));
                let mut call = call;
                call["function"]["arguments"] = json!(arguments);
                message["tool_calls"].as_array_mut().unwrap().push(call);
                calls += 1;
            }
        }
    }
    let usage = json!({"tokens": {"input_tokens": 9, "output_tokens": 4}});
    chunks.push(json!({"type": "message-end", "delta": {"finish_reason": "COMPLETE", "usage": usage}}));
    (json!({"id": "c1", "finish_reason": "COMPLETE", "message": message, "usage": usage}), chunks)
}

fn ollama(pieces: &[Piece], size: usize) -> (Json, Vec<Json>) {
    let chunk = |field: &str, value: Json| json!({"model": "llama3.2", "message": {"role": "assistant", "content": "", field: value}, "done": false});
    let mut message = json!({"role": "assistant", "content": "", "tool_calls": []});
    let mut chunks = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Thought(thought) => {
                message["thinking"] = json!(thought);
                chunks.extend(cut(thought, size).into_iter().map(|piece| chunk("thinking", json!(piece))));
            }
            Piece::Text(text) => {
                message["content"] = json!(text);
                chunks.extend(cut(text, size).into_iter().map(|piece| chunk("content", json!(piece))));
            }
            Piece::Call { name, arguments } => {
                let call = json!({"function": {"name": name, "arguments": arguments}});
                chunks.push(chunk("tool_calls", json!([call])));
                message["tool_calls"].as_array_mut().unwrap().push(call);
            }
        }
    }
    let mut whole = json!({"model": "llama3.2", "message": message, "done": true, "done_reason": "stop", "prompt_eval_count": 9, "eval_count": 4});
    let all = whole.clone();
    whole["message"] = json!({"role": "assistant", "content": ""});
    chunks.push(whole);
    (all, chunks)
}

fn genai(pieces: &[Piece], size: usize) -> (Json, Vec<Json>) {
    let mut chunks = vec![json!("Start")];
    let mut content = Vec::new();
    let mut reasoning = Json::Null;
    for (index, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Thought(thought) => {
                reasoning = json!(thought);
                chunks.extend(
                    cut(thought, size).into_iter().map(|piece| json!({"ReasoningChunk": {"content": piece}})),
                );
            }
            Piece::Text(text) => {
                content.push(json!({"Text": text}));
                chunks.extend(cut(text, size).into_iter().map(|piece| json!({"Chunk": {"content": piece}})));
            }
            Piece::Call { name, arguments } => {
                let call =
                    json!({"call_id": format!("c{index}"), "fn_name": name, "fn_arguments": arguments});
                // Each chunk holds the call as far as it came.
                let text = arguments.to_string();
                let mut begun = String::new();
                for piece in cut(&text, size) {
                    begun.push_str(&piece);
                    chunks.push(json!({"ToolCallChunk": {"tool_call": {"call_id": format!("c{index}"), "fn_name": name, "fn_arguments": begun}}}));
                }
                content.push(json!({"ToolCall": call}));
            }
        }
    }
    let usage = json!({"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13});
    let mut end = json!({"captured_usage": usage, "captured_stop_reason": {"Completed": "stop"}});
    if size.is_multiple_of(2) {
        end["captured_content"] = json!(content);
        end["captured_reasoning_content"] = reasoning.clone();
    }
    chunks.push(json!({"End": end}));
    let iden = json!({"adapter_kind": "OpenAI", "model_name": "x"});
    (
        json!({"content": content, "reasoning_content": reasoning, "model_iden": iden, "provider_model_iden": iden, "stop_reason": {"Completed": "stop"}, "usage": usage}),
        chunks,
    )
}

fn rig(pieces: &[Piece], size: usize) -> (Json, Vec<Json>) {
    let (mut chunks, mut choice) = (Vec::new(), Vec::new());
    for (part, piece) in pieces.iter().enumerate() {
        let mut add = |event: Json| chunks.push(json!({"item": "event", "value": event}));
        let content = match piece {
            Piece::Thought(thought) => {
                add(json!({"event": "start", "part": part, "kind": "reasoning"}));
                for piece in cut(thought, size) {
                    add(json!({"event": "reasoning", "part": part, "text": piece}));
                }
                json!({"type": "reasoning", "text": thought})
            }
            Piece::Text(text) => {
                add(json!({"event": "start", "part": part, "kind": "text"}));
                for piece in cut(text, size) {
                    add(json!({"event": "text", "part": part, "text": piece}));
                }
                json!({"type": "text", "text": text})
            }
            Piece::Call { name, arguments } => {
                add(json!({"event": "start", "part": part, "kind": "tool_call", "name": name}));
                for piece in cut(&arguments.to_string(), size) {
                    add(json!({"event": "arguments", "part": part, "json": piece}));
                }
                json!({"type": "toolcall", "id": {"provider": format!("c{part}")}, "function": {"name": name, "arguments": arguments}})
            }
        };
        add(json!({"event": "end", "part": part, "content": content}));
        choice.push(content);
    }
    let whole = json!({"choice": choice, "usage": {"input_tokens": 9, "output_tokens": 4, "total_tokens": 13},
        "origin": {"provider": "openai", "model": "x"}, "finish_reason": "stop", "raw": null});
    chunks.push(whole.clone());
    (whole, chunks)
}

const FORMS: &[(&str, Encoder)] = &[
    ("chat", chat),
    ("responses", responses),
    ("anthropic", anthropic),
    ("gemini", gemini),
    ("bedrock", bedrock),
    ("cohere", cohere),
    ("ollama", ollama),
    ("genai", genai),
    ("rig", rig),
];

proptest! {
    #[test]
    fn a_streams_answer_is_the_answer_that_it_encodes(pieces in pieces(), size in 1_usize..9) {
        for (form, encode) in FORMS {
            let (whole, chunks) = encode(&pieces, size);
            let expected = Response::read(&whole).unwrap();
            let (read, complete) = pushed(&chunks);
            prop_assert_eq!(&read.message, &expected.message, "{}", form);
            prop_assert_eq!(&read.tool_calls, &expected.tool_calls, "{}", form);
            prop_assert_eq!(read.usage, expected.usage, "{}", form);
            prop_assert_eq!(&read.finish_reasons, &expected.finish_reasons, "{}", form);
            prop_assert!(complete, "{}", form);
            if *form != "genai" {
                prop_assert_eq!((&read.id, &read.model, &read.provider), (&expected.id, &expected.model, &expected.provider), "{}", form);
            }
            let tokens = chunks.iter().filter(|chunk| has_token(chunk)).count();
            prop_assert_eq!(tokens > 0, !pieces.is_empty(), "{}", form);
        }
    }

    #[test]
    fn any_beginning_of_a_stream_is_a_beginning_of_its_answer(pieces in pieces(), size in 1_usize..9, share in 0.0..1.0_f64) {
        for (form, encode) in FORMS {
            let (whole, chunks) = encode(&pieces, size);
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
            let taken = (chunks.len() as f64 * share) as usize;
            let mut stream = ResponseStream::new();
            for chunk in &chunks[..taken] {
 stream.push(chunk);
 }
            let expected = Response::read(&whole).unwrap();
            let whole_text = expected.message.and_then(|said| said.text()).unwrap_or_default();
            let text = stream.response().and_then(|read| read.message?.text()).unwrap_or_default();
            prop_assert!(whole_text.starts_with(&text), "{}: {:?} of {:?}", form, text, whole_text);
        }
    }
}

#[test]
fn what_only_opens_a_stream_is_no_token() {
    for (form, encode) in FORMS {
        let (_, chunks) = encode(&[Piece::Text("It is cold.".to_owned())], 4);
        let first = chunks.iter().position(has_token).unwrap();
        assert!(chunks[..first].iter().all(|chunk| !has_token(chunk)), "{form}");
        if !matches!(*form, "gemini" | "ollama") {
            assert!(first > 0, "{form} has no opening chunk");
        }
    }
    for nothing in [json!({"type": "ping"}), json!(null), json!({}), json!({"choices": []})] {
        assert!(!has_token(&nothing), "{nothing}");
    }
}

#[test]
fn an_error_in_a_stream_ends_it() {
    let chat = json!({"choices": [{"index": 0, "delta": {"content": "It is"}}]});
    for (begun, error, said) in [
        (
            chat.clone(),
            json!({"error": {"code": 502, "message": "Provider disconnected"}, "id": "x", "choices": [{"delta": {"content": ""}, "finish_reason": "error"}]}),
            "Provider disconnected",
        ),
        (chat, json!({"error": {"message": "overloaded", "type": "server_error"}}), "overloaded"),
        (
            json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "It is"}}),
            json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}),
            "Overloaded",
        ),
        (
            json!({"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": "It is"}),
            json!({"type": "error", "code": "server_error", "message": "no luck", "sequence_number": 3}),
            "no luck",
        ),
        (
            json!({"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"text": "It is"}}}),
            json!({"modelStreamErrorException": {"message": "boom"}}),
            "boom",
        ),
        (
            json!({"model": "m", "message": {"role": "assistant", "content": "It is"}, "done": false}),
            json!({"error": "model crashed"}),
            "model crashed",
        ),
    ] {
        let (read, complete) = pushed(&[begun, error.clone()]);
        assert!(complete, "{error}");
        assert_eq!(read.error.as_deref(), Some(said));
        assert_eq!(read.finish_reasons, [FinishReason::Error], "{error}");
        assert_eq!(read.message.unwrap().text().as_deref(), Some("It is"));
    }
}

#[test]
fn usage_in_two_parts_and_an_empty_last_chunk() {
    let (read, _) = pushed(&[
        json!({"type": "message_start", "message": {"id": "m", "model": "claude-sonnet-4-5", "usage": {"input_tokens": 25, "cache_read_input_tokens": 100, "cache_creation_input_tokens": 0, "output_tokens": 1}}}),
        json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 15}}),
        json!({}),
        json!(null),
    ]);
    let usage = read.usage.unwrap();
    assert_eq!(
        (usage.input, usage.output, usage.cache_read, usage.total),
        (Some(125), Some(15), Some(100), Some(140))
    );
    let mut nothing = ResponseStream::new();
    assert!(!nothing.push(&json!({"ping": 1})) && nothing.response().is_none() && !nothing.is_complete());
}

#[test]
fn calls_that_do_not_say_their_index() {
    let call = |id: &str, name: &str, arguments: &str| json!({"choices": [{"index": 0, "delta": {"tool_calls": [{"id": id, "function": {"name": name, "arguments": arguments}}]}}]});
    let more =
        json!({"choices": [{"index": 0, "delta": {"tool_calls": [{"function": {"arguments": "1}"}}]}}]});
    let (read, _) = pushed(&[call("a", "f", "{\"x\":"), more.clone(), call("b", "f", "{\"y\":"), more]);
    let calls: Vec<_> =
        read.tool_calls.iter().map(|call| (call.id.clone().unwrap(), call.arguments.clone())).collect();
    assert_eq!(calls, [("a".to_owned(), json!({"x": 1})), ("b".to_owned(), json!({"y": 1}))]);
}

#[test]
fn streams_of_libraries_and_of_ones_own() {
    let (vercel, complete) = pushed(&[
        json!({"type": "start"}),
        json!({"type": "start-step"}),
        json!({"type": "response-metadata", "id": "r", "modelId": "gpt-4o"}),
        json!({"type": "reasoning-start", "id": "0"}),
        json!({"type": "reasoning-delta", "id": "0", "text": "Hm."}),
        json!({"type": "reasoning-end", "id": "0"}),
        json!({"type": "text-start", "id": "1"}),
        json!({"type": "text-delta", "id": "1", "text": "It is "}),
        json!({"type": "text-delta", "id": "1", "delta": "cold."}),
        json!({"type": "text-end", "id": "1"}),
        json!({"type": "tool-call", "toolCallId": "c", "toolName": "look", "input": {"x": 1}}),
        json!({"type": "finish-step", "finishReason": "tool-calls", "usage": {"inputTokens": 9, "outputTokens": 4, "totalTokens": 13}}),
        json!({"type": "finish", "finishReason": "tool-calls", "totalUsage": {"inputTokens": 9, "outputTokens": 4, "totalTokens": 13}}),
    ]);
    assert!(complete);
    assert_eq!((vercel.id.as_deref(), vercel.model.as_deref()), (Some("r"), Some("gpt-4o")));
    let said = vercel.message.unwrap();
    assert_eq!((said.reasoning().as_deref(), said.text().as_deref()), (Some("Hm."), Some("It is cold.")));
    assert_eq!((vercel.tool_calls.len(), vercel.usage.unwrap().total), (1, Some(13)));

    let (langchain, _) = pushed(&[
        json!({"content": "It is ", "type": "AIMessageChunk", "id": "run-1", "tool_call_chunks": [], "usage_metadata": {"input_tokens": 9, "output_tokens": 0, "total_tokens": 9}}),
        json!({"content": "cold.", "type": "AIMessageChunk", "id": "run-1", "tool_call_chunks": [{"name": "look", "args": "{\"x\"", "id": "c", "index": 1}]}),
        json!({"content": "", "type": "AIMessageChunk", "id": "run-1", "tool_call_chunks": [{"name": null, "args": ":1}", "id": null, "index": 1}],
            "response_metadata": {"finish_reason": "tool_calls", "model_name": "gpt-4o"}, "usage_metadata": {"input_tokens": 0, "output_tokens": 4, "total_tokens": 4}}),
    ]);
    assert_eq!(langchain.message.as_ref().unwrap().text().as_deref(), Some("It is cold."));
    assert_eq!(langchain.tool_calls[0].arguments, json!({"x": 1}));
    assert_eq!((langchain.usage.unwrap().input, langchain.usage.unwrap().output), (Some(9), Some(4)));

    let (bare, _) = pushed(&[json!("It is "), json!("cold.")]);
    assert_eq!(bare.message.unwrap().text().as_deref(), Some("It is cold."));
    let (own, complete) = pushed(&[
        json!({"text": "It is "}),
        json!({"text": "cold."}),
        json!({"finish_reason": "stop", "usage": {"prompt_tokens": 9, "completion_tokens": 4}}),
    ]);
    assert!(complete);
    assert_eq!(own.message.unwrap().text().as_deref(), Some("It is cold."));
    assert_eq!(own.usage.unwrap().total, Some(13));
    let (held, _) = pushed(&[json!({"event": {"choices": [{"index": 0, "delta": {"content": "Hi"}}]}})]);
    assert_eq!(held.message.unwrap().text().as_deref(), Some("Hi"));
    let (groq, _) = pushed(&[
        json!({"id": "c", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "x_groq": {"usage": {"prompt_tokens": 9, "completion_tokens": 4}}}),
    ]);
    assert_eq!(groq.usage.unwrap().total, Some(13));
}

#[test]
fn what_a_stream_keeps_is_bounded() {
    let mut stream = ResponseStream::new();
    let chunk = json!({"choices": [{"index": 0, "delta": {"content": "x".repeat(1 << 20)}}]});
    for _ in 0..20 {
        stream.push(&chunk);
    }
    assert_eq!(stream.response().unwrap().message.unwrap().text().unwrap().len(), 16 << 20);
}
