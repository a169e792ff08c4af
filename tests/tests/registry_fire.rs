//! The registry under fire, beyond what `registry.rs` has: handlers that change the registry as they run, first
//! uses that race with attachments, memory, threads and processes that end, and queues to their limits.

use std::collections::BTreeSet;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{channel, sync_channel};
use std::sync::{Arc, Barrier, Mutex};
use std::time::Duration;

use serde_json::json;
use telemetry_runtime::{
    Context, Event, EventMetadata, EventName, agent_span, attach, detach, event_name, event_names, execute,
    in_current_context, list_handlers, queue,
};

fn name(text: &str) -> EventName {
    EventName::parse(text).unwrap()
}

fn emit(event: &EventName, number: u64) {
    execute(event, &json!({"number": number}), &()).unwrap();
}

fn number(event: &Event<'_>) -> u64 {
    event.measurements().get("number").unwrap().as_u64().unwrap()
}

mod handlers {
    use super::*;

    /// They do so while others emit, attach and detach: nobody waits for anybody for ever.
    #[test]
    fn that_change_the_registry_as_they_run() {
        let event = name("fire.change.event");
        let seen = Arc::new(AtomicU64::new(0));
        let count = seen.clone();
        attach("fire-change", event.clone(), move |event: &Event<'_>| {
            count.fetch_add(1, Ordering::Relaxed);
            let id = format!("fire-change-{:?}", std::thread::current().id());
            // One more of its kind, which takes itself away when it is called.
            let own = id.clone();
            let _ = attach(&id, event_name!("fire.change.event"), move |_: &Event<'_>| {
                let _ = detach(&own);
            });
            if number(event).is_multiple_of(3) {
                let _ = detach(&id);
            }
            let _ = list_handlers("fire");
        })
        .unwrap();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..500).for_each(|number| emit(&event, number)));
            }
        });
        detach("fire-change").unwrap();
        assert_eq!(seen.load(Ordering::Relaxed), 2000);
        for left in list_handlers("fire.change") {
            detach(&left.id).unwrap();
        }
    }

    /// One attached or detached by another changes the next event, not this one.
    #[test]
    fn see_a_snapshot() {
        let event = name("fire.snapshot.event");
        let log: Arc<Mutex<Vec<(&str, u64)>>> = Arc::default();
        let (first, second, third) = (log.clone(), log.clone(), log.clone());
        attach("fire-snapshot-1", event.clone(), move |event: &Event<'_>| {
            first.lock().unwrap().push(("first", number(event)));
            let third = third.clone();
            let _ =
                attach("fire-snapshot-3", event_name!("fire.snapshot.event"), move |event: &Event<'_>| {
                    third.lock().unwrap().push(("third", number(event)));
                });
            let _ = detach("fire-snapshot-2");
        })
        .unwrap();
        attach("fire-snapshot-2", event.clone(), move |event: &Event<'_>| {
            second.lock().unwrap().push(("second", number(event)));
        })
        .unwrap();
        emit(&event, 1);
        emit(&event, 2);
        detach("fire-snapshot-1").unwrap();
        detach("fire-snapshot-3").unwrap();
        assert_eq!(*log.lock().unwrap(), [("first", 1), ("second", 1), ("first", 2), ("third", 2)]);
    }

    /// Each that fails is detached and told of once, in however many threads it fails at once.
    #[test]
    fn that_fail_in_many_threads_fail_once() {
        let event = name("fire.fails.event");
        let failures = Arc::new(AtomicUsize::new(0));
        let count = failures.clone();
        attach("fire-fails-told", event_name!("telemetry.handler.failure"), move |event: &Event<'_>| {
            if event.metadata().get_str("handler_id") == Some("fire-fails") {
                count.fetch_add(1, Ordering::Relaxed);
            }
        })
        .unwrap();
        for round in 1..=50 {
            attach("fire-fails", event.clone(), |_: &Event<'_>| {
                std::panic::resume_unwind(Box::new("fails"));
            })
            .unwrap();
            let barrier = Barrier::new(4);
            std::thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| {
                        barrier.wait();
                        emit(&event, 1);
                    });
                }
            });
            assert_eq!(failures.load(Ordering::Relaxed), round);
            assert!(detach("fire-fails").is_err());
        }
        detach("fire-fails-told").unwrap();
    }

    /// Contexts with handlers come and go; who else listens notices nothing.
    #[test]
    fn of_contexts_that_come_and_go_see_their_own() {
        #[derive(EventMetadata)]
        #[event("fire.scoped.event")]
        struct Shot {
            #[event(measurement)]
            number: u64,
        }
        let everything = Arc::new(AtomicU64::new(0));
        let count = everything.clone();
        attach("fire-scoped", event_name!("fire.scoped.event"), move |_: &Event<'_>| {
            count.fetch_add(1, Ordering::Relaxed);
        })
        .unwrap();
        std::thread::scope(|scope| {
            for thread in 0..4_u64 {
                scope.spawn(move || {
                    for round in 0..500 {
                        let seen = Arc::new(Mutex::new(Vec::new()));
                        let sink = seen.clone();
                        let context = Context::new().with_handler(
                            event_name!("fire.scoped.event"),
                            move |e: &Event<'_>| {
                                sink.lock().unwrap().push(number(e));
                            },
                        );
                        let shot = thread * 1000 + round;
                        context.scope(|| Shot { number: shot }.emit());
                        Shot { number: 0 }.emit();
                        assert_eq!(*seen.lock().unwrap(), [shot]);
                    }
                });
            }
        });
        detach("fire-scoped").unwrap();
        assert_eq!(everything.load(Ordering::Relaxed), 4000);
    }
}

mod first_uses {
    use super::*;

    macro_rules! events {
        ($($ty:ident: $name:literal),+ $(,)?) => { $(
            #[derive(EventMetadata)]
            #[event($name)]
            struct $ty;
        )+
            const FIRST: &[fn()] = &[$(|| $ty.emit()),+];
        };
    }

    events! {
        A: "fire.first.a", B: "fire.first.b", C: "fire.first.c", D: "fire.first.d", E: "fire.first.e",
        F: "fire.first.f", G: "fire.first.g", H: "fire.first.h", I: "fire.first.i", J: "fire.first.j",
        K: "fire.first.k", L: "fire.first.l", M: "fire.first.m", N: "fire.first.n", O: "fire.first.o",
        P: "fire.first.p", Q: "fire.first.q", R: "fire.first.r", S: "fire.first.s", T: "fire.first.t",
    }

    /// Whichever is first, an event that comes after the attachment is seen.
    #[test]
    fn that_race_with_an_attachment() {
        for (at, emit) in FIRST.iter().enumerate() {
            let seen = Arc::new(AtomicUsize::new(0));
            let barrier = Barrier::new(3);
            std::thread::scope(|scope| {
                for _ in 0..2 {
                    scope.spawn(|| {
                        barrier.wait();
                        emit();
                    });
                }
                let count = seen.clone();
                let barrier = &barrier;
                scope.spawn(move || {
                    barrier.wait();
                    attach(
                        &format!("fire-first-{at}"),
                        event_names!["fire.first.*"],
                        move |_: &Event<'_>| {
                            count.fetch_add(1, Ordering::Relaxed);
                        },
                    )
                    .unwrap();
                });
            });
            let before = seen.load(Ordering::Relaxed);
            assert!(before <= 2);
            emit();
            assert_eq!(seen.load(Ordering::Relaxed), before + 1, "{at}");
            detach(&format!("fire-first-{at}")).unwrap();
        }
    }
}

#[cfg(target_os = "linux")]
mod memory {
    use super::*;

    /// The bytes that the process has in memory.
    fn resident() -> usize {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1024
    }

    /// In a process of its own: other tests take memory too.
    #[test]
    fn is_bounded() {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "memory::in_a_process_of_its_own", "--nocapture"])
            .env("FIRE_MEMORY", "1")
            .output()
            .unwrap();
        assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stderr));
    }

    #[agent_span(agent, agent = "memory")]
    fn work() {}

    #[test]
    fn in_a_process_of_its_own() {
        if std::env::var_os("FIRE_MEMORY").is_none() {
            return;
        }
        let grows = |what: &str, rounds: usize, round: &dyn Fn(usize)| {
            (0..rounds / 10).for_each(round);
            let before = resident();
            (0..rounds).for_each(round);
            let grown = resident().saturating_sub(before);
            assert!(grown < 4 * 1024 * 1024, "{what}: {grown} bytes after {rounds} rounds");
        };
        grows("attaching and detaching", 100_000, &|_| {
            attach("fire-memory", event_names!["condukt.agent.*", "fire.memory.**"], |_: &Event<'_>| {})
                .unwrap();
            detach("fire-memory").unwrap();
        });
        grows("contexts with handlers", 20_000, &|_| {
            let context = Context::new().with_handler(event_names!["condukt.agent.*"], |_: &Event<'_>| {});
            context.scope(work);
        });
        attach("fire-memory", event_names!["fire_memory.**"], |_: &Event<'_>| {}).unwrap();
        grows("names made at run time", 100_000, &|round| {
            execute(&name(&format!("fire_memory.name_{round}.event")), &(), &()).unwrap();
        });
        grows("handlers that fail", 2_000, &|_| {
            attach("fire-memory-fails", event_name!("fire.memory.fails"), |_: &Event<'_>| {
                std::panic::resume_unwind(Box::new("fails"))
            })
            .unwrap();
            execute(&name("fire.memory.fails"), &(), &()).unwrap();
            assert!(detach("fire-memory-fails").is_err());
        });
        grows("threads that come and go", 2_000, &|_| {
            let context = Context::new().with_handler(event_names!["condukt.agent.*"], |_: &Event<'_>| {});
            context.scope(|| std::thread::spawn(in_current_context(work)).join().unwrap());
        });
    }
}

/// Threads and processes that end.
mod ends {
    use super::*;

    struct Finally(Box<dyn FnMut()>);

    impl Drop for Finally {
        fn drop(&mut self) {
            (self.0)();
        }
    }

    thread_local! {
        static FIRST: std::cell::RefCell<Option<Finally>> = const { std::cell::RefCell::new(None) };
    }

    /// There is no list of running handlers any more in a thread whose locals are gone.
    #[test]
    fn a_handler_that_emits_as_a_thread_ends_does_not_call_itself() {
        let calls = Arc::new(AtomicUsize::new(0));
        let count = calls.clone();
        attach("fire-ends", event_name!("fire.ends.event"), move |_: &Event<'_>| {
            assert!(count.fetch_add(1, Ordering::Relaxed) < 10, "without end");
            emit(&name("fire.ends.event"), 1);
        })
        .unwrap();
        std::thread::spawn(|| {
            let last = || emit(&name("fire.ends.event"), 0);
            FIRST.with(|first| *first.borrow_mut() = Some(Finally(Box::new(last))));
            // The library's own locals are made after, and destroyed before.
            emit(&name("fire.ends.event"), 0);
        })
        .join()
        .unwrap();
        detach("fire-ends").unwrap();
        assert_eq!(calls.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn a_whole_span_as_a_thread_ends() {
        #[agent_span(agent, agent = "fire-ends-agent")]
        fn whole() -> Option<String> {
            Context::current().session_id().map(str::to_owned)
        }
        let seen = Arc::new(Mutex::new(Vec::new()));
        let sink = seen.clone();
        attach("fire-ends-span", event_names!["condukt.agent.*"], move |event: &Event<'_>| {
            if event.metadata().get_str("agent") == Some("fire-ends-agent") {
                sink.lock().unwrap().push(event.name().to_owned());
            }
        })
        .unwrap();
        std::thread::spawn(|| {
            let last = || {
                whole();
                let panics = || {
                    #[agent_span(agent, agent = "fire-ends-agent")]
                    fn panics() {
                        std::panic::resume_unwind(Box::new("at the end"))
                    }
                    panics();
                };
                assert!(std::panic::catch_unwind(panics).is_err());
            };
            FIRST.with(|first| *first.borrow_mut() = Some(Finally(Box::new(last))));
            whole();
        })
        .join()
        .unwrap();
        detach("fire-ends-span").unwrap();
        let (start, stop) = ("condukt.agent.start", "condukt.agent.stop");
        assert_eq!(*seen.lock().unwrap(), [start, stop, start, stop, start, "condukt.agent.exception"]);
    }

    /// Threads emit as `main` returns, and handlers are still attached.
    #[test]
    fn a_process_that_ends_while_threads_emit() {
        for how in ["returns", "exits"] {
            let child = Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "ends::in_a_process_of_its_own", "--nocapture", "--test-threads=1"])
                .env("FIRE_ENDS", how)
                .output()
                .unwrap();
            let (out, err) = (String::from_utf8_lossy(&child.stdout), String::from_utf8_lossy(&child.stderr));
            assert!(child.status.success(), "{how}: {out}{err}");
            assert!(out.contains("seen some"), "{how}: {out}{err}");
        }
    }

    #[test]
    fn in_a_process_of_its_own() {
        let Ok(how) = std::env::var("FIRE_ENDS") else { return };
        let (sender, seen) = sync_channel(1);
        attach("fire-process", event_name!("fire.process.event"), move |_: &Event<'_>| {
            let _ = sender.try_send(());
        })
        .unwrap();
        let last = || emit(&name("fire.process.event"), 0);
        FIRST.with(|first| *first.borrow_mut() = Some(Finally(Box::new(last))));
        for _ in 0..2 {
            std::thread::spawn(|| {
                loop {
                    emit(&name("fire.process.event"), 1);
                }
            });
        }
        seen.recv().unwrap();
        println!("seen some");
        if how == "exits" {
            std::process::exit(0);
        }
    }
}

mod queues {
    use super::*;

    /// Nothing is lost without being counted: not those that wait behind a failure either.
    #[test]
    fn count_all_that_they_lose() {
        for fails_at in [u64::MAX, 500] {
            let handled = Arc::new(AtomicU64::new(0));
            let count = handled.clone();
            let queue = queue(64, move |_: &Event<'_>| {
                if count.fetch_add(1, Ordering::Relaxed) + 1 == fails_at {
                    std::panic::resume_unwind(Box::new("the worker fails"));
                }
            })
            .unwrap();
            let event = name("fire_queue.count.event");
            let id = format!("fire-queue-{fails_at}");
            attach(&id, event.clone(), queue.clone()).unwrap();
            std::thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| (0..1000).for_each(|number| emit(&event, number)));
                }
            });
            let mut emitted = 4000;
            // Where most were dropped, the failure is still to come.
            let is_whole = loop {
                let is_whole = queue.flush(Duration::MAX);
                if !is_whole || fails_at == u64::MAX {
                    break is_whole;
                }
                emit(&event, emitted);
                emitted += 1;
            };
            assert_eq!(is_whole, fails_at == u64::MAX);
            let (handled, dropped) = (handled.load(Ordering::Relaxed), queue.dropped());
            if is_whole {
                assert_eq!(handled + dropped, emitted, "{handled} handled");
                detach(&id).unwrap();
            } else {
                // It was detached at the next event after, and is not given the rest.
                assert_eq!(handled, 500);
                assert!(handled + dropped <= emitted, "{dropped} dropped");
                execute(&event, &(), &()).unwrap();
                assert!(detach(&id).is_err());
            }
        }
    }

    #[test]
    fn count_what_waited_behind_a_failure() {
        let (open, gate) = channel::<()>();
        let gate = Mutex::new(gate);
        let queue = queue(8, move |_: &Event<'_>| {
            let _ = gate.lock().unwrap().recv();
            std::panic::resume_unwind(Box::new("the worker fails"));
        })
        .unwrap();
        let event = name("fire_queue.behind.event");
        attach("fire-queue-behind", event.clone(), queue.clone()).unwrap();
        (0..5).for_each(|number| emit(&event, number));
        assert_eq!(queue.dropped(), 0);
        drop(open);
        assert!(!queue.flush(Duration::MAX));
        assert_eq!(queue.dropped(), 4);
        detach("fire-queue-behind").unwrap();
    }

    /// What the worker's handler emits comes back to it no more than that of any handler.
    #[test]
    fn are_not_given_what_their_own_handlers_emit() {
        let event = name("fire_queue.loop.event");
        let (again, seen) = (event.clone(), Arc::new(Mutex::new(Vec::new())));
        let sink = seen.clone();
        let queue = queue(16, move |event: &Event<'_>| {
            let number = number(event);
            sink.lock().unwrap().push(number);
            emit(&again, number + 1);
        })
        .unwrap();
        let others = Arc::new(AtomicUsize::new(0));
        let count = others.clone();
        attach("fire-queue-loop", event.clone(), queue.clone()).unwrap();
        attach("fire-queue-other", event.clone(), move |_: &Event<'_>| {
            count.fetch_add(1, Ordering::Relaxed);
        })
        .unwrap();
        emit(&event, 1);
        assert!(queue.flush(Duration::from_secs(60)));
        detach("fire-queue-loop").unwrap();
        detach("fire-queue-other").unwrap();
        assert_eq!(*seen.lock().unwrap(), [1]);
        assert_eq!(others.load(Ordering::Relaxed), 2);
    }

    /// A worker that flushes its own queue would wait for itself.
    #[test]
    fn flushed_by_their_own_worker_do_not_hang() {
        let slot: Arc<Mutex<Option<telemetry_runtime::Queue>>> = Arc::default();
        let (own, (sender, flushed)) = (slot.clone(), channel());
        let queue = queue(4, move |_: &Event<'_>| {
            let queue = own.lock().unwrap().clone().unwrap();
            sender.send(queue.flush(Duration::MAX)).unwrap();
        })
        .unwrap();
        *slot.lock().unwrap() = Some(queue.clone());
        let event = name("fire_queue.own.event");
        attach("fire-queue-own", event.clone(), queue.clone()).unwrap();
        emit(&event, 1);
        assert!(!flushed.recv().unwrap());
        detach("fire-queue-own").unwrap();
        slot.lock().unwrap().take();
    }

    #[test]
    fn end_with_their_last_clone_after_what_waits() {
        struct Ended(std::sync::mpsc::Sender<u64>, AtomicU64);
        impl Drop for Ended {
            fn drop(&mut self) {
                self.0.send(self.1.load(Ordering::Relaxed)).unwrap();
            }
        }
        let (sender, ended) = channel();
        let ended_with = Ended(sender, AtomicU64::new(0));
        let queue = queue(32, move |_: &Event<'_>| {
            ended_with.1.fetch_add(1, Ordering::Relaxed);
        })
        .unwrap();
        let event = name("fire_queue.last.event");
        attach("fire-queue-last", event.clone(), queue.clone()).unwrap();
        (0..32).for_each(|number| emit(&event, number));
        let dropped = queue.dropped();
        drop(queue);
        detach("fire-queue-last").unwrap();
        assert_eq!(ended.recv().unwrap() + dropped, 32);
    }

    #[test]
    fn serve_many_patterns_and_contexts_at_once() {
        let seen = Arc::new(Mutex::new(BTreeSet::new()));
        let sink = seen.clone();
        let queue = queue(256, move |event: &Event<'_>| {
            sink.lock().unwrap().insert((event.name().to_owned(), number(event)));
        })
        .unwrap();
        attach("fire-queue-many", event_names!["fire_queue.many.**"], queue.clone()).unwrap();
        let context = Context::new().with_handler(event_names!["fire_queue.more.**"], queue.clone());
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    assert!(queue.flush(Duration::from_secs(60)));
                }
            });
            for number in 0..50 {
                emit(&name("fire_queue.many.event"), number);
                context.scope(|| emit(&name("fire_queue.more.event"), number));
                emit(&name("fire_queue.more.event"), 1000);
            }
            stop.store(true, Ordering::Relaxed);
        });
        assert!(queue.flush(Duration::from_secs(60)));
        detach("fire-queue-many").unwrap();
        assert_eq!(seen.lock().unwrap().len() as u64 + queue.dropped(), 100);
    }
}
