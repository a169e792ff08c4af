//! What others do wrong stays away from the annotated function: a `tracing` layer that panics, a thread-local that is
//! gone, an observer whose destructor panics. The user's own panic stays the user's.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use telemetry_runtime::hook::SpanHook;
use telemetry_runtime::{
    Context, Event, LoggerOptions, SpanObserver, SpanStart, StartedSpan, attach, attach_default_logger,
    attach_hook, event_names, testing, tool_call,
};
use tests::{own_process, passes};
use tracing_subscriber::layer::SubscriberExt as _;

struct Breaks;

impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Breaks {
    fn on_event(&self, _: &tracing::Event<'_>, _: tracing_subscriber::layer::Context<'_, S>) {
        panic!("a layer that breaks")
    }
}

#[tool_call]
fn add_one(n: u64) -> u64 {
    n + 1
}

/// Runs one of the ignored tests below in a process of its own. Returns what it printed.
fn in_own_process(test: &str) -> String {
    passes(own_process(&format!("isolation::{test}")).stdin(Stdio::null()))
}

#[test]
fn a_layer_that_panics_at_the_loggers_line_does_not_reach_the_function() {
    in_own_process("child_layer");
}

#[test]
#[ignore = "run by another, in a process of its own"]
fn child_layer() {
    attach_default_logger(LoggerOptions::default()).unwrap();
    let broken = tracing_subscriber::registry().with(Breaks);
    tracing::subscriber::with_default(broken, || {
        assert_eq!(catch_unwind(|| add_one(2)).ok(), Some(3));
        assert_eq!(catch_unwind(|| add_one(3)).ok(), Some(4));
    });
}

#[test]
fn a_layer_that_panics_at_the_report_of_a_failed_handler_does_not_reach_the_function() {
    in_own_process("child_report");
}

#[test]
#[ignore = "run by another, in a process of its own"]
fn child_report() {
    attach("fails", event_names!["condukt.tool_call.*"], |_: &Event<'_>| panic!("a handler that breaks"))
        .unwrap();
    let broken = tracing_subscriber::registry().with(Breaks);
    let result = tracing::subscriber::with_default(broken, || catch_unwind(|| add_one(2)));
    assert_eq!(result.ok(), Some(3));
    assert!(telemetry_runtime::list_handlers("condukt.tool_call").is_empty());
}

struct AtEnd;

impl Drop for AtEnd {
    fn drop(&mut self) {
        add_one(9);
        Context::current().with_session_id("s").scope(|| add_one(9));
    }
}

thread_local! {
    static FIRST: RefCell<Option<AtEnd>> = const { RefCell::new(None) };
}

#[test]
fn code_in_a_thread_local_destructor_runs_under_any_handler() {
    in_own_process("child_thread_end");
}

#[test]
#[ignore = "run by another, in a process of its own"]
fn child_thread_end() {
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::sink);
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(lines)).unwrap();
    attach_default_logger(LoggerOptions::default()).unwrap();
    let spans = opentelemetry_sdk::trace::InMemorySpanExporter::default();
    let provider = opentelemetry_sdk::trace::SdkTracerProvider::builder().with_simple_exporter(spans).build();
    let _bridge = telemetry_otel::builder().tracer_provider(&provider).attach().unwrap();
    let thread = std::thread::spawn(|| {
        FIRST.with(|slot| *slot.borrow_mut() = Some(AtEnd));
        add_one(1)
    });
    assert_eq!(thread.join().unwrap(), 2);
    assert_eq!(add_one(1), 2);
}

#[test]
fn the_logger_without_a_subscriber_warns_once() {
    let told = in_own_process("child_no_subscriber");
    assert_eq!(told.matches("no `tracing` subscriber is set").count(), 1, "{told}");
}

#[test]
#[ignore = "run by another, in a process of its own"]
fn child_no_subscriber() {
    attach_default_logger(LoggerOptions::default()).unwrap();
    add_one(1);
    add_one(2);
}

/// An observer whose methods and destructor all panic.
struct Bad(Arc<AtomicUsize>);

impl SpanObserver for Bad {
    fn on_enter(&self) {
        panic!("entered")
    }

    fn on_end(&self, _: &Event<'_>) {
        panic!("ended")
    }
}

impl Drop for Bad {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
        panic!("dropped")
    }
}

struct BadHook(Arc<AtomicUsize>);

impl SpanHook for BadHook {
    fn on_start(&self, _: &SpanStart<'_>) -> StartedSpan {
        StartedSpan::default().with_observer(Bad(self.0.clone()))
    }
}

#[test]
fn an_observer_that_panics_leaves_the_users_own_panic_alone() {
    in_own_process("child_observer");
}

#[test]
#[ignore = "run by another, in a process of its own"]
fn child_observer() {
    let dropped = Arc::new(AtomicUsize::new(0));
    attach_hook("bad", BadHook(dropped.clone())).unwrap();
    #[tool_call]
    fn fails() {
        std::panic::panic_any(7_u8);
    }
    #[tool_call]
    async fn waits() {
        std::future::pending::<()>().await;
    }
    let payload = catch_unwind(AssertUnwindSafe(fails)).unwrap_err();
    assert_eq!(payload.downcast_ref::<u8>(), Some(&7));
    assert_eq!(add_one(1), 2);
    let mut future = Box::pin(waits());
    futures::executor::block_on(async { assert!(futures::poll!(&mut future).is_pending()) });
    let payload = catch_unwind(AssertUnwindSafe(|| {
        // Dropped while the user's own panic goes on.
        let _held = future;
        std::panic::panic_any(8_u8);
    }));
    assert_eq!(payload.unwrap_err().downcast_ref::<u8>(), Some(&8));
    assert_eq!(dropped.load(Ordering::Relaxed), 3);
}

#[test]
fn a_handler_sees_the_spans_of_others_that_fail_beside_it() {
    let capture = testing::capture();
    let context =
        capture.context().with_handler(event_names!["condukt.**"], |_: &Event<'_>| panic!("beside"));
    context.scope(|| add_one(1));
    assert_eq!(capture.named("condukt.tool_call.stop").len(), 1);
}
