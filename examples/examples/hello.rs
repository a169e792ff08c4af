//! The shortest whole agent: a model's turn, a tool, and a handler that prints how each call ended.

use serde_json::{Value, json};
use telemetry_runtime::{Event, agent_span, attach, event_names, tool_call};

#[agent_span(agent)] // condukt.agent.*: opens a session
async fn assistant(prompt: &str) -> std::io::Result<String> {
    let answer = complete("gpt-4o", &[prompt]).await?;
    let call = &answer["choices"][0]["message"]["tool_calls"][0]["function"];
    let city = call["arguments"].as_str().unwrap_or_default();
    Ok(format!("It is {} °C in {city}.", get_temperature(city).await?))
}

#[agent_span(llm_turn, response)] // `model`, `messages` by name; usage, .. from the Ok value
async fn complete(model: &str, messages: &[&str]) -> std::io::Result<Value> {
    let city = messages[0].rsplit(' ').next(); // a real agent asks its provider here
    let call = json!({"id": "call_1", "function": {"name": "get_temperature", "arguments": city}});
    Ok(json!({
        "choices": [{"message": {"role": "assistant", "tool_calls": [call]}, "finish_reason": "tool_calls"}],
        "usage": {"prompt_tokens": 12, "completion_tokens": 5},
    }))
}

/// Looks up the temperature.
#[tool_call] // tool = "get_temperature", args = {"city": ..}, result = the Ok value
async fn get_temperature(city: &str) -> std::io::Result<i32> {
    match city {
        "Oslo" => Ok(-3),
        _ => Err(std::io::Error::other(format!("no station in {city}"))),
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    attach("print", event_names!["condukt.*.stop"], |event: &Event<'_>| {
        print!("{}", event.name());
        for key in ["model", "usage", "finish_reason", "tool", "args", "result", "status", "error"] {
            if let Some(value) = event.metadata().get(key) {
                print!(" {key}={value}");
            }
        }
        println!();
    })?;
    println!("{}", assistant("How warm is it in Oslo").await?);
    println!("{}", assistant("How warm is it in Atlantis").await.unwrap_err());
    Ok(())
}
