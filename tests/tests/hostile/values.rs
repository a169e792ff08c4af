//! Hostile values: whatever a user's `Serialize`, `Debug` or `Display` does, the call is reported, no handler is
//! detached, nothing overflows and nothing hangs.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::rc::Rc;
use std::sync::{Arc, Mutex, RwLock};

use serde::{Serialize, Serializer};
use serde_json::json;
use telemetry_runtime::testing::{self, only};
use telemetry_runtime::{
    Event, EventName, Value, agent_span, attach, detach, event_name, execute, list_handlers, tool_call,
};

#[derive(Clone, Copy)]
struct Panics;

impl Serialize for Panics {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        panic!("in Serialize")
    }
}

impl fmt::Display for Panics {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("in Display")
    }
}

impl fmt::Debug for Panics {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("in Debug")
    }
}

struct Fails;

impl Serialize for Fails {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("no"))
    }
}

impl fmt::Display for Fails {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("half")?;
        Err(fmt::Error)
    }
}

#[agent_span(agent, fields(serialised = value, displayed = %value, debugged = ?value, fine = 1))]
fn given_what_panics(value: Panics) {
    let _ = value;
}

#[test]
fn a_panicking_value_is_marked_and_the_others_are_recorded() {
    let capture = testing::capture();
    capture.scope(|| given_what_panics(Panics));
    let events = capture.events();
    let start = only(&events, "condukt.agent.start");
    for key in ["serialised", "displayed", "debugged"] {
        assert_eq!(start.get(key).unwrap(), "<unserialisable: Panics>", "{key}");
    }
    assert_eq!(start.get("fine").unwrap(), 1);
    assert_eq!(only(&events, "condukt.agent.stop").get("status").unwrap(), "ok");
}

#[agent_span(agent, fields(serialised = value, displayed = %value))]
fn given_what_fails(value: &Fails) {}

#[test]
fn a_failing_value_is_marked() {
    let capture = testing::capture();
    capture.scope(|| given_what_fails(&Fails));
    let start = &capture.events()[0];
    assert_eq!(start.get("serialised").unwrap(), "<unserialisable: Fails>");
    assert_eq!(start.get("displayed").unwrap(), "<unserialisable: Fails>");
}

#[tool_call]
fn returns_what_panics() -> Panics {
    Panics
}

#[tool_call]
fn fails_with_what_panics() -> Result<(), Panics> {
    Err(Panics)
}

#[test]
fn a_handler_that_looks_at_what_panics_is_not_detached() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = seen.clone();
    attach("hostile-looks", event_name!("condukt.tool_call.stop"), move |event: &Event<'_>| {
        let metadata = event.metadata();
        if metadata.get_str("tool") == Some("returns_what_panics") {
            sink.lock().unwrap().push(metadata.get("result").unwrap().to_json());
        }
    })
    .unwrap();
    returns_what_panics();
    returns_what_panics();
    assert!(list_handlers("condukt.tool_call").iter().any(|handler| handler.id == "hostile-looks"));
    detach("hostile-looks").unwrap();
    assert_eq!(*seen.lock().unwrap(), [json!("<unserialisable: Panics>"), json!("<unserialisable: Panics>")]);

    let capture = testing::capture();
    assert!(capture.scope(fails_with_what_panics).is_err());
    assert_eq!(capture.events()[1].get("error").unwrap(), "<unserialisable: Panics>");
    assert_eq!(capture.events()[1].get("error_type").unwrap(), "Panics");
}

/// Serialises within itself for ever.
struct Endless;

impl Serialize for Endless {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq([Self])
    }
}

/// A list that is its own tail.
#[derive(Default)]
struct Cycle(RefCell<Option<Rc<Cycle>>>);

impl fmt::Debug for Cycle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Cycle").field(&self.0.borrow()).finish()
    }
}

#[agent_span(agent, fields(endless = Endless, cycle = ?cycle))]
fn given_what_never_ends(cycle: &Cycle) {}

#[test]
fn endless_nesting_does_not_overflow_the_stack() {
    let capture = testing::capture();
    let cycle = Rc::new(Cycle::default());
    *cycle.0.borrow_mut() = Some(cycle.clone());
    capture.scope(|| given_what_never_ends(&cycle));
    *cycle.0.borrow_mut() = None;
    let start = &capture.events()[0];
    assert_eq!(start.get("endless").unwrap(), "<unserialisable: Endless>");
    assert_eq!(start.get("cycle").unwrap(), "<unserialisable: Cycle>");
}

/// Calls an annotated function whenever it is serialised.
#[derive(Clone, Copy)]
struct Emits;

#[agent_span(operation, operation = "inner", fields(value = value))]
fn looks(value: Emits) -> u8 {
    let _ = value;
    1
}

impl Serialize for Emits {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(looks(*self))
    }
}

#[test]
fn serialisation_that_emits_events_ends() {
    let capture = testing::capture();
    capture.scope(|| looks(Emits));
    let (starts, stops) =
        (capture.named("condukt.operation.start").len(), capture.named("condukt.operation.stop").len());
    assert_eq!(starts, stops);
    assert!((1..100).contains(&starts), "{starts}");
}

#[derive(Clone, Serialize, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Key {
    Unit,
    Pair(u8, u8),
}

#[derive(Serialize)]
struct Odd {
    by_number: BTreeMap<i64, u8>,
    by_bool: BTreeMap<bool, u8>,
    by_char: BTreeMap<char, u8>,
    by_enum: BTreeMap<Key, u8>,
    by_list: BTreeMap<Vec<u8>, u8>,
    not_a_number: f64,
    infinite: f32,
    huge: i128,
    large: u128,
    fits: i128,
    unit: (),
    nothing: Option<u8>,
}

#[test]
fn odd_keys_and_numbers_are_kept_as_well_as_json_can() {
    let odd = Odd {
        by_number: [(-1, 1)].into(),
        by_bool: [(true, 1)].into(),
        by_char: [('x', 1)].into(),
        by_enum: [(Key::Unit, 1), (Key::Pair(1, 2), 2)].into(),
        by_list: [(vec![1, 2], 1)].into(),
        not_a_number: f64::NAN,
        infinite: f32::INFINITY,
        huge: i128::MIN,
        large: u128::MAX,
        fits: -7,
        unit: (),
        nothing: None,
    };
    assert_eq!(
        Value::serialize(&odd).to_json(),
        json!({
            "by_number": {"-1": 1},
            "by_bool": {"true": 1},
            "by_char": {"x": 1},
            "by_enum": {"Unit": 1, "{\"Pair\":[1,2]}": 2},
            "by_list": {"[1,2]": 1},
            "not_a_number": null,
            "infinite": null,
            "huge": i128::MIN.to_string(),
            "large": u128::MAX.to_string(),
            "fits": -7,
            "unit": null,
            "nothing": null,
        })
    );
}

#[tool_call]
fn with_a_lock(
    state: &Mutex<u8>,
    shared: &RwLock<u8>,
    nested: &HashMap<u8, Arc<Mutex<u8>>>,
    plain: u8,
) -> u8 {
    let _ = (state, shared, nested);
    plain
}

#[test]
fn a_lock_that_the_caller_holds_is_not_waited_for() {
    let (state, shared) = (Mutex::new(1), RwLock::new(1));
    let nested = HashMap::from([(1, Arc::new(Mutex::new(1)))]);
    let (_held, _also) = (state.lock().unwrap(), shared.write().unwrap());
    let inner = nested[&1].clone();
    let _inner = inner.lock().unwrap();
    let capture = testing::capture();
    capture.scope(|| with_a_lock(&state, &shared, &nested, 3));
    assert_eq!(capture.events()[0].get("args").unwrap(), &json!({"plain": 3}));
}

#[tool_call]
fn echo(text: &str) -> String {
    text.to_owned()
}

#[test]
fn fifty_megabytes_pass_through() {
    let text = "é".repeat(25_000_000);
    let capture = testing::capture();
    let returned = capture.scope(|| echo(&text));
    assert_eq!(capture.events()[1].get("result").unwrap().as_str().unwrap().len(), returned.len());
}

#[test]
fn execute_refuses_values_that_are_not_maps_and_emits_no_event() {
    let capture = testing::capture();
    let name = EventName::parse("hostile.event").unwrap();
    let error = capture.scope(|| execute(&name, &Panics, &())).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the measurements of an event are a map, not a value that fails to serialise"
    );
    assert!(capture.scope(|| execute(&name, &(), &[1, 2])).is_err());
    assert!(capture.events().is_empty());
    capture.scope(|| execute(&name, &json!({"count": 1}), &json!({"bad": null}))).unwrap();
    assert_eq!(capture.events().len(), 1);
}
