use super::*;

#[derive(EventMetadata)]
#[span("endings.late")]
struct Late<'a> {
    key: &'a str,
}

#[agent_span(Late { key: "k" })]
fn late(run: impl FnOnce()) {
    run();
}

#[agent_span(agent, agent = "endings-late-agent")]
fn late_agent(run: impl FnOnce()) {
    run();
}

/// Attaches a handler that keeps the events which it sees.
fn watch(id: &str, events: impl telemetry_runtime::IntoPatterns) -> Arc<Mutex<Vec<OwnedEvent>>> {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = seen.clone();
    attach(id, events, move |event: &Event<'_>| sink.lock().unwrap().push(OwnedEvent::from(event))).unwrap();
    seen
}

#[test]
fn is_decided_at_the_start() {
    let mut seen = None;
    late(|| {
        seen = Some(watch("endings-late", event_names!["endings.late.*"]));
        late(|| ());
    });
    detach("endings-late").unwrap();
    let seen: Vec<String> =
        seen.unwrap().lock().unwrap().iter().map(|event| event.name.to_string()).collect();
    assert_eq!(seen, ["endings.late.start", "endings.late.stop"]);
}

#[derive(EventMetadata)]
#[span("endings.made")]
struct Made {
    n: u32,
}

#[agent_span(Made { n })]
fn made(n: u32) -> impl Future<Output = u32> {
    ready(n)
}

/// Its arguments are gone when it is polled, so a handler must have been attached when it was called.
#[test]
fn of_a_future_made_by_a_function_that_is_not_async_is_decided_when_it_is_called_too() {
    #[derive(EventMetadata)]
    #[span("endings.unseen")]
    struct Unseen {
        n: u32,
    }
    #[agent_span(Unseen { n })]
    fn unseen(n: u32) -> impl Future<Output = u32> {
        ready(n)
    }
    // In a process without any handler; here other tests may capture.
    let mut early = Box::pin(made(1));
    let seen = watch("endings-made", event_names!["endings.made.*"]);
    let mut late = Box::pin(made(2));
    assert!(poll_once(early.as_mut()).is_ready() && poll_once(late.as_mut()).is_ready());
    detach("endings-made").unwrap();
    let seen: Vec<String> = seen.lock().unwrap().iter().filter_map(end_of).collect();
    assert_eq!(seen.last().unwrap(), "2 ok");

    // One that has a handler when it is called and none when it is polled emits nothing.
    let seen = watch("endings-unseen", event_names!["endings.unseen.*"]);
    let mut early = Box::pin(unseen(1));
    detach("endings-unseen").unwrap();
    assert!(poll_once(early.as_mut()).is_ready());
    assert!(seen.lock().unwrap().is_empty());
}

/// A span may be followed for the context it opens, and is not observed for that.
#[test]
fn is_not_a_matter_of_the_context_that_a_span_opens() {
    watch("endings-elsewhere", event_name!("endings.elsewhere.done"));
    let mut seen = None;
    late_agent(|| {
        assert_eq!(Context::current().agent(), Some("endings-late-agent"));
        seen = Some(watch("endings-late-agent", event_names!["condukt.agent.*"]));
    });
    detach("endings-late-agent").unwrap();
    detach("endings-elsewhere").unwrap();
    let seen = seen.unwrap();
    let seen = seen.lock().unwrap();
    let seen = seen.iter().filter(|event| event.get("agent").unwrap() == "endings-late-agent");
    assert_eq!(seen.count(), 0);
}

#[test]
fn a_handler_detached_in_between_sees_the_start_only() {
    let seen = watch("endings-early", event_names!["endings.early.**"]);
    #[derive(EventMetadata)]
    #[span("endings.early")]
    struct Early {
        n: u32,
    }
    in_span!(Early { n: 1 }; || detach("endings-early").unwrap());
    let seen: Vec<String> = seen.lock().unwrap().iter().map(|event| event.name.to_string()).collect();
    assert_eq!(seen, ["endings.early.start"]);
}
