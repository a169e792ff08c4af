//! An error type that is inferred too late.

use telemetry_runtime::in_span;

#[derive(Debug)]
struct Fault;

fn tool(name: String) -> impl Future<Output = Result<String, Fault>> {
    in_span!(tool_call, tool = name.as_str(), args = (); async move { Ok(String::from("x")) })
}

fn main() {
    drop(tool("x".into()));
}
