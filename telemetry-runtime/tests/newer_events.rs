//! The events that newer versions of the originals have.
#![cfg(feature = "newer-events")]

use serde_json::json;
use telemetry_runtime::{
    AgentProcess, Category, Context, LoggerOptions, OwnedEvent, attach_default_logger, detach_default_logger,
    emit, in_span, list_handlers, record, testing,
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

/// One of the keys of an event that every event of Legion's shows.
fn key<'e>(event: &'e OwnedEvent, key: &str) -> Option<&'e str> {
    event.get(key).map(|value| value.as_str().expect("a text"))
}

#[test]
fn every_event_of_legions_has_the_newer_names_beside_the_older_ones() {
    let capture = testing::capture();
    capture.scope(|| {
        let outer = AgentProcess::start("Outer", || Ok::<_, ()>(())).unwrap();
        outer.context().scope(|| {
            let inner = AgentProcess::start("Inner", || Ok::<_, ()>(())).unwrap();
            inner.context().scope(|| {
                in_span!(agent_message, message = "hi", stop(|_| iterations = 1); || {
                    in_span!(iteration, iteration = 0, stop(|_| action = "return"); || {
                        in_span!(llm_request, model = "m", message_count = 1; || ());
                        in_span!(sandbox_eval, code = "1"; || ());
                        in_span!(mcp_call, code = "mcp.search()"; || ());
                    });
                });
                emit!(eval_guard_denied, guard = "no_io", code = "1");
                emit!(rate_limit_exceeded, identity = "team-1", policy = "1 a day");
            });
        });
    });
    let events = capture.events();
    assert_eq!(events.len(), 4 + 5 * 2 + 2);
    for event in &events {
        assert!(key(event, "agent_id").is_some(), "{event:?}");
        assert_eq!(key(event, "agent_id"), key(event, "run_id"), "{event:?}");
        assert_eq!(key(event, "parent_agent_id"), key(event, "parent_run_id"), "{event:?}");
        assert_eq!(key(event, "parent_agent_id").is_some(), key(event, "agent") == Some("Inner"));
    }
    // They are as chance would have it, as the older ones are.
    assert!(!capture.tree().contains("agent_id"), "{}", capture.tree());
}

#[test]
fn an_agent_has_an_id_that_outlasts_its_run() {
    let start = |id: &str| AgentProcess::start_with_id("Outer", id, || Ok::<_, ()>(())).unwrap();
    let capture = testing::capture();
    let [first, second] = capture.scope(|| {
        [(); 2].map(|()| {
            let process = start("outer-1");
            process.context().scope(|| {
                assert_eq!(Context::current().agent_id(), Some("outer-1"));
                // One inside that is given no id has that of its run.
                let inner = AgentProcess::start("Inner", || Ok::<_, ()>(())).unwrap();
                assert_eq!(inner.agent_id(), inner.run_id());
                assert_eq!(inner.context().parent_agent_id(), Some("outer-1"));
                assert_eq!(inner.context().parent_run_id(), Some(process.run_id()));
                inner.context().scope(|| {
                    let innermost = start("innermost");
                    assert_eq!(innermost.context().parent_agent_id(), Some(inner.agent_id()));
                });
            });
            process.run_id().to_owned()
        })
    });
    assert_ne!(first, second);
    let started = capture.named("legion.agent.started");
    let ids: Vec<_> = started.iter().map(|event| key(event, "agent_id").unwrap()).collect();
    assert_eq!((ids[0], ids[2], ids[3], ids[5]), ("outer-1", "innermost", "outer-1", "innermost"));
    assert_ne!(ids[1], ids[4]);
}

#[test]
fn usage_may_carry_its_time_and_message_index() {
    let usage = json!({"input_tokens": 3, "output_tokens": 1, "at": 1_760_000_000, "message_index": 4});
    let capture = testing::capture();
    capture.scope(|| {
        in_span!(llm_request, model = "m", message_count = 1, stop(|_| usage = usage.clone(), object = json!({"a": 1}));
            || ());
    });
    let stop = &capture.named("legion.llm.request.stop")[0];
    assert_eq!((stop.get("usage"), stop.get("object")), (Some(&usage), Some(&json!({"a": 1}))));
    assert_eq!(capture.totals().usage.total, Some(4));
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

    // Calls of MCP servers have a category of their own.
    for (category, of_mcp, of_tools) in [(Category::Mcp, 1, 0), (Category::Tool, 0, 1)] {
        attach_default_logger(LoggerOptions::default().events([category])).unwrap();
        let listening = |prefix| list_handlers(prefix).len();
        assert_eq!((listening("legion.mcp"), listening("condukt.tool_call")), (of_mcp, of_tools));
        detach_default_logger().unwrap();
    }
}
