//! The events of real rig agents whose models are scripts.

use futures::StreamExt;
use rig_agent::agent::{
    AgentHook, DispatchAction, DispatchEvent, HookContext, ModelSelection, ModelSelectionAction,
    WithBuilderTools,
};
use rig_agent::core::completion::{FinishReason, Usage};
use rig_agent::core::operation::Finish;
use rig_agent::core::test_utils::{MockCompletionModel, MockStreamEvent, MockTurn};
use rig_agent::tool::{DynamicTool, ToolExecutionError, ToolOutput};
use rig_agent::{Agent, AgentBuilder};
use serde_json::{Value as Json, json};
use telemetry_rig::{BuildObserved as _, hook};
use telemetry_runtime::testing::{self, Capture};
use telemetry_runtime::{Context, InContext as _, OwnedEvent, agent_span, tool_call};

fn tool(name: &str, answer: fn() -> Result<ToolOutput, ToolExecutionError>) -> DynamicTool {
    let parameters = json!({"type": "object", "properties": {"city": {"type": "string"}}});
    let name = name.to_owned().try_into().unwrap();
    DynamicTool::new(name, "Looks it up", parameters, move |_| Box::pin(async move { answer() }))
}

fn cold() -> Result<ToolOutput, ToolExecutionError> {
    Ok(ToolOutput::text("-3"))
}

fn usage(input: u64, output: u64) -> Usage {
    let mut usage = Usage::default();
    usage.input_tokens = Some(input);
    usage.output_tokens = Some(output);
    usage.total_tokens = Some(input + output);
    usage
}

fn call_weather() -> MockTurn {
    MockTurn::tool_call("call_1", "weather", json!({"city": "Oslo"}))
        .with_usage(usage(12, 4))
        .with_response_id("r-1")
        .with_finish_reason(FinishReason::ToolCalls)
}

fn answer() -> MockTurn {
    MockTurn::text("Cold.")
        .with_usage(usage(20, 2))
        .with_response_id("r-2")
        .with_finish_reason(FinishReason::Stop)
}

fn agent(turns: impl IntoIterator<Item = MockTurn>) -> Agent {
    AgentBuilder::new(MockCompletionModel::from_turns(turns))
        .name("assistant")
        .preamble("Be brief.")
        .temperature(0.5)
        .dynamic_tool(tool("weather", cold))
        .add_hook(hook().model("gpt-4o"))
        .build()
}

fn prompted(agent: Agent) -> (Capture, Result<String, String>) {
    let capture = testing::capture();
    let run = capture.follow(async move { agent.prompt("Oslo?").max_turns(4).await });
    let answer = futures::executor::block_on(run);
    (capture, answer.map(|answer| answer.output()).map_err(|error| error.to_string()))
}

/// Every span as `NAME STATUS < PARENT'S NAME`, in the order in which they began.
fn tree(capture: &Capture) -> Vec<String> {
    let events = capture.events();
    let prefix = |event: &OwnedEvent| event.name.rsplit_once('.').unwrap().0.replace("condukt.", "");
    let begun: Vec<&OwnedEvent> = events.iter().filter(|event| event.name.ends_with(".start")).collect();
    let name = |id| begun.iter().find(|event| event.span.unwrap().id == id).map(|event| prefix(event));
    let told = |begin: &&OwnedEvent| {
        let ids = begin.span.unwrap();
        let end =
            events.iter().find(|event| event.span.unwrap().id == ids.id && !event.name.ends_with(".start"));
        let end = end.expect("every start has an end");
        let ended = end.get("status").or(end.get("kind")).and_then(Json::as_str).unwrap();
        let parent = ids.parent_id.and_then(name).unwrap_or_default();
        format!("{} {ended} < {parent}", prefix(begin))
    };
    begun.iter().map(told).collect()
}

/// The keys of an event but for those that chance gives.
fn keys(event: &OwnedEvent) -> Json {
    let chance = ["session_id", "parent_session_id"];
    Json::Object(
        event
            .metadata
            .iter()
            .filter(|(key, _)| !chance.contains(&key.as_str()))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect(),
    )
}

#[test]
fn a_run_is_one_tree_with_every_key() {
    let (capture, output) = prompted(agent([call_weather(), answer()]));
    assert_eq!(output.unwrap(), "Cold.");
    assert_eq!(
        tree(&capture),
        ["agent ok < ", "llm_turn ok < agent", "tool_call ok < agent", "llm_turn ok < agent"]
    );

    let agent = &capture.named("condukt.agent.stop")[0];
    assert_eq!(
        keys(agent),
        json!({"agent": "assistant", "prompt": "Oslo?", "output": "Cold.", "status": "ok"})
    );
    let tool = &capture.named("condukt.tool_call.stop")[0];
    assert_eq!(
        keys(tool),
        json!({
            "agent": "assistant", "tool": "weather", "args": {"city": "Oslo"}, "tool_call_id": "call_1",
            "result": "-3", "status": "ok",
        })
    );

    let turns = capture.named("condukt.llm_turn.stop");
    let mut first = keys(&turns[0]);
    let messages = first["messages"].take();
    assert_eq!(messages.as_array().unwrap().len(), 2, "{messages}");
    let tools = first["tools"].take();
    assert_eq!(tools[0]["name"], "weather");
    assert_eq!(
        first,
        json!({
            "agent": "assistant", "model": "gpt-4o", "provider": "openai", "turn": 0, "streaming?": false, "tool_count": 1,
            "messages": null, "tools": null, "parameters": {"temperature": 0.5},
            "assistant_message": {"role": "assistant", "parts": [
                {"type": "tool_call", "id": "call_1", "name": "weather", "arguments": {"city": "Oslo"}},
            ], "finish_reason": "tool_call"},
            "usage": {"input": 12, "output": 4, "total": 16}, "finish_reason": "tool_call",
            "response_id": "r-1", "response_model": "mock-model", "status": "ok",
        })
    );
    assert_eq!(turns[1].get("turn").unwrap(), 1);
    assert_eq!(turns[1].get("response_id").unwrap(), "r-2");
    assert_eq!(turns[1].get("messages").unwrap().as_array().unwrap().len(), 4);

    let session = |event: &OwnedEvent| event.get("session_id").cloned();
    let events = capture.events();
    assert!(session(&events[0]).is_some());
    assert!(events.iter().all(|event| session(event) == session(&events[0])));
}

fn streamed_turns() -> MockCompletionModel {
    let end = |input, output, reason| {
        MockStreamEvent::FinalResponse(Finish {
            usage: usage(input, output),
            reason: Some(reason),
            ..Finish::default()
        })
    };
    MockCompletionModel::from_stream_turns([
        vec![
            MockStreamEvent::tool_call("call_1", "weather", json!({"city": "Oslo"})),
            end(12, 4, FinishReason::ToolCalls),
        ],
        vec![MockStreamEvent::text("It is "), MockStreamEvent::text("cold."), end(20, 3, FinishReason::Stop)],
    ])
}

fn streaming_agent() -> Agent {
    AgentBuilder::new(streamed_turns())
        .name("assistant")
        .dynamic_tool(tool("weather", cold))
        .add_hook(hook())
        .build()
}

#[test]
fn a_streamed_run_is_the_same_tree_and_its_pieces_are_timed() {
    let capture = testing::capture();
    let run = async { streaming_agent().prompt("Oslo?").max_turns(4).stream().count().await };
    assert!(futures::executor::block_on(capture.follow(run)) > 3);
    assert_eq!(
        tree(&capture),
        ["agent ok < ", "llm_turn ok < agent", "tool_call ok < agent", "llm_turn ok < agent"]
    );
    let turn = &capture.named("condukt.llm_turn.stop")[1];
    assert_eq!(turn.get("streaming?").unwrap(), true);
    assert_eq!(turn.get("finish_reason").unwrap(), "stop");
    assert_eq!(turn.get("usage").unwrap(), &json!({"input": 20, "output": 3, "total": 23}));
    assert_eq!(
        turn.get("assistant_message").unwrap()["parts"],
        json!([{"type": "text", "content": "It is cold."}])
    );
    assert_eq!(turn.measurements.get("items").unwrap(), 2);
    assert!(turn.measurements.get("time_to_first_token").is_some());
    assert_eq!(capture.named("condukt.agent.stop")[0].get("output").unwrap(), "It is cold.");
}

#[test]
fn a_dropped_stream_is_cancelled_and_keeps_its_text() {
    let capture = testing::capture();
    let run = async {
        let mut stream = streaming_agent().prompt("Oslo?").max_turns(4).stream();
        while let Some(item) = stream.next().await {
            if format!("{item:?}").contains("It is ") {
                break;
            }
        }
    };
    futures::executor::block_on(capture.follow(run));
    assert_eq!(
        tree(&capture),
        ["agent cancelled < ", "llm_turn ok < agent", "tool_call ok < agent", "llm_turn cancelled < agent"]
    );
    let cut = &capture.named("condukt.llm_turn.exception")[0];
    assert_eq!(cut.get("assistant_message").unwrap(), "It is ");
}

#[test]
fn a_run_that_is_dropped_in_a_tool_cancels_both() {
    let waits =
        DynamicTool::new("wait".to_owned().try_into().unwrap(), "Waits", json!({"type": "object"}), |_| {
            Box::pin(futures::future::pending())
        });
    let model = MockCompletionModel::from_turns([MockTurn::tool_call("call_1", "wait", json!({}))]);
    let agent = AgentBuilder::new(model).name("assistant").dynamic_tool(waits).add_hook(hook()).build();
    let capture = testing::capture();
    let mut run = Box::pin(capture.follow(async move { agent.prompt("Oslo?").await.map(|_| ()) }));
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    for _ in 0..100 {
        assert!(run.as_mut().poll(&mut cx).is_pending());
    }
    drop(run);
    assert_eq!(tree(&capture), ["agent cancelled < ", "llm_turn ok < agent", "tool_call cancelled < agent"]);
}

#[test]
fn a_tool_that_fails_has_its_error_and_its_kind() {
    fn fails() -> Result<ToolOutput, ToolExecutionError> {
        Err(ToolExecutionError::invalid_args("no such city"))
    }
    let model = MockCompletionModel::from_turns([call_weather(), answer()]);
    let agent = AgentBuilder::new(model)
        .name("assistant")
        .dynamic_tool(tool("weather", fails))
        .add_hook(hook())
        .build();
    let (capture, output) = prompted(agent);
    assert_eq!(output.unwrap(), "Cold.");
    let stop = &capture.named("condukt.tool_call.stop")[0];
    assert_eq!(stop.get("status").unwrap(), "error");
    assert_eq!(stop.get("error").unwrap(), "no such city");
    assert_eq!(stop.get("error_type").unwrap(), "invalid_args");
}

#[test]
fn a_model_that_fails_ends_its_turn_and_its_agent() {
    let (capture, output) = prompted(agent([call_weather(), MockTurn::error("overloaded")]));
    assert!(output.unwrap_err().contains("overloaded"));
    assert_eq!(
        tree(&capture),
        ["agent error < ", "llm_turn ok < agent", "tool_call ok < agent", "llm_turn error < agent"]
    );
    for name in ["condukt.agent.stop", "condukt.llm_turn.stop"] {
        let error = capture.named(name).last().unwrap().get("error").cloned().unwrap();
        assert!(error.as_str().unwrap().contains("overloaded"), "{error}");
    }
}

/// A hook of a user's that decides about tools.
struct Gate(DispatchAction);

impl AgentHook for Gate {
    async fn on_dispatch(&self, _: &HookContext, event: DispatchEvent<'_>) -> DispatchAction {
        if event.tool_name().is_some() { self.0.clone() } else { DispatchAction::Proceed }
    }
}

fn gated(action: DispatchAction) -> Capture {
    let model = MockCompletionModel::from_turns([call_weather(), answer()]);
    let agent =
        AgentBuilder::new(model).dynamic_tool(tool("weather", cold)).add_hook(hook()).add_hook(Gate(action));
    prompted(agent.build()).0
}

#[test]
fn a_tool_that_a_hook_denies_is_skipped() {
    let capture = gated(DispatchAction::skip("not today"));
    let stop = &capture.named("condukt.tool_call.stop")[0];
    assert_eq!(stop.get("status").unwrap(), "skipped");
    assert_eq!(stop.get("result").unwrap(), "not today");
    assert_eq!(stop.get("agent").unwrap(), "rig_agent::Agent");
}

#[test]
fn a_run_that_a_hook_stops_is_cancelled() {
    let capture = gated(DispatchAction::stop("enough"));
    assert_eq!(tree(&capture), ["agent error < ", "llm_turn ok < agent", "tool_call cancelled < agent"]);
    let stop = &capture.named("condukt.agent.stop")[0];
    assert_eq!(stop.get("error_type").unwrap(), "cancelled");
    assert!(stop.get("error").unwrap().as_str().unwrap().contains("enough"));
}

/// How an agent is built with the hook.
type Build = fn(AgentBuilder<WithBuilderTools>) -> Agent;

#[test]
fn sub_agents_are_inside_the_calls_that_they_answer() {
    let builds: [Build; 2] =
        [|builder| builder.add_hook(hook()).build(), |builder| builder.build_observed(hook())];
    for parent in builds {
        for child in builds {
            sub_agents_are_inside(parent, child);
        }
    }
}

fn sub_agents_are_inside(build: Build, build_child: Build) {
    let child = |name: &str, city: &str| {
        let model = MockCompletionModel::from_turns([
            MockTurn::tool_call("call_9", "weather", json!({"city": city})),
            MockTurn::text(city),
        ]);
        let agent =
            AgentBuilder::new(model).name(name).default_max_turns(4).dynamic_tool(tool("weather", cold));
        build_child(agent).into_tool().unwrap()
    };
    let both = MockTurn::from_contents([call("call_1", "north", "Oslo?"), call("call_2", "south", "Rome?")]);
    let agent = AgentBuilder::new(MockCompletionModel::from_turns([both, MockTurn::text("Both.")]))
        .name("assistant")
        .dynamic_tool(child("north", "Oslo"))
        .dynamic_tool(child("south", "Rome"));
    let agent = build(agent);
    let capture = testing::capture();
    let run = async move { agent.prompt("Where?").max_turns(4).tool_concurrency(2).await };
    futures::executor::block_on(capture.follow(run)).unwrap();

    let events = capture.events();
    let start = |name: &str, key: &str, value: &str| {
        let found = |event: &&OwnedEvent| event.name == name && event.get(key).is_some_and(|it| it == value);
        events
            .iter()
            .find(found)
            .unwrap_or_else(|| panic!("{name} {key}={value} in {:#?}", tree(&capture)))
            .clone()
    };
    let id = |event: &OwnedEvent| event.span.unwrap().id;
    let parent = |event: &OwnedEvent| event.span.unwrap().parent_id;
    let top = start("condukt.agent.start", "agent", "assistant");
    for (name, city) in [("north", "Oslo?"), ("south", "Rome?")] {
        let call = start("condukt.tool_call.start", "tool", name);
        let subagent = start("condukt.subagent.start", "child_agent", name);
        let agent = start("condukt.agent.start", "agent", name);
        assert_eq!(parent(&call), Some(id(&top)));
        assert_eq!(parent(&subagent), Some(id(&call)));
        assert_eq!(parent(&agent), Some(id(&subagent)));
        assert_eq!(agent.get("prompt").unwrap(), city);
        assert_ne!(agent.get("session_id"), top.get("session_id"));
        assert_eq!(agent.get("parent_session_id"), top.get("session_id"));
        let stop = start("condukt.subagent.stop", "child_agent", name);
        assert_eq!(stop.get("session_id"), agent.get("session_id"));
        assert_eq!(
            (stop.get("agent").unwrap(), stop.get("status").unwrap()),
            (&json!("assistant"), &json!("ok"))
        );
        let inside = events
            .iter()
            .filter(|event| event.name == "condukt.tool_call.start" && parent(event) == Some(id(&agent)));
        assert_eq!(inside.count(), 1);
    }
    assert_eq!(capture.spans().named("llm_turn").count(), 6);
}

fn call(id: &str, tool: &str, prompt: &str) -> rig_agent::core::completion::AssistantContent {
    serde_json::from_value(json!({
        "type": "toolcall", "id": {"provider": id}, "function": {"name": tool, "arguments": {"prompt": prompt}},
    }))
    .unwrap()
}

/// A tool's own code: it waits twice, so that tools that run at once take turns.
#[agent_span(operation, operation = city)]
async fn look_up(city: String) -> String {
    for _ in 0..2 {
        tokio::task::yield_now().await;
    }
    measure(&city)
}

#[tool_call]
fn measure(city: &str) -> String {
    format!("-3 in {city}")
}

/// A tool that calls [`look_up`].
fn looks_up(name: &str) -> DynamicTool {
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}});
    DynamicTool::new(name.to_owned().try_into().unwrap(), "Looks it up", schema, |args| {
        let city = args["city"].as_str().unwrap_or_default().to_owned();
        Box::pin(async move { Ok(ToolOutput::text(look_up(city).await)) })
    })
}

/// Every span as the path to it from the root, in the order of the alphabet.
fn paths(capture: &Capture) -> Vec<String> {
    let events = capture.events();
    let begun: Vec<&OwnedEvent> = events.iter().filter(|event| event.name.ends_with(".start")).collect();
    let label = |event: &OwnedEvent| {
        let name = event.name.split('.').nth(1).unwrap().to_owned();
        let own = ["tool_call_id", "tool", "operation", "agent"].iter().find_map(|key| event.get(key));
        match (&*name, own) {
            ("llm_turn", _) | (_, None) => name,
            (_, Some(own)) => format!("{name} {}", own.as_str().unwrap()),
        }
    };
    let path = |event: &&OwnedEvent| {
        let mut path = label(event);
        let mut parent = event.span.unwrap().parent_id;
        while let Some(id) = parent {
            let above = begun.iter().find(|event| event.span.unwrap().id == id).expect("its parent");
            path = format!("{} > {path}", label(above));
            parent = above.span.unwrap().parent_id;
        }
        path
    };
    let mut paths: Vec<String> = begun.iter().map(path).collect();
    paths.sort_unstable();
    paths
}

fn calls_of(calls: &[(&str, &str, &str)]) -> MockTurn {
    MockTurn::from_contents(calls.iter().map(|(id, tool, city)| {
        serde_json::from_value(json!({
            "type": "toolcall", "id": {"provider": id}, "function": {"name": tool, "arguments": {"city": city}},
        }))
        .unwrap()
    }))
}

fn looking_up(turns: impl IntoIterator<Item = MockTurn>) -> Agent {
    AgentBuilder::new(MockCompletionModel::from_turns(turns))
        .name("assistant")
        .dynamic_tool(looks_up("north"))
        .dynamic_tool(looks_up("south"))
        .build_observed(hook())
}

#[test]
fn events_of_a_tool_are_inside_its_call_also_with_parallel_tools() {
    let turn = calls_of(&[("c1", "north", "Oslo"), ("c2", "south", "Rome"), ("c3", "north", "Bergen")]);
    let agent = looking_up([turn, MockTurn::text("Done.")]);
    let capture = testing::capture();
    let run = async move { agent.prompt("Where?").max_turns(4).tool_concurrency(3).await };
    futures::executor::block_on(capture.follow(run)).unwrap();
    assert_eq!(
        paths(&capture),
        [
            "agent assistant",
            "agent assistant > llm_turn",
            "agent assistant > llm_turn",
            "agent assistant > tool_call c1",
            "agent assistant > tool_call c1 > operation Oslo",
            "agent assistant > tool_call c1 > operation Oslo > tool_call measure",
            "agent assistant > tool_call c2",
            "agent assistant > tool_call c2 > operation Rome",
            "agent assistant > tool_call c2 > operation Rome > tool_call measure",
            "agent assistant > tool_call c3",
            "agent assistant > tool_call c3 > operation Bergen",
            "agent assistant > tool_call c3 > operation Bergen > tool_call measure",
        ]
    );
    // The model is given the same tools, in the same order.
    let offered = capture.named("condukt.llm_turn.start")[0].get("tools").unwrap().clone();
    assert_eq!((&offered[0]["name"], &offered[1]["name"]), (&json!("north"), &json!("south")));
    let results = capture.named("condukt.tool_call.stop");
    assert!(results.iter().any(|stop| stop.get("result").is_some_and(|text| text == "-3 in Bergen")));
}

#[test]
fn runs_of_one_agent_at_once_keep_to_their_own_calls() {
    let turn = |city| calls_of(&[("c1", "north", city)]);
    let agent = looking_up([turn("Oslo"), turn("Rome"), MockTurn::text("Done."), MockTurn::text("Done.")]);
    let capture = testing::capture();
    let run = |session: &str| {
        let run = agent.prompt("Where?").max_turns(4).run();
        run.in_context(capture.context().with_session_id(session))
    };
    // Whichever is polled polls the tools of both.
    let (one, two) = futures::executor::block_on(futures::future::join(run("one"), run("two")));
    assert!(one.is_ok() && two.is_ok());
    let events = capture.events();
    let mut looked: Vec<&OwnedEvent> =
        events.iter().filter(|event| event.name == "condukt.operation.start").collect();
    looked.dedup_by_key(|event| event.get("session_id").unwrap().clone());
    assert_eq!(looked.len(), 2, "one in each session");
    for event in looked {
        let call = event.span.unwrap().parent_id;
        let around = events.iter().find(|other| other.span.unwrap().id == call.unwrap()).expect("its call");
        assert_eq!(around.name, "condukt.tool_call.start");
        assert_eq!(around.get("session_id"), event.get("session_id"));
        assert_eq!(around.get("args").unwrap()["city"], *event.get("operation").unwrap());
    }
}

#[test]
fn a_run_inside_an_annotated_function_is_part_of_it() {
    #[agent_span(operation, operation = "pack")]
    async fn pack(agent: Agent) -> String {
        agent.prompt("Oslo?").max_turns(4).await.unwrap().output()
    }
    let capture = testing::capture();
    let context = capture.context().with_session_id("s-1");
    futures::executor::block_on(context.scope(|| pack(agent([answer()])).in_current_context()));
    assert_eq!(tree(&capture), ["operation ok < ", "agent ok < operation", "llm_turn ok < agent"]);
    assert!(capture.events().iter().all(|event| event.get("session_id").unwrap() == "s-1"));
}

#[test]
fn a_model_that_a_hook_selects_is_the_model_of_the_turn() {
    struct Small;
    impl AgentHook for Small {
        fn on_model_select(&self, _: &HookContext, _: ModelSelection<'_>) -> ModelSelectionAction {
            ModelSelectionAction::select("small")
        }
    }
    let agent = AgentBuilder::new(MockCompletionModel::text("large"))
        .model_route("small", MockCompletionModel::text("small"))
        .add_hook(Small)
        .add_hook(hook().model("gpt-4o"))
        .build();
    let (capture, output) = prompted(agent);
    assert_eq!(output.unwrap(), "small");
    assert_eq!(capture.named("condukt.llm_turn.start")[0].get("model").unwrap(), "small");
}

#[test]
fn one_that_is_added_twice_emits_once() {
    let agent = AgentBuilder::new(MockCompletionModel::from_turns([call_weather(), answer()]))
        .dynamic_tool(tool("weather", cold))
        .add_hook(hook())
        .add_hook(telemetry_rig::Hook::default())
        .build();
    assert_eq!(prompted(agent).0.events().len(), 8);
}

#[test]
fn with_no_handler_nothing_changes() {
    let run = Context::new().scope(|| agent([call_weather(), answer()]).prompt("Oslo?").max_turns(4).run());
    assert_eq!(futures::executor::block_on(run).unwrap().output(), "Cold.");
}
