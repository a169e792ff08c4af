//! What grows with use stays within bounds, and costs the same at the end as at the beginning.

use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::json;
use telemetry_runtime::{
    Context, Event, EventName, attach, detach, event_name, event_names, execute, in_span, queue, testing,
    tool_call,
};

#[test]
fn a_queue_is_bounded_by_bytes_as_well() {
    let (open, gate) = channel::<()>();
    let gate = Mutex::new(gate);
    let (sender, seen) = channel();
    let queue = queue(100_000, move |event: &Event<'_>| {
        let _ = gate.lock().unwrap().recv();
        sender.send(event.metadata().get_str("text").unwrap().len()).unwrap();
    })
    .unwrap()
    .with_max_bytes(1_000_000);
    let guard =
        attach("growth-queue", event_name!("growth.queue.event"), queue.clone()).unwrap().detach_on_drop();
    let name = EventName::parse("growth.queue.event").unwrap();
    let text = "x".repeat(100_000);
    for _ in 0..50 {
        execute(&name, &(), &json!({"text": text})).unwrap();
    }
    let dropped = queue.dropped();
    assert!((40..=42).contains(&dropped), "{dropped} dropped");
    // What is small still fits.
    execute(&name, &(), &json!({"text": "small"})).unwrap();
    assert_eq!(queue.dropped(), dropped);
    drop(open);
    assert!(queue.flush(Duration::from_secs(60)));
    assert_eq!(u64::try_from(seen.try_iter().count()).unwrap(), 51 - dropped);
    // When the worker has caught up there is room again.
    execute(&name, &(), &json!({"text": text})).unwrap();
    assert!(queue.flush(Duration::from_secs(60)));
    assert_eq!(queue.dropped(), dropped);
    drop(guard);
}

#[test]
fn keys_of_the_users_own_cost_the_same_however_many_there_are() {
    fn time(keys: usize) -> Duration {
        let context = (0..keys).fold(Context::new(), |context, n| context.with(format!("key_{n}"), n));
        let mut times: Vec<Duration> = (0..200)
            .map(|_| {
                let context = context.clone();
                let begun = Instant::now();
                let context = context.with("another", 1);
                let took = begun.elapsed();
                assert!(context.get("another").is_some());
                took
            })
            .collect();
        times.sort();
        times[times.len() / 2]
    }
    let (few, many) = (time(4), time(4_000));
    assert!(many < few * 20, "{few:?} with 4 keys, {many:?} with 4000");
}

#[test]
fn own_keys_are_seen_as_they_were_set() {
    #[tool_call]
    fn look() {}
    let capture = testing::capture().with_context(|context| {
        let context = context.with("a", 1).with("b", 2).with("a", 3).with("c", 4).with("b", None::<u8>);
        (0..100).fold(context, |context, n| context.with("step", n))
    });
    capture.scope(look);
    let event = &capture.events()[1];
    let read = |key| event.get(key).and_then(serde_json::Value::as_u64);
    assert_eq!([read("a"), read("b"), read("c"), read("step")], [Some(3), None, Some(4), Some(99)]);
    let context = capture.context();
    assert_eq!(context.iter().map(|(key, _)| key.to_owned()).collect::<Vec<_>>(), ["a", "c", "step"]);
}

/// Spans of the user's own.
mod many {
    macro_rules! spans {
        ($($name:ident $text:literal)+) => { $(
            #[derive(telemetry_runtime::EventMetadata)]
            #[span($text)]
            pub(super) struct $name {}
        )+ };
    }

    spans! {
        A "growth_many.a" B "growth_many.b" C "growth_many.c" D "growth_many.d" E "growth_many.e"
    }
}

#[test]
fn a_handler_that_comes_and_goes_changes_what_it_selects_alone() {
    let count = Arc::new(Mutex::new(Vec::new()));
    let sink = |name: &'static str| {
        let count = count.clone();
        move |event: &Event<'_>| count.lock().unwrap().push((name, event.name().to_owned()))
    };
    let run = || {
        in_span!(many::A {}; || ());
        in_span!(many::B {}; || ());
        in_span!(many::C {}; || ());
        in_span!(many::D {}; || ());
        in_span!(many::E {}; || ());
    };
    run();
    attach("growth-exact", event_name!("growth_many.b.stop"), sink("exact")).unwrap();
    run();
    attach("growth-star", event_names!["growth_many.*.start"], sink("star")).unwrap();
    run();
    detach("growth-exact").unwrap();
    run();
    detach("growth-star").unwrap();
    run();
    let seen = std::mem::take(&mut *count.lock().unwrap());
    let of = |name: &str| seen.iter().filter(|(known, _)| *known == name).count();
    assert_eq!((of("exact"), of("star")), (2, 10), "{seen:?}");
    // A capture sees all of them, and nothing after it is gone.
    let capture = testing::capture();
    capture.scope(run);
    assert_eq!(capture.events().len(), 10);
    drop(capture);
    run();
    assert!(count.lock().unwrap().is_empty());
}
