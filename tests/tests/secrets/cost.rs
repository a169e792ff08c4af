//! What it costs.

use super::*;

struct Counted<'a>(&'a AtomicUsize);

impl Serialize for Counted<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.fetch_add(1, Ordering::Relaxed);
        serializer.serialize_str("content")
    }
}

#[tool_call]
fn takes(value: &Counted<'_>) {
    let _ = value;
}

/// What no handler reads is not serialised, with or without secrets.
#[test]
fn nothing_is_serialised_for_a_handler_that_does_not_look() {
    let secrets = Secrets::resolve([("KEY", "some-secret")]).unwrap();
    for context in [Context::new(), Context::new().with_secrets(secrets)] {
        let count = AtomicUsize::new(0);
        let context = context.with_handler(event_names!["condukt.tool_call.*"], |event: &Event<'_>| {
            assert_eq!(event.metadata().get_str("tool"), Some("takes"));
        });
        context.scope(|| takes(&Counted(&count)));
        assert_eq!(count.load(Ordering::Relaxed), 0);
    }
}
