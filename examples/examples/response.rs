//! One word, `response`: message, usage, finish reason, model and id are read from any provider's answer.

use serde_json::{Value, json};
use telemetry_runtime::{agent_span, testing};

#[agent_span(llm_turn, model = "gpt-4o", response)]
fn openai(messages: &[&str]) -> Result<Value, std::io::Error> {
    Ok(json!({
        "id": "chatcmpl-1", "model": "gpt-4o-2024-08-06",
        "choices": [{"message": {"role": "assistant", "content": messages[0]}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 12, "completion_tokens": 4, "total_tokens": 16},
    }))
}

/// What a client returned, and more: `response(..)` names the place of the answer.
struct Reply {
    raw: Value,
    attempts: u32,
}

#[agent_span(llm_turn, model = "claude", response(|reply| &reply.raw), stop(|reply| fields(attempts = reply.attempts)))]
fn anthropic(messages: &[&str]) -> Result<Reply, std::io::Error> {
    let raw = json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5",
        "content": [{"type": "text", "text": messages[0]}], "stop_reason": "end_turn",
        "usage": {"input_tokens": 12, "output_tokens": 4},
    });
    Ok(Reply { raw, attempts: 2 })
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let capture = testing::capture();
    capture.scope(|| openai(&["It is cold."]))?;
    capture.scope(|| anthropic(&["It is cold."]))?;

    // The two providers write it differently; on the events it is the same.
    let stops = capture.named("condukt.llm_turn.stop");
    for stop in &stops {
        println!("{:?}", stop.metadata);
        assert_eq!(stop.get("assistant_message").unwrap()["parts"][0]["content"], "It is cold.");
        assert_eq!(stop.get("usage").unwrap()["input"], 12);
        assert_eq!(stop.get("finish_reason").unwrap(), "stop");
    }
    assert_eq!(stops[1].get("attempts").unwrap(), 2);
    Ok(())
}
