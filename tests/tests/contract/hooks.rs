//! What span hooks follow.

use std::sync::{Arc, Mutex};

use futures::StreamExt as _;
use telemetry_runtime::{
    AttachError, SpanHook, SpanId, SpanIdentity, SpanObserver, SpanStart, StartedSpan, TraceId, attach_hook,
    detach_hook,
};

use super::*;

type Log = Arc<Mutex<Vec<String>>>;

fn note(log: &Log, what: impl Into<String>) {
    log.lock().unwrap().push(what.into());
}

struct Following(Log);

impl SpanHook for Following {
    fn on_start(&self, start: &SpanStart<'_>) -> StartedSpan {
        let name = start.prefix().rsplit('.').next().unwrap();
        note(&self.0, format!("{name} start"));
        let follower = Follower { name, log: self.0.clone() };
        StartedSpan::default().with_observer(follower)
    }

    fn on_event(&self, event: &Event<'_>) {
        note(&self.0, format!("hook sees {}", event.name()));
    }
}

struct Follower {
    name: &'static str,
    log: Log,
}

impl SpanObserver for Follower {
    fn on_enter(&self) {
        note(&self.log, format!("{} entered", self.name));
    }

    fn on_exit(&self) {
        note(&self.log, format!("{} left", self.name));
    }

    fn on_end(&self, event: &Event<'_>) {
        note(&self.log, format!("{} ended by {}", self.name, event.name().rsplit('.').next().unwrap()));
    }
}

/// Follows what runs in a context whose handler notes its events.
fn followed(run: impl FnOnce(Context, &Log)) -> Vec<String> {
    let log = Log::default();
    attach_hook("follow", Following(log.clone())).unwrap();
    let noting = log.clone();
    let context = Context::current().with_handler(event_names!["**"], move |event: &Event<'_>| {
        note(&noting, event.name());
    });
    run(context, &log);
    detach_hook("follow").unwrap();
    let noted = log.lock().unwrap();
    noted.clone()
}

#[test]
fn a_function_is_entered_once() {
    if !alone("hooks::a_function_is_entered_once") {
        return;
    }
    let log = followed(|context, log| {
        context.scope(|| {
            in_span!(agent, agent = "a"; || {
                note(log, "before");
                in_span!(tool_call, tool = "t", args = (); || note(log, "body"));
                emit!(compact, duration = 0, before = 0, after = 0);
            });
        });
    });
    assert_eq!(
        log,
        [
            "agent start",
            "condukt.agent.start",
            "agent entered",
            "before",
            "tool_call start",
            "condukt.tool_call.start",
            "tool_call entered",
            "body",
            "tool_call left",
            "condukt.tool_call.stop",
            "tool_call ended by stop",
            "condukt.compact.stop",
            "hook sees condukt.compact.stop",
            "agent left",
            "condukt.agent.stop",
            "agent ended by stop",
        ]
    );
}

#[test]
fn a_future_is_entered_for_each_poll() {
    if !alone("hooks::a_future_is_entered_for_each_poll") {
        return;
    }
    let log = followed(|context, log| {
        let work = async {
            note(log, "first");
            tokio::task::yield_now().await;
            note(log, "second");
        };
        let never = in_span!(run; std::future::pending::<()>());
        let work = context.scope(|| in_span!(run; work));
        note(log, "made");
        futures::executor::block_on(work.in_context(context.clone()));
        // One that is dropped unfinished is entered to drop what it holds.
        drop(never);
    });
    assert_eq!(
        log,
        [
            "made",
            "run start",
            "condukt.run.start",
            "run entered",
            "first",
            "run left",
            "run entered",
            "second",
            "run left",
            "condukt.run.stop",
            "run ended by stop",
        ]
    );

    let log = followed(|context, log| {
        struct Noisy<'a>(&'a Log);
        impl Drop for Noisy<'_> {
            fn drop(&mut self) {
                note(self.0, "dropped");
            }
        }
        let held = Noisy(log);
        let mut work = Box::pin(
            in_span!(run; async {
                let _held = held;
                std::future::pending::<()>().await;
            })
            .in_context(context),
        );
        futures::executor::block_on(async { assert!(futures::poll!(&mut work).is_pending()) });
    });
    assert_eq!(
        log,
        [
            "run start",
            "condukt.run.start",
            "run entered",
            "run left",
            "run entered",
            "dropped",
            "run left",
            "condukt.run.exception",
            "run ended by exception",
        ]
    );
}

#[test]
fn a_stream_is_entered_for_each_item() {
    if !alone("hooks::a_stream_is_entered_for_each_item") {
        return;
    }
    let log = followed(|context, log| {
        let items = futures::stream::iter([1, 2]).inspect(|item| note(log, format!("item {item}")));
        let items = context.scope(|| in_span!(run; stream items));
        let count = futures::executor::block_on(async { items.count().await }.in_context(context.clone()));
        assert_eq!(count, 2);
    });
    assert_eq!(
        log,
        [
            "run start",
            "condukt.run.start",
            "run entered",
            "item 1",
            "run left",
            "run entered",
            "item 2",
            "run left",
            "run entered",
            "run left",
            "condukt.run.stop",
            "run ended by stop",
        ]
    );
}

#[test]
fn it_is_entered_wherever_its_context_is() {
    if !alone("hooks::it_is_entered_wherever_its_context_is") {
        return;
    }
    let log = followed(|context, log| {
        context.scope(|| {
            in_span!(run; || {
                let work = telemetry_runtime::in_current_context(|| note(log, "elsewhere"));
                std::thread::scope(|threads| threads.spawn(work).join().unwrap());
            });
        });
    });
    assert_eq!(log[2..7], ["run entered", "run entered", "elsewhere", "run left", "run left"]);
}

/// Assigns the ids of every span.
struct Saying;

const TRACE: u128 = 0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c;

impl SpanHook for Saying {
    fn on_start(&self, start: &SpanStart<'_>) -> StartedSpan {
        assert!(start.system_time() > 0);
        let trace_id = TraceId::new(TRACE);
        let identity = if start.prefix() == "condukt.agent" {
            assert_eq!((start.local_parent(), start.identity().parent), (None, None));
            assert_eq!(start.agent().as_deref(), Some("a"));
            let mut identity = SpanIdentity::default().with_sampled(false);
            identity.parent = trace_id.zip(SpanId::new(1));
            identity.id = SpanId::new(2);
            identity
        } else {
            assert_eq!(start.identity().parent, trace_id.zip(SpanId::new(2)));
            assert_eq!(start.text("tool").as_deref(), Some("t"));
            SpanIdentity::default()
        };
        StartedSpan::default().with_identity(identity)
    }
}

#[test]
fn parent_and_ids_may_come_from_outside() {
    if !alone("hooks::parent_and_ids_may_come_from_outside") {
        return;
    }
    attach_hook("say", Saying).unwrap();
    let capture = testing::capture();
    let mut headers = std::collections::HashMap::new();
    capture.scope(|| {
        in_span!(agent, agent = "a"; || {
            in_span!(tool_call, tool = "t", args = (); || ());
            Context::current().inject(&mut headers);
        });
    });
    detach_hook("say").unwrap();
    let events = capture.events();
    let agent = only(&events, "condukt.agent.stop").span.unwrap();
    assert_eq!((agent.trace_id.get(), agent.parent_id.map(SpanId::get), agent.id.get()), (TRACE, Some(1), 2));
    let tool = only(&events, "condukt.tool_call.stop").span.unwrap();
    assert_eq!((tool.trace_id, tool.parent_id), (agent.trace_id, Some(agent.id)));
    assert_eq!(headers["traceparent"], "00-0af7651916cd43dd8448eb211c80319c-0000000000000002-00");
}

#[test]
fn a_hook_that_panics_is_ignored_for_that_call() {
    struct Panicking;
    impl SpanHook for Panicking {
        fn on_start(&self, _: &SpanStart<'_>) -> StartedSpan {
            panic!("not now");
        }
        fn on_event(&self, _: &Event<'_>) {
            panic!("not this");
        }
    }
    if !alone("hooks::a_hook_that_panics_is_ignored_for_that_call") {
        return;
    }
    attach_hook("panics", Panicking).unwrap();
    let capture = testing::capture();
    capture.scope(|| {
        in_span!(run; || ());
        emit!(compact, duration = 0, before = 0, after = 0);
    });
    assert_eq!(capture.names(), ["condukt.run.start", "condukt.run.stop", "condukt.compact.stop"]);
    assert_eq!(attach_hook("panics", Panicking), Err(AttachError::AlreadyAttached("panics".to_owned())));
    detach_hook("panics").unwrap();
    assert_eq!(detach_hook("panics"), Err(AttachError::NotAttached("panics".to_owned())));
}

#[test]
fn a_hook_alone_observes() {
    if !alone("hooks::a_hook_alone_observes") {
        return;
    }
    let log = Log::default();
    attach_hook("alone", Following(log.clone())).unwrap();
    in_span!(run; || detach_hook("alone").unwrap());
    in_span!(run; || ());
    // Detached meanwhile, it follows what is open to its end.
    assert_eq!(*log.lock().unwrap(), ["run start", "run entered", "run left", "run ended by stop"]);
}
