//! Whatever reads an event.

use tests::lines::Lines;

use super::*;

const TOKEN: (&str, &str) = ("TOKEN", "tok-0123456789");

fn context() -> Context {
    Context::new().with_secrets(Secrets::resolve([TOKEN]).unwrap())
}

#[agent_span(agent, agent = "secrets-readers")]
fn work(input: &str) -> Result<(), String> {
    echo(input.to_owned());
    Err(format!("failed with {input}"))
}

#[test]
fn handlers_in_every_way() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = seen.clone();
    let context = context().with_handler(event_names!["condukt.**"], move |event: &Event<'_>| {
        let mut seen = sink.lock().unwrap();
        seen.push(format!("{event:?}"));
        seen.push(serde_json::to_string(event).unwrap());
        seen.push(serde_json::to_string(&OwnedEvent::from(event)).unwrap());
        let metadata = event.metadata();
        seen.push(format!("{metadata:?}"));
        seen.push(metadata.deserialize::<Json>().unwrap().to_string());
        for (key, value) in metadata.iter().chain(event.measurements().iter()) {
            seen.push(format!("{key} {value} {value:?} {:?} {}", value.as_str(), value.to_json()));
            seen.push(format!("{:?}", value.deserialize::<Json>()));
            seen.extend(metadata.get_str(key).map(str::to_owned));
        }
    });
    context.scope(|| work(TOKEN.1)).unwrap_err();
    let seen = seen.lock().unwrap();
    assert!(seen.iter().any(|text| text.contains("[REDACTED:TOKEN]")));
    assert!(!seen.iter().any(|text| text.contains(TOKEN.1)), "{seen:#?}");
}

#[test]
fn typed_handlers() {
    let (sender, seen) = std::sync::mpsc::channel();
    attach_typed("secrets-typed", move |stop: &condukt::OperationStop<'_>| {
        if stop.operation().is_some_and(|operation| operation.contains("secrets-typed")) {
            sender.send(format!("{stop:?} {:?} {:?}", stop.operation(), stop.error())).unwrap();
        }
    })
    .unwrap();
    let failed = context().scope(
        || in_span!(operation, operation = format!("secrets-typed {}", TOKEN.1); || Err::<(), _>(TOKEN.1)),
    );
    failed.unwrap_err();
    detach("secrets-typed").unwrap();
    let text = seen.recv().unwrap();
    assert!(text.contains("[REDACTED:TOKEN]") && !text.contains(TOKEN.1), "{text}");
}

#[test]
fn queues() {
    let (sender, seen) = std::sync::mpsc::channel();
    let queue = queue(16, move |event: &Event<'_>| sender.send(format!("{event:?}")).unwrap()).unwrap();
    let context = context().with_handler(event_names!["condukt.**"], queue.clone());
    context.scope(|| work(TOKEN.1)).unwrap_err();
    assert!(queue.flush(Duration::from_secs(60)));
    let seen: Vec<String> = seen.try_iter().collect();
    assert_eq!(seen.len(), 5, "{seen:?}");
    assert!(!seen.iter().any(|text| text.contains(TOKEN.1)), "{seen:#?}");
}

#[test]
fn span_hooks() {
    struct Hook(std::sync::mpsc::Sender<String>);
    impl SpanHook for Hook {
        fn on_start(&self, start: &SpanStart<'_>) -> StartedSpan {
            let operation = start.text("operation").unwrap_or_default();
            if operation.starts_with("secrets-hook") {
                self.0.send(format!("{:?} {operation}", start.agent())).unwrap();
            }
            StartedSpan::default()
        }
    }
    let (sender, seen) = std::sync::mpsc::channel();
    attach_hook("secrets-hook", Hook(sender)).unwrap();
    let operation = || format!("secrets-hook {}", TOKEN.1);
    context().with_agent(TOKEN.1).scope(|| {
        in_span!(operation, operation = operation(); || ());
        in_span!(operation, operation = operation(), agent = format!("my {}", TOKEN.1); || ());
    });
    detach_hook("secrets-hook").unwrap();
    assert_eq!(
        seen.try_iter().collect::<Vec<_>>(),
        [
            r#"Some("[REDACTED:TOKEN]") secrets-hook [REDACTED:TOKEN]"#,
            r#"Some("my [REDACTED:TOKEN]") secrets-hook [REDACTED:TOKEN]"#
        ]
    );
}

#[test]
fn the_default_logger_and_the_failure_of_a_handler() {
    let lines = Lines::default();
    // With a single subscriber, `tracing` caches the interest of the thread that reaches a callsite first.
    let _another = tracing::Dispatch::new(tracing_subscriber::registry());
    lines.collect(|| {
        attach_default_logger(LoggerOptions::default()).unwrap();
        let context = context().with_handler(event_names!["condukt.agent.start"], |event: &Event<'_>| {
            panic!("cannot handle {} of {}", event.name(), TOKEN.1);
        });
        let capture = testing::capture();
        let context = capture.with_context(|_| context);
        context.scope(|| work(TOKEN.1)).unwrap_err();
        detach_default_logger().unwrap();
    });
    let lines: Vec<String> = lines.take().iter().map(|line| format!("{line:?}")).collect();
    let about = |word: &str| lines.iter().filter(|line| line.contains(word)).count();
    assert_eq!(about("tool:start"), 1, "{lines:#?}");
    assert_eq!(about("has been detached"), 1, "{lines:#?}");
    assert!(about("[REDACTED:TOKEN]") == 3, "{lines:#?}");
    assert_eq!(about(TOKEN.1), 0, "{lines:#?}");
}

#[test]
fn failure_events_whose_text_is_replaced_once() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = seen.clone();
    let context = Context::new()
        .with_secrets(Secrets::resolve([TOKEN, ("WORD", "REDACTED")]).unwrap())
        .with_handler(event_name!("telemetry.handler.failure"), move |event: &Event<'_>| {
            sink.lock().unwrap().push(OwnedEvent::from(event));
        })
        .with_handler(event_name!("condukt.agent.start"), |_: &Event<'_>| panic!("oh {}", TOKEN.1));
    context.scope(|| work("")).unwrap_err();
    let seen = seen.lock().unwrap();
    assert_eq!(seen[0].get("reason").unwrap(), "oh [REDACTED:TOKEN]");
}

#[test]
fn events_sent_back_to_other_processes() {
    let context = context().with(TOKEN.1, 1).with("note", format!("my {}", TOKEN.1)).with_session_id(TOKEN.1);
    let mut headers = std::collections::HashMap::new();
    context.inject(&mut headers);
    assert!(!format!("{headers:?}").contains(TOKEN.1), "{headers:?}");
    assert!(headers["baggage"].contains("note=my%20[REDACTED:TOKEN]"), "{headers:?}");
}
