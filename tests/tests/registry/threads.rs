//! The registry under fire: many threads that emit, attach, detach and fail at once; a handler that is attached
//! throughout sees every event exactly once, in the order of its thread, and nothing grows.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier, Mutex};
use std::time::{Duration, Instant};

use serde_json::json;
use telemetry_runtime::{
    Event, EventMetadata, EventName, attach, detach, event_name, event_names, execute, list_handlers, queue,
};

#[derive(EventMetadata)]
#[event("registry.fire.shot")]
struct Shot {
    #[event(measurement)]
    number: u64,
}

const THREADS: u64 = 4;
const SHOTS: u64 = 5_000;

#[test]
fn a_handler_attached_throughout_sees_each_event_once_while_others_come_go_and_fail() {
    let seen: Arc<Vec<AtomicU64>> = Arc::new((0..THREADS * SHOTS).map(|_| AtomicU64::new(0)).collect());
    let sink = seen.clone();
    attach("registry-throughout", event_name!("registry.fire.shot"), move |event: &Event<'_>| {
        let number = event.measurements().get("number").unwrap().as_u64().unwrap();
        sink[usize::try_from(number).unwrap()].fetch_add(1, Ordering::Relaxed);
    })
    .unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let emitters: Vec<_> = (0..THREADS)
            .map(|thread| {
                scope.spawn(move || {
                    for shot in 0..SHOTS {
                        Shot { number: thread * SHOTS + shot }.emit();
                    }
                })
            })
            .collect();
        for churner in 0..2 {
            let done = &done;
            scope.spawn(move || {
                let id = format!("registry-churn-{churner}");
                while !done.load(Ordering::Relaxed) {
                    attach(&id, event_names!["registry.fire.*", "registry.other.**"], |_: &Event<'_>| {})
                        .unwrap();
                    detach(&id).unwrap();
                    attach(&id, event_name!("registry.fire.shot"), |_: &Event<'_>| {
                        std::panic::resume_unwind(Box::new("fails"))
                    })
                    .unwrap();
                    // It may have failed and be gone by now.
                    let _ = detach(&id);
                }
            });
        }
        for emitter in emitters {
            emitter.join().unwrap();
        }
        done.store(true, Ordering::Relaxed);
    });
    detach("registry-throughout").unwrap();
    let wrong: Vec<_> =
        seen.iter().enumerate().filter(|(_, count)| count.load(Ordering::Relaxed) != 1).collect();
    assert!(wrong.is_empty(), "{} of {} lost or doubled", wrong.len(), seen.len());
}

#[derive(EventMetadata)]
#[event("registry.order.event")]
struct Ordered {
    number: u64,
}

#[test]
fn each_thread_s_events_arrive_in_its_order() {
    let (sender, seen) = channel();
    let sender = Mutex::new(sender);
    attach("registry-order", event_name!("registry.order.event"), move |event: &Event<'_>| {
        let number = event.metadata().get("number").unwrap().as_u64().unwrap();
        sender.lock().unwrap().send((std::thread::current().id(), number)).unwrap();
    })
    .unwrap();
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| (0..1000).for_each(|number| Ordered { number }.emit()));
        }
    });
    detach("registry-order").unwrap();
    let mut last = std::collections::HashMap::new();
    for (thread, number) in seen {
        assert_eq!(last.insert(thread, number), number.checked_sub(1));
    }
    assert_eq!(last.len(), 4);
}

struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn new(alive: &Arc<AtomicUsize>) -> Self {
        alive.fetch_add(1, Ordering::Relaxed);
        Self(alive.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[test]
fn a_hundred_thousand_cycles_leave_nothing_behind() {
    let alive = Arc::new(AtomicUsize::new(0));
    for cycle in 0..100_000 {
        let held = Counted::new(&alive);
        attach("registry-cycle", event_name!("registry.cycle.event"), move |_: &Event<'_>| {
            let _ = &held;
        })
        .unwrap();
        detach("registry-cycle").unwrap();
        // A dispatch of another test may be under way with the last few.
        let left = alive.load(Ordering::Relaxed);
        assert!(left < 100, "{left} left after {cycle} cycles");
    }
    assert!(list_handlers("registry.cycle").is_empty());
}

#[test]
fn names_made_at_run_time_are_not_kept() {
    let seen = Arc::new(AtomicUsize::new(0));
    let sink = seen.clone();
    attach("registry-flood", event_names!["registry_flood.**"], move |_: &Event<'_>| {
        sink.fetch_add(1, Ordering::Relaxed);
    })
    .unwrap();
    for number in 0..20_000 {
        let name = EventName::parse(format!("registry_flood.e{number}")).unwrap();
        execute(&name, &(), &()).unwrap();
    }
    detach("registry-flood").unwrap();
    assert_eq!(seen.load(Ordering::Relaxed), 20_000);
}

#[test]
fn a_detached_handler_is_dropped_when_its_last_dispatch_ends_though_other_threads_are_idle() {
    let alive = Arc::new(AtomicUsize::new(0));
    let (barrier, held) = (Arc::new(Barrier::new(2)), Counted::new(&alive));
    attach("registry-idle", event_name!("registry.idle.event"), move |_: &Event<'_>| {
        let _ = &held;
    })
    .unwrap();
    let idle = {
        let barrier = barrier.clone();
        std::thread::spawn(move || {
            execute(&EventName::parse("registry.idle.event").unwrap(), &(), &()).unwrap();
            barrier.wait();
            barrier.wait();
        })
    };
    barrier.wait();
    detach("registry-idle").unwrap();
    // Dispatches of other tests may still be under way; the idle thread's is not.
    let deadline = Instant::now() + Duration::from_secs(30);
    while alive.load(Ordering::Relaxed) > 0 {
        assert!(Instant::now() < deadline, "an idle thread keeps it");
        std::thread::yield_now();
    }
    barrier.wait();
    idle.join().unwrap();
}

#[derive(EventMetadata)]
#[event("registry.exit.event")]
struct AtExit {
    number: u64,
}

struct EmitsWhenDropped;

impl Drop for EmitsWhenDropped {
    fn drop(&mut self) {
        AtExit { number: 1 }.emit();
    }
}

thread_local! {
    static LAST_WORDS: EmitsWhenDropped = const { EmitsWhenDropped };
}

#[test]
fn a_thread_local_s_destructor_can_emit() {
    let (sender, seen) = channel();
    attach("registry-exit", event_name!("registry.exit.event"), move |event: &Event<'_>| {
        sender.send(event.metadata().get("number").unwrap().as_u64()).unwrap();
    })
    .unwrap();
    std::thread::spawn(|| {
        // Made before and after the library's own locals, so destroyed after and before them.
        LAST_WORDS.with(|_| ());
        AtExit { number: 0 }.emit();
    })
    .join()
    .unwrap();
    detach("registry-exit").unwrap();
    assert_eq!(seen.iter().collect::<Vec<_>>(), [Some(0), Some(1)]);
}

#[test]
fn a_queue_never_blocks_and_counts_what_it_drops() {
    let (open, gate) = channel::<()>();
    let gate = Mutex::new(gate);
    let handled = Arc::new(AtomicUsize::new(0));
    let (count, begun) = (handled.clone(), Arc::new(Barrier::new(2)));
    let worker_begun = begun.clone();
    let queue = queue(2, move |_: &Event<'_>| {
        if count.fetch_add(1, Ordering::Relaxed) == 0 {
            worker_begun.wait();
            let _ = gate.lock().unwrap().recv();
        }
    })
    .unwrap();
    attach("registry-queue", event_name!("registry_queue.event"), queue.clone()).unwrap();
    let name = EventName::parse("registry_queue.event").unwrap();
    let emit = || execute(&name, &json!({}), &json!({})).unwrap();
    emit();
    begun.wait();
    // One is being handled, two wait, two find it full.
    (0..4).for_each(|_| emit());
    assert_eq!(queue.dropped(), 2);
    assert!(!queue.flush(Duration::from_millis(1)));
    drop(open);
    assert!(queue.flush(Duration::from_secs(30)));
    assert_eq!(handled.load(Ordering::Relaxed), 3);
    detach("registry-queue").unwrap();
}

#[test]
fn a_queue_whose_worker_panics_is_detached_at_its_next_event() {
    let (sender, failures) = channel();
    attach("registry-failures", event_name!("telemetry.handler.failure"), move |event: &Event<'_>| {
        if event.metadata().get_str("handler_id") == Some("registry-broken") {
            sender.send(event.metadata().get("reason").unwrap().to_json()).unwrap();
        }
    })
    .unwrap();
    let queue = queue(8, |_: &Event<'_>| std::panic::resume_unwind(Box::new("broken worker"))).unwrap();
    attach("registry-broken", event_name!("registry_broken.event"), queue.clone()).unwrap();
    let name = EventName::parse("registry_broken.event").unwrap();
    execute(&name, &(), &()).unwrap();
    assert!(!queue.flush(Duration::from_secs(30)));
    execute(&name, &(), &()).unwrap();
    assert_eq!(failures.recv().unwrap(), "broken worker");
    assert!(detach("registry-broken").is_err());
    assert!(queue.dropped() >= 1);
    detach("registry-failures").unwrap();
}

#[test]
fn handlers_are_listed_by_what_they_would_see() {
    attach("registry-listed", event_names!["registry_list.a.*", "registry_list.b.c"], |_: &Event<'_>| {})
        .unwrap();
    let listed = |prefix| list_handlers(prefix).into_iter().map(|handler| handler.id).collect::<HashSet<_>>();
    for prefix in ["registry_list", "registry_list.a", "registry_list.a.x", "registry_list.b.c"] {
        assert!(listed(prefix).contains("registry-listed"), "{prefix}");
    }
    for prefix in ["registry_list.c", "registry_list.b.c.d", "registry_list.a.x.y"] {
        assert!(!listed(prefix).contains("registry-listed"), "{prefix}");
    }
    detach("registry-listed").unwrap();
}
