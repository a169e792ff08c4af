//! `skip(..)` of something that is not a parameter.

use telemetry_runtime::tool_call;

#[tool_call(skip(user.password))]
fn log_in(user: &str) -> bool {
    user.is_empty()
}

fn main() {
    log_in("ada");
}
