//! The events that newer versions of the originals have.
#![cfg(feature = "newer-events")]

use serde_json::json;
use telemetry_runtime::{
    LoggerOptions, attach_default_logger, detach_default_logger, emit, in_span, record, testing,
};

#[test]
fn each_is_emitted_with_its_keys() {
    let capture = testing::capture();
    capture.scope(|| {
        emit!(rate_limit_exceeded, identity = "team-1", policy = "100 a day", usage = 101);
        emit!(eval_guard_denied, guard = "no_io", code = "File.rm(path)", reason = "writes");
        emit!(network_request_denied, request = json!({"host": "example.com"}), bytes_in = 0);
        emit!(network_request_closed, request = "example.com", bytes_in = 10, bytes_out = 2);
        emit!(network_decider_failure, count = 1, reason = "decider_timeout");
    });
    let names = [
        "legion.rate_limit.exceeded",
        "legion.eval_guard.denied",
        "condukt.sandbox.network_policy.request_denied",
        "condukt.sandbox.network_policy.request_closed",
        "condukt.sandbox.network_policy.decider_failure",
    ];
    assert_eq!(capture.names(), names);
    let events = capture.events();
    assert!(events[0].measurements.contains_key("system_time"));
    assert_eq!(events[0].get("usage").unwrap(), 101);
    assert_eq!(events[1].get("guard").unwrap(), "no_io");
    assert_eq!(events[2].get("request").unwrap(), &json!({"host": "example.com"}));
    assert_eq!(
        (&events[3].measurements["bytes_in"], &events[3].measurements["bytes_out"]),
        (&json!(10), &json!(2))
    );
}

#[test]
fn a_call_of_an_mcp_server_is_a_span() {
    let capture = testing::capture();
    capture.scope(|| {
        in_span!(mcp_call, code = "mcp.search()"; || record!(mcp_call, success = true));
    });
    assert_eq!(capture.names(), ["legion.mcp.call.start", "legion.mcp.call.stop"]);
    let stop = &capture.events()[1];
    assert_eq!(
        (stop.get("code").unwrap(), stop.get("success").unwrap()),
        (&json!("mcp.search()"), &json!(true))
    );
}

#[test]
fn the_default_logger_takes_them() {
    attach_default_logger(LoggerOptions::default()).unwrap();
    let capture = testing::capture();
    capture.scope(|| {
        emit!(network_decider_failure, count = 1, reason = "decider_timeout");
        in_span!(mcp_call, code = "mcp.search()"; || ());
    });
    assert_eq!(capture.names().len(), 3);
    // A handler that panics is detached: the logger is still there.
    detach_default_logger().unwrap();
}
