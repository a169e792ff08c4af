//! A misspelled parameter in `skip(..)`.

use telemetry_runtime::tool_call;

#[tool_call(skip(pasword))]
fn log_in(user: &str, password: &str) -> bool {
    user == password
}

fn main() {
    log_in("ada", "secret");
}
