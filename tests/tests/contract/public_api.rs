//! The parts of the public interface that users build or implement by hand.

use std::sync::{Arc, Mutex};

use telemetry_runtime::{
    AttachError, Event, EventMetadata, EventName, OwnedEvent, Phase, SpanHook, SpanId, SpanIds, SpanStart,
    StartedSpan, Stop, StopMetadata, TraceId, agent_span, attach, attach_hook, attach_typed, condukt, detach,
    event_name, event_names, execute, list_handlers, spans, testing, tool_call,
};

/// Looks up the weather.
#[tool_call]
fn get_weather(city: &str) -> Result<String, std::io::Error> {
    if city.is_empty() { Err(std::io::Error::other("no city")) } else { Ok(city.to_owned()) }
}

#[derive(EventMetadata)]
#[event("api.cache.stop")]
struct CacheStop {}

#[derive(EventMetadata)]
#[span("api.retrieval")]
struct Retrieval {}

#[agent_span(Retrieval {})]
fn retrieve() {}

fn is_attached(id: &str) -> bool {
    list_handlers("").iter().any(|handler| handler.id == id)
}

#[test]
fn a_forgotten_attachment_stays_attached() {
    attach("api-forgotten", event_name!("api.forgotten.event"), |_: &Event<'_>| {}).unwrap();
    assert!(is_attached("api-forgotten"));
    detach("api-forgotten").unwrap();
}

#[test]
fn an_attachment_detaches_its_own_handler_only() {
    let name = event_name!("api.attachment.event");
    let first = attach("api-attachment", name.clone(), |_: &Event<'_>| {}).unwrap();
    assert_eq!(first.id(), "api-attachment");
    first.detach().unwrap();
    assert!(!is_attached("api-attachment"));
    let second = attach("api-attachment", name, |_: &Event<'_>| {}).unwrap();
    assert_ne!(first, second);
    assert_eq!(first.detach(), Err(AttachError::NotAttached("api-attachment".to_owned())));
    assert!(is_attached("api-attachment"));
    second.detach().unwrap();
}

#[test]
fn a_guard_detaches_when_dropped() {
    let attachment = attach_typed("api-guard", |_: &condukt::CompactStop<'_>| {}).unwrap();
    let guard = attachment.detach_on_drop();
    assert_eq!(guard.id(), "api-guard");
    assert!(is_attached("api-guard"));
    drop(guard);
    assert!(!is_attached("api-guard"));
}

#[test]
fn a_guard_of_a_hook_removes_the_hook() {
    struct Count(Arc<Mutex<u32>>);
    impl SpanHook for Count {
        fn on_start(&self, start: &SpanStart<'_>) -> StartedSpan {
            if start.prefix() == "api.retrieval" && start.context().get("api-hook").is_some() {
                *self.0.lock().unwrap() += 1;
            }
            StartedSpan::default()
        }
    }
    let count = Arc::new(Mutex::new(0));
    let context = telemetry_runtime::Context::new().with("api-hook", true);
    let guard = attach_hook("api-hook", Count(count.clone())).unwrap().detach_on_drop();
    context.scope(retrieve);
    drop(guard);
    context.scope(retrieve);
    assert_eq!(*count.lock().unwrap(), 1);
}

#[test]
fn events_have_a_phase_and_is_error() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = seen.clone();
    let handler = move |event: &Event<'_>| {
        let replayed = OwnedEvent::from(event);
        let replayed = replayed.as_event();
        assert_eq!((replayed.phase(), replayed.is_error()), (event.phase(), event.is_error()), "{event:?}");
        sink.lock().unwrap().push((event.phase(), event.is_error()));
    };
    telemetry_runtime::Context::new().with_handler(event_names!["condukt.**", "api.**"], handler).scope(
        || {
            let _ = get_weather("Oslo");
            let _ = get_weather("");
            let _ = std::panic::catch_unwind(|| {
                #[tool_call]
                fn breaks() {
                    std::panic::resume_unwind(Box::new("broken"));
                }
                breaks();
            });
            retrieve();
            CacheStop {}.emit();
            telemetry_runtime::emit!(compact, duration = 1_u64, before = 2, after = 1);
            execute(&EventName::parse("api.named.stop").unwrap(), &(), &()).unwrap();
        },
    );
    let (start, stop) = (Some(Phase::Start), Some(Phase::Stop));
    let expected = [
        (start, false),
        (stop, false),
        (start, false),
        (stop, true),
        (start, false),
        (Some(Phase::Exception), true),
        (start, false),
        (stop, false),
        (None, false),
        (None, false),
        (None, false),
    ];
    assert_eq!(*seen.lock().unwrap(), expected);
}

#[test]
fn an_event_and_its_copy_are_written_alike() {
    let same = Arc::new(Mutex::new(0));
    let count = same.clone();
    let handler = move |event: &Event<'_>| {
        let written = serde_json::to_string(event).unwrap();
        assert_eq!(written, serde_json::to_string(&OwnedEvent::from(event)).unwrap());
        let json: serde_json::Value = serde_json::from_str(&written).unwrap();
        assert_eq!(json["description"], "Looks up the weather.");
        *count.lock().unwrap() += 1;
    };
    let context =
        telemetry_runtime::Context::new().with_handler(event_names!["condukt.tool_call.*"], handler);
    context.scope(|| get_weather("Oslo")).unwrap();
    assert_eq!(*same.lock().unwrap(), 2);
}

#[test]
fn an_event_can_be_made_by_hand() {
    let (trace, id) = ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331");
    let span = SpanIds::new(trace.parse().unwrap(), id.parse().unwrap(), None);
    let event = OwnedEvent::new("condukt.tool_call.stop")
        .with_measurement("duration", 81)
        .with_metadata("tool", "t")
        .with_span(span);
    let seen = event.as_event();
    assert_eq!((seen.phase(), seen.span()), (Some(Phase::Stop), Some(span)));
    assert_eq!(seen.measurements().duration().unwrap().as_nanos(), 81);
    assert!("xyz".parse::<SpanId>().is_err() && "0".repeat(32).parse::<TraceId>().is_err());
    assert_eq!(id.parse::<SpanId>().unwrap().to_string(), id);
}

struct Reply {
    text: String,
    tokens: Option<u32>,
    usage: Vec<u32>,
}

impl StopMetadata<spans::llm_turn> for Reply {
    fn stop_metadata<'r>(&'r self, stop: &mut Stop<'r>) {
        stop.set("assistant_message", &self.text);
        stop.set("finish_reason", "stop");
        stop.set("tokens", self.tokens);
        stop.set("cached", true);
        stop.set("ratio", 0.5);
        stop.set("length", self.text.len());
        stop.serialize("usage", &self.usage);
    }
}

#[agent_span(llm_turn, model = "m", turn = 0, messages = ["hi"])]
fn reply(tokens: Option<u32>) -> Reply {
    Reply { text: "hello".to_owned(), tokens, usage: vec![1, 2] }
}

#[test]
fn stop_metadata_is_written_by_hand_with_plain_values() {
    let capture = testing::capture();
    capture.scope(|| (reply(Some(3)), reply(None)));
    let stops = capture.named("condukt.llm_turn.stop");
    let expected = serde_json::json!({"assistant_message": "hello", "finish_reason": "stop", "tokens": 3,
        "cached": true, "ratio": 0.5, "length": 5, "usage": [1, 2]});
    for (key, value) in expected.as_object().unwrap() {
        assert_eq!(stops[0].get(key), Some(value), "{key}");
    }
    assert_eq!(stops[1].get("tokens"), None);
}

#[test]
fn the_prelude_holds_what_an_agent_needs() {
    use telemetry_runtime::prelude::*;
    #[tool_call(name = "prelude_add")]
    fn add(a: i32, b: i32) -> i32 {
        a + b
    }
    let capture = testing::capture();
    capture.scope(|| add(1, 2));
    assert_eq!(capture.names(), ["condukt.tool_call.start", "condukt.tool_call.stop"]);
    assert!(Context::current().span().is_none());
}
