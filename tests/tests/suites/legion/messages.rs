//! Messages and their iterations.

use super::*;

#[test]
fn a_message_carries_what_came_of_it() {
    let events = live(&[Decision::Return("2")]).events();
    let start = only(&events, "legion.agent.message.start");
    assert_eq!(keys(start), ["agent", "message", "run_id"]);
    let stop = only(&events, "legion.agent.message.stop");
    assert_eq!(keys(stop), ["agent", "bindings", "iterations", "message", "result", "run_id", "status"]);
    assert_eq!(stop.get("iterations").unwrap(), 1);
    assert_eq!(stop.get("result").unwrap(), "2");
    assert_eq!(stop.get("bindings").unwrap(), &json!({"x": 2}));
    assert_eq!(stop.get("status").unwrap(), "ok");
}

#[test]
fn a_message_may_be_any_content() {
    let capture = testing::capture();
    let parts = json!([{"type": "text", "text": "look"}, {"type": "image", "url": "x.png"}]);
    capture.scope(|| in_span!(agent_message, message = &parts, stop(|()| iterations = 0); || ()));
    assert_eq!(capture.events()[0].get("message").unwrap(), &parts);
    assert_eq!(capture.events()[0].get("run_id"), None, "there is no process");
}

#[test]
fn a_message_that_takes_too_long_is_cancelled() {
    let events = live(&[Decision::Eval("1 + 1"); 9]).events();
    let stop = only(&events, "legion.agent.message.stop");
    assert_eq!(stop.get("status").unwrap(), "cancel");
    assert_eq!(stop.get("result").unwrap(), "reached_max_iterations");
    assert_eq!(stop.get("iterations").unwrap(), MAX_ITERATIONS);
    for absent in ["bindings", "error", "error_type"] {
        assert_eq!(stop.get(absent), None, "{absent}");
    }
    // The one that would be too many is never begun.
    let iterations: Vec<&Value> = events
        .iter()
        .filter(|event| event.name == "legion.iteration.start")
        .map(|event| event.get("iteration").unwrap())
        .collect();
    assert_eq!(iterations, [0, 1, 2]);
}

#[test]
fn iterations_are_siblings_and_a_retry_has_the_same_number() {
    let events = live(&[Decision::Eval("1 + 1"), Decision::Malformed, Decision::Return("2")]).events();
    let message = only(&events, "legion.agent.message.start").span.unwrap();
    let stops: Vec<&OwnedEvent> =
        events.iter().filter(|event| event.name == "legion.iteration.stop").collect();
    let numbers: Vec<&Value> = stops.iter().map(|stop| stop.get("iteration").unwrap()).collect();
    assert_eq!(numbers, [0, 1, 1]);
    for stop in &stops {
        assert_eq!(stop.span.unwrap().parent_id, Some(message.id));
    }
    assert_ne!(stops[1].span, stops[2].span);
    // What went wrong has no action.
    assert_eq!(stops[1].get("action"), None);
    assert_eq!(stops[1].get("status").unwrap(), "error");
    assert_eq!(stops[1].get("error").unwrap(), "no structured object");
    let actions: Vec<Option<&Value>> = [stops[0], stops[2]].iter().map(|stop| stop.get("action")).collect();
    assert_eq!(actions, [Some(&json!("eval_and_continue")), Some(&json!("return"))]);
}

#[test]
fn too_many_retries_cancel_the_message() {
    let events = live(&[Decision::Malformed; 9]).events();
    let stop = only(&events, "legion.agent.message.stop");
    assert_eq!(stop.get("status").unwrap(), "cancel");
    assert_eq!(stop.get("result").unwrap(), "reached_max_retries");
    let starts = events.iter().filter(|event| event.name == "legion.iteration.start");
    assert!(starts.clone().all(|start| start.get("iteration").unwrap() == 0));
    assert_eq!(starts.count(), 3);
}
