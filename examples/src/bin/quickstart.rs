//! One agent, one tool, one handler: what instrumenting an agent comes to.
#![forbid(unsafe_code)]

use telemetry_runtime::{Event, agent_span, attach, event_names, tool_call};

struct Assistant;

impl Assistant {
    /// Opens a session and calls itself `quickstart::Assistant` in every event below.
    #[agent_span(agent)]
    async fn run(&self, prompt: &str) -> Result<String, ToolError> {
        // A real agent asks a model here which tool to call.
        let city = prompt.rsplit(' ').next().unwrap_or_default();
        let degrees = get_temperature(city).await?;
        Ok(format!("It is {degrees} °C in {city}."))
    }
}

#[derive(Debug, thiserror::Error)]
#[error("no weather station in {0}")]
struct ToolError(String);

/// Looks up the temperature.
#[tool_call]
async fn get_temperature(city: &str) -> Result<i32, ToolError> {
    // A real tool asks a weather service here.
    tokio::task::yield_now().await;
    match city {
        "Oslo" => Ok(-3),
        "Lisbon" => Ok(17),
        elsewhere => Err(ToolError(elsewhere.to_owned())),
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    attach("print", event_names!["condukt.**"], |event: &Event<'_>| {
        println!("{:<24} {:?}", event.name(), event.metadata());
    })?;
    println!("{}", Assistant.run("How warm is it in Oslo").await?);
    if let Err(error) = Assistant.run("How warm is it in Atlantis").await {
        println!("{error}");
    }
    Ok(())
}
