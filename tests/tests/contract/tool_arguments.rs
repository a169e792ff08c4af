//! What a tool call records of its arguments, its result, its name and its description.

use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use telemetry_runtime::{OwnedEvent, in_span, testing, tool_call};

fn start_of<T>(run: impl FnOnce() -> T) -> OwnedEvent {
    let capture = testing::capture();
    capture.scope(run);
    capture.events().remove(0)
}

fn args_of<T>(run: impl FnOnce() -> T) -> Json {
    start_of(run).get("args").unwrap().clone()
}

fn result_of<T>(run: impl FnOnce() -> T) -> Json {
    let capture = testing::capture();
    capture.scope(run);
    capture.events().pop().unwrap().get("result").unwrap().clone()
}

/// As rmcp has it: it serialises if what is in it does.
#[derive(Debug, Serialize)]
#[serde(transparent)]
struct Parameters<T>(T);

#[derive(Debug, Deserialize)]
struct Sum {
    a: i32,
    b: i32,
}

#[derive(Serialize)]
struct Ask {
    city: &'static str,
}

struct RequestContext;

#[test]
fn an_argument_without_serialize_is_its_debug_text() {
    #[tool_call]
    fn sum(request: Sum) -> i32 {
        request.a + request.b
    }
    assert_eq!(args_of(|| sum(Sum { a: 1, b: 2 })), json!({"request": "Sum { a: 1, b: 2 }"}));
}

#[test]
fn an_argument_with_neither_is_left_out() {
    #[tool_call]
    fn look(city: &str, context: RequestContext, log: &mut Vec<u8>) -> usize {
        let _ = context;
        log.push(1);
        city.len()
    }
    assert_eq!(args_of(|| look("Oslo", RequestContext, &mut Vec::new())), json!({"city": "Oslo"}));
}

#[test]
fn parameters_are_the_map_of_all_arguments_whatever_stands_beside() {
    #[tool_call]
    fn alone(Parameters(ask): Parameters<Ask>) -> usize {
        ask.city.len()
    }
    #[tool_call]
    fn beside(Parameters(ask): Parameters<Ask>, context: RequestContext) -> usize {
        let _ = context;
        ask.city.len()
    }
    #[tool_call]
    fn by_name(context: RequestContext, peer: String, ask: Parameters<Ask>) -> usize {
        let _ = (context, peer);
        ask.0.city.len()
    }
    let ask = || Parameters(Ask { city: "Oslo" });
    for args in [
        args_of(|| alone(ask())),
        args_of(|| beside(ask(), RequestContext)),
        args_of(|| by_name(RequestContext, "peer".into(), ask())),
    ] {
        assert_eq!(args, json!({"city": "Oslo"}));
    }
}

#[test]
fn what_a_pattern_binds_of_parameters_can_be_named_beside_them() {
    #[derive(Serialize)]
    struct Plan {
        city: String,
        days: u32,
    }
    #[tool_call(tool_call_id = plan.city.clone(), context = telemetry_runtime::Context::current().with_session_id(&plan.city))]
    fn bound(Parameters(plan): Parameters<Plan>) -> usize {
        plan.city.len()
    }
    #[tool_call(fields(at = city.as_str(), long = days > 2))]
    async fn in_parts(Parameters(Plan { city, mut days }): Parameters<Plan>) -> u32 {
        days += 1;
        days + u32::from(city.is_empty())
    }
    #[tool_call(fields(at = city.as_str()))]
    fn by_reference(Parameters(Plan { ref city, .. }): Parameters<Plan>) -> usize {
        city.len()
    }
    #[tool_call(fields(at = city.as_str()))]
    fn boxed(Parameters(Plan { city, .. }): Parameters<Plan>) -> BoxFuture<'static, usize> {
        Box::pin(async move { city.len() })
    }
    let plan = || Parameters(Plan { city: "Oslo".into(), days: 3 });
    let start = start_of(|| bound(plan()));
    assert_eq!(start.get("tool_call_id").unwrap(), "Oslo");
    assert_eq!(start.get("session_id").unwrap(), "Oslo");
    assert_eq!(start.get("args").unwrap(), &json!({"city": "Oslo", "days": 3}));
    let start = start_of(|| futures::executor::block_on(in_parts(plan())));
    assert_eq!(start.get("long").unwrap(), true);
    for start in
        [start, start_of(|| by_reference(plan())), start_of(|| futures::executor::block_on(boxed(plan())))]
    {
        assert_eq!(start.get("at").unwrap(), "Oslo");
        assert_eq!(start.get("args").unwrap(), &json!({"city": "Oslo", "days": 3}));
    }
}

#[test]
fn the_types_of_a_tool_that_a_macro_makes_are_seen() {
    macro_rules! tool {
        ($name:ident, $argument:ident: $ty:ty) => {
            #[tool_call]
            fn $name($argument: $ty) {
                let _ = $argument;
            }
        };
    }
    tool!(whole, ask: Parameters<Ask>);
    tool!(borrowed, ask: &Parameters<Ask>);
    tool!(log, log: &mut Vec<u8>);
    let ask = Parameters(Ask { city: "Oslo" });
    assert_eq!(args_of(|| borrowed(&ask)), json!({"city": "Oslo"}));
    assert_eq!(args_of(|| whole(ask)), json!({"city": "Oslo"}));
    assert_eq!(args_of(|| log(&mut Vec::new())), json!({}));
}

#[test]
fn parameters_of_a_type_without_serialize_are_its_debug_text() {
    #[tool_call]
    fn sum(Parameters(Sum { a, b }): Parameters<Sum>) -> i32 {
        a + b
    }
    assert_eq!(args_of(|| sum(Parameters(Sum { a: 1, b: 2 }))), "Sum { a: 1, b: 2 }");
    struct Opaque(i32);
    #[tool_call]
    fn opaque(Parameters(value): Parameters<Opaque>) -> i32 {
        value.0
    }
    assert_eq!(args_of(|| opaque(Parameters(Opaque(1)))), "<Opaque>");
}

#[test]
fn arguments_as_the_model_wrote_them_are_the_object_that_the_text_holds() {
    let written = String::from(r#" {"city": "Oslo", "days": 3} "#);
    let args = args_of(|| in_span!(tool_call, tool = "t", args = written.as_str(); || ()));
    assert_eq!(args, json!({"city": "Oslo", "days": 3}));
    for text in ["[1, 2]", "3", "{city}", "", "\"{}\""] {
        assert_eq!(args_of(|| in_span!(tool_call, tool = "t", args = text; || ())), text);
    }
    #[tool_call(args = &call.arguments)]
    fn run(call: Call) -> usize {
        call.arguments.len()
    }
    struct Call {
        arguments: String,
    }
    assert_eq!(args_of(|| run(Call { arguments: r#"{"q": 1}"#.into() })), json!({"q": 1}));
}

#[test]
fn a_parameter_that_is_a_text_stays_one() {
    #[tool_call]
    fn parse(text: String) -> usize {
        text.len()
    }
    assert_eq!(args_of(|| parse(r#"{"q": 1}"#.into())), json!({"text": r#"{"q": 1}"#}));
}

#[test]
fn a_result_that_cannot_be_recorded_is_the_name_of_its_type() {
    struct Handle<T>(T);
    #[tool_call]
    fn open() -> Handle<Vec<u8>> {
        Handle(Vec::new())
    }
    #[tool_call]
    fn open_well() -> Result<Handle<u8>, String> {
        Ok(Handle(1))
    }
    assert_eq!(result_of(open), "<Handle<Vec<u8>>>");
    assert_eq!(result_of(|| open_well().map(|handle| handle.0)), "<Handle<u8>>");
}

#[test]
fn small_floats_are_written_as_a_person_would() {
    #[tool_call]
    fn set(temperature: f32, weights: Vec<f32>, maybe: Option<f32>) -> f32 {
        let _ = (weights, maybe);
        temperature
    }
    let capture = testing::capture();
    capture.scope(|| set(0.7, vec![0.1, 2.5, 1e-7], Some(0.3)));
    let stop = capture.events().pop().unwrap();
    assert_eq!(
        stop.get("args").unwrap(),
        &json!({"temperature": 0.7, "weights": [0.1, 2.5, 1e-7], "maybe": 0.3}),
    );
    assert_eq!(stop.get("result").unwrap(), 0.7);
}

#[test]
fn the_name_and_description_of_a_tool_attribute_beside_ours_are_used() {
    #[tool_call]
    #[rmcp::tool(name = "weather-report", description = "Looks up the weather.")]
    fn weather() -> String {
        "rain".into()
    }
    #[tool_call(name = "mine")]
    #[rmcp::tool(name = "theirs")]
    /// What the comment says.
    fn other() -> String {
        String::new()
    }
    assert_eq!((&*weather_tool_attr().name, &*other_tool_attr().name), ("weather-report", "theirs"));
    let start = start_of(weather);
    assert_eq!(start.get("tool").unwrap(), "weather-report");
    assert_eq!(start.description.as_deref(), Some("Looks up the weather."));
    let start = start_of(other);
    assert_eq!(start.get("tool").unwrap(), "mine");
    assert_eq!(start.description.as_deref(), Some("What the comment says."));
}

#[test]
fn the_name_can_be_a_constant_of_the_trait() {
    trait Tool {
        const NAME: &'static str;
        fn call(&self, args: Sum) -> i32;
    }
    struct Add;
    impl Tool for Add {
        const NAME: &'static str = "add";
        #[tool_call(name = Self::NAME)]
        fn call(&self, args: Sum) -> i32 {
            args.a + args.b
        }
    }
    let start = start_of(|| Add.call(Sum { a: 1, b: 2 }));
    assert_eq!(start.get("tool").unwrap(), "add");
    assert_eq!(start.get("args").unwrap(), &json!({"args": "Sum { a: 1, b: 2 }"}));
}

#[test]
fn a_description_is_the_doc_comment_however_it_is_written() {
    #[doc = concat!("Looks up ", "the weather.")]
    #[tool_call]
    fn computed() {}
    /// First line
    #[doc = concat!("second ", "line")]
    /// third line
    #[tool_call]
    fn mixed() {}
    #[cfg_attr(all(), doc = "Under a condition.")]
    #[tool_call]
    fn conditional() {}
    ///
    #[doc = concat!("After ", stringify!(an empty line))]
    #[tool_call]
    fn empty_first() {}
    /** Looks up
     * the weather.
     *
     *  - now
     */
    #[tool_call]
    fn with_stars() {}
    /**
        Looks up

          the weather.
    */
    #[tool_call]
    fn without_stars() {}
    ///   Looks up
    ///     the weather.
    #[tool_call]
    fn indented() {}
    #[doc = "Either:\n* now\n* later"]
    #[tool_call]
    fn list() {}
    #[doc = concat!("From a file.", "\n")]
    #[tool_call]
    fn ends_in_a_line() {}
    #[tool_call]
    fn inner() {
        //! Inside.
    }
    for (start, text) in [
        (start_of(with_stars), "Looks up\nthe weather.\n\n - now"),
        (start_of(without_stars), "Looks up\n\n  the weather."),
        (start_of(indented), "Looks up\n  the weather."),
        (start_of(list), "Either:\n* now\n* later"),
        (start_of(ends_in_a_line), "From a file."),
        (start_of(inner), "Inside."),
        (start_of(computed), "Looks up the weather."),
        (start_of(mixed), "First line\nsecond line\nthird line"),
        (start_of(conditional), "Under a condition."),
        (start_of(empty_first), "After an empty line"),
    ] {
        assert_eq!(start.description.as_deref(), Some(text));
    }
}

#[test]
fn whichever_return_gives_the_future_it_is_followed() {
    #[tool_call]
    fn look_up(cached: bool) -> BoxFuture<'static, u8> {
        if cached {
            return Box::pin(async { 1 });
        }
        Box::pin(async move { 2 })
    }
    #[tool_call(context = telemetry_runtime::Context::current().with_session_id("s-1"))]
    fn in_a_context(cached: bool) -> BoxFuture<'static, Option<String>> {
        let session = || telemetry_runtime::Context::current().session_id().map(str::to_owned);
        if cached {
            return Box::pin(async move { session() });
        }
        let later = async move { session() };
        Box::pin(later)
    }
    macro_rules! leave {
        ($value:expr) => {
            return Box::pin(std::future::ready($value))
        };
    }
    #[tool_call]
    fn by_a_macro(cached: bool) -> BoxFuture<'static, u8> {
        if cached {
            leave!(1);
        }
        Box::pin(async move { 2 })
    }
    for cached in [true, false] {
        let capture = testing::capture();
        futures::executor::block_on(capture.follow(async { by_a_macro(cached).await }));
        assert_eq!(capture.names(), ["condukt.tool_call.start", "condukt.tool_call.stop"], "{cached}");
        assert_eq!(capture.events()[1].get("result").unwrap(), if cached { 1 } else { 2 });

        let capture = testing::capture();
        futures::executor::block_on(capture.follow(async { look_up(cached).await }));
        assert_eq!(capture.names(), ["condukt.tool_call.start", "condukt.tool_call.stop"], "{cached}");
        assert_eq!(capture.events()[1].get("result").unwrap(), if cached { 1 } else { 2 });

        let capture = testing::capture();
        let session = futures::executor::block_on(capture.follow(async { in_a_context(cached).await }));
        assert_eq!(session.as_deref(), Some("s-1"), "{cached}");
        assert_eq!(capture.names(), ["condukt.tool_call.start", "condukt.tool_call.stop"], "{cached}");
        assert_eq!(capture.events()[0].get("session_id").unwrap(), "s-1");
    }
}
