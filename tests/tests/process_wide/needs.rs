//! Handlers say which keys they read; what no handler needs is not captured.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::{Serialize, Serializer};
use telemetry_runtime::{
    Context, Event, Handler, LoggerOptions, Needs, SpanHook, agent_span, attach, attach_default_logger,
    attach_hook, detach_default_logger, event_names, needing, queue, testing,
};
use tests::alone;

/// Counts how often it is serialised.
#[derive(Clone, Default)]
struct Message(Arc<Mutex<usize>>);

impl Serialize for Message {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        *self.0.lock().unwrap() += 1;
        serializer.serialize_str("hello")
    }
}

impl Message {
    fn serialised(&self) -> usize {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

struct Conversation {
    messages: Vec<Message>,
}

impl Conversation {
    #[agent_span(llm_turn, model = "m", turn = 0, messages = self.messages, stop(|_| usage = 7))]
    fn turn(&self) {}
}

fn conversation(messages: usize) -> (Conversation, Message) {
    let message = Message::default();
    (Conversation { messages: vec![message.clone(); messages] }, message)
}

const TURNS: [telemetry_runtime::Pattern; 1] = event_names!["condukt.llm_turn.*"];

#[test]
fn a_key_that_no_handler_needs_is_not_captured() {
    let _alone = alone();
    let (conversation, message) = conversation(3);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = seen.clone();
    let handler = needing(&["usage"], move |event: &Event<'_>| {
        let metadata = event.metadata();
        let read = |key| metadata.get(key).map(|value| value.to_json());
        sink.lock().unwrap().push((read("model"), read("messages"), read("usage")));
    });
    let guard = attach("needs-usage", TURNS, handler).unwrap().detach_on_drop();
    conversation.turn();
    assert_eq!(message.serialised(), 0);
    let model = Some("m".into());
    assert_eq!(*seen.lock().unwrap(), [(model.clone(), None, None), (model, None, Some(7.into()))]);

    // Another handler that needs it brings it back.
    let other = attach("needs-all", TURNS, |_: &Event<'_>| {}).unwrap().detach_on_drop();
    conversation.turn();
    assert_eq!(message.serialised(), 3);
    drop(other);
    conversation.turn();
    assert_eq!(message.serialised(), 0);
    drop(guard);
}

#[test]
fn a_handler_of_the_context_has_what_it_needs() {
    let _alone = alone();
    let (conversation, message) = conversation(2);
    let _guard = attach("needs-nothing", TURNS, needing(&[], |_: &Event<'_>| {})).unwrap().detach_on_drop();
    Context::new().with_handler(TURNS, needing(&["usage"], |_: &Event<'_>| {})).scope(|| conversation.turn());
    assert_eq!(message.serialised(), 0);
    Context::new()
        .with_handler(TURNS, needing(&["messages"], |_: &Event<'_>| {}))
        .scope(|| conversation.turn());
    assert_eq!(message.serialised(), 2);
    let capture = testing::capture();
    capture.scope(|| conversation.turn());
    assert_eq!(message.serialised(), 2);
    assert!(capture.events()[0].get("messages").is_some());
}

#[test]
fn a_queue_needs_what_its_handler_needs() {
    let _alone = alone();
    let (conversation, message) = conversation(2);
    let narrow = queue(16, needing(&["usage"], |_: &Event<'_>| {})).unwrap();
    assert_eq!(narrow.needs(), Needs::keys(&["usage"]));
    let guard = attach("needs-queue", TURNS, narrow.clone()).unwrap().detach_on_drop();
    conversation.turn();
    assert!(narrow.flush(Duration::from_secs(30)));
    assert_eq!(message.serialised(), 0);
    drop(guard);
    let wide = queue(16, |_: &Event<'_>| {}).unwrap();
    let _guard = attach("needs-queue", TURNS, wide.clone()).unwrap().detach_on_drop();
    conversation.turn();
    assert!(wide.flush(Duration::from_secs(30)));
    assert_eq!(message.serialised(), 2);
}

#[test]
fn a_hook_declares_the_keys_it_needs() {
    struct Narrow;
    impl SpanHook for Narrow {
        fn needs(&self) -> Needs {
            Needs::keys(&["model"])
        }
    }
    struct Wide;
    impl SpanHook for Wide {}
    let _alone = alone();
    let (conversation, message) = conversation(2);
    let narrow = attach_hook("needs-narrow", Narrow).unwrap().detach_on_drop();
    conversation.turn();
    assert_eq!(message.serialised(), 0);
    drop(narrow);
    let _wide = attach_hook("needs-wide", Wide).unwrap().detach_on_drop();
    conversation.turn();
    assert_eq!(message.serialised(), 2);
}

#[test]
fn the_default_logger_needs_what_its_lines_show() {
    #[agent_span(run, fields(extra = Message(COUNT.get_or_init(Arc::default).clone())))]
    fn run() {}
    static COUNT: std::sync::OnceLock<Arc<Mutex<usize>>> = std::sync::OnceLock::new();
    let _alone = alone();
    attach_default_logger(LoggerOptions::default()).unwrap();
    run_quietly(run);
    detach_default_logger().unwrap();
    assert_eq!(*COUNT.get_or_init(Arc::default).lock().unwrap(), 0, "no line shows a key of the user's own");
}

fn run_quietly(run: impl FnOnce()) {
    tracing::subscriber::with_default(tracing::subscriber::NoSubscriber::default(), run);
}

/// The conversation grows by a message each turn: all in all the work is what the messages are, not their square.
#[test]
fn a_long_session_whose_messages_are_not_read_is_linear() {
    let _alone = alone();
    let (mut conversation, message) = conversation(0);
    let _guard = attach(
        "needs-session",
        TURNS,
        needing(&["usage"], |event: &Event<'_>| {
            std::hint::black_box(event.metadata().get("usage"));
        }),
    )
    .unwrap()
    .detach_on_drop();
    for _ in 0..1_000 {
        conversation.messages.push(message.clone());
        conversation.turn();
    }
    assert_eq!(message.serialised(), 0);
}

#[test]
fn needs_are_joined_and_compared() {
    struct Own;
    impl Handler for Own {
        fn handle(&self, _: &Event<'_>) {}
        fn needs(&self) -> Needs {
            panic!("a handler that cannot say what it needs gets everything")
        }
    }
    assert_eq!(Needs::keys(&["a"]).and(Needs::keys(&["b"])), Needs::keys(&["b", "a"]));
    assert_eq!(Needs::keys(&[]), Needs::NONE);
    assert_ne!(Needs::keys(&["usage"]), Needs::ALL);
    let _alone = alone();
    let (conversation, message) = conversation(1);
    let _guard = attach("needs-panics", TURNS, Own).unwrap().detach_on_drop();
    conversation.turn();
    assert_eq!(message.serialised(), 1);
}
