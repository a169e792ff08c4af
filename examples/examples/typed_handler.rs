//! A handler for one documented event, whose keys the compiler checks: what each model call costs.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};
use telemetry_runtime::{agent_span, attach_typed, condukt};

#[agent_span(llm_turn, model, response)]
fn complete(model: &str, messages: &[&str]) -> Value {
    // A real agent asks its provider here.
    let words = messages.join(" ").split(' ').count();
    json!({
        "choices": [{"message": {"role": "assistant", "content": "Cold."}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": words, "completion_tokens": 2},
    })
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let tokens = Arc::new(AtomicU64::new(0));

    // A method for each key of `condukt.llm_turn.stop`; a key that does not exist does not compile.
    attach_typed("bill", {
        let tokens = tokens.clone();
        move |stop: &condukt::LlmTurnStop<'_>| {
            let usage = stop.usage().map(|usage| usage.to_json()).unwrap_or_default();
            let used = usage["input"].as_u64().unwrap_or(0) + usage["output"].as_u64().unwrap_or(0);
            println!("turn {:?} of {:?}: {used} tokens", stop.turn(), stop.model());
            tokens.fetch_add(used, Ordering::Relaxed);
        }
    })?;

    complete("gpt-4o", &["How is Oslo?"]);
    complete("gpt-4o", &["How is Oslo?", "Cold.", "And Lisbon?"]);
    assert_eq!(tokens.load(Ordering::Relaxed), 3 + 2 + 6 + 2);
    Ok(())
}
