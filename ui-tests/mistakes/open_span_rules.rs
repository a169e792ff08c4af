//! `stop(..)` or `response(..)` in `open_span!`.

use telemetry_runtime::open_span;

fn main() {
    let span = open_span!(llm_turn, model = "m", messages = "x", stop(|_| usage = 1));
    drop(span);
    let span = open_span!(llm_turn, modle = "m", messages = "x");
    drop(span);
    let span = open_span!(llm_turn, model = "m", messages = "x", response(|reply| &reply.raw));
    drop(span);
}
