//! The current span, which becomes part of a context when the context is read: however it is reached, it is the same.

use super::*;

use std::future::Future as _;
use std::sync::Arc;

use telemetry_runtime::{Secrets, SpanIds};

#[derive(EventMetadata)]
#[event("shop.paid")]
struct Paid {
    by: &'static str,
}

/// The ids in the only event of that name.
fn ids(capture: &Capture, name: &str) -> SpanIds {
    only(&capture.events(), name).span.expect("a span")
}

#[test]
fn a_context_that_is_taken_has_the_span_it_was_taken_in() {
    #[agent_span(operation, operation = "work")]
    fn taken() -> Option<SpanIds> {
        Context::current().span()
    }

    let capture = testing::capture();
    let seen = capture.scope(taken);
    assert_eq!(seen, Some(ids(&capture, "condukt.operation.start")));
    assert_eq!(seen, Some(ids(&capture, "condukt.operation.stop")));
    assert_eq!(Context::current().span(), None);
}

#[test]
fn what_is_emitted_in_a_span_belongs_to_it_before_and_after_its_context_is_taken() {
    #[agent_span(operation, operation = "work")]
    fn work() {
        Paid { by: "card" }.emit();
        let _taken = Context::current();
        Paid { by: "cash" }.emit();
    }

    let capture = testing::capture();
    capture.scope(work);
    let span = ids(&capture, "condukt.operation.start");
    let events = capture.named("shop.paid");
    assert_eq!(events.len(), 2);
    for event in events {
        assert_eq!(event.span, Some(span));
    }
}

#[test]
fn a_context_outlives_the_span_it_was_taken_in_and_begins_its_children() {
    #[agent_span(operation, operation = "work")]
    fn first() -> Context {
        Context::current()
    }

    #[agent_span(agent)]
    fn second() {}

    let capture = testing::capture();
    let context = capture.scope(first);
    context.scope(second);
    let (first, second) = (ids(&capture, "condukt.operation.stop"), ids(&capture, "condukt.agent.start"));
    assert_eq!((second.parent_id, second.trace_id), (Some(first.id), first.trace_id));
}

#[test]
fn a_future_keeps_its_span_from_poll_to_poll_on_any_thread() {
    #[agent_span(operation, operation = "work")]
    async fn twice() -> (Option<SpanIds>, Option<SpanIds>) {
        tokio::task::yield_now().await;
        let before = Context::current().span();
        tokio::task::yield_now().await;
        (before, Context::current().span())
    }

    let capture = testing::capture();
    let mut future = Box::pin(twice().in_context(capture.context()));
    let mut poll = || {
        std::thread::scope(|scope| {
            let polled = scope.spawn(|| {
                let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
                future.as_mut().poll(&mut cx)
            });
            polled.join().expect("no panic")
        })
    };
    assert!(poll().is_pending());
    assert!(poll().is_pending());
    let std::task::Poll::Ready((before, after)) = poll() else { panic!("it is done") };
    let span = Some(ids(&capture, "condukt.operation.stop"));
    assert_eq!((before, after), (span, span));
}

#[test]
fn what_is_recorded_for_the_innermost_span_is_in_its_stop_and_in_no_other() {
    #[agent_span(operation, operation = "work")]
    fn outer() {
        inner();
        inner();
    }

    #[agent_span(agent)]
    fn inner() {
        record!(agent, fields(note = "here"));
    }

    let capture = testing::capture();
    capture.scope(outer);
    for stop in capture.named("condukt.agent.stop") {
        assert_eq!(stop.get("note"), Some(&json!("here")));
    }
    assert_eq!(capture.named("condukt.operation.stop")[0].get("note"), None);
}

#[test]
fn a_handler_that_fails_is_reported_at_the_span_whose_event_it_received() {
    #[agent_span(operation, operation = "work")]
    fn work() {}

    let capture = testing::capture();
    let depth = Arc::new(AtomicUsize::new(0));
    let seen = depth.clone();
    let context = capture
        .context()
        .with_handler(event_name!("condukt.operation.start"), |_: &Event<'_>| panic!("it fails"))
        .with_handler(event_name!("telemetry.handler.failure"), move |event: &Event<'_>| {
            seen.store(event.depth() as usize, Ordering::Relaxed);
        });
    context.scope(work);
    assert_eq!(ids(&capture, "telemetry.handler.failure"), ids(&capture, "condukt.operation.stop"));
    assert_eq!(depth.load(Ordering::Relaxed), 1);
}

#[test]
fn a_secret_that_comes_within_a_span_is_in_none_of_its_later_events() {
    #[agent_span(operation, operation = "work", stop(|text| output = text))]
    fn work() -> String {
        let secrets = Secrets::resolve([("TOKEN", "abcd-1234-efgh")]).unwrap();
        let _context = Context::current().with_secrets(secrets);
        "abcd-1234-efgh".to_owned()
    }

    let capture = testing::capture();
    capture.scope(work);
    let text = format!("{:?}", capture.named("condukt.operation.stop"));
    assert!(text.contains("[REDACTED:TOKEN]") && !text.contains("abcd-1234"), "{text}");
}

#[test]
fn spans_of_a_context_with_secrets_share_what_each_of_them_adds() {
    #[agent_span(operation, operation = "work")]
    fn outer() {
        inner();
        Paid { by: "second-secret, first-secret" }.emit();
    }

    #[agent_span(agent)]
    fn inner() {
        let _context =
            Context::current().with_secrets(Secrets::resolve([("SECOND", "second-secret")]).unwrap());
    }

    let capture = testing::capture();
    let first = Secrets::resolve([("FIRST", "first-secret")]).unwrap();
    capture.scope(|| Context::current().with_secrets(first).scope(outer));
    let events = capture.events();
    assert_eq!(only(&events, "shop.paid").get("by"), Some(&json!("[REDACTED:SECOND], [REDACTED:FIRST]")));
}
