//! A value that is serialised when it is read is serialised once an event, however many handlers read it.

use std::sync::{Arc, Mutex};

use serde::{Serialize, Serializer};
use telemetry_runtime::{Context, Event, OwnedEvent, event_names, testing, tool_call};

/// Counts how often it is serialised.
#[derive(Clone, Default)]
struct Counted(Arc<Mutex<u32>>);

impl Counted {
    fn count(&self) -> u32 {
        *self.0.lock().unwrap()
    }
}

impl Serialize for Counted {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        *self.0.lock().unwrap() += 1;
        serializer.serialize_u64(7)
    }
}

#[tool_call(args = 1)]
fn gives(value: &Counted) -> Counted {
    value.clone()
}

const STOP: [telemetry_runtime::Pattern; 1] = event_names!["condukt.tool_call.stop"];

fn serialised(handlers: impl FnOnce(Context) -> Context) -> u32 {
    let value = Counted::default();
    handlers(Context::new()).scope(|| gives(&value));
    value.count()
}

#[test]
fn by_many_handlers_and_in_many_ways() {
    let count = serialised(|mut context| {
        for _ in 0..4 {
            context = context.with_handler(STOP, |event: &Event<'_>| {
                let value = event.metadata().get("result").unwrap();
                assert_eq!((value.as_u64(), value.as_i64(), value.as_f64()), (Some(7), Some(7), Some(7.0)));
                assert_eq!((value.as_bool(), value.to_json()), (None, 7.into()));
                assert_eq!((value.to_string(), format!("{value:?}")), ("7".to_owned(), "7".to_owned()));
                assert!(serde_json::to_string(event).unwrap().contains("\"result\":7"));
                assert_eq!(OwnedEvent::from(event).get("result").unwrap(), 7);
                assert_eq!(event.metadata().iter().filter(|(_, value)| *value == 7).count(), 1);
            });
        }
        context
    });
    assert_eq!(count, 1);
}

#[test]
fn not_for_a_handler_that_reads_something_else() {
    let count = serialised(|context| {
        context.with_handler(STOP, |event: &Event<'_>| {
            let metadata = event.metadata();
            assert_eq!(metadata.get_str("tool"), Some("gives"));
            assert!(metadata.contains_key("result") && metadata.len() > 3);
            assert!(metadata.iter().all(|(key, _)| !key.is_empty()));
        })
    });
    assert_eq!(count, 0);
}

#[test]
fn merged_keys_have_the_order_and_the_values_of_their_layers() {
    let capture = testing::capture_only(STOP).with_context(|context| {
        context
            .with_agent("a")
            .with_session_id("s")
            .with("own", 1)
            .with("tool", "mine")
            .with("status", "mine too")
    });
    capture.scope(|| gives(&Counted::default()));
    let event = &capture.events()[0];
    let expected = serde_json::json!({"agent": "a", "session_id": "s", "tool": "gives", "args": 1, "status": "ok",
        "result": 7, "own": 1, "fields.tool": "mine", "fields.status": "mine too"});
    assert_eq!(serde_json::Value::Object(event.metadata.clone()), expected);
}
