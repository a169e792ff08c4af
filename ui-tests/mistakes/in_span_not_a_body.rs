//! `in_span!` with something other than a closure, a future or a stream.

use telemetry_runtime::in_span;

fn main() {
    in_span!(operation, operation = "summarise"; 1 + 1);
}
