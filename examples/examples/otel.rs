//! The same events as OpenTelemetry spans, with the names of the `GenAI` conventions, to a provider of your own.

use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider};
use serde_json::{Value, json};
use telemetry_otel::Content;
use telemetry_runtime::{agent_span, tool_call};

#[agent_span(agent, agent = "weather", prompt = question, stop(|answer| output = answer))]
fn answer(question: &str) -> String {
    complete(&[question]);
    format!("{} °C", get_temperature("Oslo"))
}

#[agent_span(llm_turn, model = "openai:gpt-4o", response)]
fn complete(messages: &[&str]) -> Value {
    // A real agent asks its provider here.
    json!({
        "model": "gpt-4o-2024-08-06",
        "choices": [{"message": {"role": "assistant", "content": messages[0]}, "finish_reason": "tool_calls"}],
        "usage": {"prompt_tokens": 12, "completion_tokens": 5},
    })
}

/// Looks up the temperature.
#[tool_call]
fn get_temperature(city: &str) -> i32 {
    -i32::try_from(city.len()).unwrap_or(0)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // To a collector instead: `telemetry_otel::install()?`, which goes where the `OTEL_*` variables say.
    let spans = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder().with_simple_exporter(spans.clone()).build();
    let _attached = telemetry_otel::builder()
        .tracer_provider(&provider)
        // Prompts, answers, arguments and results are exported only if this asks for them.
        .content(Content::On { max_bytes: 4096 })
        .attach()?;

    answer("How warm is Oslo?");

    let exported = spans.get_finished_spans()?;
    for span in &exported {
        println!("{}", span.name);
        for attribute in &span.attributes {
            println!("  {} = {}", attribute.key, attribute.value);
        }
    }
    let names: Vec<_> = exported.iter().map(|span| &*span.name).collect();
    assert_eq!(names, ["chat gpt-4o", "execute_tool get_temperature", "invoke_agent weather"]);
    Ok(())
}
