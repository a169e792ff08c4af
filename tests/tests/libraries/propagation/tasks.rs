//! Context follows calls and awaits, and is carried into tasks and threads.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context as TaskContext, Poll, Waker};

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use rayon::prelude::*;
use telemetry_runtime::testing::{self, Capture, only};
use telemetry_runtime::{
    AgentProcess, Context, InContext, OwnedEvent, agent_span, in_current_context, in_span, tool_call,
};
use tokio::task::JoinSet;

#[tool_call]
async fn tool(n: u32) -> u32 {
    tokio::task::yield_now().await;
    n
}

#[tool_call]
fn tool_now(n: u32) -> u32 {
    n
}

#[agent_span(agent, agent = "boss")]
async fn boss<F: Future>(work: F) -> F::Output {
    work.await
}

#[agent_span(agent, agent = "boss")]
fn boss_now<R>(work: impl FnOnce() -> R) -> R {
    work()
}

fn capture() -> Capture {
    testing::capture().with_context(|context| context.with("user_id", "u-1"))
}

/// Asserts that so many tools ran under the one agent: its children, in its session and trace.
fn are_under_the_agent(capture: &Capture, tools: usize) {
    let events = capture.events();
    let agent = only(&events, "condukt.agent.start");
    let span = agent.span.unwrap();
    let starts = capture.named("condukt.tool_call.start");
    assert_eq!(starts.len(), tools);
    assert_eq!(capture.named("condukt.tool_call.stop").len(), tools);
    for start in starts {
        assert_eq!(start.span.unwrap().parent_id, Some(span.id));
        assert_eq!(start.span.unwrap().trace_id, span.trace_id);
        assert_eq!(start.get("session_id"), agent.get("session_id"));
        assert_eq!(start.get("agent").unwrap(), "boss");
        assert_eq!(start.get("user_id").unwrap(), "u-1");
    }
}

mod carried {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn into_spawned_tasks() {
        let capture = capture();
        let work = boss(async {
            let tasks: Vec<_> = (0..8).map(|n| tokio::spawn(tool(n).in_current_context())).collect();
            for task in tasks {
                task.await.unwrap();
            }
        });
        capture.follow(work).await;
        are_under_the_agent(&capture, 8);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn into_a_join_set() {
        let capture = capture();
        let work = boss(async {
            let mut set = JoinSet::new();
            for n in 0..4 {
                set.spawn(tool(n).in_current_context());
                set.spawn_blocking(in_current_context(move || tool_now(n)));
            }
            set.join_all().await;
        });
        capture.follow(work).await;
        are_under_the_agent(&capture, 8);
    }

    #[tokio::test]
    async fn into_local_tasks_and_blocking_ones() {
        let capture = capture();
        let work = boss(async {
            tokio::task::spawn_blocking(in_current_context(|| tool_now(1))).await.unwrap();
            let set = tokio::task::LocalSet::new();
            let local = set.run_until(async {
                let here = std::rc::Rc::new(2);
                tokio::task::spawn_local(async move { tool(*here).await }.in_current_context()).await.unwrap()
            });
            local.await;
        });
        capture.follow(work).await;
        are_under_the_agent(&capture, 2);
    }

    #[test]
    fn into_threads() {
        let capture = capture();
        capture.scope(|| {
            boss_now(|| {
                let threads: Vec<_> =
                    (0..4).map(|n| std::thread::spawn(in_current_context(move || tool_now(n)))).collect();
                for thread in threads {
                    assert!(thread.join().is_ok());
                }
                let context = Context::current();
                std::thread::scope(|scope| {
                    for n in 0..4 {
                        let context = &context;
                        scope.spawn(move || context.scope(|| tool_now(n)));
                    }
                });
            });
        });
        are_under_the_agent(&capture, 8);
    }

    #[test]
    fn into_rayon() {
        let capture = capture();
        capture.scope(|| {
            boss_now(|| {
                let context = Context::current();
                let sum: u32 = (0..32_u32).into_par_iter().map(|n| context.scope(|| tool_now(n))).sum();
                assert_eq!(sum, 496);
                rayon::join(in_current_context(|| tool_now(1)), in_current_context(|| tool_now(2)));
                rayon::scope(|scope| {
                    let context = &context;
                    scope.spawn(move |_| {
                        context.scope(|| tool_now(3));
                    });
                });
            });
        });
        are_under_the_agent(&capture, 35);
    }

    /// What is polled by the same task has the same context, in whatever it is put together.
    #[tokio::test]
    async fn into_futures_polled_together() {
        let capture = capture();
        let work = boss(async {
            let mut unordered: FuturesUnordered<_> = (0..4).map(tool).collect();
            while unordered.next().await.is_some() {}
            futures::future::join_all((0..2).map(tool)).await;
            let buffered = futures::stream::iter((0..2).map(tool)).buffer_unordered(2);
            buffered.collect::<Vec<_>>().await;
        });
        capture.follow(work).await;
        are_under_the_agent(&capture, 8);
    }

    /// A future in a context keeps it wherever it is polled, and leaves none behind.
    #[test]
    fn by_the_future_from_poll_to_poll() {
        let context = Context::new().with_session_id("s-1");
        let mut seen = Vec::new();
        let mut work = Box::pin(
            async {
                for _ in 0..3 {
                    seen.push(Context::current().session_id().map(str::to_owned));
                    tokio::task::yield_now().await;
                }
            }
            .in_context(context),
        );
        let other = Context::new().with_session_id("s-2");
        other.scope(|| {
            let waker = Waker::noop();
            while work.as_mut().poll(&mut TaskContext::from_waker(waker)).is_pending() {
                assert_eq!(Context::current().session_id(), Some("s-2"));
            }
            assert_eq!(Context::current().session_id(), Some("s-2"));
        });
        drop(work);
        assert_eq!(seen, vec![Some("s-1".to_owned()); 3]);
    }

    /// What a future's destructors do belongs to its context too.
    #[test]
    fn into_destructors() {
        struct Noisy;
        impl Drop for Noisy {
            fn drop(&mut self) {
                tool_now(1);
            }
        }
        let capture = capture();
        let noisy = Noisy;
        drop(capture.follow(async move {
            let _noisy = noisy;
        }));
        assert_eq!(capture.names().len(), 2);
    }

    #[test]
    fn by_a_stream_from_item_to_item() {
        let items = futures::stream::iter(0..2).map(|_| Context::current().session_id().map(str::to_owned));
        let items = items.in_context(Context::new().with_session_id("s-1"));
        let items: Vec<_> = futures::executor::block_on(items.collect());
        assert_eq!(items, vec![Some("s-1".to_owned()); 2]);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn and_is_gone_from_workers_that_others_use() {
        let capture = capture();
        let work = boss(async {
            for _ in 0..50 {
                let ours = tokio::spawn(tool(1).in_current_context());
                let theirs = tokio::spawn(async { Context::current().session_id().map(str::to_owned) });
                ours.await.unwrap();
                assert_eq!(theirs.await.unwrap(), None);
            }
        });
        capture.follow(work).await;
        are_under_the_agent(&capture, 50);
    }

    #[test]
    fn a_panic_leaves_no_context_behind() {
        let context = Context::new().with_session_id("s-1");
        let result = std::panic::catch_unwind(|| context.scope(|| panic!("in a scope")));
        assert!(result.is_err());
        assert_eq!(Context::current().session_id(), None);
        let mut work: Pin<Box<dyn Future<Output = ()>>> =
            Box::pin(async { panic!("in a poll") }.in_context(context));
        let poll = std::panic::AssertUnwindSafe(|| {
            work.as_mut().poll(&mut TaskContext::from_waker(Waker::noop())) == Poll::Pending
        });
        assert!(std::panic::catch_unwind(poll).is_err());
        assert_eq!(Context::current().session_id(), None);
    }
}

mod delegation {
    use super::*;

    #[agent_span(agent, agent = "child")]
    async fn child(n: u32) -> u32 {
        tool(n).await
    }

    #[agent_span(subagent, role = "researcher", child_agent = "child")]
    async fn delegate(n: u32) -> u32 {
        tokio::spawn(child(n).in_current_context()).await.unwrap()
    }

    #[agent_span(subagent, role = "manager", child_agent = "child")]
    async fn through_another(n: u32) -> u32 {
        delegate(n).await
    }

    fn of<'e>(events: &'e [OwnedEvent], name: &str) -> Vec<&'e OwnedEvent> {
        events.iter().filter(|event| event.name == name).collect()
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn each_task_is_a_session_of_its_own_with_the_same_parent() {
        let capture = capture();
        let work = boss(async {
            let mut set = JoinSet::new();
            for n in 0..4 {
                set.spawn(delegate(n).in_current_context());
            }
            set.join_all().await;
        });
        capture.follow(work).await;
        let events = capture.events();
        let agents = of(&events, "condukt.agent.start");
        let parent = agents[0].get("session_id").unwrap();
        let mut sessions: Vec<_> =
            agents[1..].iter().map(|agent| agent.get("session_id").unwrap().to_string()).collect();
        assert_eq!(sessions.len(), 4);
        sessions.sort();
        sessions.dedup();
        assert_eq!(sessions.len(), 4, "each its own");
        for agent in &agents[1..] {
            assert_eq!(agent.get("parent_session_id").unwrap(), parent);
        }
        // The delegation names its child, and the child's tools are the child's.
        for stop in of(&events, "condukt.subagent.stop") {
            let session = stop.get("session_id").unwrap();
            let child = agents.iter().find(|agent| agent.get("session_id") == Some(session)).unwrap();
            assert_eq!(child.span.unwrap().parent_id, Some(stop.span.unwrap().id));
            assert_eq!(stop.get("parent_session_id").unwrap(), parent);
        }
        for tool in of(&events, "condukt.tool_call.start") {
            assert_eq!(tool.get("agent").unwrap(), "child");
            assert_eq!(tool.get("parent_session_id"), Some(parent));
        }
    }

    /// One that delegates to another at once has no session of its own between.
    #[tokio::test]
    async fn through_another_the_parent_is_the_session_around_both() {
        let capture = capture();
        capture.follow(boss(through_another(1))).await;
        let events = capture.events();
        let agents = of(&events, "condukt.agent.start");
        assert_eq!(agents[1].get("parent_session_id"), agents[0].get("session_id"));
        for start in of(&events, "condukt.subagent.start") {
            assert_eq!(start.get("parent_session_id"), agents[0].get("session_id"));
        }
    }

    /// Legion's agents are the same in tasks.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_run_inside_anothers_names_it() {
        #[agent_span(iteration, stop(|_|))]
        async fn step(iteration: u32) -> Option<String> {
            let context = Context::current();
            let runs = (context.run_id(), context.parent_run_id());
            Some(format!("{runs:?} {:?}", context.iteration()))
        }
        let outer = AgentProcess::start("outer", || Ok::<_, ()>(())).unwrap();
        let capture = testing::capture();
        let context = capture.with_context(|_| outer.context()).context();
        let inner = context.scope(|| AgentProcess::start("inner", || Ok::<_, ()>(())).unwrap());
        let seen = tokio::spawn(step(3).in_context(inner.context())).await.unwrap().unwrap();
        assert_eq!(seen.matches(inner.run_id()).count(), 1);
        assert_eq!(seen.matches(outer.run_id()).count(), 1);
    }
}

mod long_lived {
    use super::*;

    /// Each task is started from within the span of the one before: a chain without end keeps no more than
    /// its first and its last in memory, and does not overflow the stack when it is gone.
    #[test]
    fn a_chain_of_tasks_keeps_neither_memory_nor_stack() {
        let capture = testing::capture_only(telemetry_runtime::event_name!("condukt.compact.stop"));
        // Followed for the context it opens, without a handler.
        let mut context = capture.context();
        for n in 0..50_000 {
            // The next is inside before this has ended.
            let mut inside = None;
            context.scope(|| in_span!(agent, agent = "link"; || inside = Some(Context::current())));
            context = inside.unwrap();
            assert_eq!(context.agent(), Some("link"), "{n}");
        }
    }

    /// The same where each begins before the one before it has ended, as with tasks that hand over.
    #[test]
    fn nor_does_one_that_overlaps() {
        struct Link(Pin<Box<dyn Future<Output = ()> + Send>>);
        let capture = testing::capture_only(telemetry_runtime::event_name!("condukt.compact.stop"));
        let slot: Arc<Mutex<Option<Context>>> = Arc::default();
        let link = |context: Context| {
            let slot = slot.clone();
            let mut work: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(
                async move {
                    in_span!(agent, agent = "link"; async {
                        *slot.lock().unwrap() = Some(Context::current());
                        std::future::pending::<()>().await;
                    })
                    .await;
                }
                .in_context(context),
            );
            assert!(work.as_mut().poll(&mut TaskContext::from_waker(Waker::noop())).is_pending());
            Link(work)
        };
        let mut last = link(capture.context());
        for _ in 0..50_000 {
            let context = slot.lock().unwrap().take().unwrap();
            let next = link(context);
            drop(std::mem::replace(&mut last, next).0);
        }
        drop(last);
        let context = slot.lock().unwrap().take();
        drop(context);
    }
}
