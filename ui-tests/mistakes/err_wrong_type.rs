//! A value of the wrong type in `err(..)`.

use telemetry_runtime::agent_span;

#[agent_span(agent, err(|error| error_type = error.code))]
fn run() -> Result<(), Refused> {
    Err(Refused { code: 404 })
}

struct Refused {
    code: u16,
}

fn main() {
    let _ = run();
}
