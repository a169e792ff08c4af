//! A parameter skipped twice.

use telemetry_runtime::tool_call;

#[tool_call(skip(password, password))]
fn log_in(user: &str, password: &str) -> bool {
    user == password
}

fn main() {
    log_in("ada", "secret");
}
