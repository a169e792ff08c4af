//! `in_span!` without work to run.

use telemetry_runtime::in_span;

fn main() {
    in_span!(operation, operation = "summarise");
}
