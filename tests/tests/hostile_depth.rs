//! Hostile values, beyond what `hostile.rs` has: those that take stack, time or memory, and those that meet
//! secrets, locks, tasks and handlers as they are looked at.

use std::cell::RefCell;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Value as Json, json};
use telemetry_runtime::testing::{self, Capture};
use telemetry_runtime::{
    Context, ErrorType, Event, EventMetadata, Secrets, StopMetadata, Value, agent_span, attach, detach, emit,
    event_names, in_span, record, tool_call,
};

/// What a value is recorded as.
fn recorded(value: impl Serialize) -> Json {
    Value::serialize(&value).to_json()
}

fn marker(of: &str) -> String {
    format!("<unserialisable: {of}>")
}

/// On the small stack of a worker thread.
fn on_a_small_stack<R: Send>(run: impl FnOnce() -> R + Send) -> R {
    std::thread::scope(|scope| {
        std::thread::Builder::new()
            .stack_size(2 * 1024 * 1024)
            .spawn_scoped(scope, run)
            .unwrap()
            .join()
            .unwrap()
    })
}

mod depth {
    use super::*;

    /// A tree that is no deeper than may be, in whatever build.
    #[derive(Serialize)]
    struct Tree {
        name: String,
        kind: Kind,
    }

    #[derive(Serialize)]
    #[serde(rename_all = "snake_case")]
    enum Kind {
        Leaf,
        Node { children: Vec<Tree> },
    }

    fn tree(depth: usize) -> Tree {
        let kind = if depth == 0 { Kind::Leaf } else { Kind::Node { children: vec![tree(depth - 1)] } };
        Tree { name: depth.to_string(), kind }
    }

    #[test]
    fn what_is_deep_and_ends_is_recorded() {
        on_a_small_stack(|| {
            // Each takes three levels.
            let text = recorded(tree(30)).to_string();
            assert!(text.contains("\"leaf\""), "{text}");
            assert_eq!(recorded(tree(43)), marker("Tree"));
        });
    }

    /// `Display` within itself for ever, which `Serialize` uses.
    struct Endless;

    #[allow(clippy::recursive_format_impl, reason = "it is what is tested")]
    impl fmt::Display for Endless {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "({self})")
        }
    }

    impl fmt::Debug for Endless {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.debug_list().entry(self).entry(self).finish()
        }
    }

    impl Serialize for Endless {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_str(self)
        }
    }

    impl std::error::Error for Endless {}

    #[agent_span(operation, operation = "op", fields(shown = %value, debugged = ?value, whole = value))]
    fn given(value: &Endless) {}

    #[agent_span(operation, operation = "op")]
    fn fails() -> Result<(), Endless> {
        Err(Endless)
    }

    #[test]
    fn what_writes_itself_for_ever_is_not() {
        on_a_small_stack(|| {
            let capture = testing::capture();
            capture.scope(|| given(&Endless));
            capture.scope(fails).unwrap_err();
            let events = capture.events();
            for key in ["shown", "debugged", "whole"] {
                assert_eq!(events[0].get(key).unwrap(), &marker("Endless"), "{key}");
            }
            assert_eq!(events[3].get("error").unwrap(), &marker("Endless"));
            assert_eq!(events[3].get("status").unwrap(), "error");
        });
    }

    /// Few levels, each of which takes much of the stack.
    struct Heavy(u32);

    #[allow(clippy::large_stack_arrays, reason = "it is what is tested")]
    impl Serialize for Heavy {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let weight = std::hint::black_box([1_u8; 64 * 1024]);
            if self.0 == 0 {
                return serializer.serialize_u8(weight[7]);
            }
            serializer.collect_seq([Self(self.0 - 1)])
        }
    }

    #[test]
    fn what_takes_much_stack_is_stopped_in_time() {
        on_a_small_stack(|| {
            assert_eq!(recorded(Heavy(2)), json!([[1]]));
            assert_eq!(recorded(Heavy(100)), marker("Heavy"));
        });
    }

    /// Captures within captures: each is serialised by an annotated function that is called as the one
    /// around it is serialised.
    struct Nests(u32);

    #[tool_call]
    fn looks_at(value: Nests) -> u32 {
        value.0
    }

    impl Serialize for Nests {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let weight = std::hint::black_box([1_u8; 16 * 1024]);
            serializer.serialize_u32(looks_at(Self(self.0 + u32::from(weight[3]))))
        }
    }

    #[test]
    fn what_calls_annotated_functions_as_it_is_serialised_ends() {
        on_a_small_stack(|| {
            let capture = testing::capture();
            assert_eq!(capture.scope(|| looks_at(Nests(0))), 0);
            let stops = capture.named("condukt.tool_call.stop");
            assert_eq!(stops.len(), capture.named("condukt.tool_call.start").len());
            assert!((2..=20).contains(&stops.len()), "{}", stops.len());
        });
    }

    /// Errors that say what is below them, as deep as that is.
    #[derive(Debug)]
    struct Chain(u32);

    impl fmt::Display for Chain {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            if self.0 == 0 { f.write_str("the end") } else { write!(f, "{}: {}", self.0, Self(self.0 - 1)) }
        }
    }

    #[test]
    fn a_text_that_is_deep_and_ends_is_whole() {
        let capture = testing::capture();
        capture.scope(|| in_span!(operation, operation = %Chain(50); || ()));
        let text = capture.events()[0].get("operation").unwrap().to_string();
        assert!(text.starts_with("\"50: 49: ") && text.ends_with("1: the end\""), "{text}");
    }
}

mod failures {
    use super::*;

    struct Panics;

    impl Serialize for Panics {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mut map = serializer.serialize_map(Some(usize::MAX))?;
            map.serialize_entry("half", "done")?;
            panic!("in the middle");
        }
    }

    #[test]
    fn are_of_their_own_value_only() {
        #[tool_call]
        fn tool(good: &str, bad: &Panics, also_good: Vec<u8>) -> Option<Panics> {
            let _ = (good, bad, also_good);
            None
        }
        let capture = testing::capture();
        capture.scope(|| tool("a", &Panics, vec![1]));
        let args = json!({"good": "a", "bad": marker("Panics"), "also_good": [1]});
        assert_eq!(capture.events()[0].get("args").unwrap(), &args);
        assert_eq!(capture.events()[1].get("status").unwrap(), "ok");
    }

    #[test]
    fn in_a_context_or_a_record_harm_nobody() {
        let capture = testing::capture().with_context(|context| context.with("bad", Panics).with("good", 1));
        capture.scope(|| {
            in_span!(llm_turn, model = "m", turn = 1, messages = Panics, stop(|_reply| usage = Panics); || {
                record!(llm_turn, finish_reason = Panics);
            });
            emit!(
                compact,
                duration = std::time::Duration::ZERO,
                before = 1,
                after = 1,
                fields("bad" = Panics)
            );
        });
        for event in capture.events() {
            assert_eq!(event.get("bad").unwrap(), &marker("Panics"));
            assert_eq!(event.get("good").unwrap(), 1);
        }
        let stop = &capture.named("condukt.llm_turn.stop")[0];
        for key in ["messages", "usage", "finish_reason"] {
            assert_eq!(stop.get(key).unwrap(), &marker("Panics"), "{key}");
        }
    }

    #[derive(StopMetadata)]
    #[stop_of(llm_turn)]
    struct Reply {
        assistant_message: Panics,
        usage: u8,
        finish_reason: Option<Panics>,
    }

    #[derive(EventMetadata)]
    #[event("hostile.own.event")]
    struct Own {
        bad: Panics,
        good: u8,
    }

    #[test]
    fn in_derived_events_and_stops_harm_nobody() {
        #[agent_span(llm_turn, model = "m", turn = 1, messages = "hi")]
        fn turn() -> Reply {
            Reply { assistant_message: Panics, usage: 3, finish_reason: None }
        }
        let capture = testing::capture();
        capture.scope(|| {
            turn();
            Own { bad: Panics, good: 1 }.emit();
        });
        let stop = &capture.named("condukt.llm_turn.stop")[0];
        assert_eq!(stop.get("assistant_message").unwrap(), &marker("Panics"));
        assert_eq!(stop.get("usage").unwrap(), 3);
        assert_eq!(stop.get("finish_reason"), None);
        let own = &capture.named("hostile.own.event")[0];
        assert_eq!(own.get("bad").unwrap(), &marker("Panics"));
        assert_eq!(own.get("good").unwrap(), 1);
    }

    /// They panic as a handler looks, which happens after secrets were looked for.
    #[test]
    fn with_secrets_alive_detach_nobody() {
        #[tool_call]
        fn tool(value: &Panics, note: &str) -> Panics {
            let _ = (value, note);
            Panics
        }
        let seen: Arc<Mutex<Vec<String>>> = Arc::default();
        let sink = seen.clone();
        let context = Context::new()
            .with_secrets(Secrets::resolve([("KEY", "some-secret")]).unwrap())
            .with_handler(event_names!["condukt.tool_call.*"], move |event: &Event<'_>| {
                sink.lock().unwrap().push(serde_json::to_string(event).unwrap());
            });
        context.scope(|| {
            tool(&Panics, "some-secret");
            tool(&Panics, "some-secret");
        });
        let seen = seen.lock().unwrap();
        assert_eq!(seen.len(), 4);
        assert!(seen.iter().all(|event| event.contains("<unserialisable: Panics>")), "{seen:?}");
        assert!(!seen.iter().any(|event| event.contains("some-secret")), "{seen:?}");
    }

    /// A text of a type that lies about its length, or stops in the middle of a character.
    #[test]
    fn lies_about_lengths_are_not_believed() {
        struct Lies;
        impl Serialize for Lies {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_seq(Unending(0))
            }
        }
        struct Unending(u8);
        impl Iterator for Unending {
            type Item = u8;
            fn next(&mut self) -> Option<u8> {
                self.0 += 1;
                (self.0 < 4).then_some(self.0)
            }
            fn size_hint(&self) -> (usize, Option<usize>) {
                (usize::MAX, Some(usize::MAX))
            }
        }
        assert_eq!(recorded(Lies), json!([1, 2, 3]));
    }

    #[test]
    fn a_map_whose_parts_come_in_the_wrong_order_is_refused() {
        struct Wrong;
        impl Serialize for Wrong {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut map = serializer.serialize_map(None)?;
                map.serialize_value(&1)?;
                map.end()
            }
        }
        assert_eq!(recorded(Wrong), marker("Wrong"));
    }

    #[derive(Debug)]
    struct Odd;

    impl ErrorType for Odd {
        fn error_type(&self) -> String {
            let _nested = tests_inside();
            "odd".repeat(1000)
        }
    }

    #[tool_call]
    fn tests_inside() -> u8 {
        1
    }

    #[test]
    fn an_error_that_calls_annotated_functions_is_reported() {
        #[agent_span(operation, operation = "op")]
        fn fails() -> Result<(), Odd> {
            Err(Odd)
        }
        let capture = testing::capture();
        capture.scope(fails).unwrap_err();
        let stop = &capture.named("condukt.operation.stop")[0];
        assert_eq!(stop.get("error").unwrap(), "Odd");
        assert!(stop.get("error_type").unwrap().as_str().unwrap().starts_with("oddodd"));
        assert_eq!(capture.named("condukt.tool_call.stop").len(), 1);
    }
}

mod locks {
    use super::*;

    type Shared = Arc<Mutex<Vec<u8>>>;

    #[derive(Serialize)]
    struct Cell {
        cell: RefCell<u8>,
    }

    #[tool_call]
    fn tool(cell: &Cell, number: u8) -> u8 {
        let _ = cell;
        number
    }

    /// What cannot be borrowed now is not waited for.
    #[test]
    fn a_cell_that_is_borrowed_is_recorded_as_such() {
        let capture = testing::capture();
        let cell = Cell { cell: RefCell::new(1) };
        let held = cell.cell.borrow_mut();
        capture.scope(|| tool(&cell, 2));
        drop(held);
        capture.scope(|| tool(&cell, 3));
        let args: Vec<Json> = capture
            .named("condukt.tool_call.start")
            .iter()
            .map(|start| start.get("args").unwrap().clone())
            .collect();
        assert_eq!(args[0], json!({"cell": marker("Cell"), "number": 2}));
        assert_eq!(args[1], json!({"cell": {"cell": 1}, "number": 3}));
    }

    #[tool_call]
    async fn waits(shared: Arc<Mutex<Vec<u8>>>, other: Option<&RwLock<u8>>, number: u8) -> u8 {
        let _ = (shared, other);
        number
    }

    #[tokio::test]
    async fn a_lock_in_an_argument_is_left_out() {
        let shared: Shared = Arc::default();
        let lock = RwLock::new(1);
        let held = (shared.lock().unwrap(), lock.write().unwrap());
        let capture = testing::capture();
        let work = capture.follow(waits(shared.clone(), Some(&lock), 3));
        assert_eq!(futures::executor::block_on(work), 3);
        drop(held);
        assert_eq!(capture.events()[0].get("args").unwrap(), &json!({"number": 3}));
    }

    #[test]
    fn a_lock_that_is_poisoned_fails_to_be_recorded() {
        let lock = Mutex::new(1_u8);
        let poisons = || {
            let _held = lock.lock().unwrap();
            std::panic::resume_unwind(Box::new("poison"));
        };
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(poisons)).is_err());
        assert!(lock.is_poisoned());
        assert_eq!(recorded(&lock), marker("Mutex<u8>"));
        assert_eq!(*lock.lock().unwrap_or_else(PoisonError::into_inner), 1);
    }
}

mod size {
    use super::*;

    fn with_secret(capture: Capture) -> Capture {
        let secrets = Secrets::resolve([("KEY", "0123456789-abcdefgh")]).unwrap();
        capture.with_context(|context| context.with_secrets(secrets))
    }

    #[tool_call]
    fn tool(text: &str) {
        let _ = text;
    }

    /// Long texts are searched for secrets, encoded ones too, in little memory and in time that grows
    /// with them.
    #[test]
    fn long_texts_are_searched_for_secrets() {
        let capture = with_secret(testing::capture());
        let encoded = "MDEyMzQ1Njc4OS1hYmNkZWZnaA==";
        for filling in ["lorem ipsum ", "QUFB", "\\u00e9\\n", "%41%20+", "[104, 105], ", "\\\\"] {
            let half = filling.repeat(400_000 / filling.len());
            let text = format!("{half} {encoded} {half}");
            capture.scope(|| tool(&text));
            let events = capture.take();
            let shown = events.last().unwrap().get("args").unwrap()["text"].as_str().unwrap().to_owned();
            assert!(!shown.contains("MDEyMzQ1Njc4OS1hYmNkZWZnaA"), "{filling:?}");
            assert_eq!(shown.matches("[REDACTED:KEY]").count(), 1, "{filling:?}");
        }
    }

    /// Where pieces of a long text meet is no place to hide.
    #[test]
    fn a_secret_is_found_wherever_pieces_meet() {
        let capture = with_secret(testing::capture());
        for at in (65_400..65_700).step_by(7) {
            let text = format!("{}\\u0030123456789-abcdefgh{}", "x ".repeat(at / 2), "y ".repeat(100));
            capture.scope(|| tool(&text));
            let shown = capture.take().pop().unwrap().get("args").unwrap().to_string();
            assert_eq!(shown.matches("[REDACTED:KEY]").count(), 1, "{at}");
        }
    }

    #[test]
    fn many_keys_with_a_secret_in_each_are_kept_apart() {
        let capture = with_secret(testing::capture());
        let map: serde_json::Map<String, Json> = (0..2000)
            .map(|n| (format!("{}0123456789-abcdefgh", " ".repeat(n % 2)), n))
            .map(|(key, n)| (key, json!(n)))
            .collect();
        assert_eq!(map.len(), 2);
        let named: serde_json::Map<String, Json> =
            (0..2000).map(|n| (format!("%3{}123456789-abcdefgh{n}", 0), json!(n))).collect();
        capture.scope(|| in_span!(operation, operation = "op", fields("map" = map, "named" = named); || ()));
        let stop = &capture.named("condukt.operation.stop")[0];
        assert_eq!(stop.get("map").unwrap().as_object().unwrap().len(), 2);
        assert_eq!(stop.get("named").unwrap().as_object().unwrap().len(), 2000);
    }

    #[test]
    fn fifty_megabytes_are_lent_and_not_copied_for_a_handler_that_does_not_look() {
        let text = "x".repeat(50_000_000);
        let place = text.as_ptr().addr();
        let seen: Arc<Mutex<Vec<usize>>> = Arc::default();
        let sink = seen.clone();
        #[agent_span(operation, operation)]
        fn operate(operation: &str) {}
        let context =
            Context::new().with_handler(event_names!["condukt.operation.*"], move |e: &Event<'_>| {
                let text = e.metadata().get_str("operation").unwrap();
                sink.lock().unwrap().push(text.as_ptr().addr());
            });
        context.scope(|| operate(&text));
        assert_eq!(*seen.lock().unwrap(), [place, place]);
    }

    /// A global handler that looks at everything survives all of it.
    #[test]
    fn nobody_is_detached_for_any_of_it() {
        attach("hostile-depth-all", event_names!["hostile_depth.**"], |event: &Event<'_>| {
            let _ = format!("{event:?}");
        })
        .unwrap();
        let name = telemetry_runtime::EventName::parse("hostile_depth.any.event").unwrap();
        struct Fails;
        impl Serialize for Fails {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut map = serializer.serialize_map(None)?;
                map.serialize_entry("bad", &f64::NAN)?;
                map.serialize_entry(&f64::INFINITY, &i128::MAX)?;
                map.serialize_entry(&Some([1]), &())?;
                map.end()
            }
        }
        telemetry_runtime::execute(&name, &Fails, &Fails).unwrap();
        detach("hostile-depth-all").unwrap();
    }
}
