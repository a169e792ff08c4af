//! A misspelled key in `err(..)`.

use telemetry_runtime::agent_span;

#[agent_span(agent, err(|error| eror_type = error.as_str()))]
fn run() -> Result<(), String> {
    Ok(())
}

fn main() {
    let _ = run();
}
