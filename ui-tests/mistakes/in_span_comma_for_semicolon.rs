//! `in_span!` with a comma before what it runs.

use telemetry_runtime::in_span;

fn main() {
    in_span!(operation, operation = "summarise", || 1);
}
