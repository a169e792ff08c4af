//! `in_span!` without a required field.

use telemetry_runtime::in_span;

fn main() {
    in_span!(llm_request, model = "gpt-4o"; || 1);
}
