//! One session that goes on and on: what it accumulates does not grow, nor does the cost of a call in it.
//!
//! `SOAK_ROUNDS=200000 cargo test -p benches --test soak --release` is an hour's worth of work.

use std::panic::{AssertUnwindSafe, catch_unwind};

use benches::allocations::{self, Counting};
use futures::executor::block_on;
use futures::{FutureExt as _, StreamExt as _, stream};
use serde_json::json;
use telemetry_runtime::{
    Context, Event, EventMetadata, Secrets, agent_span, attach, detach, event_names, in_span, open_span,
    record, testing, tool_call,
};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[derive(EventMetadata)]
#[event("soak.noted")]
struct Noted {
    round: usize,
}

#[tool_call(tool_call_id = format!("call_{round}"))]
fn look(round: usize, city: &str) -> Result<usize, String> {
    if round.is_multiple_of(7) { Err("no answer".into()) } else { Ok(city.len()) }
}

#[tool_call]
fn breaks(round: usize) -> usize {
    std::panic::panic_any(round)
}

#[agent_span(llm_turn, model = "m", messages = [prompt], stream, response)]
fn turn(prompt: &str) -> stream::BoxStream<'static, serde_json::Value> {
    stream::iter([
        json!({"choices": [{"delta": {"content": prompt}}]}),
        json!({"choices": [{"delta": {}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 3, "completion_tokens": 1}}),
    ])
    .boxed()
}

#[agent_span(agent, agent = "Soaked")]
fn agent(round: usize) {
    block_on(turn("Oslo?").collect::<Vec<_>>());
    drop(look(round, "Oslo"));
    in_span!(subagent, role = "r", child_agent = "c"; || in_span!(agent, agent = "Child"; || drop(look(round, "Rome"))));
    record!(agent, output = round);
}

/// Everything that a session accumulates something of.
fn round(round: usize) {
    // The same secret for each request, and one that is new each time.
    let known = Secrets::resolve([("API_KEY", "sk-one-and-the-same")]).unwrap();
    let rotating = Secrets::resolve([("SESSION_KEY", format!("sk-{round:08}-rotating"))]).unwrap();
    Context::current().with_secrets(known).with_secrets(rotating).with("round", round).scope(|| agent(round));
    // A panic that is caught, a future that is dropped, a stream that is left, a span by hand.
    drop(catch_unwind(AssertUnwindSafe(|| breaks(round))));
    let waits = in_span!(operation, operation = "waits"; std::future::pending::<()>());
    assert!(waits.now_or_never().is_none());
    drop(block_on(turn("Rome?").next()));
    let span = open_span!(tool_call, tool = "by hand", args = json!({ "round": round }));
    record!(span; result = round);
    span.end();
    Noted { round }.emit();
    // Handlers come and go, for all and for one context.
    attach("soak", event_names!["condukt.**"], |_: &Event<'_>| {}).unwrap();
    let capture = testing::capture();
    capture.scope(|| drop(look(round, "Bergen")));
    assert_eq!(capture.names().len(), 2);
    detach("soak").unwrap();
}

#[test]
fn a_long_session_keeps_flat_memory_and_flat_work() {
    let rounds = std::env::var("SOAK_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(400);
    std::panic::set_hook(Box::new(|_| {}));
    attach("reads", event_names!["**"], |event: &Event<'_>| {
        let _ = event.metadata().iter().count();
        let _ = event.metadata().get("args").map(|args| args.to_json());
    })
    .unwrap();
    in_span!(run; || {
        (0..300).for_each(round);
        allocations::weigh_from_now();
        let first = allocations::of(|| round(300));
        let at_first = allocations::live_bytes();
        (301..300 + rounds).for_each(round);
        let last = allocations::of(|| round(300 + rounds));
        let grown = allocations::live_bytes() - at_first;
        assert!(last <= first + first / 10, "a round allocates {first} times at first and {last} times at last");
        assert!(grown < 16 * 1024, "{grown} bytes more after {rounds} rounds");
    });
    detach("reads").unwrap();
}
