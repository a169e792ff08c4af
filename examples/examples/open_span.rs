//! A span that begins in one call and ends in another, for frameworks that call you back before and after.

use std::collections::HashMap;

use serde_json::json;
use telemetry_runtime::{OpenSpan, open_span, record, spans, testing, tool_call};

/// What such a framework has you implement.
#[derive(Default)]
struct Hooks {
    open: HashMap<&'static str, OpenSpan<spans::tool_call>>,
}

impl Hooks {
    fn before_tool(&mut self, id: &'static str, tool: &str, arguments: &str) {
        let span = open_span!(tool_call, tool = tool, args = arguments, tool_call_id = id);
        self.open.insert(id, span);
    }

    fn after_tool(&mut self, id: &str, result: Result<i32, String>) {
        let Some(span) = self.open.remove(id) else { return };
        record!(span; fields(attempts = 1));
        match result {
            Ok(value) => span.stop(&value), // as if a function had returned it
            Err(error) => span.fail(&*error),
        }
    }
}

#[tool_call]
fn station(city: &str) -> i32 {
    -i32::try_from(city.len()).unwrap_or(0)
}

fn main() {
    let capture = testing::capture();
    capture.scope(|| {
        let mut hooks = Hooks::default();
        hooks.before_tool("call_1", "get_temperature", r#"{"city": "Oslo"}"#);
        hooks.before_tool("call_2", "get_temperature", r#"{"city": "Atlantis"}"#);
        // Work in a span's context is inside the span.
        let degrees = hooks.open["call_1"].context().scope(|| station("Oslo"));
        hooks.after_tool("call_1", Ok(degrees));
        hooks.after_tool("call_2", Err("no station".into()));
        hooks.before_tool("call_3", "get_temperature", "{}");
        // `call_3` is dropped here without an end: it was cancelled.
    });

    println!("{}", capture.tree());
    let ends: Vec<_> = capture.named("condukt.tool_call.stop");
    assert_eq!(ends[1].get("args").unwrap(), &json!({"city": "Oslo"}));
    assert_eq!(ends[2].get("error").unwrap(), "no station");
    assert_eq!(capture.named("condukt.tool_call.exception")[0].get("kind").unwrap(), "cancelled");
}
