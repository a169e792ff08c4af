//! Our attribute above and below that of rig.

use rig_core::rig_tool;
use rig_core::tool::{PortableTool, Tool, ToolContext, ToolExecutionError};
use serde_json::json;
use telemetry_runtime::tool_call;
use tests::seen::observe;

/// Adds, our attribute above.
#[tool_call]
#[rig_tool(params(left = "The first"))]
fn add_above(left: i32, right: i32) -> Result<i32, ToolExecutionError> {
    Ok(left + right)
}

/// Adds, our attribute below.
#[rig_tool(params(left = "The first"))]
#[tool_call]
fn add_below(left: i32, right: i32) -> Result<i32, ToolExecutionError> {
    Ok(left + right)
}

/// Adds later, our attribute above.
#[tool_call]
#[rig_tool]
async fn later_above(left: i32, right: Option<i32>) -> Result<i32, ToolExecutionError> {
    Ok(std::future::ready(left).await + right.unwrap_or(0))
}

/// Adds later, our attribute below.
#[rig_tool]
#[tool_call]
async fn later_below(left: i32, right: Option<i32>) -> Result<i32, ToolExecutionError> {
    Ok(std::future::ready(left).await + right.unwrap_or(0))
}

/// Fails, with rig's context, which is not an argument.
#[rig_tool]
#[tool_call]
async fn fails(
    #[rig(context)] context: &mut ToolContext,
    city: String,
) -> Result<String, ToolExecutionError> {
    let _ = context;
    Err(ToolExecutionError::refused(format!("no such city: {city}")))
}

#[tokio::test]
async fn above() {
    let args = AddAboveParameters { left: 1, right: 2 };
    let seen = observe(async { PortableTool::call(&ADD_ABOVE, args).await.expect("it adds") }).await;
    seen.one_tool_call("add_above", &json!({"left": 1, "right": 2}), "ok");
    assert_eq!(seen.stop("result"), json!(3));
    assert_eq!(seen.description(), "Adds, our attribute above.");
    assert_eq!(PortableTool::description(&ADD_ABOVE), "Adds, our attribute above.");
}

#[tokio::test]
async fn below() {
    let args = AddBelowParameters { left: 1, right: 3 };
    let seen = observe(async { PortableTool::call(&ADD_BELOW, args).await.expect("it adds") }).await;
    seen.one_tool_call("add_below", &json!({"left": 1, "right": 3}), "ok");
    assert_eq!(seen.stop("result"), json!(4));
}

#[tokio::test]
async fn async_above() {
    let args = LaterAboveParameters { left: 1, right: None };
    let seen = observe(async { PortableTool::call(&LATER_ABOVE, args).await.expect("it adds") }).await;
    seen.one_tool_call("later_above", &json!({"left": 1}), "ok");
}

#[tokio::test]
async fn async_below() {
    let args = LaterBelowParameters { left: 1, right: Some(2) };
    let seen = observe(async { PortableTool::call(&LATER_BELOW, args).await.expect("it adds") }).await;
    seen.one_tool_call("later_below", &json!({"left": 1, "right": 2}), "ok");
}

#[tokio::test]
async fn err_with_context() {
    let args = FailsParameters { city: "Atlantis".to_owned() };
    let seen = observe(async {
        let mut context = ToolContext::default();
        Tool::call(&FAILS, &mut context, args).await.expect_err("it is gone")
    })
    .await;
    seen.one_tool_call("fails", &json!({"city": "Atlantis"}), "error");
    assert_eq!(seen.stop("error_type"), json!("ToolExecutionError"));
}
