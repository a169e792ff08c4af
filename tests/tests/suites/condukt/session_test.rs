use super::*;

#[tokio::test]
async fn agent_start_and_stop_carry_the_session_id() {
    let events = session(testing::capture(), [says("hi")]).await;
    let (start, stop) = (only(&events, "condukt.agent.start"), only(&events, "condukt.agent.stop"));
    let session = start.get("session_id").unwrap();
    uuid_test::assert_canonical(session.as_str().unwrap());
    assert_eq!(stop.get("session_id").unwrap(), session);
    for event in [start, stop] {
        assert!(event.get("agent").unwrap().as_str().unwrap().ends_with("::Session"), "{event:?}");
        assert_eq!(event.get("parent_session_id"), None);
    }
    assert_eq!(json!(start.metadata).as_object().unwrap().len(), 2);
    assert_eq!(stop.get("status").unwrap(), "ok");
}

#[tokio::test]
async fn a_caller_may_supply_the_session_id() {
    let capture = testing::capture().with_context(|context| context.with_session_id("session-42"));
    let events = session(capture, echo()).await;
    assert_eq!(events.len(), 8);
    for event in &events {
        assert_eq!(event.get("session_id").unwrap(), "session-42", "{}", event.name);
    }
}

#[tokio::test]
async fn each_run_is_a_session() {
    let capture = testing::capture();
    let mut twice = Session::new([says("one"), says("two")]);
    capture.follow(twice.run("first")).await.unwrap();
    capture.follow(twice.run("second")).await.unwrap();
    let starts = capture.named("condukt.agent.start");
    assert_eq!(starts.len(), 2);
    assert_ne!(starts[0].get("session_id"), starts[1].get("session_id"));
}

#[tokio::test]
async fn tool_call_start_and_stop_carry_the_session_id() {
    let events = session(testing::capture(), echo()).await;
    let session = events[0].get("session_id").unwrap();
    for name in ["condukt.tool_call.start", "condukt.tool_call.stop"] {
        assert_eq!(only(&events, name).get("session_id").unwrap(), session);
    }
}

#[tokio::test]
async fn tool_call_has_arguments_and_id_on_start_and_status_and_result_on_stop() {
    let events = session(testing::capture(), echo()).await;
    let (start, stop) = (only(&events, "condukt.tool_call.start"), only(&events, "condukt.tool_call.stop"));
    for event in [start, stop] {
        assert_eq!(event.get("tool").unwrap(), "echo");
        assert_eq!(event.get("args").unwrap(), &json!({"text": "hi"}));
        assert_eq!(event.get("tool_call_id").unwrap(), "call_1");
    }
    assert_eq!(start.get("status"), None);
    assert_eq!(stop.get("status").unwrap(), "ok");
    assert_eq!(stop.get("result").unwrap(), "echo: hi");
}

#[tokio::test]
async fn a_tool_that_fails_stops_with_status_error() {
    let events = session(testing::capture(), [calls([("call_1", "fail", json!({}))]), says("sorry")]).await;
    let stop = only(&events, "condukt.tool_call.stop");
    assert_eq!(stop.get("status").unwrap(), "error");
    assert_eq!(stop.get("error").unwrap(), "kaboom");
    assert_eq!(stop.get("error_type").unwrap(), "tool");
    assert_eq!(stop.get("result"), None);
    assert_eq!(only(&events, "condukt.agent.stop").get("status").unwrap(), "ok");
}

#[tokio::test]
async fn an_unknown_tool_starts_and_stops_with_status_error() {
    let events = session(testing::capture(), [calls([("call_1", "fly", json!({}))]), says("sorry")]).await;
    assert_eq!(only(&events, "condukt.tool_call.start").get("tool").unwrap(), "fly");
    let stop = only(&events, "condukt.tool_call.stop");
    assert_eq!(stop.get("status").unwrap(), "error");
    assert_eq!(stop.get("error").unwrap(), "Unknown tool: fly");
}

#[tokio::test]
async fn tools_of_one_turn_run_at_once_each_under_its_own_id() {
    let call = |id, text: &str| (id, "echo", json!({"text": text}));
    let turn = calls([call("call_1", "a"), call("call_2", "b"), call("call_3", "c")]);
    let events = session(testing::capture(), [turn, says("done")]).await;
    let tools: Vec<&OwnedEvent> =
        events.iter().filter(|event| event.name.starts_with("condukt.tool_call.")).collect();
    let phases: Vec<&str> = tools.iter().map(|event| event.name.rsplit('.').next().unwrap()).collect();
    assert_eq!(phases, ["start", "start", "start", "stop", "stop", "stop"]);
    let agent = events[0].span.unwrap();
    for (start, stop) in tools[..3].iter().zip(&tools[3..]) {
        assert_eq!(start.span, stop.span);
        assert_eq!(start.span.unwrap().parent_id, Some(agent.id));
        assert_eq!(start.get("tool_call_id"), stop.get("tool_call_id"));
        let text = start.get("args").unwrap()["text"].as_str().unwrap();
        assert_eq!(stop.get("result").unwrap(), &format!("echo: {text}"));
    }
    let ids: Vec<&Value> = tools[..3].iter().map(|event| event.get("tool_call_id").unwrap()).collect();
    assert_eq!(ids, ["call_1", "call_2", "call_3"]);
}

#[tokio::test]
async fn a_tool_that_raises_is_an_exception_and_leaves_no_orphan() {
    let capture = testing::capture();
    let turn =
        calls([("call_1", "echo", json!({})), ("call_2", "raise", json!({})), ("call_3", "echo", json!({}))]);
    let mut session = Session::new([turn]);
    let run = AssertUnwindSafe(capture.follow(session.run("hello"))).catch_unwind().await;
    assert_eq!(run.unwrap_err().downcast_ref::<&str>(), Some(&"it raised"));
    let events = capture.events();
    let exceptions: Vec<(&str, &Value, &Value)> = events
        .iter()
        .filter(|event| event.name.ends_with(".exception"))
        .map(|event| (&*event.name, event.get("kind").unwrap(), event.get("reason").unwrap()))
        .collect();
    assert!(exceptions.contains(&("condukt.tool_call.exception", &json!("panic"), &json!("it raised"))));
    assert_eq!(exceptions.last(), Some(&("condukt.agent.exception", &json!("panic"), &json!("it raised"))));
    for start in events.iter().filter(|event| event.name.ends_with(".start")) {
        let ends = events.iter().filter(|end| end.span == start.span && end.name != start.name).count();
        assert_eq!(ends, 1, "{start:?}");
    }
}

#[tokio::test]
async fn llm_turn_start_has_the_request_and_stop_the_answer() {
    let events = session(testing::capture(), [says("hi, human")]).await;
    let start = only(&events, "condukt.llm_turn.start");
    assert_eq!(start.get("turn").unwrap(), 0);
    assert_eq!(start.get("model").unwrap(), "scripted");
    assert_eq!(start.get("streaming?").unwrap(), false);
    assert_eq!(start.get("tool_count").unwrap(), 4);
    assert_eq!(start.get("messages").unwrap(), &json!([{"role": "user", "content": "hello there"}]));
    let stop = only(&events, "condukt.llm_turn.stop");
    assert_eq!(stop.get("status").unwrap(), "ok");
    assert_eq!(stop.get("assistant_message").unwrap(), &json!({"role": "assistant", "content": "hi, human"}));
    assert_eq!(stop.get("usage").unwrap(), &json!({"input_tokens": 3, "output_tokens": 1}));
    assert_eq!(stop.get("finish_reason").unwrap(), "stop");
    assert_eq!(stop.get("error"), None);
    for (key, value) in &start.metadata {
        assert_eq!(stop.get(key), Some(value), "{key}");
    }
}

#[tokio::test]
async fn an_llm_turn_that_fails_has_no_answer() {
    let capture = testing::capture();
    let failure = capture.follow(Session::new([]).run("hello")).await.unwrap_err();
    assert_eq!(failure.to_string(), "nothing left to say");
    let events = capture.events();
    let stop = only(&events, "condukt.llm_turn.stop");
    assert_eq!(stop.get("status").unwrap(), "error");
    assert_eq!(stop.get("error").unwrap(), "nothing left to say");
    assert_eq!(stop.get("error_type").unwrap(), "provider");
    for key in ["assistant_message", "usage", "finish_reason"] {
        assert_eq!(stop.get(key), None, "{key}");
    }
    // The original does not show it here.
    assert_eq!(only(&events, "condukt.agent.stop").get("status").unwrap(), "error");
}

#[tokio::test]
async fn two_turns_are_two_pairs() {
    let capture = testing::capture();
    let mut session = Session { tools: &["echo"], ..Session::new(echo()) };
    capture.follow(session.run("hello")).await.unwrap();
    let starts = capture.named("condukt.llm_turn.start");
    let stops = capture.named("condukt.llm_turn.stop");
    for (turn, (start, stop)) in starts.iter().zip(&stops).enumerate() {
        assert_eq!(start.get("turn").unwrap(), turn);
        assert_eq!(stop.get("turn").unwrap(), turn);
        assert_eq!(start.get("tool_count").unwrap(), 1);
        assert_eq!(start.span, stop.span);
    }
    assert_eq!((starts.len(), stops.len()), (2, 2));
    assert_eq!(stops[0].get("finish_reason").unwrap(), "tool_calls");
    assert_eq!(starts[0].get("session_id"), starts[1].get("session_id"));
    // A second run begins anew.
    session.script.push_back(says("again"));
    capture.follow(session.run("and now?")).await.unwrap();
    assert_eq!(capture.named("condukt.llm_turn.start")[2].get("turn").unwrap(), 0);
}

fn with_secrets(context: Context) -> Context {
    context.with_secrets(Secrets::resolve([("GH_TOKEN", "ghp_12345"), ("DB_PASSWORD", "hunter2!")]).unwrap())
}

fn leak() -> [Message; 2] {
    [calls([("call_1", "leak", json!({}))]), says("done")]
}

#[tokio::test]
async fn a_secret_in_a_result_is_redacted() {
    let events = session(testing::capture().with_context(with_secrets), leak()).await;
    let stop = only(&events, "condukt.tool_call.stop");
    assert_eq!(stop.get("result").unwrap(), "the token is [REDACTED:GH_TOKEN]");
}

#[tokio::test]
async fn secrets_resolve_has_the_session_id() {
    let capture = testing::capture()
        .with_context(|context| with_secrets(context.with_agent("researcher").with_session_id("session-42")));
    let events = capture.events();
    let resolve = only(&events, "condukt.secrets.resolve");
    assert_eq!(resolve.get("session_id").unwrap(), "session-42");
    assert_eq!(resolve.get("agent").unwrap(), "researcher");
}

#[tokio::test]
async fn secrets_resolve_counts_and_names_and_never_shows() {
    let events = session(testing::capture().with_context(with_secrets), leak()).await;
    let resolve = only(&events, "condukt.secrets.resolve");
    assert_eq!(json!(resolve.measurements), json!({"count": 2}));
    assert_eq!(resolve.get("names").unwrap(), &json!(["DB_PASSWORD", "GH_TOKEN"]));
    let shown = format!("{events:?}");
    assert!(!shown.contains("ghp_12345") && !shown.contains("hunter2!"), "{shown}");
}

#[tokio::test]
async fn no_secrets_no_events() {
    let capture = testing::capture()
        .with_context(|context| context.with_secrets(Secrets::resolve([("", ""); 0]).unwrap()));
    let events = session(capture, echo()).await;
    assert!(!names(&events).iter().any(|name| name.starts_with("condukt.secrets.")), "{events:?}");
}

#[tokio::test]
async fn secrets_access_comes_before_the_tool_whether_it_reads_them_or_not() {
    let events = session(
        testing::capture().with_context(|context| {
            context.with_secrets(Secrets::resolve([("GH_TOKEN", "ghp_12345")]).unwrap())
        }),
        echo(),
    )
    .await;
    let access = only(&events, "condukt.secrets.access");
    assert_eq!(json!(access.measurements), json!({"count": 1}));
    assert_eq!(access.get("tool").unwrap(), "echo");
    assert_eq!(access.get("tool_call_id").unwrap(), "call_1");
    assert_eq!(access.get("names").unwrap(), &json!(["GH_TOKEN"]));
    assert_eq!(access.get("session_id"), events[1].get("session_id"));
    assert_eq!(access.get("agent"), events[1].get("agent"));
    let at = events.iter().position(|event| event.name == "condukt.secrets.access").unwrap();
    assert_eq!(
        names(&events)[at - 1..=at + 1],
        ["condukt.tool_call.start", "condukt.secrets.access", "condukt.tool_call.stop"]
    );
}

#[tokio::test]
async fn the_second_turn_shows_the_placeholder_only() {
    let events = session(testing::capture().with_context(with_secrets), leak()).await;
    let second = events.iter().rfind(|event| event.name == "condukt.llm_turn.start").unwrap();
    assert_eq!(second.get("messages").unwrap()[2]["content"], "the token is [REDACTED:GH_TOKEN]");
}

#[tokio::test]
async fn compact_carries_before_and_after() {
    let capture = testing::capture().with_context(|context| context.with_session_id("s"));
    let mut session = Session::new(echo());
    capture.follow(session.run("hello")).await.unwrap();
    capture.scope(|| session.compact());
    let events = capture.events();
    let compact = only(&events, "condukt.compact.stop");
    assert_eq!(json!(compact.measurements), json!({"duration": 1_000, "before": 4, "after": 1}));
    assert_eq!(json!(compact.metadata), json!({"session_id": "s"}));
}

#[tokio::test]
async fn a_whole_run_is_in_order() {
    #[agent_span(operation, operation = "answer")]
    async fn operation() {
        run().await;
    }

    #[agent_span(run, structured = false, input = false)]
    async fn run() {
        let secrets = Secrets::resolve([("GH_TOKEN", "ghp_12345")]).unwrap();
        let mut session = Session::new(echo());
        session.run("hello").in_context(Context::current().with_secrets(secrets)).await.unwrap();
        session.compact();
    }

    let capture = testing::capture();
    capture.follow(operation()).await;
    assert_eq!(
        capture.names(),
        [
            "condukt.operation.start",
            "condukt.run.start",
            "condukt.secrets.resolve",
            "condukt.agent.start",
            "condukt.llm_turn.start",
            "condukt.llm_turn.stop",
            "condukt.tool_call.start",
            "condukt.secrets.access",
            "condukt.tool_call.stop",
            "condukt.llm_turn.start",
            "condukt.llm_turn.stop",
            "condukt.agent.stop",
            "condukt.compact.stop",
            "condukt.run.stop",
            "condukt.operation.stop",
        ]
    );
    let session = &capture.events()[0].metadata["session_id"];
    for event in capture.events() {
        assert_eq!(&event.metadata["session_id"], session, "{}", event.name);
    }
}
