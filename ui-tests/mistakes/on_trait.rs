//! An attribute on a trait.

use telemetry_runtime::tool_call;

#[tool_call]
trait Tool {
    fn call(&self) {}
}

struct Weather;

impl Tool for Weather {}

fn main() {
    Weather.call();
}
