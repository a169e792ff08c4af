//! What a context holds.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::*;

struct Named<T>(T);

impl<T> Named<T> {
    #[agent_span(agent)]
    fn method(&self) -> &T {
        &self.0
    }

    #[agent_span(agent)]
    async fn later(self: Box<Self>) {}

    #[agent_span(agent, agent = "said")]
    fn said(&self) -> &T {
        &self.0
    }
}

trait Acts {
    fn act(&self);
    fn by_default(&self);
}

struct Actor;

impl Acts for Actor {
    #[agent_span(agent)]
    fn act(&self) {}

    #[agent_span(agent)]
    fn by_default(&self) {}
}

#[agent_span(agent)]
fn free() {}

#[tokio::test]
async fn an_agent_is_called_by_its_type_or_its_function() {
    let capture = testing::capture();
    capture.scope(|| {
        Named(1_u8).method();
        Named(1_u8).said();
        Actor.act();
        Actor.by_default();
        free();
    });
    capture.follow(Box::new(Named("x")).later()).await;
    let starts = capture.named("condukt.agent.start");
    let agents: Vec<&str> =
        starts.iter().map(|start| start.get("agent").unwrap().as_str().unwrap()).collect();
    assert_eq!(
        agents,
        [
            "contract::contexts::Named<u8>",
            "said",
            "contract::contexts::Actor",
            "contract::contexts::Actor",
            "contract::contexts::free",
            "contract::contexts::Named<&str>",
        ]
    );
}

#[test]
fn the_agents_name_is_known_inside() {
    let capture = testing::capture();
    let seen = capture.scope(|| {
            in_span!(agent, agent = "outer"; || {
                let inner = in_span!(operation, operation = "o", agent = "inner"; || Context::current().agent().map(str::to_owned));
                (Context::current().agent().map(str::to_owned), inner)
            })
        });
    assert_eq!(seen, (Some("outer".to_owned()), Some("inner".to_owned())));
    assert_eq!(capture.named("condukt.operation.stop")[0].get("agent").unwrap(), "inner");
}

#[tokio::test]
async fn the_given_context_is_entered_even_if_unobserved() {
    #[agent_span(agent, context = Context::current().with_session_id(session).with("user_id", "u-1"))]
    async fn later(session: &str) -> (Option<String>, bool) {
        tokio::task::yield_now().await;
        let context = Context::current();
        (context.session_id().map(str::to_owned), context.get("user_id").is_some())
    }
    #[agent_span(agent, context = Context::current().with_session_id(session))]
    fn now(session: &str) -> Option<String> {
        Context::current().session_id().map(str::to_owned)
    }
    assert_eq!(later("s-1").await, (Some("s-1".to_owned()), true));
    assert_eq!(now("s-2").as_deref(), Some("s-2"));
    let capture = testing::capture();
    assert_eq!(capture.follow(later("s-1")).await, (Some("s-1".to_owned()), true));
    assert_eq!(capture.scope(|| now("s-2")).as_deref(), Some("s-2"));
    let events = capture.events();
    assert_eq!(
        events.iter().map(|event| event.get("session_id").unwrap()).collect::<Vec<_>>(),
        ["s-1", "s-1", "s-2", "s-2"]
    );
    assert_eq!(events[1].get("user_id").unwrap(), "u-1");
}

#[test]
fn an_agent_opens_a_session_if_the_context_has_no_session() {
    let capture = testing::capture();
    capture.scope(|| {
        in_span!(llm_request, model = "m", message_count = 0; || ());
        in_span!(tool_call, tool = "t", args = (); || ());
        in_span!(operation, operation = "o"; || in_span!(run; || in_span!(agent; || in_span!(agent; || ()))));
        in_span!(run; || ());
    });
    let sessions: Vec<Option<String>> = capture
        .events()
        .iter()
        .map(|event| event.get("session_id").map(|id| id.as_str().unwrap().to_owned()))
        .collect();
    assert_eq!(sessions[..4], [const { None }; 4], "nothing else opens one");
    assert!(sessions[4].is_some());
    assert!(sessions[4..12].iter().all(|session| *session == sessions[4]), "those inside keep it");
    assert!(sessions[12].is_some() && sessions[12] != sessions[4] && sessions[12] == sessions[13]);
}

#[test]
fn a_spans_context_exists_while_a_handler_observes() {
    #[agent_span(agent, agent = "a")]
    fn seen() -> (Option<String>, Option<String>, bool) {
        let context = Context::current();
        (
            context.agent().map(str::to_owned),
            context.session_id().map(str::to_owned),
            context.span().is_some(),
        )
    }
    let capture = testing::capture();
    let (agent, session, span) = capture.scope(seen);
    assert_eq!(agent.as_deref(), Some("a"));
    assert_eq!(session.as_deref(), capture.events()[0].get("session_id").unwrap().as_str());
    assert!(span);
    assert_eq!(Context::current().session_id(), None, "and gone after it");

    // It is there for any handler that might see something inside, if not for the span itself.
    let context = Context::current().with_handler(event_names!["condukt.compact.stop"], |_: &Event<'_>| {});
    let (agent, session, _) = context.scope(seen);
    assert_eq!((agent.as_deref(), session.is_some()), (Some("a"), true));
}

#[test]
fn values_set_by_the_user_always_exist() {
    if !alone("contexts::values_set_by_the_user_always_exist") {
        return;
    }
    let context =
        Context::current().with_agent("a").with_session_id("s").with_tool_call_id("t").with("user_id", "u-1");
    context.scope(|| {
            in_span!(agent, agent = "unobserved"; || {
                let current = Context::current();
                assert_eq!((current.agent(), current.session_id(), current.tool_call_id()), (Some("a"), Some("s"), Some("t")));
                assert_eq!(current.get("user_id").unwrap(), "u-1");
                assert_eq!(current.span(), None);
            });
        });
    assert_eq!(Context::current().agent(), None);
}

#[test]
fn keys_of_ones_own_are_on_every_event() {
    #[derive(EventMetadata)]
    #[event("contract.own_keys")]
    struct Own {
        n: u8,
    }
    let capture = testing::capture()
        .with_context(|context| context.with("user_id", "u-1").with("plan", json!({"tier": 2})));
    capture.scope(|| {
            in_span!(agent; || {
                Own { n: 1 }.emit();
                execute(&event_name!("contract.own_keys_named"), &(), &()).unwrap();
                Context::current().with("user_id", "u-2").scope(|| emit!(compact, duration = 0, before = 0, after = 0));
                Context::current().with("user_id", None::<&str>).scope(|| in_span!(llm_request, model = "m", message_count = 0; || ()));
            });
        });
    let users: Vec<Option<&str>> =
        [Some("u-1"), Some("u-1"), Some("u-1"), Some("u-2"), None, None, Some("u-1")].into();
    let events = capture.events();
    assert_eq!(
        events.iter().map(|event| event.get("user_id").and_then(Json::as_str)).collect::<Vec<_>>(),
        users
    );
    assert!(events.iter().all(|event| event.get("plan").unwrap()["tier"] == 2));
}

#[tokio::test]
async fn it_is_entered_for_each_poll_and_left_after_it() {
    let session = || Context::current().session_id().map(str::to_owned);
    let work = |name: &'static str| async move {
        for _ in 0..3 {
            assert_eq!(session().as_deref(), Some(name));
            tokio::task::yield_now().await;
        }
    };
    let [a, b] = ["a", "b"].map(|name| work(name).in_context(Context::new().with_session_id(name)));
    let between = async {
        for _ in 0..3 {
            assert_eq!(session(), None);
            tokio::task::yield_now().await;
        }
    };
    futures::join!(a, between, b);
    assert_eq!(session(), None);
}

#[test]
fn a_panic_leaves_it_too() {
    let context = Context::new().with_session_id("s");
    assert!(catch_unwind(AssertUnwindSafe(|| context.scope(|| panic!("out")))).is_err());
    assert_eq!(Context::current().session_id(), None);
}

#[agent_span(agent, agent = "child")]
fn child() {
    in_span!(tool_call, tool = "t", args = (); || ());
}

#[agent_span(subagent, role = "r", child_agent = "child")]
fn delegate(children: usize) {
    (0..children).for_each(|_| child());
}

#[test]
fn a_delegation_gives_its_callee_a_session_of_its_own() {
    let capture = testing::capture().with_context(|context| context.with_session_id("caller"));
    capture.scope(|| {
        delegate(0);
        delegate(1);
        delegate(2);
        assert_eq!(Context::current().session_id(), Some("caller"));
        child();
    });
    let stops = capture.named("condukt.subagent.stop");
    assert_eq!(stops[0].get("session_id"), None, "no child started");
    assert!(stops.iter().all(|stop| stop.get("parent_session_id").unwrap() == "caller"));
    let children = capture.named("condukt.agent.start");
    assert_eq!(children[0].get("session_id"), stops[1].get("session_id"));
    // Of two, the first is reported.
    assert_eq!(children[1].get("session_id"), stops[2].get("session_id"));
    assert!(children[..3].iter().all(|child| child.get("parent_session_id").unwrap() == "caller"));
    for tool in &capture.named("condukt.tool_call.stop")[..3] {
        assert_eq!(tool.get("parent_session_id").unwrap(), "caller");
        assert_ne!(tool.get("session_id").unwrap(), "caller");
    }
    // One without a delegation is in the caller's session.
    assert_eq!(children[3].get("session_id").unwrap(), "caller");
    assert_eq!(children[3].get("parent_session_id"), None);
}

#[test]
fn delegations_nest() {
    #[agent_span(agent, agent = "middle")]
    fn middle() {
        in_span!(subagent, role = "r", child_agent = "child"; || child());
    }
    let capture = testing::capture().with_context(|context| context.with_session_id("top"));
    capture.scope(|| in_span!(subagent, role = "r", child_agent = "middle"; || middle()));
    let events = capture.events();
    let of = |agent: &str| {
        events.iter().find(|event| event.get("agent").is_some_and(|name| name == agent)).unwrap()
    };
    let (middle, child) = (of("middle"), of("child"));
    assert_eq!(middle.get("parent_session_id").unwrap(), "top");
    assert_eq!(child.get("parent_session_id"), middle.get("session_id"));
    let stops = capture.named("condukt.subagent.stop");
    assert_eq!(stops[0].get("session_id"), child.get("session_id"));
    assert_eq!(stops[1].get("session_id"), middle.get("session_id"));
}

#[test]
fn a_delegation_without_an_agent_between_keeps_the_caller() {
    // A helper that delegates within a delegation: the caller's session is the parent still.
    let capture = testing::capture().with_context(|context| context.with_session_id("caller"));
    capture.scope(|| in_span!(subagent, role = "outer", child_agent = "child"; || delegate(1)));
    let starts = capture.named("condukt.subagent.start");
    assert_eq!(
        starts.iter().map(|start| start.get("parent_session_id").unwrap()).collect::<Vec<_>>(),
        ["caller", "caller"]
    );
    let child = &capture.named("condukt.agent.start")[0];
    assert_eq!(child.get("parent_session_id").unwrap(), "caller");
    assert_eq!(capture.named("condukt.subagent.stop")[0].get("session_id"), child.get("session_id"));
}

#[test]
fn a_child_does_not_inherit_the_call_that_led_to_it() {
    let capture = testing::capture();
    capture.scope(|| in_span!(tool_call, tool = "ask", args = (), tool_call_id = "call_1"; || delegate(1)));
    let stops = capture.named("condukt.tool_call.stop");
    assert_eq!(stops[0].get("tool").unwrap(), "t");
    assert_eq!(stops[0].get("tool_call_id"), None, "a call of the child's own, without an id");
    assert_eq!(stops[1].get("tool_call_id").unwrap(), "call_1");
}
