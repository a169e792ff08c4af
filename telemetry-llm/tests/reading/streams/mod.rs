//! Streams: what the chunks come to is the answer that they encode, however it was cut.

mod libraries;
mod providers;

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

const FORMS: &[(&str, Encoder)] = &[
    ("chat", providers::chat),
    ("responses", providers::responses),
    ("anthropic", providers::anthropic),
    ("gemini", providers::gemini),
    ("bedrock", providers::bedrock),
    ("cohere", providers::cohere),
    ("ollama", providers::ollama),
    ("genai", libraries::genai),
    ("rig", libraries::rig),
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
fn chunks_that_only_open_a_stream_have_no_token() {
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
        (chat.clone(), json!({"error": {"message": "overloaded", "type": "server_error"}}), "overloaded"),
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
        (
            chat.clone(),
            json!({"choices": [{"index": 0, "delta": {}, "error": {"code": 502, "message": "died"}}]}),
            "died",
        ),
        (
            chat.clone(),
            json!({"choices": [], "x_groq": {"id": "req_1", "error": "over capacity"}}),
            "over capacity",
        ),
        (
            chat,
            json!({"error": "overloaded", "error_type": "overloaded", "http_status_code": 503}),
            "overloaded",
        ),
        (
            json!({"type": "text-delta", "id": "1", "delta": "It is"}),
            json!({"type": "error", "errorText": "boom"}),
            "boom",
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

/// Id, name and arguments of each call.
fn calls_of(chunks: &[Json]) -> Json {
    let (read, _) = pushed(chunks);
    json!(read.tool_calls.iter().map(|call| json!([call.id, call.name, call.arguments])).collect::<Vec<_>>())
}

#[test]
fn pieces_of_calls_go_to_the_call_that_they_are_of() {
    let chat = |calls: Json| json!({"choices": [{"index": 0, "delta": {"tool_calls": calls}}]});
    let begun = |index: Json, id: &str, name: &str, arguments: &str| json!({"index": index, "id": id, "type": "function", "function": {"name": name, "arguments": arguments}});
    let more = |index: Json, id: &str, arguments: &str| json!({"index": index, "id": id, "function": {"arguments": arguments}});
    let langchain = |calls: Json| json!({"content": "", "type": "AIMessageChunk", "tool_call_chunks": calls});
    let piece =
        |id: Json, name: Json, args: &str| json!({"name": name, "args": args, "id": id, "index": null});
    let genai = |id: &str, name: &str, arguments: &str| json!({"ToolCallChunk": {"tool_call": {"call_id": id, "fn_name": name, "fn_arguments": arguments}}});
    let both = json!([["a", "f", {"x": 1}], ["b", "g", {"y": 1}]]);
    let (zero, one, none) = (json!(0), json!(1), Json::Null);
    let (f, g) = ("{\"x\":", "{\"y\":");
    for (form, chunks) in [
        // One index for all, in one chunk or two, with or without pieces that follow.
        (
            "one index, one chunk",
            vec![chat(json!([
                begun(zero.clone(), "a", "f", "{\"x\":1}"),
                begun(zero.clone(), "b", "g", "{\"y\":1}")
            ]))],
        ),
        (
            "one index, more pieces",
            vec![
                chat(json!([begun(zero.clone(), "a", "f", f)])),
                chat(json!([more(zero.clone(), "", "1}")])),
                chat(json!([begun(zero.clone(), "b", "g", g)])),
                chat(json!([more(zero.clone(), "", "1}")])),
            ],
        ),
        (
            "one index, in turns",
            vec![
                chat(json!([begun(zero.clone(), "a", "f", f), begun(zero.clone(), "b", "g", g)])),
                chat(json!([more(zero.clone(), "a", "1}"), more(zero.clone(), "b", "1}")])),
            ],
        ),
        (
            "an id made up for each piece",
            vec![
                chat(json!([begun(zero.clone(), "a", "f", f), begun(one.clone(), "b", "g", g)])),
                chat(json!([more(zero, "x", "1}"), more(one, "y", "1}")])),
            ],
        ),
        (
            "no index",
            vec![
                chat(json!([begun(none.clone(), "a", "f", f)])),
                chat(json!([more(none.clone(), "", "1}")])),
                chat(json!([begun(none.clone(), "b", "g", g)])),
                chat(json!([more(none.clone(), "", "1}")])),
            ],
        ),
        (
            "no index, in turns",
            vec![
                chat(json!([begun(none.clone(), "a", "f", f), begun(none.clone(), "b", "g", g)])),
                chat(json!([more(none.clone(), "a", "1}"), more(none.clone(), "b", "1}")])),
            ],
        ),
        (
            "no index, a text and a thought between",
            vec![
                chat(json!([begun(none.clone(), "a", "f", f)])),
                json!({"choices": [{"index": 0, "delta": {"content": "Hm.", "reasoning": "Hm."}}]}),
                chat(json!([more(none.clone(), "", "1}")])),
                chat(json!([begun(none, "b", "g", "{\"y\":1}")])),
            ],
        ),
        (
            "LangChain without an index",
            vec![
                langchain(json!([piece(json!("a"), json!("f"), f)])),
                langchain(json!([piece(Json::Null, Json::Null, "1}")])),
                langchain(json!([piece(json!("b"), json!("g"), "{\"y\":1}")])),
            ],
        ),
        (
            "genai, in turns",
            vec![
                genai("a", "f", f),
                genai("b", "g", g),
                genai("a", "f", "{\"x\":1}"),
                genai("b", "g", "{\"y\":1}"),
            ],
        ),
    ] {
        assert_eq!(calls_of(&chunks), both, "{form}");
    }
    // A custom tool's input is no JSON.
    let custom = [
        chat(json!([{"index": 0, "id": "a", "type": "custom", "custom": {"name": "run", "input": ""}}])),
        chat(json!([{"index": 0, "custom": {"input": "print("}}])),
        chat(json!([{"index": 0, "custom": {"input": "1)"}}])),
    ];
    assert_eq!(calls_of(&custom), json!([["a", "run", "print(1)"]]));
    // One id at two places is two calls.
    let same = chat(json!([begun(json!(0), "f", "f", "{}"), begun(json!(1), "f", "f", "{}")]));
    assert_eq!(calls_of(&[same]), json!([["f", "f", {}], ["f", "f", {}]]));
}

#[test]
fn calls_of_responses_whose_last_event_does_not_repeat_them() {
    let event = |kind: &str, item: &Json| json!({"type": format!("response.output_item.{kind}"), "output_index": 0, "item": item});
    let last =
        json!({"type": "response.completed", "response": {"id": "r", "status": "completed", "output": []}});
    let asked = json!({"type": "function_call", "call_id": "c", "name": "look", "arguments": "{}"});
    let own = json!({"type": "mcp_call", "id": "c", "name": "look", "arguments": "{}", "output": "7"});
    for (item, reason) in [(asked, FinishReason::ToolCall), (own, FinishReason::Stop)] {
        let (read, _) = pushed(&[event("added", &item), event("done", &item), last.clone()]);
        assert_eq!((read.tool_calls.len(), read.finish_reasons), (1, vec![reason]), "{item}");
    }
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

    // Tokens of chunks add up.
    let counted = |input: u64, output: u64| json!({"content": "a", "type": "AIMessageChunk", "usage_metadata": {"input_tokens": input, "output_tokens": output, "total_tokens": input + output}});
    let (added, _) = pushed(&[counted(9, 2), counted(0, 3)]);
    assert_eq!((added.usage.unwrap().input, added.usage.unwrap().output), (Some(9), Some(5)));
    let said = |content: Json, metadata: Json| json!({"content": content, "type": "AIMessageChunk", "response_metadata": metadata});
    for (chunks, thought, reason) in [
        (
            vec![
                said(
                    json!([{"type": "reasoning_content", "reasoning_content": {"text": "H"}, "index": 0}]),
                    json!({}),
                ),
                said(
                    json!([{"type": "reasoning_content", "reasoning_content": {"text": "m."}, "index": 0}]),
                    json!({}),
                ),
                said(json!([]), json!({"stopReason": "end_turn"})),
            ],
            Some("Hm."),
            FinishReason::Stop,
        ),
        (
            vec![
                said(
                    json!([{"type": "reasoning", "summary": [{"index": 0, "type": "summary_text", "text": "Hm"}], "index": 0}]),
                    json!({}),
                ),
                said(
                    json!([{"type": "reasoning", "summary": [{"index": 1, "type": "summary_text", "text": ""}], "index": 0}]),
                    json!({}),
                ),
                said(
                    json!([{"type": "reasoning", "summary": [{"index": 1, "type": "summary_text", "text": "Yes"}], "index": 0}]),
                    json!({}),
                ),
                said(json!([]), json!({"status": "completed"})),
            ],
            Some("Hm\n\nYes"),
            FinishReason::Stop,
        ),
        (vec![said(json!("a"), json!({"done_reason": "length", "done": true}))], None, FinishReason::Length),
        (
            vec![said(
                json!("a"),
                json!({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}),
            )],
            None,
            FinishReason::Length,
        ),
        (
            vec![
                json!({"content": "", "type": "AIMessageChunk", "tool_call_chunks": [{"name": "look", "args": "{}", "id": "c", "index": 0}]}),
                said(json!([]), json!({"status": "completed"})),
            ],
            None,
            FinishReason::ToolCall,
        ),
    ] {
        let (read, _) = pushed(&chunks);
        assert_eq!(
            (read.message.unwrap().reasoning().as_deref(), read.finish_reasons),
            (thought, vec![reason])
        );
    }

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
fn pictures_and_what_is_spoken_in_a_stream() {
    let picture = |data: &str| {
        json!({"choices": [{"index": 0, "delta": {"content": "", "images": [
        {"type": "image_url", "image_url": {"url": format!("data:image/png;base64,{data}")}}]}}]})
    };
    let (drawn, _) = pushed(&[
        picture("AAAA"),
        json!({"choices": [{"index": 0, "delta": {"content": "Two pictures."}}]}),
        picture("BBBB"),
    ]);
    let blob =
        |data: &str| json!({"type": "blob", "modality": "image", "mime_type": "image/png", "content": data});
    assert_eq!(
        json!(drawn.message.unwrap().parts),
        json!([{"type": "text", "content": "Two pictures."}, blob("AAAA"), blob("BBBB")])
    );
    let (spoken, complete) = pushed(&[
        json!({"type": "response.output_audio_transcript.delta", "output_index": 0, "content_index": 0, "delta": "Hi there"}),
        json!({"type": "response.done", "response": {"object": "realtime.response", "status": "completed", "output": [
            {"type": "message", "role": "assistant", "content": [{"type": "output_audio", "transcript": "Hi there"}]}]}}),
    ]);
    assert!(complete);
    assert_eq!(spoken.message.unwrap().text().as_deref(), Some("Hi there"));
}

#[test]
fn the_memory_of_a_stream_is_bounded() {
    let mut stream = ResponseStream::new();
    let chunk = json!({"choices": [{"index": 0, "delta": {"content": "x".repeat(1 << 20)}}]});
    for _ in 0..20 {
        stream.push(&chunk);
    }
    assert_eq!(stream.response().unwrap().message.unwrap().text().unwrap().len(), 16 << 20);
}
