//! Model requests and evaluations in the sandbox.

use super::*;

#[test]
fn a_request_knows_its_iteration() {
    let events = live(&[Decision::Eval("1 + 1"), Decision::Return("2")]).events();
    let requests: Vec<&OwnedEvent> =
        events.iter().filter(|event| event.name.starts_with("legion.llm.request.")).collect();
    let numbers: Vec<&Value> = requests.iter().map(|event| event.get("iteration").unwrap()).collect();
    assert_eq!(numbers, [0, 0, 1, 1]);
    assert_eq!(
        keys(requests[0]),
        ["agent", "iteration", "message_count", "model", "run_id"],
        "the documented keys and no other"
    );
    assert_eq!(requests[0].get("message_count").unwrap(), 2);
    assert_eq!(requests[1].get("status").unwrap(), "ok");

    // Outside of an iteration, and after one, the key is absent.
    let capture = testing::capture();
    capture.scope(|| {
        in_span!(iteration, iteration = 7, stop(|()| action = "none"); || ());
        in_span!(llm_request, model = "m", message_count = 0; || ());
    });
    assert_eq!(capture.named("legion.llm.request.start")[0].get("iteration"), None);
}

/// Beyond the document: what a request used, where the annotation gives it.
#[test]
fn a_request_may_carry_usage_and_a_finish_reason() {
    #[derive(StopMetadata)]
    #[stop_of(llm_request)]
    struct Object {
        usage: u32,
        finish_reason: &'static str,
        #[stop(skip)]
        value: &'static str,
    }
    #[agent_span(llm_request, model = "m")]
    fn derived(message_count: usize) -> Result<Object, &'static str> {
        Ok(Object { usage: 12, finish_reason: "stop", value: "4" })
    }
    #[agent_span(llm_request, model = "m", stop(|text| usage = text.len(), finish_reason = "stop"))]
    fn said(message_count: usize) -> &'static str {
        "twelve bytes"
    }
    #[agent_span(llm_request, model = "m")]
    fn recorded(message_count: usize) -> &'static str {
        record!(llm_request, usage = 12, finish_reason = "stop");
        "4"
    }
    let capture = testing::capture();
    capture.scope(|| {
        assert_eq!(derived(1).unwrap().value, "4");
        said(1);
        recorded(1);
    });
    for stop in capture.named("legion.llm.request.stop") {
        assert_eq!(keys(&stop), ["finish_reason", "message_count", "model", "status", "usage"]);
        assert_eq!(stop.get("usage").unwrap(), 12);
    }
}

#[test]
fn a_request_that_fails_stops_with_status_error() {
    let events = live(&[]).events();
    let stops: Vec<&OwnedEvent> =
        events.iter().filter(|event| event.name == "legion.llm.request.stop").collect();
    assert_eq!(stops.len(), 3);
    for stop in stops {
        assert_eq!(stop.get("status").unwrap(), "error");
        assert_eq!(stop.get("error").unwrap(), "the provider is down");
        assert_eq!(stop.get("error_type").unwrap(), "error");
    }
}

#[test]
fn an_evaluation_carries_success() {
    let events = live(&[Decision::Eval("1 + 1"), Decision::Eval("1 +"), Decision::Return("2")]).events();
    let stops: Vec<&OwnedEvent> =
        events.iter().filter(|event| event.name == "legion.sandbox.eval.stop").collect();
    assert_eq!(keys(stops[0]), ["agent", "code", "result", "run_id", "status", "success"]);
    assert_eq!(stops[0].get("success").unwrap(), true);
    assert_eq!(stops[0].get("result").unwrap(), 2);
    assert_eq!(keys(stops[1]), ["agent", "code", "error", "error_type", "run_id", "status", "success"]);
    assert_eq!(stops[1].get("success").unwrap(), false);
    assert_eq!(stops[1].get("error").unwrap(), "cannot evaluate 1 +");
    assert_eq!(stops[1].get("code").unwrap(), "1 +");
    // The step it was part of went well.
    assert_eq!(only(&events, "legion.agent.message.stop").get("status").unwrap(), "ok");
}

#[test]
fn success_is_false_if_the_annotation_sets_status_error() {
    #[agent_span(sandbox_eval, stop(|exit| status = if *exit == 0 { "ok" } else { "error" }))]
    fn exit_code(code: &str) -> i32 {
        i32::from(code != "true")
    }

    let capture = testing::capture();
    capture.scope(|| (exit_code("true"), exit_code("false")));
    let stops = capture.named("legion.sandbox.eval.stop");
    let said: Vec<_> = stops.iter().map(|stop| (stop.get("success"), stop.get("result"))).collect();
    assert_eq!(said, [(Some(&json!(true)), Some(&json!(0))), (Some(&json!(false)), Some(&json!(1)))]);
}
