//! When the expressions of an annotation are evaluated.

use std::cell::Cell;

use super::*;

#[derive(EventMetadata)]
#[span("contract.silent", stop(hits))]
struct Silent<'a> {
    query: Counted<'a>,
}

#[derive(EventMetadata)]
#[event("contract.silent_event")]
struct SilentEvent<'a> {
    #[event(measurement)]
    count: u64,
    query: Counted<'a>,
    #[event(debug)]
    debug: Unsaid<'a>,
}

/// Counts its `Debug` as an evaluation.
struct Unsaid<'a>(&'a AtomicUsize);

impl fmt::Debug for Unsaid<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fetch_add(1, Ordering::Relaxed);
        f.write_str("said")
    }
}

#[agent_span(agent, agent = evaluated(counter, "a"), fields(own = evaluated(counter, 1)), context = Context::current())]
fn agent(counter: &AtomicUsize) {}

#[agent_span(llm_turn, model = evaluated(counter, "m"), turn = 0, stop(|value| usage = evaluated(counter, value)))]
fn turn(counter: &AtomicUsize, messages: Owned<'_>) -> u8 {
    let _ = messages;
    1
}

#[agent_span(run, fields(n = evaluated(counter, 1)), err(|error| error = evaluated(counter, error)))]
fn run(counter: &AtomicUsize) -> Result<(), &'static str> {
    Err("no")
}

#[tool_call(tool_call_id = evaluated(counter, "call"), name = evaluated(counter, "tool"))]
async fn tool<'a>(counter: &'a AtomicUsize, args: Owned<'a>) -> Counted<'a> {
    tokio::task::yield_now().await;
    args.0
}

#[agent_span(Silent { query: Counted(evaluated(counter, counter)) }, stop(|()| hits = evaluated(counter, 1)))]
fn silent(counter: &AtomicUsize) {}

#[agent_span(llm_request, model = evaluated(counter, "m"), message_count = 1, stream, item(|item| error = evaluated(counter, item)))]
fn stream(counter: &AtomicUsize) -> impl futures::Stream<Item = &'static str> {
    futures::stream::iter(["a", "b"])
}

/// Everything that could be evaluated for an event, once.
async fn everything(counter: &AtomicUsize) {
    agent(counter);
    turn(counter, Owned(Counted(counter)));
    run(counter).unwrap_err();
    tool(counter, Owned(Counted(counter))).await;
    silent(counter);
    let items: Vec<_> = futures::StreamExt::collect(stream(counter)).await;
    assert_eq!(items, ["a", "b"]);
    in_span!(operation, operation = evaluated(counter, "o"); || record!(operation, status = evaluated(counter, "fine")));
    in_span!(sandbox_eval, code = evaluated(counter, 1); async {}).await;
    emit!(compact, duration = 0, before = evaluated(counter, 1), after = 2);
    SilentEvent { count: 1, query: Counted(counter), debug: Unsaid(counter) }.emit();
    let metadata = std::collections::BTreeMap::from([("key", Counted(counter))]);
    execute(&event_name!("contract.silent_named"), &(), &metadata).unwrap();
}

#[tokio::test]
async fn nothing_is_evaluated_without_a_handler() {
    if !alone("evaluation::nothing_is_evaluated_without_a_handler") {
        return;
    }
    let counter = AtomicUsize::new(0);
    everything(&counter).await;
    assert_eq!(count(&counter), 0);

    // Nor when a handler listens to something else.
    telemetry_runtime::attach(
        "elsewhere",
        event_names!["contract.elsewhere", "condukt.subagent.*"],
        |_: &Event<'_>| {},
    )
    .unwrap();
    everything(&counter).await;
    // Except for the agent's name, which all events inside would show.
    assert_eq!(count(&counter), 2, "`agent` and `tool_call_id`");
    telemetry_runtime::detach("elsewhere").unwrap();
    counter.store(0, Ordering::Relaxed);

    // Nor once the handler is detached.
    let capture = testing::capture();
    capture.follow(everything(&counter)).await;
    assert!(count(&counter) > 10, "{}", count(&counter));
    drop(capture);
    counter.store(0, Ordering::Relaxed);
    everything(&counter).await;
    assert_eq!(count(&counter), 0);
}

#[test]
fn nothing_is_evaluated_for_a_handler_of_another_span() {
    let counter = AtomicUsize::new(0);
    let context = Context::current().with_handler(event_names!["condukt.agent.*"], |_: &Event<'_>| {});
    context.scope(|| {
        turn(&counter, Owned(Counted(&counter)));
        run(&counter).unwrap_err();
        silent(&counter);
    });
    assert_eq!(count(&counter), 0);
}

#[test]
fn an_expression_is_evaluated_once() {
    let capture = testing::capture();
    let other = capture.context().with_handler(event_names!["condukt.**"], |_: &Event<'_>| {});
    let counter = AtomicUsize::new(0);
    other.scope(|| turn(&counter, Owned(Counted(&counter))));
    assert_eq!(count(&counter), 3, "model, messages, usage");
    counter.store(0, Ordering::Relaxed);
    other.scope(|| run(&counter).unwrap_err());
    assert_eq!(count(&counter), 2, "fields and err");
}

#[test]
fn a_record_outside_of_its_span_is_not_evaluated() {
    let capture = testing::capture();
    let counter = AtomicUsize::new(0);
    capture.scope(|| in_span!(run; || record!(llm_turn, usage = evaluated(&counter, 1))));
    assert_eq!(count(&counter), 0);
    assert_eq!(capture.events()[1].get("usage"), None);
}

#[test]
fn stop_expressions_are_evaluated_after_the_body() {
    let order = Cell::new("");
    let note = |now: &'static str, before: &str| {
        assert_eq!(order.get(), before);
        order.set(now);
        now
    };
    let stop = stop_of(|| {
        in_span!(llm_turn, model = note("start", ""), turn = 0, messages = (), stop(|_| usage = note("stop", "body")); || {
            note("body", "start");
        });
    });
    assert_eq!(stop.get("usage").unwrap(), "stop");
}
