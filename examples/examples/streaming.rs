//! A streamed answer: the span lasts until the stream has ended, and its stop is read from the chunks as they pass.

use futures::{Stream, StreamExt as _, stream};
use serde_json::{Value, json};
use telemetry_runtime::{Event, agent_span, attach, event_names};

// `stream` follows the returned stream; `response` puts its chunks together.
#[agent_span(llm_turn, model = "gpt-4o", streaming = true, stream, response)]
fn complete(messages: &[&str]) -> impl Stream<Item = Value> + use<> {
    // A real agent returns its provider's stream here.
    let chunk = |delta: Value, reason: Value| json!({"choices": [{"delta": delta, "finish_reason": reason}]});
    stream::iter([
        chunk(json!({"role": "assistant", "content": ""}), Value::Null),
        chunk(json!({"content": "It is "}), Value::Null),
        chunk(json!({"content": "cold."}), Value::Null),
        chunk(json!({}), json!("stop")),
        json!({"choices": [], "usage": {"prompt_tokens": 12, "completion_tokens": 4}}),
    ])
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    attach("print", event_names!["condukt.llm_turn.*"], |event: &Event<'_>| {
        println!("{}", event.name());
        let measurements = event.measurements();
        for key in ["items", "time_to_first_item", "time_to_first_token"] {
            println!("  {key}: {:?}", measurements.get(key));
        }
        for key in ["assistant_message", "usage", "finish_reason", "kind"] {
            println!("  {key}: {:?}", event.metadata().get(key));
        }
    })?;

    complete(&["How is Oslo?"]).collect::<Vec<_>>().await;

    // A stream that is dropped before its end was cancelled; what had come by then is on the exception.
    drop(complete(&["How is Oslo?"]).take(2).collect::<Vec<_>>().await);
    Ok(())
}
