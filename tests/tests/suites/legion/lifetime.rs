//! The events of an agent process from `started` to `stopped`.

use super::*;

#[test]
fn the_events_of_an_agent_are_in_order() {
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
fn started_and_stopped_carry_the_time_and_the_agent() {
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
fn an_agent_that_cannot_be_built_emits_no_event() {
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
