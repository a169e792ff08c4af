//! Whole examples: each compiles and behaves as its comments describe.

use std::time::Duration;

use serde::Serialize;
use serde_json::json;
use telemetry_runtime::testing::{self, only};
use telemetry_runtime::{
    AgentProcess, Context, Event, EventMetadata, EventName, InContext, OwnedEvent, Secrets, StopMetadata,
    agent_span, attach, attach_typed, condukt, detach, emit, event_name, event_names, execute,
    in_current_context, in_span, list_handlers, record, tool_call,
};

#[derive(Clone, Debug, Serialize)]
struct Message {
    role: &'static str,
    content: String,
}

#[derive(Clone, Copy, Debug, Serialize)]
struct Usage {
    input_tokens: u64,
    output_tokens: u64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum FinishReason {
    Stop,
}

#[derive(StopMetadata)]
#[stop_of(llm_turn)]
struct Reply {
    assistant_message: Message,
    usage: Option<Usage>,
    finish_reason: FinishReason,
    #[stop(skip)]
    raw: String,
}

#[derive(Debug, thiserror::Error)]
#[error("the agent gave up: {0}")]
struct AgentError(String);

#[derive(Debug, thiserror::Error)]
#[error("rate limited")]
struct LlmError;

#[derive(Debug, thiserror::Error)]
#[error("no weather for {0}")]
struct ToolError(String);

#[derive(Debug, PartialEq, Serialize)]
struct Weather {
    celsius: i32,
}

struct Tool;

struct Assistant {
    model: String,
}

impl Assistant {
    #[agent_span(agent)]
    async fn run(&self, prompt: String) -> Result<String, AgentError> {
        let messages = vec![Message { role: "user", content: prompt }];
        let reply = self.complete(0, &messages, &[Tool]).await.map_err(|e| AgentError(e.to_string()))?;
        assert_eq!(reply.raw, "{}");
        let weather = get_weather("Oslo".to_owned()).await.map_err(|e| AgentError(e.to_string()))?;
        Ok(format!("{} degrees", weather.celsius))
    }

    #[agent_span(llm_turn, model = self.model.as_str(), streaming = false, tool_count = tools.len())]
    async fn complete(&self, turn: u32, messages: &[Message], tools: &[Tool]) -> Result<Reply, LlmError> {
        let _ = tools;
        if turn > 8 {
            return Err(LlmError);
        }
        tokio::task::yield_now().await;
        Ok(Reply {
            assistant_message: Message { role: "assistant", content: messages[0].content.to_uppercase() },
            usage: Some(Usage { input_tokens: 12, output_tokens: 3 }),
            finish_reason: FinishReason::Stop,
            raw: "{}".to_owned(),
        })
    }
}

/// Looks up the weather.
#[tool_call]
async fn get_weather(city: String) -> Result<Weather, ToolError> {
    if city == "Atlantis" { Err(ToolError(city)) } else { Ok(Weather { celsius: 7 }) }
}

#[tokio::test]
async fn an_annotated_agent_emits_the_documented_events() {
    let capture = testing::capture();
    let assistant = Assistant { model: "gpt-4o".to_owned() };
    let answer = capture.follow(assistant.run("weather?".to_owned())).await.unwrap();
    assert_eq!(answer, "7 degrees");

    assert_eq!(
        capture.names(),
        [
            "condukt.agent.start",
            "condukt.llm_turn.start",
            "condukt.llm_turn.stop",
            "condukt.tool_call.start",
            "condukt.tool_call.stop",
            "condukt.agent.stop",
        ]
    );
    let events = capture.events();
    let session = events[0].get("session_id").unwrap().as_str().unwrap().to_owned();
    assert_eq!(uuid_version(&session), '7');
    for event in &events {
        assert_eq!(event.get("session_id").unwrap(), &session, "{}", event.name);
        assert!(event.get("agent").unwrap().as_str().unwrap().ends_with("::Assistant"), "{}", event.name);
    }

    let turn = only(&events, "condukt.llm_turn.start");
    assert_eq!(turn.get("model").unwrap(), "gpt-4o");
    assert_eq!(turn.get("turn").unwrap(), 0);
    assert_eq!(turn.get("streaming?").unwrap(), false);
    assert_eq!(turn.get("tool_count").unwrap(), 1);
    assert_eq!(turn.get("messages").unwrap(), &json!([{"role": "user", "content": "weather?"}]));

    let stop = only(&events, "condukt.llm_turn.stop");
    assert_eq!(stop.get("model").unwrap(), "gpt-4o");
    assert_eq!(stop.get("status").unwrap(), "ok");
    assert_eq!(stop.get("assistant_message").unwrap()["content"], "WEATHER?");
    assert_eq!(stop.get("usage").unwrap(), &json!({"input_tokens": 12, "output_tokens": 3}));
    assert_eq!(stop.get("finish_reason").unwrap(), "stop");
    assert_eq!(stop.get("raw"), None);
    assert!(stop.measurements["duration"].is_u64());

    let tool = only(&events, "condukt.tool_call.stop");
    assert_eq!(tool.get("tool").unwrap(), "get_weather");
    assert_eq!(tool.get("args").unwrap(), &json!({"city": "Oslo"}));
    assert_eq!(tool.get("result").unwrap(), &json!({"celsius": 7}));
    assert_eq!(tool.description.as_deref(), Some("Looks up the weather."));

    let agent = events[0].span.unwrap();
    assert_eq!(agent.parent_id, None);
    for (start, stop) in [(0, 5), (1, 2), (3, 4)] {
        assert_eq!(events[start].span, events[stop].span);
    }
    assert_eq!(events[1].span.unwrap().parent_id, Some(agent.id));
    assert_eq!(events[3].span.unwrap().parent_id, Some(agent.id));
}

fn uuid_version(id: &str) -> char {
    assert_eq!(id.len(), 36);
    id.chars().nth(14).unwrap()
}

#[tokio::test]
async fn an_err_is_a_stop_with_status_error() {
    let capture = testing::capture();
    assert!(capture.follow(get_weather("Atlantis".to_owned())).await.is_err());
    let events = capture.events();
    let stop = only(&events, "condukt.tool_call.stop");
    assert_eq!(stop.get("status").unwrap(), "error");
    assert_eq!(stop.get("error").unwrap(), "no weather for Atlantis");
    assert_eq!(stop.get("error_type").unwrap(), "ToolError");
    assert_eq!(stop.get("result"), None);
}

#[derive(Serialize, Debug, Clone)]
enum Policy {
    Lru,
}

struct Opaque;

#[derive(EventMetadata)]
#[event("shop.cache.lookup")]
struct CacheLookup<'a> {
    #[event(measurement)]
    count: u64,
    key: &'a str,
    #[event(rename = "hit?")]
    hit: bool,
    #[event(debug)]
    policy: Policy,
    #[event(skip)]
    #[allow(dead_code, reason = "left out of the event")]
    internal: Opaque,
}

#[test]
fn an_event_of_ones_own() {
    let capture = testing::capture();
    capture.scope(|| {
        CacheLookup { count: 2, key: "k", hit: true, policy: Policy::Lru, internal: Opaque }.emit();
    });
    let events = capture.events();
    let event = only(&events, "shop.cache.lookup");
    assert_eq!(event.measurements["count"], 2);
    assert_eq!(json!(event.metadata), json!({"key": "k", "hit?": true, "policy": "Lru"}));
}

#[derive(EventMetadata)]
#[span("shop.retrieval", stop(hits, cached))]
struct Retrieval<'a> {
    query: &'a str,
    top_k: usize,
}

#[derive(Debug, PartialEq)]
struct Doc;

#[derive(Debug, thiserror::Error)]
#[error("store closed")]
struct StoreError;

#[agent_span(Retrieval { query, top_k: k }, stop(|docs| hits = docs.len()))]
fn retrieve(query: &str, k: usize) -> Result<Vec<Doc>, StoreError> {
    record!(Retrieval, cached = true);
    if query.is_empty() { Err(StoreError) } else { Ok((0..k).map(|_| Doc).collect()) }
}

#[test]
fn a_span_of_ones_own() {
    let capture = testing::capture();
    capture.scope(|| {
        assert_eq!(retrieve("rust", 2).unwrap().len(), 2);
        assert!(retrieve("", 2).is_err());
    });
    assert_eq!(
        capture.tree(),
        "shop.retrieval stop cached=true hits=2 query=rust status=ok top_k=2\n\
         shop.retrieval stop cached=true error=store closed error_type=StoreError query= status=error top_k=2\n"
    );
}

#[tokio::test]
async fn the_same_engine_without_a_function() {
    let capture = testing::capture();
    let (turn, messages) = (3_u32, vec!["hello"]);
    let work = async {
        let usage = Usage { input_tokens: 1, output_tokens: 2 };
        let reply = in_span!(llm_turn, model = "gpt-4o", turn, streaming = true, messages, tool_count = 3,
        stop(|reply| assistant_message = reply);
        async {
            record!(llm_turn, usage = &usage);
            if turn > 3 {
                return Err("too many");
            }
            Ok::<_, &str>("hi")
        })
        .await;
        emit!(compact, duration = Duration::from_millis(5), before = 40, after = 12);
        reply
    };
    assert_eq!(capture.follow(work).await, Ok("hi"));
    let events = capture.events();
    let stop = only(&events, "condukt.llm_turn.stop");
    assert_eq!(stop.get("assistant_message").unwrap(), "hi");
    assert_eq!(stop.get("usage").unwrap(), &json!({"input_tokens": 1, "output_tokens": 2}));
    assert_eq!(stop.get("messages").unwrap(), &json!(["hello"]));
    let compact = only(&events, "condukt.compact.stop");
    assert_eq!(json!(compact.measurements), json!({"duration": 5_000_000, "before": 40, "after": 12}));

    let sum = capture.scope(|| in_span!(operation, operation = "sum"; || 1 + 2));
    assert_eq!(sum, 3);
    assert_eq!(capture.named("condukt.operation.stop")[0].get("operation").unwrap(), "sum");
}

#[test]
fn names_are_checked_at_compile_time_or_parsed_at_run_time() {
    const STOP: EventName = event_name!("condukt.tool_call.stop");
    let patterns = event_names!["condukt.tool_call.*", "legion.**"];
    assert!(patterns[0].matches(STOP.as_str()));
    assert!(!patterns[1].matches(STOP.as_str()));
    assert_eq!(EventName::parse("condukt.tool_call.stop").unwrap(), STOP);
    let wrong = EventName::parse("condukt.tool_cal.stop").unwrap_err();
    assert_eq!(
        wrong.to_string(),
        "there is no documented event `condukt.tool_cal.stop`; did you mean `condukt.tool_call.stop`?"
    );
}

#[test]
fn handlers_are_attached_listed_and_detached() {
    let (sender, seen) = std::sync::mpsc::channel::<String>();
    attach(
        "design-audit",
        event_names!["design.*.done", "condukt.compact.stop"],
        move |event: &Event<'_>| {
            sender.send(event.name().to_owned()).unwrap();
        },
    )
    .unwrap();
    assert!(attach("design-audit", event_name!("design.b.done"), |_: &Event<'_>| {}).is_err());
    assert_eq!(list_handlers("design.b")[0].id, "design-audit");

    let name = EventName::parse("design.b.done").unwrap();
    execute(&name, &json!({"count": 1}), &json!({"key": "value"})).unwrap();
    assert_eq!(seen.recv().unwrap(), "design.b.done");

    detach("design-audit").unwrap();
    assert!(detach("design-audit").is_err());
    execute(&name, &(), &()).unwrap();
    assert!(seen.try_recv().is_err());
}

#[test]
fn a_typed_handler_reads_keys_that_the_compiler_checks() {
    let (sender, seen) = std::sync::mpsc::channel();
    attach_typed("design-bill", move |stop: &condukt::LlmTurnStop<'_>| {
        if stop.model() == Some("typed-model") {
            let usage = stop.usage().map(|usage| usage.to_json());
            sender.send((stop.turn(), stop.streaming(), usage, stop.duration().is_some())).unwrap();
        }
    })
    .unwrap();
    in_span!(llm_turn, model = "typed-model", turn = 2, messages = "m", stop(|_r| usage = 5); || ());
    detach("design-bill").unwrap();
    assert_eq!(seen.recv().unwrap(), (Some(2), None, Some(json!(5)), true));
}

#[test]
fn an_event_serialises_and_is_replayed() {
    let capture = testing::capture();
    capture.scope(|| retrieve("rust", 1).unwrap());
    let event = capture.events().pop().unwrap();
    let line = serde_json::to_string(&event.as_event()).unwrap();
    let value: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(value["event"], "shop.retrieval.stop");
    assert_eq!(value["metadata"]["hits"], 1);
    assert_eq!(value["span"]["id"].as_str().unwrap().len(), 16);
    assert_eq!(value["span"]["trace_id"].as_str().unwrap().len(), 32);
    let back: OwnedEvent = serde_json::from_str(&line).unwrap();
    assert_eq!(back.metadata, event.metadata);
    assert_eq!(back.as_event().measurements().duration(), event.as_event().measurements().duration());
}

#[tokio::test]
async fn context_is_carried_across_spawn_and_threads() {
    let context =
        Context::current().with("user_id", "u-1").with_session_id("s-1").with_tool_call_id("call-1");
    let session = || Context::current().session_id().map(str::to_owned);
    let spawned = context.scope(|| tokio::spawn(async move { session() }.in_current_context()));
    assert_eq!(spawned.await.unwrap().as_deref(), Some("s-1"));
    let spawned = tokio::spawn(async move { session() }.in_context(context.clone()));
    assert_eq!(spawned.await.unwrap().as_deref(), Some("s-1"));
    let thread = context.scope(|| std::thread::spawn(in_current_context(session)));
    assert_eq!(thread.join().unwrap().as_deref(), Some("s-1"));
    assert_eq!(context.get("user_id").unwrap(), "u-1");
    assert_eq!(session(), None);
}

#[agent_span(agent, agent = "child")]
async fn child() -> u8 {
    1
}

#[agent_span(subagent, role = "researcher", child_agent = "child", input = true)]
async fn delegate() -> u8 {
    child().await
}

#[agent_span(agent, agent = "parent")]
async fn parent() -> u8 {
    delegate().await
}

#[tokio::test]
async fn a_subagent_has_a_session_of_its_own() {
    let capture = testing::capture();
    capture.follow(parent()).await;
    let events = capture.events();
    let session = events[0].get("session_id").unwrap();
    let start = only(&events, "condukt.subagent.start");
    assert_eq!(start.get("parent_session_id").unwrap(), session);
    assert_eq!(start.get("session_id"), None);
    assert_eq!(start.get("agent").unwrap(), "parent");
    let child = events.iter().find(|event| event.get("agent").unwrap() == "child").unwrap();
    let child_session = child.get("session_id").unwrap();
    assert_ne!(child_session, session);
    assert_eq!(child.get("parent_session_id").unwrap(), session);
    let stop = only(&events, "condukt.subagent.stop");
    assert_eq!(stop.get("session_id").unwrap(), child_session);
    assert_eq!(stop.get("status").unwrap(), "ok");
    assert_eq!(events.last().unwrap().get("session_id").unwrap(), session);
}

#[agent_span(agent_message, stop(|answer| iterations = 1, result = answer, status = "cancel"))]
fn handle(message: &str) -> String {
    step(0);
    message.to_uppercase()
}

#[agent_span(iteration, stop(|_done| action = "return"))]
fn step(iteration: u32) {
    request();
    assert_eq!(eval("1 + 1"), Ok(2));
}

#[agent_span(llm_request, model = "m", message_count = 2)]
fn request() {}

#[agent_span(sandbox_eval)]
fn eval(code: &str) -> Result<i32, String> {
    if code.is_empty() { Err("nothing".to_owned()) } else { Ok(2) }
}

#[test]
fn a_legion_agents_life() {
    let capture = testing::capture();
    capture.scope(|| {
        let failed = AgentProcess::start("broken", || Err::<(), _>("no prompt"));
        assert!(failed.is_err());
        let outer = AgentProcess::start("outer", || Ok::<_, ()>(())).unwrap();
        outer.context().scope(|| {
            let inner = AgentProcess::start("inner", || Ok::<_, ()>(())).unwrap();
            inner.context().scope(|| handle("hi"));
        });
    });
    assert_eq!(
        capture.tree(),
        "legion.agent.started agent=outer\n\
         legion.agent.started agent=inner\n\
         legion.agent.message stop agent=inner iterations=1 message=hi result=HI status=cancel\n  \
           legion.iteration stop action=return agent=inner iteration=0 status=ok\n    \
             legion.llm.request stop agent=inner iteration=0 message_count=2 model=m status=ok\n    \
             legion.sandbox.eval stop agent=inner code=1 + 1 result=2 status=ok success=true\n\
         legion.agent.stopped agent=inner\n\
         legion.agent.stopped agent=outer\n"
    );
    let events = capture.events();
    assert!(events[0].measurements["system_time"].is_u64());
    assert_eq!(events[1].get("parent_run_id"), events[0].get("run_id"));
    assert_eq!(events[2].get("run_id"), events[1].get("run_id"));
}

#[tokio::test]
async fn secrets_are_announced_and_never_shown() {
    let capture = testing::capture().with_context(|context| {
        let secrets = Secrets::resolve([("GH_TOKEN", "ghp_12345"), ("DB_PASSWORD", "hunter2!")]).unwrap();
        context.with_secrets(secrets)
    });
    #[tool_call(tool_call_id = "call_1")]
    async fn leak(note: String) -> Result<String, String> {
        let token = Context::current().secrets().unwrap().get("GH_TOKEN").unwrap().to_owned();
        if note.is_empty() { Err(format!("bad {token}")) } else { Ok(format!("{note} {token}")) }
    }
    capture.follow(leak("with hunter2!".to_owned())).await.unwrap();
    capture.follow(leak(String::new())).await.unwrap_err();
    let events = capture.events();
    let resolve = only(&events, "condukt.secrets.resolve");
    assert_eq!(resolve.measurements["count"], 2);
    assert_eq!(resolve.get("names").unwrap(), &json!(["DB_PASSWORD", "GH_TOKEN"]));
    assert_eq!(events[1].name, "condukt.tool_call.start");
    let access = &events[2];
    assert_eq!(access.name, "condukt.secrets.access");
    assert_eq!(access.get("tool").unwrap(), "leak");
    assert_eq!(access.get("tool_call_id").unwrap(), "call_1");
    assert_eq!(events[3].get("args").unwrap(), &json!({"note": "with [REDACTED:DB_PASSWORD]"}));
    assert_eq!(events[3].get("result").unwrap(), "with [REDACTED:DB_PASSWORD] [REDACTED:GH_TOKEN]");
    assert_eq!(events[6].get("error").unwrap(), "bad [REDACTED:GH_TOKEN]");
    let all = serde_json::to_string(&events).unwrap();
    assert!(!all.contains("ghp_12345") && !all.contains("hunter2!"));
}

#[tool_call]
fn explode() {
    panic!("boom");
}

#[test]
fn a_panic_is_an_exception_and_goes_on() {
    let capture = testing::capture();
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| capture.scope(explode)));
    assert_eq!(result.unwrap_err().downcast_ref::<&str>(), Some(&"boom"));
    let events = capture.events();
    let exception = only(&events, "condukt.tool_call.exception");
    assert_eq!(exception.get("kind").unwrap(), "panic");
    assert_eq!(exception.get("reason").unwrap(), "boom");
    let frames = exception.get("stacktrace").unwrap().as_array().unwrap();
    assert!(frames[0].as_str().unwrap().contains("explode"), "{frames:?}");
}

#[tool_call]
async fn wait_for_ever() {
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn a_dropped_future_is_cancelled() {
    let capture = testing::capture();
    let mut work = Box::pin(capture.follow(wait_for_ever()));
    assert!(futures::poll!(&mut work).is_pending());
    drop(work);
    drop(capture.follow(wait_for_ever()));
    assert_eq!(capture.names(), ["condukt.tool_call.start", "condukt.tool_call.exception"]);
    assert_eq!(capture.events()[1].get("kind").unwrap(), "cancelled");
}
