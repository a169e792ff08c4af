//! What handlers are given, and how they are attached.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, SystemTime};

use serde::Deserialize;
use telemetry_runtime::testing::FakeClock;
use telemetry_runtime::{
    EventName, Handler, Pattern, SpanId, TraceId, Value, attach, attach_typed, condukt, detach,
    list_handlers, queue,
};

use super::*;

fn fire(name: &'static str) {
    execute(&EventName::parse(name).unwrap(), &json!({"n": 1}), &json!({"key": "value"})).unwrap();
}

#[test]
fn one_name_or_many() {
    let (sender, seen) = mpsc::channel();
    let see = |id: &'static str| {
        let sender = sender.clone();
        move |_: &Event<'_>| sender.send(id).unwrap()
    };
    attach("many-name", event_name!("contract.many.a"), see("name")).unwrap();
    attach("many-array", event_names!["contract.many.*"], see("array")).unwrap();
    attach("many-names", [event_name!("contract.many.a"), event_name!("contract.many.b")], see("names"))
        .unwrap();
    attach("many-pattern", Pattern::parse("contract.many.**").unwrap(), see("pattern")).unwrap();
    attach("many-vec", vec![Pattern::parse("contract.many.a").unwrap()], see("vec")).unwrap();
    attach("many-slice", &event_names!["contract.many.b"][..], see("slice")).unwrap();
    fire("contract.many.a");
    assert_eq!(seen.try_iter().collect::<Vec<_>>(), ["name", "array", "names", "pattern", "vec"]);
    fire("contract.many.b");
    assert_eq!(seen.try_iter().collect::<Vec<_>>(), ["array", "names", "pattern", "slice"]);
    for handler in list_handlers("contract.many") {
        detach(&handler.id).unwrap();
    }
    fire("contract.many.a");
    assert_eq!(seen.try_iter().count(), 0);
}

#[test]
fn a_handler_may_be_a_type() {
    struct Audit(Mutex<Vec<String>>);
    impl Handler for Audit {
        fn handle(&self, event: &Event<'_>) {
            self.0.lock().unwrap().push(event.name().to_owned());
        }
    }
    struct Shared(Arc<Audit>);
    impl Handler for Shared {
        fn handle(&self, event: &Event<'_>) {
            self.0.handle(event);
        }
    }
    let audit = Arc::new(Audit(Mutex::default()));
    let context = Context::current().with_handler(event_names!["contract.**"], Shared(audit.clone()));
    context.scope(|| fire("contract.typed"));
    assert_eq!(*audit.0.lock().unwrap(), ["contract.typed"]);
}

#[test]
fn a_handler_does_not_receive_its_own_events() {
    let (sender, seen) = mpsc::channel();
    let echo = |id: &'static str| {
        let sender = sender.clone();
        move |event: &Event<'_>| {
            sender.send((id, event.metadata().get("key").unwrap().to_json())).unwrap();
            // An event of its own kind, and a span.
            execute(&event_name!("contract.echo"), &(), &json!({"key": id})).unwrap();
            in_span!(run; || ());
        }
    };
    attach("echo-a", event_names!["contract.echo"], echo("a")).unwrap();
    attach("echo-b", event_names!["contract.echo"], echo("b")).unwrap();
    fire("contract.echo");
    detach("echo-a").unwrap();
    detach("echo-b").unwrap();
    // Each sees the event and what the other made of it; neither its own, nor an answer to an answer.
    assert_eq!(
        seen.try_iter().collect::<Vec<_>>(),
        [("a", json!("value")), ("b", json!("a")), ("b", json!("value")), ("a", json!("b"))]
    );
}

#[test]
fn a_scoped_handler_sees_what_happens_under_its_context() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let see = |who: &'static str| {
        let seen = seen.clone();
        move |event: &Event<'_>| seen.lock().unwrap().push(format!("{who} {}", event.name()))
    };
    let outer = Context::current().with_handler(event_names!["contract.scoped.*"], see("outer"));
    let inner = outer.clone().with_handler(event_name!("contract.scoped.a"), see("inner"));
    let other = Context::current().with_handler(event_name!("contract.scoped.a"), see("other"));
    fire("contract.scoped.a");
    outer.scope(|| fire("contract.scoped.a"));
    inner.scope(|| {
        fire("contract.scoped.a");
        fire("contract.scoped.b");
        other.scope(|| fire("contract.scoped.a"));
    });
    let expected = [
        "outer contract.scoped.a",
        "outer contract.scoped.a",
        "inner contract.scoped.a",
        "outer contract.scoped.b",
        "other contract.scoped.a",
    ];
    assert_eq!(*seen.lock().unwrap(), expected);
    assert!(list_handlers("contract.scoped").is_empty(), "it has no id to detach it by");
    drop((outer, inner, other));
    assert_eq!(Arc::strong_count(&seen), 1, "it is gone with its contexts");
}

#[test]
fn a_scoped_handler_that_panics_is_called_no_more() {
    let capture = testing::capture();
    let calls = Arc::new(AtomicUsize::new(0));
    let called = calls.clone();
    let context = capture.context().with_handler(event_names!["contract.**"], move |_: &Event<'_>| {
        called.fetch_add(1, Ordering::Relaxed);
        panic!("no");
    });
    context.scope(|| {
        fire("contract.scoped_panic");
        fire("contract.scoped_panic");
    });
    assert_eq!(count(&calls), 1);
    assert_eq!(
        capture.names(),
        ["contract.scoped_panic", "telemetry.handler.failure", "contract.scoped_panic"]
    );
}

#[test]
fn an_unserialisable_value_is_marked_and_detaches_no_handler() {
    struct Hostile;
    impl Serialize for Hostile {
        fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            panic!("not me");
        }
    }
    impl fmt::Debug for Hostile {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            Err(fmt::Error)
        }
    }
    impl fmt::Display for Hostile {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            panic!("nor me");
        }
    }
    #[derive(Serialize)]
    struct Inside {
        fine: u8,
        hostile: Hostile,
    }
    #[tool_call]
    fn tool(bad: &Hostile, good: u8) -> Inside {
        let _ = bad;
        Inside { fine: good, hostile: Hostile }
    }
    let capture = testing::capture();
    capture.scope(|| {
        tool(&Hostile, 1);
        in_span!(run, fields(a = Hostile, b = %Hostile, c = ?Hostile); || Err::<(), _>(Hostile)).unwrap_err();
    });
    let events = capture.events();
    assert_eq!(events.len(), 4, "{events:?}");
    let tool = only(&events, "condukt.tool_call.stop");
    assert_eq!(tool.get("result").unwrap(), "<unserialisable: Inside>");
    let run = only(&events, "condukt.run.stop");
    for key in ["a", "b", "c", "error"] {
        assert_eq!(run.get(key).unwrap(), "<unserialisable: Hostile>", "{key}");
    }
}

#[test]
fn a_queue_hands_over_drops_and_counts() {
    let (open, gate) = mpsc::channel::<()>();
    let gate = Mutex::new(gate);
    let (sender, handled) = mpsc::channel();
    let queue = queue(2, move |event: &Event<'_>| {
        let _ = gate.lock().unwrap().recv();
        sender.send((event.name().to_owned(), std::thread::current().id())).unwrap();
    })
    .unwrap();
    let context = Context::current().with_handler(event_names!["contract.queued.*"], queue.clone());
    context.scope(|| {
        // Two wait, one is with the worker at the most: of ten, seven do not fit.
        for _ in 0..10 {
            fire("contract.queued.a");
        }
    });
    let dropped = queue.dropped();
    assert!((7..=8).contains(&dropped), "{dropped}");
    assert!(!queue.flush(Duration::ZERO), "it waits at the gate");
    drop(open);
    assert!(queue.flush(Duration::from_secs(60)));
    let handled: Vec<_> = handled.try_iter().collect();
    assert_eq!(handled.len() as u64 + dropped, 10);
    assert!(
        handled
            .iter()
            .all(|(name, thread)| name == "contract.queued.a" && *thread != std::thread::current().id())
    );
    assert_eq!(queue.dropped(), dropped);
}

#[derive(Debug, Deserialize, PartialEq)]
struct Call {
    tool: String,
    args: BTreeMap<String, u8>,
    result: Option<u8>,
    status: Option<String>,
}

#[tool_call]
fn add(a: u8, b: u8) -> u8 {
    a + b
}

#[test]
fn an_event_shows_what_it_carries() {
    let clock = FakeClock::new();
    let capture = testing::capture().deterministic(&clock, 5);
    let (sender, seen) = mpsc::channel();
    let at_start = clock.system_time();
    let ticking = clock.clone();
    let context =
        capture.context().with_handler(event_names!["condukt.tool_call.*"], move |event: &Event<'_>| {
            let measurements = event.measurements();
            let times = (measurements.system_time(), measurements.monotonic_time(), measurements.duration());
            let call: Call = event.metadata().deserialize().unwrap();
            let keys: Vec<&str> = event.metadata().iter().map(|(key, _)| key).collect();
            assert_eq!(keys.len(), event.metadata().len());
            assert!(keys.iter().all(|key| event.metadata().contains_key(key)));
            assert_eq!(event.metadata().get_str("tool"), Some("add"));
            assert_eq!(event.metadata().get("nothing"), None);
            assert_eq!(
                measurements.get("duration").and_then(|value| value.as_u64()),
                times.2.map(|took| u64::try_from(took.as_nanos()).unwrap())
            );
            sender.send((event.name().to_owned(), times, call, event.span().unwrap())).unwrap();
            ticking.advance(Duration::from_micros(1));
        });
    context.scope(|| add(1, 2));
    let (start, stop) = (seen.recv().unwrap(), seen.recv().unwrap());
    assert_eq!((&*start.0, &*stop.0), ("condukt.tool_call.start", "condukt.tool_call.stop"));
    assert_eq!((start.1.0, start.1.2), (Some::<SystemTime>(at_start), None));
    assert_eq!((stop.1.0, stop.1.2), (None, Some(Duration::from_micros(1))));
    assert_eq!(start.1.1.unwrap() + Duration::from_micros(1), stop.1.1.unwrap());
    let args = BTreeMap::from([("a".to_owned(), 1), ("b".to_owned(), 2)]);
    let call = |result, status: Option<&str>| Call {
        tool: "add".to_owned(),
        args: args.clone(),
        result,
        status: status.map(str::to_owned),
    };
    assert_eq!((start.2, stop.2), (call(None, None), call(Some(3), Some("ok"))));
    assert_eq!(start.3, stop.3);
}

#[test]
fn a_value_is_what_it_was() {
    let list = vec![1, 2];
    let lazy = Value::serialize(&list);
    assert_eq!(lazy.to_json(), json!([1, 2]));
    assert_eq!(lazy.deserialize::<Vec<u8>>().unwrap(), list);
    assert!(lazy.deserialize::<String>().is_err());
    assert_eq!((lazy.as_str(), lazy.as_u64(), lazy.as_bool()), (None, None, None));
    assert_eq!(
        (Value::from(7_u8).as_u64(), Value::from(7_i8).as_u64(), Value::from(-7).as_u64()),
        (Some(7), Some(7), None)
    );
    assert_eq!((Value::from(-7).as_i64(), Value::from(u64::MAX).as_i64()), (Some(-7), None));
    assert_eq!((Value::from(1.5).as_f64(), Value::from(2).as_f64()), (Some(1.5), Some(2.0)));
    assert_eq!(Value::from(f64::NAN).to_json(), Json::Null);
    assert_eq!((Value::from("s").as_str(), Value::from(true).as_bool()), (Some("s"), Some(true)));
    assert_eq!(Value::Null.to_json(), Json::Null);
    assert_eq!(format!("{} {} {}", Value::from("s"), lazy, Value::from(1)), "s [1,2] 1");
    let tree = json!({"k": "v"});
    assert_eq!(Value::from(&tree), tree);
}

#[test]
fn an_event_has_one_form_as_json() {
    let capture = testing::capture().deterministic(&FakeClock::new(), 5);
    capture.scope(|| {
        in_span!(run; || add(1, 2));
        fire("contract.alone");
    });
    let events = capture.events();
    let forms: Vec<Json> =
        events.iter().map(|event| serde_json::to_value(event.as_event()).unwrap()).collect();
    let keys =
        |form: &Json| form.as_object().unwrap().keys().cloned().collect::<std::collections::BTreeSet<_>>();
    let outer = &events[0].span.unwrap();
    let stop = &forms[2];
    assert_eq!(keys(stop), ["event", "measurements", "metadata", "span"].map(str::to_owned).into());
    assert_eq!(stop["event"], "condukt.tool_call.stop");
    assert_eq!(keys(&stop["span"]), ["id", "parent_id", "trace_id"].map(str::to_owned).into());
    assert_eq!(stop["span"]["parent_id"], outer.id.to_string());
    assert_eq!(stop["span"]["trace_id"], outer.trace_id.to_string());
    // W3C: lower-case hex of fixed length.
    let id = stop["span"]["id"].as_str().unwrap();
    assert_eq!(SpanId::parse(id).unwrap().to_string(), id);
    let trace = stop["span"]["trace_id"].as_str().unwrap();
    assert_eq!((id.len(), trace.len()), (16, 32));
    assert_eq!(TraceId::parse(trace).unwrap(), outer.trace_id);
    for bad in ["", "0000000000000000", "ABCDEF0123456789", "abcdef012345678", "abcdef01234567890"] {
        assert_eq!(SpanId::parse(bad), None, "{bad}");
    }
    assert_eq!(keys(&forms[4]), ["event", "measurements", "metadata"].map(str::to_owned).into());

    // And back, to be given to any handler.
    for (event, form) in events.iter().zip(forms) {
        let back: OwnedEvent = serde_json::from_value(form.clone()).unwrap();
        let replayed = Mutex::new(None);
        let handler =
            |event: &Event<'_>| *replayed.lock().unwrap() = Some(serde_json::to_value(event).unwrap());
        handler(&back.as_event());
        assert_eq!(replayed.into_inner().unwrap(), Some(form));
        assert_eq!(
            (&back.name, &back.measurements, back.span),
            (&event.name, &event.measurements, event.span)
        );
    }

    // What is kept and written is the same when it is read, however deep it was.
    for event in &events {
        let line = serde_json::to_string(event).unwrap();
        assert_eq!(serde_json::from_str::<OwnedEvent>(&line).unwrap(), *event);
    }
}

#[test]
fn a_capture_with_a_clock_and_a_seed_is_the_same_each_time() {
    let run = |seed| {
        let clock = FakeClock::new();
        let capture = testing::capture().deterministic(&clock, seed);
        capture.scope(|| {
            in_span!(agent, agent = "a"; || {
                clock.advance(Duration::from_millis(2));
                add(1, 2)
            });
        });
        serde_json::to_string(&capture.events()).unwrap()
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
    assert!(run(1).contains("\"duration\":2000000"), "{}", run(1));
}

#[test]
fn the_tree_of_a_capture_leaves_chance_out() {
    let run = || {
        let capture = testing::capture();
        capture.scope(|| {
            in_span!(agent, agent = "a"; || {
                add(1, 2);
                fire("contract.tree");
            });
            let _ = std::panic::catch_unwind(|| add(255, 1));
        });
        capture.tree()
    };
    assert_eq!(
        run(),
        "condukt.agent stop agent=a status=ok\n  \
               condukt.tool_call stop agent=a args={\"a\":1,\"b\":2} result=3 status=ok tool=add\n  \
               contract.tree key=value\n\
             condukt.tool_call exception args={\"a\":255,\"b\":1} kind=panic reason=attempt to add with overflow tool=add\n"
    );
    assert_eq!(run(), run());
}

#[test]
fn captures_do_not_see_each_other() {
    let (one, two) = (testing::capture(), testing::capture());
    let threads: Vec<_> = [(one.clone(), 1_u8), (two.clone(), 2)]
        .map(|(capture, n)| {
            std::thread::spawn(move || capture.scope(|| (0..100).for_each(|_| _ = add(n, n))))
        })
        .into();
    for thread in threads {
        thread.join().unwrap();
    }
    for (capture, n) in [(one, 2), (two, 4)] {
        let stops = capture.named("condukt.tool_call.stop");
        assert_eq!(stops.len(), 100);
        assert!(stops.iter().all(|stop| stop.get("result").unwrap() == n));
        assert_eq!(capture.take().len(), 200);
        assert_eq!(capture.events(), []);
    }
}

#[test]
fn a_typed_handler_is_given_its_event_alone() {
    let (sender, seen) = mpsc::channel();
    attach_typed("contract-typed", move |start: &condukt::ToolCallStart<'_>| {
        if start.tool() == Some("typed") {
            let args = start.args().map(|args| args.to_json());
            sender
                .send((
                    args,
                    start.tool_call_id().map(str::to_owned),
                    start.system_time().is_some(),
                    start.event().name().to_owned(),
                ))
                .unwrap();
        }
    })
    .unwrap();
    in_span!(tool_call, tool = "typed", args = [1], tool_call_id = "c"; || ());
    assert_eq!(
        list_handlers("condukt.tool_call.start")
            .iter()
            .filter(|handler| handler.id == "contract-typed")
            .count(),
        1
    );
    detach("contract-typed").unwrap();
    let expected = (Some(json!([1])), Some("c".to_owned()), true, "condukt.tool_call.start".to_owned());
    assert_eq!(seen.try_iter().collect::<Vec<_>>(), [expected]);
}
