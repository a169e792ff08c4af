//! What a tool call records.

use std::sync::{Arc, Mutex, RwLock};

use super::*;

struct Opaque;

struct Desk {
    drawer: u8,
}

/// As rmcp has it.
struct Parameters<T>(T);

#[derive(Serialize)]
struct City {
    name: &'static str,
    days: u8,
}

impl Desk {
    /// Opens the drawer.
    ///
    /// Slowly.
    #[tool_call]
    fn open(&self, (key, turns): (&str, u8), opaque: &Opaque, out: &mut Vec<u8>, r#type: char) -> u8 {
        let _ = (key, opaque, r#type);
        out.push(turns);
        self.drawer
    }
}

#[test]
fn args_are_the_parameters_that_serialise() {
    let stop = stop_of(|| Desk { drawer: 7 }.open(("gold", 2), &Opaque, &mut Vec::new(), 'x'));
    assert_eq!(stop.get("tool").unwrap(), "open");
    assert_eq!(stop.get("args").unwrap(), &json!({"key": "gold", "turns": 2, "type": "x"}));
    assert_eq!(stop.get("result").unwrap(), 7);
    assert_eq!(stop.description.as_deref(), Some("Opens the drawer.\n\nSlowly."));
}

#[tool_call]
fn locked(name: &str, state: &Mutex<u8>, shared: Arc<RwLock<u8>>, maybe: Option<&Mutex<u8>>) -> bool {
    let _ = (name, shared, maybe);
    state.try_lock().is_err()
}

#[test]
fn a_lock_is_left_out_even_while_the_caller_holds_it() {
    let (state, shared) = (Mutex::new(1), Arc::new(RwLock::new(1)));
    let (_held, _written) = (state.lock().unwrap(), shared.write().unwrap());
    let stop = stop_of(|| locked("n", &state, shared.clone(), Some(&state)));
    assert_eq!(stop.get("args").unwrap(), &json!({"name": "n"}));
    assert_eq!(stop.get("result").unwrap(), true);
}

#[test]
fn sole_parameters_are_their_own_map() {
    #[tool_call]
    fn weather(city: Parameters<City>) -> u8 {
        city.0.days
    }
    #[tool_call]
    fn destructured(&Parameters(City { name, days }): &Parameters<City>) -> usize {
        name.len() + usize::from(days)
    }
    let oslo = || Parameters(City { name: "Oslo", days: 2 });
    let args = json!({"name": "Oslo", "days": 2});
    assert_eq!(stop_of(|| weather(oslo())).get("args").unwrap(), &args);
    assert_eq!(stop_of(|| destructured(&oslo())).get("args").unwrap(), &args);
}

#[test]
fn name_args_and_id_may_be_set() {
    #[tool_call(name = call.0, args = json!({"n": call.1}), tool_call_id = format!("call_{}", call.1))]
    fn dispatch(call: (&str, u8)) {
        let _ = call;
    }
    let stop = stop_of(|| dispatch(("search", 3)));
    assert_eq!(stop.get("tool").unwrap(), "search");
    assert_eq!(stop.get("args").unwrap(), &json!({"n": 3}));
    assert_eq!(stop.get("tool_call_id").unwrap(), "call_3");
}

#[test]
fn the_id_is_the_contexts_unless_set() {
    #[tool_call]
    fn plain() -> Option<String> {
        Context::current().tool_call_id().map(str::to_owned)
    }
    #[tool_call(tool_call_id = "said")]
    fn said() -> Option<String> {
        Context::current().tool_call_id().map(str::to_owned)
    }
    for (run, id) in [(plain as fn() -> _, "carried"), (said, "said")] {
        let stop = stop_of(|| Context::current().with_tool_call_id("carried").scope(run));
        assert_eq!(stop.get("tool_call_id").unwrap(), id);
        assert_eq!(stop.get("result").unwrap(), id, "and inside");
    }
    assert_eq!(stop_of(plain).get("tool_call_id"), None);
}

/// A model gave it to one call.
#[test]
fn the_id_of_a_call_is_not_that_of_a_tool_inside() {
    #[tool_call]
    fn inner() {}
    #[tool_call(tool_call_id = "said")]
    fn said() {
        inner();
        Context::current().with_tool_call_id("given").scope(inner);
    }
    #[tool_call]
    fn carried() {
        inner();
    }
    let capture = testing::capture();
    capture.scope(said);
    let ids = |capture: &Capture| -> Vec<Option<Json>> {
        let stops = capture.named("condukt.tool_call.stop");
        stops.iter().map(|stop| stop.get("tool_call_id").cloned()).collect()
    };
    assert_eq!(ids(&capture), [None, Some(json!("given")), Some(json!("said"))]);
    let capture = testing::capture();
    capture.scope(|| Context::current().with_tool_call_id("carried").scope(carried));
    assert_eq!(ids(&capture), [None, Some(json!("carried"))]);
}

#[test]
fn a_result_is_shown_as_well_as_it_can_be() {
    struct Displayed;
    impl fmt::Display for Displayed {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("displayed")
        }
    }
    #[derive(Debug)]
    struct Debugged;

    #[tool_call]
    fn displayed() -> Displayed {
        Displayed
    }
    #[tool_call]
    fn debugged() -> Result<Debugged, ()> {
        Ok(Debugged)
    }
    #[tool_call]
    fn opaque() -> Opaque {
        Opaque
    }
    #[tool_call]
    fn unit() {}
    assert_eq!(stop_of(displayed).get("result").unwrap(), "displayed");
    assert_eq!(stop_of(debugged).get("result").unwrap(), "Debugged");
    assert_eq!(stop_of(opaque).get("result").unwrap(), "<Opaque>");
    assert_eq!(stop_of(unit).get("result").unwrap(), &Json::Null);
}

#[test]
fn the_description_is_on_every_event_of_the_call() {
    /// Divides.
    #[tool_call]
    fn divide(a: u8, b: u8) -> u8 {
        a / b
    }
    #[tool_call]
    fn undocumented() {}

    let capture = testing::capture();
    let descriptions = Arc::new(Mutex::new(Vec::new()));
    let seen = descriptions.clone();
    let context = capture.context().with_handler(event_names!["condukt.**"], move |event: &Event<'_>| {
        seen.lock().unwrap().push(event.description().map(str::to_owned));
    });
    context.scope(|| {
        divide(4, 2);
        undocumented();
        in_span!(run; || ());
        assert!(std::panic::catch_unwind(|| divide(1, 0)).is_err());
    });
    let divides = Some("Divides.".to_owned());
    assert_eq!(
        *descriptions.lock().unwrap(),
        [divides.clone(), divides.clone(), None, None, None, None, divides.clone(), divides]
    );
}
