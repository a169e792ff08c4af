//! Run ids: of agents within agents, in tasks, threads and interleaved futures.

use super::*;

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
