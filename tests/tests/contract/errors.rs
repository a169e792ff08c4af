//! What is recorded of a returned error: its causes, and a kind that a dashboard can group by.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use anyhow::Context as _;
use serde_json::json;
use telemetry_runtime::{ErrorType, OwnedEvent, agent_span, in_span, testing, tool_call};

fn failed<T>(run: impl FnOnce() -> T) -> (String, String) {
    let capture = testing::capture();
    capture.scope(run);
    let stop = capture.events().pop().unwrap();
    assert_eq!(stop.get("status").unwrap(), "error");
    let text = |key| stop.get(key).unwrap().as_str().unwrap().to_owned();
    (text("error"), text("error_type"))
}

fn pair(error: &str, kind: &str) -> (String, String) {
    (error.to_owned(), kind.to_owned())
}

#[derive(Debug, thiserror::Error)]
enum ApiError {
    #[error("cannot call the model")]
    Transport(#[source] std::io::Error),
    #[error("the model answered {status}")]
    Status { status: u16 },
    #[error("cut off")]
    CutOff,
    #[error("wrapped: {0}")]
    Wrapped(#[source] Box<ApiError>),
}

fn refused() -> std::io::Error {
    std::io::Error::new(std::io::ErrorKind::ConnectionRefused, "connection refused")
}

fn of<E: Error>(error: E) -> (String, String) {
    failed(|| in_span!(tool_call, tool = "t", args = (); || Err::<(), E>(error)))
}

#[test]
fn causes_follow_the_error_that_they_caused() {
    #[tool_call]
    fn call() -> Result<(), ApiError> {
        Err(ApiError::Transport(refused()))
    }
    assert_eq!(failed(call), pair("cannot call the model: connection refused", "ApiError::Transport"));
}

#[test]
fn a_cause_that_the_text_holds_already_is_not_repeated() {
    #[tool_call]
    fn call() -> Result<(), ApiError> {
        Err(ApiError::Wrapped(Box::new(ApiError::CutOff)))
    }
    assert_eq!(failed(call).0, "wrapped: cut off");
}

#[test]
fn the_kind_has_the_variant() {
    #[tool_call]
    fn status() -> Result<(), ApiError> {
        Err(ApiError::Status { status: 500 })
    }
    assert_eq!(failed(status), pair("the model answered 500", "ApiError::Status"));
    #[tool_call]
    fn cut_off() -> Result<(), ApiError> {
        Err(ApiError::CutOff)
    }
    assert_eq!(failed(cut_off).1, "ApiError::CutOff");
}

#[test]
fn an_error_type_of_ones_own_wins() {
    #[derive(Debug)]
    enum Limited {
        Soft,
    }
    impl fmt::Display for Limited {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("slow down")
        }
    }
    impl Error for Limited {}
    impl ErrorType for Limited {
        fn error_type(&self) -> String {
            "rate_limited".into()
        }
    }
    #[tool_call]
    fn call() -> Result<(), Limited> {
        Err(Limited::Soft)
    }
    assert_eq!(failed(call), pair("slow down", "rate_limited"));
    #[tool_call]
    fn boxed() -> Result<(), Box<Limited>> {
        Err(Box::new(Limited::Soft))
    }
    assert_eq!(failed(boxed).1, "rate_limited");
}

#[test]
fn anyhow_gives_its_contexts_and_the_type_of_its_root() {
    #[agent_span(llm_turn, model = "m", messages = "q", stop(|_|))]
    fn call() -> anyhow::Result<()> {
        Err(refused()).context("cannot call the model").context("the turn failed")
    }
    assert_eq!(
        failed(call),
        pair("the turn failed: cannot call the model: connection refused", "ConnectionRefused")
    );
    #[tool_call]
    fn typed() -> anyhow::Result<()> {
        Err(ApiError::CutOff).context("the turn failed")
    }
    assert_eq!(failed(typed), pair("the turn failed: cut off", "CutOff"));
    #[tool_call]
    fn text() -> anyhow::Result<()> {
        Err(anyhow::anyhow!("Timeout"))
    }
    assert_eq!(failed(text), pair("Timeout", "error"));
}

#[test]
fn a_boxed_error_reads_like_the_error_inside() {
    #[tool_call]
    fn plain() -> Result<(), Box<dyn Error>> {
        Err(Box::new(ApiError::Transport(refused())))
    }
    assert_eq!(failed(plain), pair("cannot call the model: connection refused", "ConnectionRefused"));
    #[tool_call]
    fn send() -> Result<(), Box<dyn Error + Send + Sync>> {
        Err("no such city".into())
    }
    assert_eq!(failed(send), pair("no such city", "error"));
}

#[test]
fn a_shared_or_boxed_error_of_a_type_is_of_that_type() {
    assert_eq!(of(Box::new(ApiError::CutOff)), pair("cut off", "ApiError::CutOff"));
    assert_eq!(of(Arc::new(ApiError::CutOff)), pair("cut off", "ApiError::CutOff"));
    #[tool_call]
    fn counted() -> Result<(), Rc<ApiError>> {
        Err(ApiError::CutOff.into())
    }
    assert_eq!(failed(counted), pair("cut off", "ApiError::CutOff"));
    let shared: Arc<dyn Error + Send + Sync> = Arc::new(ApiError::Transport(refused()));
    assert_eq!(of(shared), pair("cannot call the model: connection refused", "ConnectionRefused"));
    let shared: Arc<dyn Error + Send + Sync> = Arc::new(ApiError::CutOff);
    assert_eq!(of(shared), pair("cut off", "CutOff"));
    let shared: Arc<dyn Error + Send + Sync> = Arc::from(Box::<dyn Error + Send + Sync>::from("Timeout"));
    assert_eq!(of(shared), pair("Timeout", "error"));
}

#[test]
fn texts_that_are_errors_are_of_no_kind() {
    #[tool_call]
    fn owned() -> Result<(), String> {
        Err("no such city".into())
    }
    #[tool_call]
    fn borrowed() -> Result<(), &'static str> {
        Err("no such city")
    }
    #[tool_call]
    fn unit() -> Result<(), ()> {
        Err(())
    }
    #[tool_call]
    fn either() -> Result<(), Cow<'static, str>> {
        Err("no such city".into())
    }
    for (error, kind) in [failed(owned), failed(borrowed), failed(either)] {
        assert_eq!((&*error, &*kind), ("no such city", "error"));
    }
    assert_eq!(failed(unit).1, "error");
}

#[test]
fn an_io_error_is_of_its_kind() {
    #[tool_call]
    fn call() -> std::io::Result<()> {
        Err(refused())
    }
    assert_eq!(failed(call), pair("connection refused", "ConnectionRefused"));
}

#[test]
fn an_error_that_is_its_own_cause_is_read_in_bounded_time() {
    #[derive(Debug)]
    struct Circle;
    impl fmt::Display for Circle {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("round")
        }
    }
    impl Error for Circle {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&Circle)
        }
    }
    assert_eq!(of(Circle), pair("round", "Circle"));
}

#[test]
fn an_error_whose_display_panics_loses_only_its_text() {
    #[derive(Debug)]
    struct Broken;
    impl fmt::Display for Broken {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            panic!("no text")
        }
    }
    impl Error for Broken {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            panic!("no source")
        }
    }
    assert_eq!(of(Broken), pair("<unserialisable: Broken>", "Broken"));
}

#[test]
fn an_error_type_that_is_inferred_later_is_known() {
    fn tool(name: String) -> impl Future<Output = Result<String, std::io::Error>> {
        in_span!(tool_call, tool = name.as_str(), args = (); async move { Ok(String::from("x")) })
    }
    let capture = testing::capture();
    futures::executor::block_on(capture.follow(tool("x".into()))).unwrap();
    assert_eq!(capture.events()[1].get("status").unwrap(), "ok");
}

fn stop_of<T>(run: impl FnOnce() -> T) -> OwnedEvent {
    let capture = testing::capture();
    capture.scope(run);
    capture.events().pop().unwrap()
}

#[test]
fn a_failure_that_is_a_value_has_its_text_as_error_and_keeps_its_result() {
    #[tool_call(stop(|answer| status = if answer.starts_with("no") { "error" } else { "ok" }))]
    fn look(city: &str) -> String {
        if city == "Oslo" { "rain".into() } else { format!("no such city: {city}") }
    }
    let stop = stop_of(|| look("Atlantis"));
    assert_eq!(stop.get("status").unwrap(), "error");
    assert_eq!(stop.get("error").unwrap(), "no such city: Atlantis");
    assert_eq!(stop.get("error_type").unwrap(), "tool_error");
    assert_eq!(stop.get("result").unwrap(), "no such city: Atlantis");
    let stop = stop_of(|| look("Oslo"));
    assert_eq!((stop.get("status").unwrap(), stop.get("error")), (&json!("ok"), None));
}
