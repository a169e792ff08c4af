//! Reading what a model answered, beside parsing it: 100 messages in the forms of three providers.

use std::hint::black_box;

use serde_json::{Value as Json, json};
use telemetry_llm::{Response, conversation};

const TEXT: &str =
    "It is cold in Oslo: -3 °C, with \"light\" snow from the north.\nTake a coat, and the early train. ";

/// A conversation of chat completions: questions, calls of tools, their results, answers.
fn chat() -> Json {
    let messages = (0..100).map(|n| match n % 4 {
        0 => json!({"role": "user", "content": TEXT}),
        1 => json!({"role": "assistant", "content": null, "tool_calls": [
            {"id": format!("call_{n}"), "type": "function", "function": {"name": "weather", "arguments": "{\"city\":\"Oslo\",\"day\":3}"}}]}),
        2 => json!({"role": "tool", "tool_call_id": format!("call_{}", n - 1), "content": TEXT}),
        _ => json!({"role": "assistant", "content": TEXT}),
    });
    messages.collect()
}

/// An answer of the Responses API with 100 items.
fn responses() -> Json {
    let output = (0..100).map(|n| match n % 3 {
        0 => json!({"id": format!("rs_{n}"), "type": "reasoning", "summary": [{"type": "summary_text", "text": TEXT}]}),
        1 => json!({"id": format!("fc_{n}"), "type": "function_call", "call_id": format!("call_{n}"), "name": "weather",
            "arguments": "{\"city\":\"Oslo\",\"day\":3}", "status": "completed"}),
        _ => json!({"id": format!("msg_{n}"), "type": "message", "role": "assistant", "status": "completed",
            "content": [{"type": "output_text", "text": TEXT, "annotations": []}]}),
    });
    let output: Json = output.collect();
    json!({"id": "resp_1", "object": "response", "status": "completed", "model": "gpt-5-2025-08-07", "output": output,
        "usage": {"input_tokens": 120, "input_tokens_details": {"cached_tokens": 30}, "output_tokens": 40,
            "output_tokens_details": {"reasoning_tokens": 20}, "total_tokens": 160}})
}

/// An answer of Anthropic's with 100 blocks.
fn anthropic() -> Json {
    let content = (0..100).map(|n| match n % 3 {
        0 => json!({"type": "thinking", "thinking": TEXT, "signature": "c2lnbmF0dXJl"}),
        1 => json!({"type": "tool_use", "id": format!("toolu_{n}"), "name": "weather", "input": {"city": "Oslo", "day": 3}}),
        _ => json!({"type": "text", "text": TEXT}),
    });
    let content: Json = content.collect();
    json!({"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5", "content": content,
        "stop_reason": "tool_use", "stop_sequence": null, "usage": {"input_tokens": 120, "output_tokens": 40,
            "cache_read_input_tokens": 30, "cache_creation_input_tokens": 0}})
}

fn parse(answer: &Json, calls: u64) {
    let text = answer.to_string();
    for _ in 0..calls {
        black_box(serde_json::from_str::<Json>(black_box(&text)).expect("it is JSON"));
    }
}

fn read(answer: &Json, calls: u64) {
    for _ in 0..calls {
        black_box(Response::read(black_box(answer)).expect("it is an answer"));
    }
}

pub(crate) fn parse_chat(calls: u64) {
    parse(&chat(), calls);
}

pub(crate) fn read_chat(calls: u64) {
    let messages = chat();
    for _ in 0..calls {
        assert_eq!(black_box(conversation(black_box(&messages))).len(), 100);
    }
}

pub(crate) fn parse_responses(calls: u64) {
    parse(&responses(), calls);
}

pub(crate) fn read_responses(calls: u64) {
    read(&responses(), calls);
}

pub(crate) fn parse_anthropic(calls: u64) {
    parse(&anthropic(), calls);
}

pub(crate) fn read_anthropic(calls: u64) {
    read(&anthropic(), calls);
}
