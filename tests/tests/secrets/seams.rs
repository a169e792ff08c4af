//! Secrets where one way of reading a text ends and another begins, and the secrets of a long trace.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};
use telemetry_runtime::{
    Context, Event, EventName, Secrets, attach, event_names, execute, in_span, testing, tool_call,
};

#[tool_call]
fn echo(text: Json) -> Json {
    text
}

/// What a handler sees of a value, with one secret.
fn shown(secret: &str, value: Json) -> Json {
    let secrets = Secrets::resolve([("KEY", secret)]).unwrap();
    let capture = testing::capture().with_context(|context| context.with_secrets(secrets));
    capture.scope(|| echo(value));
    capture.named("condukt.tool_call.stop")[0].get("result").unwrap().clone()
}

fn shown_text(secret: &str, text: &str) -> String {
    shown(secret, text.into()).as_str().unwrap().to_owned()
}

#[test]
fn a_pretty_list_of_bytes_is_read_wherever_it_stands_in_a_long_text() {
    let secret = "ghp_0123456789abcdefghij";
    let mut list = "[".to_owned();
    for byte in secret.bytes() {
        let _ = write!(list, "\n{:32}{byte},", "");
    }
    list.pop();
    list += "\n]";
    for before in [0, 65_536 - list.len() / 2, 65_536 - 10, 3 * 65_536 - list.len() / 3] {
        let text = format!("{}{list} and more {}", "x ".repeat(before / 2), "y ".repeat(40_000));
        let shown = shown_text(secret, &text);
        assert!(shown.contains("[REDACTED:KEY]"), "after {before} bytes");
        assert!(!shown.contains(&format!("{},", secret.as_bytes()[8])), "after {before} bytes");
    }
}

#[test]
fn backslashes_in_front_do_not_hide_an_escaped_secret() {
    let secrets =
        ["\\\\\\\\\\\\", "\\\\\\\\\\\\\\tail", "head\\\\\\\\\\\\\\\\", "\\a\\\\b\\\\\\c", "\"\\\\\\\\\\\\\""];
    for secret in secrets {
        let json = serde_json::to_string(secret).unwrap();
        let debug = format!("{secret:?}");
        for form in [&json[1..json.len() - 1], &debug[1..debug.len() - 1]] {
            for before in ["", "\\", "\\\\", "\\\\\\", "x\\", "x\\\\\\ \\"] {
                let shown = shown_text(secret, &format!("{before}{form} rest"));
                assert!(shown.contains("[REDACTED:KEY]"), "{form:?} behind {before:?}: {shown:?}");
            }
        }
    }
}

#[test]
fn a_refused_map_of_a_name_made_at_run_time_does_not_show_what_it_was() {
    let _guard =
        attach("seams-execute", event_names!["seams.execute"], |_: &Event<'_>| {}).unwrap().detach_on_drop();
    let error = execute(&EventName::parse("seams.execute").unwrap(), "ghp_0123456789", &()).unwrap_err();
    assert!(!format!("{error:?} {error}").contains("ghp_"), "{error:?}");
    assert_eq!(error.to_string(), "the measurements of an event are a map, not a string");
}

#[test]
fn a_number_that_is_a_secret_is_found_in_a_list_of_bytes() {
    let placeholder = "[REDACTED:KEY]";
    assert_eq!(shown("-128", json!([-128, 5])), json!([placeholder, 5]));
    assert_eq!(shown("31415926", json!([1, 31_415_926, 2])), json!([1, placeholder, 2]));
    assert_eq!(shown("-128", json!([5, 6])), json!([5, 6]));
}

/// A tool that resolves the same key for each request, in one long trace.
fn long_trace(calls: usize, value: impl Fn(usize) -> String) -> (Duration, Duration) {
    let capture = testing::capture_only(event_names!["condukt.tool_call.stop"]);
    let mut times = Vec::new();
    capture.scope(|| {
        in_span!(run; || {
            for n in 0..calls {
                let secrets = Secrets::resolve([("API_KEY", value(n))]).unwrap();
                let begun = Instant::now();
                Context::current().with_secrets(secrets).scope(|| echo(json!("a text")));
                times.push(begun.elapsed());
            }
        });
    });
    (median(&times[100..300]), median(&times[calls - 200..]))
}

fn median(times: &[Duration]) -> Duration {
    let mut times = times.to_vec();
    times.sort();
    times[times.len() / 2]
}

#[test]
fn a_secret_that_is_resolved_again_and_again_is_one() {
    let (first, last) = long_trace(2_000, |_| "sk-one-and-the-same".to_owned());
    assert!(last < first * 4, "first {first:?}, last {last:?}");
}

#[test]
fn the_secrets_of_a_trace_that_nothing_holds_do_not_pile_up() {
    let (first, last) = long_trace(2_000, |n| format!("sk-number-{n:06}"));
    assert!(last < first * 4, "first {first:?}, last {last:?}");
}

#[test]
fn a_secret_that_rotates_from_context_to_context_does_not_pile_up() {
    let capture = testing::capture_only(event_names!["condukt.tool_call.stop"]);
    let mut context = capture.context();
    let mut times = Vec::new();
    for n in 0..2_000 {
        let secrets = Secrets::resolve([("API_KEY", format!("sk-number-{n:06}"))]).unwrap();
        let begun = Instant::now();
        context = context.with_secrets(secrets);
        context.scope(|| echo(json!("a text")));
        times.push(begun.elapsed());
    }
    let (first, last) = (median(&times[100..300]), median(&times[1_800..]));
    assert!(last < first * 4, "first {first:?}, last {last:?}");
    // The last ones are still found, and others that do not rotate.
    let context = context.with_secrets(Secrets::resolve([("OTHER", "sk-other")]).unwrap());
    context.scope(|| echo(json!("sk-number-001999 sk-number-001940 sk-other")));
    let stop = capture.events().pop().unwrap();
    assert_eq!(stop.get("result").unwrap(), "[REDACTED:API_KEY] [REDACTED:API_KEY] [REDACTED:OTHER]");
}

#[test]
fn a_secret_that_is_held_is_never_forgotten() {
    let capture = testing::capture_only(event_names!["condukt.tool_call.stop"]);
    capture.scope(|| {
        in_span!(run; || {
            let held = Secrets::resolve([("HELD", "sk-held-throughout")]).unwrap();
            Context::current().with_secrets(&held).scope(|| ());
            for n in 0..500 {
                let passing = Secrets::resolve([("PASSING", format!("sk-passing-{n:04}"))]).unwrap();
                Context::current().with_secrets(passing).scope(|| ());
            }
            echo(json!("sk-held-throughout sk-passing-0499"));
        });
    });
    let stop = &capture.events()[0];
    assert_eq!(stop.get("result").unwrap(), "[REDACTED:HELD] [REDACTED:PASSING]");
}

#[test]
fn a_secret_resolved_at_any_depth_counts_for_the_whole_trace() {
    fn nested(depth: u32) {
        in_span!(operation, operation = "sk-resolved-below", stop(|_|); || match depth {
            0 => {
                let secrets = Secrets::resolve([("BELOW", "sk-resolved-below")]).unwrap();
                Context::current().with_secrets(secrets).scope(|| ());
            }
            _ => nested(depth - 1),
        });
    }
    let capture = testing::capture_only(event_names!["condukt.operation.stop"]);
    capture.scope(|| nested(50));
    let events = capture.events();
    assert_eq!(events.len(), 51);
    for event in events {
        assert_eq!(event.get("operation").unwrap(), "[REDACTED:BELOW]");
    }
}

#[test]
fn a_value_is_searched_only_when_it_is_read_and_once_for_all_handlers() {
    /// Counts how often it is serialised.
    struct Counted(Arc<Mutex<u32>>);
    impl serde::Serialize for Counted {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            *self.0.lock().unwrap() += 1;
            serializer.serialize_str("with sk-a-secret-value")
        }
    }
    #[tool_call(args = 1)]
    fn gives(count: Arc<Mutex<u32>>) -> Counted {
        Counted(count)
    }
    let (count, read) = (Arc::new(Mutex::new(0)), Arc::new(Mutex::new(Vec::new())));
    let mut context = Context::new().with_secrets(Secrets::resolve([("KEY", "sk-a-secret-value")]).unwrap());
    context = context.with_handler(event_names!["condukt.**"], |_: &Event<'_>| {});
    context.scope(|| gives(count.clone()));
    assert_eq!(*count.lock().unwrap(), 0, "no handler read it");
    for _ in 0..3 {
        let read = read.clone();
        context = context.with_handler(event_names!["condukt.tool_call.stop"], move |event: &Event<'_>| {
            read.lock().unwrap().push(event.metadata().get("result").unwrap().to_json());
        });
    }
    context.scope(|| gives(count.clone()));
    assert_eq!(
        *read.lock().unwrap(),
        [json!("with [REDACTED:KEY]"), json!("with [REDACTED:KEY]"), json!("with [REDACTED:KEY]")]
    );
    assert_eq!(*count.lock().unwrap(), 1);
}
