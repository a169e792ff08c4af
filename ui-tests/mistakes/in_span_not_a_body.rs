//! `in_span!` of what is neither a closure, nor an `async` block, nor a stream.

use telemetry_runtime::in_span;

fn main() {
    in_span!(operation, operation = "summarise"; 1 + 1);
}
