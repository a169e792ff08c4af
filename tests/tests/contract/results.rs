//! How results and errors are recorded.

use std::error::Error;
use std::io;
use std::marker::PhantomData;

use telemetry_runtime::ErrorType;

use super::*;

type Aliased<T> = Result<T, Fault>;

#[derive(Debug)]
struct Fault;

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it is at fault")
    }
}

impl Error for Fault {}

/// `error` and `error_type` of a stop with status `error`.
fn failed<R>(run: impl FnOnce() -> R) -> [String; 2] {
    let stop = stop_of(run);
    assert_eq!(stop.get("status").unwrap(), "error");
    assert_eq!(stop.get("result"), None);
    ["error", "error_type"].map(|key| stop.get(key).unwrap().as_str().unwrap().to_owned())
}

#[test]
fn a_result_is_one_however_it_is_spelled() {
    #[tool_call]
    fn aliased() -> Aliased<u8> {
        Err(Fault)
    }
    #[tool_call]
    fn of_io() -> io::Result<u8> {
        Err(io::Error::other("disk full"))
    }
    #[tool_call]
    fn of_anyhow() -> anyhow::Result<u8> {
        Err(anyhow::anyhow!("inner").context("outer"))
    }
    #[tool_call]
    fn boxed() -> Result<u8, Box<dyn Error + Send + Sync>> {
        Err(Box::new(Fault))
    }
    #[tool_call]
    fn of_impl() -> Result<impl Iterator<Item = u8>, Fault> {
        if true { Err(Fault) } else { Ok([1].into_iter()) }
    }
    assert_eq!(failed(aliased), ["it is at fault", "Fault"]);
    assert_eq!(failed(of_io), ["disk full", "Other"]);
    assert_eq!(failed(of_anyhow), ["outer: inner", "error"]);
    assert_eq!(failed(boxed), ["it is at fault", "Fault"]);
    assert_eq!(failed(of_impl), ["it is at fault", "Fault"]);
}

#[test]
fn a_plain_return_value_is_a_success() {
    #[derive(Serialize)]
    #[serde(rename_all = "snake_case")]
    enum Result {
        Err,
    }
    #[tool_call]
    fn own() -> Result {
        Result::Err
    }
    #[tool_call]
    fn optional() -> Option<core::result::Result<u8, u8>> {
        Some(Err(1))
    }
    let stop = stop_of(own);
    assert_eq!((stop.get("status").unwrap(), stop.get("result").unwrap()), (&json!("ok"), &json!("err")));
    let stop = stop_of(optional);
    assert_eq!(
        (stop.get("status").unwrap(), stop.get("result").unwrap()),
        (&json!("ok"), &json!({"Err": 1}))
    );
}

#[test]
fn an_error_is_shown_by_display_debug_or_type_name() {
    #[derive(Debug)]
    struct DebugOnly(#[allow(dead_code, reason = "for its `Debug`")] u8);
    struct Opaque<T>(PhantomData<T>);
    #[derive(Debug)]
    struct Typed(u16);
    impl ErrorType for Typed {
        fn error_type(&self) -> String {
            self.0.to_string()
        }
    }

    #[tool_call]
    fn debug_only() -> Result<(), DebugOnly> {
        Err(DebugOnly(3))
    }
    #[tool_call]
    fn opaque() -> Result<(), Opaque<Vec<Option<Fault>>>> {
        Err(Opaque(PhantomData))
    }
    #[tool_call]
    fn typed() -> Result<(), Typed> {
        Err(Typed(429))
    }
    assert_eq!(failed(debug_only), ["DebugOnly(3)", "DebugOnly"]);
    assert_eq!(failed(opaque), ["Opaque<Vec<Option<Fault>>>", "Opaque<Vec<Option<Fault>>>"]);
    assert_eq!(failed(typed), ["Typed(429)", "429"]);
}

#[test]
fn in_generic_code_the_bounds_are_what_is_known() {
    #[tool_call]
    fn bounded<T: Serialize, E: fmt::Display>(outcome: Result<T, E>) -> Result<T, E> {
        outcome
    }
    #[tool_call(skip_all)]
    fn unbounded<T, E>(outcome: Result<T, E>) -> Result<T, E> {
        outcome
    }
    assert_eq!(failed(|| bounded(Err::<u8, _>(Fault))), ["it is at fault", "Fault"]);
    assert_eq!(stop_of(|| bounded(Ok::<_, Fault>(3))).get("result").unwrap(), 3);
    assert_eq!(failed(|| unbounded(Err::<u8, _>(Fault))), ["Fault", "Fault"]);
    assert_eq!(stop_of(|| unbounded(Ok::<_, Fault>(3))).get("result").unwrap(), "<i32>");
}

#[test]
fn stop_sees_the_value_and_err_the_error() {
    #[agent_span(llm_turn, model = "m", turn = 0, messages = (),
                     stop(|reply| usage = reply.len(), finish_reason = "stop"),
                     err(|error| error_type = ?error.kind(), error = "told otherwise"))]
    fn turn(fails: bool) -> io::Result<Vec<u8>> {
        if fails { Err(io::ErrorKind::TimedOut.into()) } else { Ok(vec![0; 3]) }
    }
    let stop = stop_of(|| turn(false));
    assert_eq!(stop.get("usage").unwrap(), 3);
    assert_eq!((stop.get("error"), stop.get("error_type")), (None, None));
    assert_eq!(failed(|| turn(true)), ["told otherwise", "TimedOut"]);
    assert_eq!(stop_of(|| turn(true)).get("usage"), None);
}

#[test]
fn a_stop_rule_may_set_status_error() {
    struct CallResult {
        text: &'static str,
        is_error: bool,
    }
    #[tool_call(stop(|call|
            result = call.text,
            status = call.is_error.then_some("error"),
            error = call.is_error.then_some(call.text),
            error_type = call.is_error.then_some("tool_error"),
        ))]
    fn call(is_error: bool) -> Result<CallResult, Fault> {
        Ok(CallResult { text: "said", is_error })
    }
    let stop = stop_of(|| call(true));
    assert_eq!(
        ["status", "error", "error_type", "result"].map(|key| stop.get(key).unwrap()),
        ["error", "said", "tool_error", "said"]
    );
    let stop = stop_of(|| call(false));
    assert_eq!((stop.get("status").unwrap(), stop.get("error")), (&json!("ok"), None));
}
