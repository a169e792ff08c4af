//! Legion's events: the life of an agent process, its messages, iterations, model requests and
//! evaluations, in their order and with what they carry.
//!
//! Where this differs from the original: iterations are siblings, not nested; run ids are `UUIDv7`; a
//! process that unwinds still stops; `status` stands on every stop.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use serde_json::{Value, json};
use telemetry_runtime::testing::{self, Capture, only};
use telemetry_runtime::{
    AgentProcess, Context, InContext as _, OwnedEvent, StopMetadata, agent_span, emit, in_current_context,
    in_span, record,
};

/// What the model of an agent decides on, step by step.
#[derive(Clone, Copy)]
enum Decision {
    Eval(&'static str),
    /// The model's answer cannot be used: the step is tried again.
    Malformed,
    Return(&'static str),
}

struct MathAgent {
    script: RefCell<Vec<Decision>>,
}

impl MathAgent {
    fn start(name: &str, script: &[Decision]) -> AgentProcess<Self> {
        let script = RefCell::new(script.iter().rev().copied().collect());
        AgentProcess::start(name, || Ok::<_, ()>(Self { script })).unwrap()
    }
}

#[derive(StopMetadata)]
#[stop_of(agent_message)]
enum Handled {
    Done {
        iterations: u32,
        result: &'static str,
        bindings: Value,
    },
    #[stop(status = "cancel")]
    Cancelled {
        iterations: u32,
        result: &'static str,
    },
}

const MAX_ITERATIONS: u32 = 3;
const MAX_RETRIES: u32 = 2;

impl MathAgent {
    #[agent_span(agent_message)]
    fn handle(&self, message: &str) -> Handled {
        let (mut iteration, mut retries) = (0, 0);
        while iteration < MAX_ITERATIONS {
            match self.step(iteration) {
                Ok(Action::Return(result)) => {
                    return Handled::Done { iterations: iteration + 1, result, bindings: json!({"x": 2}) };
                }
                Ok(Action::EvalAndContinue) => iteration += 1,
                Err(_) if retries == MAX_RETRIES => {
                    return Handled::Cancelled { iterations: iteration, result: "reached_max_retries" };
                }
                Err(_) => retries += 1,
            }
        }
        Handled::Cancelled { iterations: iteration, result: "reached_max_iterations" }
    }

    #[agent_span(iteration)]
    fn step(&self, iteration: u32) -> Result<Action, &'static str> {
        match self.request(2)? {
            Decision::Eval(code) => {
                let _ = eval(code);
                Ok(Action::EvalAndContinue)
            }
            Decision::Return(value) => Ok(Action::Return(value)),
            Decision::Malformed => Err("no structured object"),
        }
    }

    #[agent_span(llm_request, model = "openai:gpt-4o-mini")]
    fn request(&self, message_count: usize) -> Result<Decision, &'static str> {
        self.script.borrow_mut().pop().ok_or("the provider is down")
    }
}

enum Action {
    EvalAndContinue,
    Return(&'static str),
}

impl StopMetadata<telemetry_runtime::spans::iteration> for Action {
    fn stop_metadata<'r>(&'r self, stop: &mut telemetry_runtime::Stop<'r>) {
        let action = match self {
            Self::EvalAndContinue => "eval_and_continue",
            Self::Return(_) => "return",
        };
        stop.text("action", action);
    }
}

#[agent_span(sandbox_eval)]
fn eval(code: &str) -> Result<u32, String> {
    match code {
        "1 + 1" => Ok(2),
        "exit" => panic!("the sandbox broke"),
        _ => Err(format!("cannot evaluate {code}")),
    }
}

/// A life: the agent starts, handles one message and stops.
fn live(script: &[Decision]) -> Capture {
    let capture = testing::capture();
    capture.scope(|| {
        let agent = MathAgent::start("my_app::MathAgent", script);
        agent.context().scope(|| agent.handle("what is 1 + 1?"));
    });
    capture
}

fn keys(event: &OwnedEvent) -> Vec<&str> {
    let mut keys: Vec<&str> = event.metadata.keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

#[test]
fn a_life_is_in_order() {
    let capture = live(&[Decision::Eval("1 + 1"), Decision::Return("2")]);
    assert_eq!(
        capture.names(),
        [
            "legion.agent.started",
            "legion.agent.message.start",
            "legion.iteration.start",
            "legion.llm.request.start",
            "legion.llm.request.stop",
            "legion.sandbox.eval.start",
            "legion.sandbox.eval.stop",
            "legion.iteration.stop",
            "legion.iteration.start",
            "legion.llm.request.start",
            "legion.llm.request.stop",
            "legion.iteration.stop",
            "legion.agent.message.stop",
            "legion.agent.stopped",
        ]
    );
    assert_eq!(
        capture.tree(),
        "\
legion.agent.started agent=my_app::MathAgent
legion.agent.message stop agent=my_app::MathAgent bindings={\"x\":2} iterations=2 message=what is 1 + 1? result=2 status=ok
  legion.iteration stop action=eval_and_continue agent=my_app::MathAgent iteration=0 status=ok
    legion.llm.request stop agent=my_app::MathAgent iteration=0 message_count=2 model=openai:gpt-4o-mini status=ok
    legion.sandbox.eval stop agent=my_app::MathAgent code=1 + 1 result=2 status=ok success=true
  legion.iteration stop action=return agent=my_app::MathAgent iteration=1 status=ok
    legion.llm.request stop agent=my_app::MathAgent iteration=1 message_count=2 model=openai:gpt-4o-mini status=ok
legion.agent.stopped agent=my_app::MathAgent
"
    );
}

#[test]
fn every_event_has_the_agent_and_its_run() {
    let capture = live(&[Decision::Eval("1 + 1"), Decision::Return("2")]);
    let events = capture.events();
    let run = events[0].get("run_id").unwrap().as_str().unwrap();
    assert_eq!((run.len(), run.as_bytes()[14]), (36, b'7'));
    for event in &events {
        assert_eq!(event.get("run_id").unwrap(), run, "{}", event.name);
        assert_eq!(event.get("agent").unwrap(), "my_app::MathAgent", "{}", event.name);
        assert_eq!(event.get("parent_run_id"), None, "{}", event.name);
    }
}

#[test]
fn started_and_stopped_measure_the_time_and_say_who() {
    let capture = testing::capture();
    let run = capture.scope(|| {
        let agent = MathAgent::start("my_app::MathAgent", &[]);
        agent.run_id().to_owned()
    });
    let events = capture.events();
    assert_eq!(capture.names(), ["legion.agent.started", "legion.agent.stopped"]);
    for event in &events {
        assert_eq!(event.measurements.keys().collect::<Vec<_>>(), ["system_time"]);
        assert!(event.as_event().measurements().system_time().is_some());
        assert_eq!(keys(event), ["agent", "run_id"]);
        assert_eq!(event.get("run_id").unwrap(), &run);
        assert_eq!(event.span, None);
    }
}

#[test]
fn an_agent_that_cannot_be_built_has_no_life() {
    let capture = testing::capture();
    capture.scope(|| {
        let failed = AgentProcess::start("broken", || Err::<(), _>("no system prompt"));
        assert_eq!(failed.unwrap_err(), "no system prompt");
        let panicked =
            catch_unwind(|| AgentProcess::start("broken", || -> Result<(), ()> { panic!("no prompt") }));
        assert!(panicked.is_err());
    });
    assert_eq!(capture.names(), [""; 0]);
}

#[test]
fn an_agent_is_built_within_its_own_run() {
    let capture = testing::capture();
    capture.scope(|| {
        let agent = AgentProcess::start("parent", || {
            assert_eq!(Context::current().agent(), Some("parent"));
            AgentProcess::start("helper", || Ok::<_, ()>(()))
        })
        .unwrap();
        assert_eq!(agent.context().run_id(), Some(agent.run_id()));
        assert_eq!(agent.context().parent_run_id(), None);
        let helper: &AgentProcess<()> = &agent;
        assert_eq!(helper.context().parent_run_id(), Some(agent.run_id()));
    });
    // The helper lives first, and its parent's field goes after the parent itself.
    let agents: Vec<(String, String)> = capture
        .events()
        .iter()
        .map(|event| (event.name.to_string(), event.get("agent").unwrap().as_str().unwrap().to_owned()))
        .collect();
    let life = |event: &str, agent: &str| (format!("legion.agent.{event}"), agent.to_owned());
    assert_eq!(
        agents,
        [
            life("started", "helper"),
            life("started", "parent"),
            life("stopped", "parent"),
            life("stopped", "helper")
        ]
    );
}

#[test]
fn an_agent_that_unwinds_still_stops() {
    let capture = testing::capture();
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        capture.scope(|| {
            let agent = MathAgent::start("my_app::MathAgent", &[Decision::Eval("exit")]);
            agent.context().scope(|| agent.handle("go"));
        });
    }));
    assert!(panicked.is_err());
    let events = capture.events();
    let ends: Vec<&str> = events[5..].iter().map(|event| &*event.name).collect();
    assert_eq!(
        ends,
        [
            "legion.sandbox.eval.start",
            "legion.sandbox.eval.exception",
            "legion.iteration.exception",
            "legion.agent.message.exception",
            "legion.agent.stopped",
        ]
    );
    for exception in &events[6..9] {
        assert_eq!(exception.get("kind").unwrap(), "panic");
        assert_eq!(exception.get("reason").unwrap(), "the sandbox broke");
        assert!(!exception.get("stacktrace").unwrap().as_array().unwrap().is_empty());
        assert_eq!(exception.get("status"), None);
    }
    assert_eq!(events[6].get("code").unwrap(), "exit");
    assert_eq!(events[6].get("success"), None);
    assert_eq!(events[7].get("iteration").unwrap(), 0);
    assert_eq!(events[8].get("message").unwrap(), "go");
}

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

    // Outside of an iteration there is none, after one neither.
    let capture = testing::capture();
    capture.scope(|| {
        in_span!(iteration, iteration = 7, stop(|()| action = "none"); || ());
        in_span!(llm_request, model = "m", message_count = 0; || ());
    });
    assert_eq!(capture.named("legion.llm.request.start")[0].get("iteration"), None);
}

/// Beyond the document: what a request used, where the annotation gives it.
#[test]
fn a_request_may_say_what_it_used_and_why_it_stopped() {
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
fn an_evaluation_says_whether_it_succeeded() {
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
fn an_evaluation_that_says_itself_that_it_failed_has_not_succeeded() {
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

#[test]
fn an_agent_inside_anothers_run_has_it_as_its_parent() {
    let capture = testing::capture();
    let (outer, inner, innermost) = capture.scope(|| {
        let outer = MathAgent::start("outer", &[]);
        outer.context().scope(|| {
            in_span!(agent_message, message = "delegate", stop(|_| iterations = 0); || {
                let inner = MathAgent::start("inner", &[Decision::Return("2")]);
                inner.context().scope(|| {
                    inner.handle("help");
                    let innermost = MathAgent::start("innermost", &[]);
                    let ids = (outer.run_id(), inner.run_id(), innermost.run_id());
                    (ids.0.to_owned(), ids.1.to_owned(), ids.2.to_owned())
                })
            })
        })
    });
    let parents =
        [("outer", &outer, None), ("inner", &inner, Some(&outer)), ("innermost", &innermost, Some(&inner))];
    let events = capture.events();
    for event in &events {
        let agent = event.get("agent").unwrap();
        let (_, run, parent) = parents.iter().find(|(name, ..)| agent == name).unwrap();
        assert_eq!(event.get("run_id").unwrap(), *run, "{event:?}");
        assert_eq!(
            event.get("parent_run_id").and_then(Value::as_str),
            parent.map(String::as_str),
            "{event:?}"
        );
    }
    assert_eq!(events.len(), 3 * 2 + 2 + 6);
    // The child's message lies within the parent's.
    let messages: Vec<_> = events.iter().filter(|event| event.name == "legion.agent.message.start").collect();
    assert_eq!(messages[1].span.unwrap().parent_id, messages[0].span.map(|ids| ids.id));
}

#[test]
fn a_child_does_not_inherit_the_iteration() {
    let capture = testing::capture();
    capture.scope(|| {
        in_span!(iteration, iteration = 4, stop(|()| action = "delegate"); || {
            let child = AgentProcess::start("child", || Ok::<_, ()>(())).unwrap();
            child.context().scope(|| in_span!(llm_request, model = "m", message_count = 1; || ()));
        });
    });
    assert_eq!(capture.named("legion.llm.request.start")[0].get("iteration"), None);
}

#[test]
fn the_messages_of_an_agent_are_spans_of_one_run() {
    let capture = testing::capture();
    capture.scope(|| {
        let agent = MathAgent::start("my_app::MathAgent", &[Decision::Return("1"), Decision::Return("2")]);
        agent.context().scope(|| agent.handle("one"));
        agent.context().scope(|| agent.handle("two"));
    });
    let starts = capture.named("legion.agent.message.start");
    assert_eq!(starts[0].get("run_id"), starts[1].get("run_id"));
    assert_ne!(starts[0].span, starts[1].span);
    let messages: Vec<&Value> = starts.iter().map(|start| start.get("message").unwrap()).collect();
    assert_eq!(messages, ["one", "two"]);
}

#[test]
fn ids_are_read_at_the_start_of_a_span() {
    let capture = testing::capture();
    capture.scope(|| {
        let agent = MathAgent::start("agent", &[]);
        let other = MathAgent::start("other", &[]);
        agent.context().scope(|| {
            in_span!(agent_message, message = "hi", stop(|()| iterations = 0); || {
                other.context().scope(|| in_span!(run; || ()));
                // Nothing that happens in there changes who the stop belongs to.
                std::mem::forget(Context::current().with_agent("changed"));
            });
        });
    });
    let stop = &capture.named("legion.agent.message.stop")[0];
    let start = &capture.named("legion.agent.message.start")[0];
    assert_eq!((stop.get("agent"), stop.get("run_id")), (start.get("agent"), start.get("run_id")));
}

#[tokio::test]
async fn the_run_goes_along_into_tasks_and_threads() {
    let capture = testing::capture();
    let agent = capture.scope(|| MathAgent::start("my_app::MathAgent", &[]));
    let work = async {
        in_span!(agent_message, message = "parallel", stop(|()| iterations = 0); async {
            let request = async { in_span!(llm_request, model = "m", message_count = 1; || ()) };
            let task = tokio::spawn(request.in_current_context());
            let sandbox = thread::spawn(in_current_context(|| eval("1 + 1")));
            task.await.unwrap();
            assert_eq!(sandbox.join().unwrap(), Ok(2));
        })
        .await;
    };
    work.in_context(agent.context()).await;
    let events = capture.events();
    let message = only(&events, "legion.agent.message.start").span.unwrap();
    for name in ["legion.llm.request.stop", "legion.sandbox.eval.stop"] {
        let event = only(&events, name);
        assert_eq!(event.get("run_id").unwrap(), agent.run_id());
        assert_eq!(event.span.unwrap().parent_id, Some(message.id));
    }
}

#[tokio::test]
async fn agents_that_take_turns_keep_their_own_runs() {
    async fn converse(agent: &AgentProcess<()>) {
        for turn in 0..3 {
            in_span!(agent_message, message = turn, stop(|()| iterations = 0); async {
                tokio::task::yield_now().await;
                emit!(agent_started);
                tokio::task::yield_now().await;
            })
            .await;
        }
        let _ = agent;
    }

    let capture = testing::capture();
    let agents =
        capture.scope(|| ["a", "b"].map(|name| AgentProcess::start(name, || Ok::<_, ()>(())).unwrap()));
    let [a, b] = &agents;
    futures::join!(converse(a).in_context(a.context()), converse(b).in_context(b.context()));
    let events = capture.events();
    for agent in &agents {
        let own = events.iter().filter(|event| event.get("run_id").unwrap() == agent.run_id());
        let names: Vec<&str> = own.clone().map(|event| &*event.name).collect();
        assert_eq!(names.len(), 1 + 3 * 3);
        let name = agent.context().agent().unwrap().to_owned();
        for event in own {
            assert_eq!(event.get("agent").unwrap(), &name);
        }
    }
    // They did take turns.
    let order: Vec<&Value> = events[2..].iter().map(|event| event.get("agent").unwrap()).collect();
    assert!(order.windows(3).any(|three| three[0] == three[2] && three[0] != three[1]), "{order:?}");
}

#[test]
fn condukts_keys_stay_out() {
    let capture = testing::capture();
    capture.scope(|| {
        let context = Context::current().with_session_id("session").with_tool_call_id("call");
        context.scope(|| {
            let agent = MathAgent::start("my_app::MathAgent", &[Decision::Return("2")]);
            agent.context().scope(|| agent.handle("hi"));
        });
    });
    for event in capture.events() {
        for key in ["session_id", "parent_session_id", "tool_call_id"] {
            assert_eq!(event.get(key), None, "{}", event.name);
        }
    }
}
