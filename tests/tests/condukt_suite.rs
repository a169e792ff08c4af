//! Condukt's own tests of its telemetry, ported case by case: a session with tools, secrets and
//! sub-agents, operations, anonymous runs, and what is redacted.
//!
//! The modules are named after Condukt's test files. Without a meaning here: `network_policy_test`
//! (there are no such events) and `regex_test` (secrets are known by their values, not by patterns).
//! `history` in `session_test` is what the `messages` of a turn show; redacting what goes to the
//! model itself is the agent's own affair.

use std::collections::VecDeque;
use std::fmt;
use std::panic::AssertUnwindSafe;

use futures::FutureExt as _;
use futures::future::join_all;
use serde::Serialize;
use serde_json::{Value, json};
use telemetry_runtime::testing::{self, Capture, only};
use telemetry_runtime::{
    Context, ErrorType, InContext as _, OwnedEvent, Secrets, StopMetadata, agent_span, emit, tool_call,
};

/// A message of a conversation.
#[derive(Clone, Debug, Serialize)]
struct Message {
    role: &'static str,
    content: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<ToolCall>,
}

#[derive(Clone, Debug, Serialize)]
struct ToolCall {
    id: &'static str,
    tool: &'static str,
    args: Value,
}

fn says(text: &str) -> Message {
    Message { role: "assistant", content: text.to_owned(), tool_calls: Vec::new() }
}

fn calls<const N: usize>(tool_calls: [(&'static str, &'static str, Value); N]) -> Message {
    let tool_calls = tool_calls.map(|(id, tool, args)| ToolCall { id, tool, args });
    Message { role: "assistant", content: String::new(), tool_calls: tool_calls.into() }
}

#[derive(StopMetadata)]
#[stop_of(llm_turn)]
struct Reply {
    assistant_message: Message,
    usage: Option<Value>,
    finish_reason: &'static str,
}

#[derive(Debug)]
enum Failure {
    Provider(String),
    Tool(String),
    InvalidInput,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Provider(text) | Self::Tool(text) => f.write_str(text),
            Self::InvalidInput => f.write_str("the input does not fit the schema"),
        }
    }
}

impl ErrorType for Failure {
    fn error_type(&self) -> String {
        let kind = match self {
            Self::Provider(_) => "provider",
            Self::Tool(_) => "tool",
            Self::InvalidInput => "invalid_input",
        };
        kind.to_owned()
    }
}

/// A session whose model says what it is told to.
struct Session {
    script: VecDeque<Message>,
    history: Vec<Message>,
    tools: &'static [&'static str],
}

impl Session {
    fn new(script: impl IntoIterator<Item = Message>) -> Self {
        Self {
            script: script.into_iter().collect(),
            history: Vec::new(),
            tools: &["echo", "fail", "raise", "leak"],
        }
    }

    #[agent_span(agent)]
    async fn run(&mut self, prompt: &str) -> Result<String, Failure> {
        self.history.push(Message { role: "user", content: prompt.to_owned(), tool_calls: Vec::new() });
        for turn in 0.. {
            let reply = self.turn(turn).await?;
            self.history.push(reply.assistant_message.clone());
            if reply.assistant_message.tool_calls.is_empty() {
                return Ok(reply.assistant_message.content);
            }
            let results = reply.assistant_message.tool_calls.iter().map(|call| {
                let context = Context::current().with_tool_call_id(call.id);
                self.call(call).in_context(context)
            });
            for result in join_all(results).await {
                let content = result.unwrap_or_else(|error| error.to_string());
                self.history.push(Message { role: "tool", content, tool_calls: Vec::new() });
            }
        }
        unreachable!("it returns or fails")
    }

    #[agent_span(llm_turn, model = "scripted", messages = &self.history, streaming = false, tool_count = self.tools.len())]
    async fn turn(&mut self, turn: u32) -> Result<Reply, Failure> {
        tokio::task::yield_now().await;
        let message =
            self.script.pop_front().ok_or_else(|| Failure::Provider("nothing left to say".to_owned()))?;
        let finish_reason = if message.tool_calls.is_empty() { "stop" } else { "tool_calls" };
        let usage = Some(json!({"input_tokens": 3, "output_tokens": 1}));
        Ok(Reply { assistant_message: message, usage, finish_reason })
    }

    #[tool_call(name = call.tool, args = &call.args)]
    async fn call(&self, call: &ToolCall) -> Result<String, Failure> {
        tokio::task::yield_now().await;
        match call.tool {
            "echo" => Ok(format!("echo: {}", call.args["text"].as_str().unwrap_or_default())),
            "fail" => Err(Failure::Tool("kaboom".to_owned())),
            "raise" => panic!("it raised"),
            "leak" => {
                let context = Context::current();
                let token = context.secrets().and_then(|secrets| secrets.get("GH_TOKEN")).unwrap();
                Ok(format!("the token is {token}"))
            }
            unknown => Err(Failure::Tool(format!("Unknown tool: {unknown}"))),
        }
    }

    fn compact(&mut self) {
        let before = self.history.len();
        self.history.drain(..before - 1);
        emit!(compact, duration = std::time::Duration::from_micros(1), before, after = self.history.len());
    }
}

/// Runs a session that says these things, and returns what was emitted.
async fn session(capture: Capture, script: impl IntoIterator<Item = Message>) -> Vec<OwnedEvent> {
    capture.follow(Session::new(script).run("hello there")).await.unwrap();
    capture.events()
}

fn names(events: &[OwnedEvent]) -> Vec<&str> {
    events.iter().map(|event| &*event.name).collect()
}

/// A call to `echo` and an answer.
fn echo() -> [Message; 2] {
    [calls([("call_1", "echo", json!({"text": "hi"}))]), says("done")]
}

mod session_test {
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
        let (start, stop) =
            (only(&events, "condukt.tool_call.start"), only(&events, "condukt.tool_call.stop"));
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
        let events =
            session(testing::capture(), [calls([("call_1", "fail", json!({}))]), says("sorry")]).await;
        let stop = only(&events, "condukt.tool_call.stop");
        assert_eq!(stop.get("status").unwrap(), "error");
        assert_eq!(stop.get("error").unwrap(), "kaboom");
        assert_eq!(stop.get("error_type").unwrap(), "tool");
        assert_eq!(stop.get("result"), None);
        assert_eq!(only(&events, "condukt.agent.stop").get("status").unwrap(), "ok");
    }

    #[tokio::test]
    async fn an_unknown_tool_starts_and_stops_with_status_error() {
        let events =
            session(testing::capture(), [calls([("call_1", "fly", json!({}))]), says("sorry")]).await;
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
        let turn = calls([
            ("call_1", "echo", json!({})),
            ("call_2", "raise", json!({})),
            ("call_3", "echo", json!({})),
        ]);
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
        assert_eq!(
            exceptions.last(),
            Some(&("condukt.agent.exception", &json!("panic"), &json!("it raised")))
        );
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
        assert_eq!(
            stop.get("assistant_message").unwrap(),
            &json!({"role": "assistant", "content": "hi, human"})
        );
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
        // The original tells nothing of it here.
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
        context
            .with_secrets(Secrets::resolve([("GH_TOKEN", "ghp_12345"), ("DB_PASSWORD", "hunter2!")]).unwrap())
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
        let capture = testing::capture().with_context(|context| {
            with_secrets(context.with_agent("researcher").with_session_id("session-42"))
        });
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
    async fn compact_tells_before_and_after() {
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
}

mod operation_test {
    use super::*;

    #[agent_span(operation, operation = "triage")]
    async fn triage(input: Option<&str>) -> Result<String, Failure> {
        let input = input.ok_or(Failure::InvalidInput)?;
        Session::new([says("urgent")]).run(input).await
    }

    #[tokio::test]
    async fn a_call_whose_input_is_invalid_starts_and_stops() {
        let capture = testing::capture().with_context(|context| context.with_agent("Desk"));
        assert!(capture.follow(triage(None)).await.is_err());
        let events = capture.events();
        assert_eq!(names(&events), ["condukt.operation.start", "condukt.operation.stop"]);
        let session = events[0].get("session_id").unwrap();
        uuid_test::assert_canonical(session.as_str().unwrap());
        for event in &events {
            assert_eq!(event.get("agent").unwrap(), "Desk");
            assert_eq!(event.get("operation").unwrap(), "triage");
            assert_eq!(event.get("session_id").unwrap(), session);
        }
        assert_eq!(events[1].get("status").unwrap(), "error");
        assert_eq!(events[1].get("error_type").unwrap(), "invalid_input");
    }

    #[tokio::test]
    async fn the_agent_inside_keeps_its_session() {
        let capture = testing::capture();
        assert_eq!(capture.follow(triage(Some("help"))).await.unwrap(), "urgent");
        let events = capture.events();
        assert_eq!(events.len(), 6);
        let session = events[0].get("session_id").unwrap();
        for event in &events {
            assert_eq!(event.get("session_id").unwrap(), session, "{}", event.name);
        }
    }

    #[tokio::test]
    async fn a_panic_is_an_exception() {
        #[agent_span(operation, operation = "broken")]
        async fn broken() {
            panic!("no schema");
        }

        let capture = testing::capture();
        assert!(AssertUnwindSafe(capture.follow(broken())).catch_unwind().await.is_err());
        let events = capture.events();
        let exception = only(&events, "condukt.operation.exception");
        assert_eq!(exception.get("operation").unwrap(), "broken");
        assert_eq!(exception.get("reason").unwrap(), "no schema");
        assert_eq!(exception.get("session_id"), events[0].get("session_id"));
    }
}

mod anonymous_run_test {
    use super::*;

    #[agent_span(run, structured = output.is_some(), input = input.is_some())]
    async fn run(prompt: &str, input: Option<&Value>, output: Option<&Value>) -> Result<String, Failure> {
        if input.is_some_and(|input| !input.is_object()) || output.is_some() {
            return Err(Failure::InvalidInput);
        }
        Session::new(echo()).run(prompt).await
    }

    #[tokio::test]
    async fn a_run_whose_input_is_invalid_starts_and_stops() {
        let capture = testing::capture();
        let input = json!("no object");
        assert!(capture.follow(run("sum", Some(&input), None)).await.is_err());
        let events = capture.events();
        assert_eq!(names(&events), ["condukt.run.start", "condukt.run.stop"]);
        for event in &events {
            assert_eq!(event.get("structured?").unwrap(), false);
            assert_eq!(event.get("input?").unwrap(), true);
            assert_eq!(event.get("session_id"), events[0].get("session_id"));
            assert_eq!(event.get("agent"), None);
        }
        uuid_test::assert_canonical(events[0].get("session_id").unwrap().as_str().unwrap());
        assert_eq!(events[1].get("status").unwrap(), "error");
    }

    #[tokio::test]
    async fn the_id_of_the_run_is_on_the_events_of_the_agent_inside() {
        let capture = testing::capture();
        capture.follow(run("hello", None, None)).await.unwrap();
        let events = capture.events();
        assert_eq!(events.len(), 10);
        let session = events[0].get("session_id").unwrap();
        for event in &events {
            assert_eq!(event.get("session_id").unwrap(), session, "{}", event.name);
        }
        let run = events[0].span.unwrap();
        assert_eq!(events[1].name, "condukt.agent.start");
        assert_eq!(events[1].span.unwrap().parent_id, Some(run.id));
    }
}

mod subagent_test {
    use super::*;

    struct Lead;

    impl Lead {
        #[agent_span(agent, agent = "lead")]
        async fn run(&self, input: &Value) -> Result<String, Failure> {
            delegate(input).await
        }
    }

    #[agent_span(subagent, role = "researcher", child_agent = "child", input = true, output = true)]
    async fn delegate(input: &Value) -> Result<String, Failure> {
        if !input.is_object() {
            return Err(Failure::InvalidInput);
        }
        child().await
    }

    #[agent_span(agent, agent = "child")]
    async fn child() -> Result<String, Failure> {
        Session { script: [].into(), history: Vec::new(), tools: &[] }
            .call(&ToolCall { id: "call_1", tool: "echo", args: json!({"text": "found"}) })
            .await
    }

    #[tokio::test]
    async fn a_structured_delegation_has_its_metadata() {
        let capture = testing::capture();
        capture.follow(Lead.run(&json!({}))).await.unwrap();
        let events = capture.events();
        let lead = events[0].get("session_id").unwrap();
        let start = only(&events, "condukt.subagent.start");
        assert_eq!(
            json!(start.metadata),
            json!({
                "agent": "lead",
                "role": "researcher",
                "child_agent": "child",
                "input?": true,
                "output?": true,
                "parent_session_id": lead,
            })
        );
        let stop = only(&events, "condukt.subagent.stop");
        for (key, value) in &start.metadata {
            assert_eq!(stop.get(key), Some(value), "{key}");
        }
        assert_eq!(stop.get("status").unwrap(), "ok");
        // It includes no task, no input and no output.
        assert!(!format!("{stop:?}").contains("found"), "{stop:?}");
    }

    #[tokio::test]
    async fn parent_and_child_have_ids_of_their_own() {
        let capture = testing::capture();
        capture.follow(Lead.run(&json!({}))).await.unwrap();
        let events = capture.events();
        let (lead, stop) = (events[0].get("session_id").unwrap(), only(&events, "condukt.subagent.stop"));
        let child = stop.get("session_id").unwrap();
        assert_ne!(child, lead);
        uuid_test::assert_canonical(child.as_str().unwrap());
        let of_child: Vec<&OwnedEvent> =
            events.iter().filter(|event| event.get("agent").unwrap() == "child").collect();
        assert_eq!(of_child.len(), 4);
        for event in of_child {
            assert_eq!(event.get("session_id").unwrap(), child, "{}", event.name);
            assert_eq!(event.get("parent_session_id").unwrap(), lead, "{}", event.name);
        }
        let end = events.last().unwrap();
        assert_eq!((end.get("session_id"), end.get("parent_session_id")), (Some(lead), None));
    }

    #[tokio::test]
    async fn invalid_input_stops_with_an_error_and_no_child() {
        let capture = testing::capture();
        assert!(capture.follow(Lead.run(&json!(1))).await.is_err());
        let events = capture.events();
        let stop = only(&events, "condukt.subagent.stop");
        assert_eq!(stop.get("status").unwrap(), "error");
        assert_eq!(stop.get("error_type").unwrap(), "invalid_input");
        assert_eq!(stop.get("agent").unwrap(), "lead");
        assert_eq!(stop.get("parent_session_id"), events[0].get("session_id"));
        assert_eq!(stop.get("session_id"), None);
    }

    #[tokio::test]
    async fn a_delegation_outside_of_a_session_has_no_parent() {
        let capture = testing::capture();
        capture.follow(delegate(&json!({}))).await.unwrap();
        let events = capture.events();
        assert_eq!(events[0].get("parent_session_id"), None);
        assert_eq!(events[1].get("parent_session_id"), None);
        assert_eq!(only(&events, "condukt.subagent.stop").get("session_id"), events[1].get("session_id"));
    }

    #[tokio::test]
    async fn two_delegations_are_two_children_of_one_parent() {
        #[agent_span(agent, agent = "lead")]
        async fn lead() {
            let input = json!({});
            let (one, two) = futures::join!(delegate(&input), delegate(&input));
            assert!(one.is_ok() && two.is_ok());
        }

        let capture = testing::capture();
        capture.follow(lead()).await;
        let stops = capture.named("condukt.subagent.stop");
        assert_eq!(stops.len(), 2);
        assert_ne!(stops[0].get("session_id"), stops[1].get("session_id"));
        assert_eq!(stops[0].get("parent_session_id"), stops[1].get("parent_session_id"));
        assert_eq!(stops[0].get("parent_session_id"), capture.events()[0].get("session_id"));
        for child in capture.named("condukt.agent.start").iter().skip(1) {
            let around = stops.iter().find(|stop| stop.get("session_id") == child.get("session_id")).unwrap();
            assert_eq!(child.span.unwrap().parent_id, around.span.map(|ids| ids.id));
        }
    }
}

mod uuid_test {
    use std::collections::BTreeSet;
    use std::time::Duration;

    use telemetry_runtime::testing::FakeClock;

    use super::*;

    /// `xxxxxxxx-xxxx-7xxx-[89ab]xxx-xxxxxxxxxxxx`
    pub(super) fn assert_canonical(id: &str) {
        let pattern = "xxxxxxxx-xxxx-7xxx-yxxx-xxxxxxxxxxxx";
        assert_eq!(id.len(), pattern.len(), "{id}");
        for (c, expected) in id.chars().zip(pattern.chars()) {
            let fits = match expected {
                'x' => matches!(c, '0'..='9' | 'a'..='f'),
                'y' => matches!(c, '8' | '9' | 'a' | 'b'),
                exactly => c == exactly,
            };
            assert!(fits, "{id}");
        }
    }

    #[agent_span(agent)]
    fn agent() {}

    fn ids(capture: &Capture) -> Vec<String> {
        let starts = capture.named("condukt.agent.start");
        starts.iter().map(|start| start.get("session_id").unwrap().as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn ids_are_canonical_and_unique() {
        let capture = testing::capture();
        (0..1_000).for_each(|_| capture.scope(agent));
        let ids = ids(&capture);
        for id in &ids {
            assert_canonical(id);
        }
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), 1_000);
    }

    #[test]
    fn later_ids_sort_later() {
        let clock = FakeClock::new();
        let capture = testing::capture().deterministic(&clock, 3);
        for _ in 0..100 {
            capture.scope(agent);
            clock.advance(Duration::from_millis(1));
        }
        let ids = ids(&capture);
        for id in &ids {
            assert_canonical(id);
        }
        assert!(ids.is_sorted(), "{ids:?}");
    }
}

mod secrets_test {
    use telemetry_runtime::{MIN_SECRET_BYTES, SecretsError};

    use super::*;

    #[test]
    fn names_are_those_of_environment_variables() {
        for name in ["A", "_", "gh_token", "GH_TOKEN_2", "__x9"] {
            assert!(Secrets::resolve([(name, "value")]).is_ok(), "{name}");
        }
        for name in ["", "2FA", "GH-TOKEN", "GH TOKEN", "GH.TOKEN", "CLÉ", "A=B", "A\n"] {
            let error = Secrets::resolve([(name, "value")]).unwrap_err();
            assert_eq!(error, SecretsError::Name(name.to_owned()));
        }
    }

    #[test]
    fn values_have_four_bytes_at_least() {
        assert_eq!(MIN_SECRET_BYTES, 4);
        for value in ["", "abc", "é1"] {
            let error = Secrets::resolve([("TOKEN", value)]).unwrap_err();
            assert_eq!(error, SecretsError::TooShort("TOKEN".to_owned()));
            assert!(value.is_empty() || !format!("{error:?} {error}").contains(value));
        }
        // Four bytes, however few characters they are.
        for value in ["abcd", "éé", "🔑"] {
            assert_eq!(Secrets::resolve([("TOKEN", value)]).unwrap().get("TOKEN"), Some(value));
        }
    }

    #[test]
    fn of_one_name_the_later_counts() {
        let secrets = Secrets::resolve([("A", "first"), ("B", "other"), ("A", "second")]).unwrap();
        assert_eq!(secrets.get("A"), Some("second"));
        assert_eq!(secrets.names(), ["A", "B"]);
        assert_eq!(secrets.get("C"), None);
    }

    #[test]
    fn one_bad_entry_resolves_none() {
        let capture = testing::capture();
        let resolved = capture.scope(|| Secrets::resolve([("GOOD", "value"), ("BAD NAME", "value")]));
        assert!(resolved.is_err());
        assert_eq!(capture.names(), [""; 0]);
    }

    #[test]
    fn they_print_as_their_names() {
        let secrets = Secrets::resolve([("B", "value-b"), ("A", "value-a")]).unwrap();
        assert_eq!(format!("{secrets:?}"), r#"Secrets(["A", "B"])"#);
        let context = Context::current().with_secrets(secrets);
        assert!(!format!("{context:?}").contains("value-"));
    }

    #[test]
    fn those_of_the_session_join_those_around() {
        let capture = testing::capture();
        let outer = capture
            .context()
            .with_secrets(Secrets::resolve([("TOKEN", "outer-token"), ("HOST", "outer-host")]).unwrap());
        let inner = outer.clone().with_secrets(Secrets::resolve([("TOKEN", "inner-token")]).unwrap());
        assert_eq!(inner.secrets().unwrap().get("TOKEN"), Some("inner-token"));
        assert_eq!(inner.secrets().unwrap().get("HOST"), Some("outer-host"));
        assert_eq!(outer.secrets().unwrap().get("TOKEN"), Some("outer-token"));
        let resolves = capture.named("condukt.secrets.resolve");
        let resolved: Vec<&Value> = resolves.iter().map(|event| event.get("names").unwrap()).collect();
        assert_eq!(resolved, [&json!(["HOST", "TOKEN"]), &json!(["TOKEN"])]);
        // Both are kept out of events.
        inner.scope(|| redactor_test::note("inner-token, outer-token and outer-host"));
        assert_eq!(
            capture.events().last().unwrap().get("args").unwrap()["text"],
            "[REDACTED:TOKEN], [REDACTED:TOKEN] and [REDACTED:HOST]"
        );
    }

    #[test]
    fn they_are_seen_where_they_were_put_and_nowhere_else() {
        let context = Context::current().with_secrets(Secrets::resolve([("TOKEN", "value")]).unwrap());
        assert!(context.scope(|| Context::current().secrets().is_some()));
        assert!(Context::current().secrets().is_none());
        // Another trace shows what it likes.
        let capture = testing::capture();
        capture.scope(|| redactor_test::note("value"));
        assert_eq!(capture.events()[0].get("args").unwrap()["text"], "value");
    }
}

mod redactor_test {
    use std::collections::BTreeMap;
    use std::panic::catch_unwind;

    use telemetry_runtime::{EventMetadata, event_name, execute, in_span, record};

    use super::*;

    #[tool_call]
    pub(super) fn note(text: &str) -> usize {
        text.len()
    }

    /// What an event shows of a value under secrets.
    fn shown(secrets: &[(&str, &str)], value: impl Serialize) -> Value {
        let capture = testing::capture();
        let secrets = Secrets::resolve(secrets.iter().copied()).unwrap();
        let context = capture.context().with_secrets(secrets);
        context.scope(|| in_span!(tool_call, tool = "show", args = &value; || ()));
        let events = capture.events();
        only(&events, "condukt.tool_call.stop").get("args").unwrap().clone()
    }

    const TOKEN: &[(&str, &str)] = &[("TOKEN", "s3cr3t")];

    #[test]
    fn a_value_is_replaced_by_its_name() {
        assert_eq!(shown(TOKEN, "s3cr3t"), "[REDACTED:TOKEN]");
        assert_eq!(
            shown(TOKEN, "a s3cr3t, s3cr3ts3cr3t!"),
            "a [REDACTED:TOKEN], [REDACTED:TOKEN][REDACTED:TOKEN]!"
        );
        assert_eq!(shown(TOKEN, "nothing in it"), "nothing in it");
    }

    #[test]
    fn nested_values_and_keys_are_searched() {
        #[derive(Serialize)]
        struct Nested<'a> {
            list: Vec<&'a str>,
            tuple: (&'a str, u8),
            map: BTreeMap<&'a str, Option<&'a str>>,
        }
        let value = Nested {
            list: vec!["s3cr3t", "x"],
            tuple: ("is s3cr3t", 1),
            map: [("s3cr3t", Some("s3cr3t")), ("k", None)].into(),
        };
        assert_eq!(
            shown(TOKEN, value),
            json!({
                "list": ["[REDACTED:TOKEN]", "x"],
                "tuple": ["is [REDACTED:TOKEN]", 1],
                "map": {"[REDACTED:TOKEN]": "[REDACTED:TOKEN]", "k": null},
            })
        );
    }

    #[test]
    fn of_overlapping_values_the_longest_is_replaced() {
        let long_first = [("LONG", "token-long"), ("SHORT", "token")];
        let short_first = [("SHORT", "token"), ("LONG", "token-long")];
        for secrets in [long_first, short_first] {
            assert_eq!(shown(&secrets, "token-long token"), "[REDACTED:LONG] [REDACTED:SHORT]");
        }
    }

    #[test]
    fn a_placeholder_is_not_searched_again() {
        let secrets = [("TOKEN", "s3cr3t"), ("X", "TOKEN"), ("Y", "REDACTED"), ("Z", "[RED")];
        assert_eq!(shown(&secrets, "s3cr3t"), "[REDACTED:TOKEN]");
        assert_eq!(shown(&secrets, "TOKEN REDACTED"), "[REDACTED:X] [REDACTED:Y]");
    }

    #[test]
    fn numbers_and_bytes_are_searched() {
        let pin = [("PIN", "987654")];
        let text = |value: &Value| value.to_string();
        assert!(!text(&shown(&pin, 987_654)).contains("987654"));
        assert!(!text(&shown(&pin, json!({"pin": -98_765_400_i64}))).contains("987654"));
        assert!(!text(&shown(TOKEN, b"is s3cr3t".as_slice())).contains("115,51,99,114,51,116"));
        assert!(!text(&shown(TOKEN, ['s', '3', 'c', 'r', '3', 't'])).contains(r#""s","3","c","r","3","t""#));
    }

    #[test]
    fn encoded_values_are_found() {
        let secret = "a\"b\nc/d+é";
        let secrets = [("KEY", secret)];
        let json_text = serde_json::to_string(&json!({"key": secret})).unwrap();
        let debug_text = format!("{:?}", Some(secret));
        let forms = [
            json_text.as_str(),
            &debug_text,
            "?key=a%22b%0Ac%2Fd%2B%C3%A9&x",
            "?key=a%22b%0ac%2fd%2b%c3%a9&x",
            // `user:` and the secret, as in Basic authentication: at each alignment.
            "YSJiCmMvZCvDqQ==",
            "dTphImIKYy9kK8Op",
            "dXM6YSJiCmMvZCvDqQ",
            "YSJiCmMvZCvDqQ",
        ];
        for form in forms {
            let value = shown(&secrets, form);
            assert!(value.to_string().contains("[REDACTED:KEY]"), "{form} is shown as {value}");
        }
    }

    #[test]
    fn all_that_events_carry_is_searched() {
        #[derive(EventMetadata)]
        #[event("redactor.own")]
        struct Own<'a> {
            text: &'a str,
        }

        let capture = testing::capture().with_context(|context| {
            context.with("user", "s3cr3t user").with_secrets(Secrets::resolve([("TOKEN", "s3cr3t")]).unwrap())
        });
        let context = capture.context().with_agent("agent s3cr3t").with_session_id("s3cr3t");
        let handlers =
            context.clone().with_handler(event_name!("redactor.own"), |_: &telemetry_runtime::Event<'_>| {
                panic!("a handler with s3cr3t");
            });
        context.scope(|| {
            let result = in_span!(tool_call, tool = "s3cr3t", args = "s3cr3t", fields(more = "s3cr3t");
                || Err::<(), _>("failed with s3cr3t"));
            assert!(result.is_err());
            in_span!(llm_turn, model = "s3cr3t", turn = 0, messages = ["s3cr3t"], stop(|()| assistant_message = "s3cr3t");
                || record!(llm_turn, usage = json!({"s3cr3t": 1})));
            let panicked =
                catch_unwind(AssertUnwindSafe(|| in_span!(run; || assert_eq!("s3cr3t", "", "panic: s3cr3t"))));
            assert!(panicked.is_err());
            Own { text: "s3cr3t" }.emit();
            execute(&event_name!("redactor.named"), &json!({"count": "s3cr3t"}), &json!({"s3cr3t": "s3cr3t"})).unwrap();
        });
        handlers.scope(|| Own { text: "" }.emit());
        let events = capture.events();
        assert_eq!(
            names(&events),
            [
                "condukt.secrets.resolve",
                "condukt.tool_call.start",
                "condukt.secrets.access",
                "condukt.tool_call.stop",
                "condukt.llm_turn.start",
                "condukt.llm_turn.stop",
                "condukt.run.start",
                "condukt.run.exception",
                "redactor.own",
                "redactor.named",
                "redactor.own",
                "telemetry.handler.failure",
            ]
        );
        for event in &events {
            let shown = serde_json::to_string(event).unwrap();
            assert!(!shown.contains("s3cr3t"), "{shown}");
        }
        let failure = events.last().unwrap();
        assert_eq!(failure.get("reason").unwrap(), "a handler with [REDACTED:TOKEN]");
        assert_eq!(events[7].get("session_id").unwrap(), "[REDACTED:TOKEN]");
    }

    #[test]
    fn a_secret_resolved_inside_an_open_span_counts_for_its_stop() {
        #[agent_span(agent, stop(|()| error = "s3cr3t"))]
        fn outer() {
            in_span!(run; || {
                let secrets = Secrets::resolve([("TOKEN", "s3cr3t")]).unwrap();
                Context::current().with_secrets(secrets).scope(|| note("s3cr3t"));
            });
        }

        let capture = testing::capture();
        capture.scope(outer);
        let events = capture.events();
        assert_eq!(only(&events, "condukt.agent.stop").get("error").unwrap(), "[REDACTED:TOKEN]");
        assert!(!serde_json::to_string(&events).unwrap().contains("s3cr3t"));
    }
}
