//! A rig agent with a tool and a sub-agent, and what it emits, on the console. It needs no key: its model is a script.
//!
//! ```sh
//! cargo run -p telemetry-rig --example agent
//! ```

use rig_agent::AgentBuilder;
use rig_agent::core::test_utils::{MockCompletionModel, MockTurn};
use rig_agent::tool::{DynamicTool, ToolOutput};
use serde_json::json;
use telemetry_rig::BuildObserved as _;
use telemetry_runtime::{Event, agent_span, attach, event_names};

/// What a tool does is inside its call.
#[agent_span(operation, operation = "read_station")]
async fn read_station() -> String {
    "-3 degrees".to_owned()
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    attach("console", event_names!["condukt.**"], |event: &Event<'_>| {
        let get = |key: &str| event.metadata().get(key).map(|value| value.to_string()).unwrap_or_default();
        let (name, depth) = (event.name(), event.depth() as usize);
        println!("{:width$}{name} {} {} {}", "", get("agent"), get("tool"), get("status"), width = depth * 2);
    })?;

    let weather = DynamicTool::new(
        "weather".try_into()?,
        "Looks up the weather".to_owned(),
        json!({"type": "object", "properties": {"city": {"type": "string"}}}),
        |_| Box::pin(async { Ok(ToolOutput::text(read_station().await)) }),
    );
    let forecaster = AgentBuilder::new(MockCompletionModel::from_turns([
        MockTurn::tool_call("call_2", "weather", json!({"city": "Oslo"})),
        MockTurn::text("It is -3 degrees in Oslo."),
    ]))
    .name("forecaster")
    .default_max_turns(4)
    .dynamic_tool(weather)
    .build_observed(telemetry_rig::hook());

    let assistant = AgentBuilder::new(MockCompletionModel::from_turns([
        MockTurn::tool_call("call_1", "forecaster", json!({"prompt": "Weather in Oslo?"})),
        MockTurn::text("Take a coat."),
    ]))
    .name("assistant")
    .dynamic_tool(forecaster.into_tool()?)
    .build_observed(telemetry_rig::hook());

    let answer = assistant.prompt("I go to Oslo. What do I pack?").max_turns(4).await?;
    println!("{}", answer.output());
    Ok(())
}
