//! `in_span!` with a comma instead of the semicolon.

use telemetry_runtime::in_span;

fn main() {
    in_span!(operation, operation = "summarise", || 1);
}
