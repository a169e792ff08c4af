//! The line of each event, its level, and the choice of categories.

use super::*;

#[test]
fn each_event_is_a_line() {
    let _alone = alone();
    let (clock, capture) = still();
    assert_eq!(logged(|| capture.scope(|| condukt(&clock))), texts(CONDUKT));
    assert_eq!(logged(|| capture.scope(|| legion(&clock))), texts(LEGION));
}

#[test]
fn each_exception_is_a_line() {
    let _alone = alone();
    let (clock, capture) = still();
    let lines = logged(|| {
        capture.scope(|| {
            panicking(|| in_span!(agent, agent = "my_app::Assistant"; || boom(&clock)));
            panicking(|| in_span!(llm_turn, model = "m", turn = 3, messages = (), stop(|()| usage = 0); || boom(&clock)));
            panicking(|| in_span!(tool_call, tool = "get_weather", args = (); || boom(&clock)));
            panicking(|| in_span!(subagent, role = "r", child_agent = "my_app::Child"; || boom(&clock)));
            panicking(|| in_span!(operation, operation = "triage"; || boom(&clock)));
            panicking(|| in_span!(run; || boom(&clock)));
            let process = AgentProcess::start("my_app::MathAgent", || Ok::<_, ()>(())).unwrap();
            process.context().scope(|| {
                panicking(|| in_span!(agent_message, message = "hi", stop(|()| iterations = 0); || boom(&clock)));
                panicking(|| in_span!(iteration, iteration = 0, stop(|()| action = 0); || boom(&clock)));
                panicking(|| in_span!(llm_request, model = "m", message_count = 1; || boom(&clock)));
                panicking(|| in_span!(sandbox_eval, code = "1 +"; || boom(&clock)));
            });
            let never = in_span!(tool_call, tool = "wait", args = (); std::future::pending::<()>());
            abandon(never, &clock, 50);
        });
    });
    let ends: Vec<&String> = lines.iter().filter(|line| line.contains(":exception ")).collect();
    assert_eq!(
        ends,
        [
            r#"┃ agent:exception Assistant "boom \"x\"\n" 1234ms"#,
            r#"┃ llm:exception m #3 "boom \"x\"\n" 1234ms"#,
            r#"┃ tool:exception get_weather "boom \"x\"\n" 1234ms"#,
            r#"┃ subagent:exception r → Child "boom \"x\"\n" 1234ms"#,
            r#"┃ operation:exception triage "boom \"x\"\n" 1234ms"#,
            r#"┃ run:exception "boom \"x\"\n" 1234ms"#,
            r#"┃ message:exception MathAgent "boom \"x\"\n" 1234ms"#,
            r#"┃ iteration:exception MathAgent #0 "boom \"x\"\n" 1234ms"#,
            r#"┃ llm:exception m "boom \"x\"\n" 1234ms"#,
            r#"┃ eval:exception "boom \"x\"\n" 1234ms"#,
            r#"┃ tool:exception wait "cancelled" 50ms"#,
        ]
    );
}

#[test]
fn lines_have_the_chosen_level_and_failures_are_errors() {
    let _alone = alone();
    for level in [Level::TRACE, Level::DEBUG, Level::INFO, Level::WARN, Level::ERROR] {
        let (clock, capture) = still();
        let lines = logged_as(LoggerOptions::default().level(level), || {
            capture.scope(|| {
                condukt(&clock);
                legion(&clock);
                panicking(|| in_span!(run; || boom(&clock)));
                let never = in_span!(run; std::future::pending::<()>());
                abandon(never, &clock, 1);
            });
        });
        for line in &lines {
            let failed = line.text.contains(":exception ") || line.text.contains(" error ");
            assert_eq!(line.level, if failed { Level::ERROR } else { level }, "{}", line.text);
            assert_eq!(line.target, "telemetry");
        }
        assert_eq!(
            lines.iter().filter(|line| line.level == Level::ERROR && level != Level::ERROR).count(),
            { if level == Level::ERROR { 0 } else { 4 } }
        );
    }
    // Without a choice it is INFO.
    let (clock, capture) = still();
    let lines = logged_as(LoggerOptions::default(), || capture.scope(|| legion(&clock)));
    assert_eq!(lines[0].level, Level::INFO);
}

#[test]
fn categories_select_events() {
    let _alone = alone();
    let all = [
        Category::Agent,
        Category::Message,
        Category::Iteration,
        Category::Llm,
        Category::Sandbox,
        Category::Tool,
        Category::Subagent,
        Category::Operation,
        Category::Run,
        Category::Secrets,
    ];
    let chosen = |categories: &[Category]| {
        let (clock, capture) = still();
        let options = LoggerOptions::default().with_ansi(false).events(categories.iter().copied());
        logged_as(options, || {
            capture.scope(|| {
                condukt(&clock);
                legion(&clock);
            });
        })
        .into_iter()
        .map(|line| line.text)
        .collect::<Vec<_>>()
    };
    let expected = |categories: &[Category]| {
        let golden = CONDUKT.iter().chain(LEGION);
        golden
            .filter(|(category, _)| categories.contains(category))
            .map(|(_, text)| (*text).to_owned())
            .collect::<Vec<_>>()
    };
    for category in all {
        assert_eq!(chosen(&[category]), expected(&[category]), "{category:?}");
        assert!(!expected(&[category]).is_empty(), "{category:?}");
    }
    assert_eq!(chosen(&all), expected(&all));
    let some = [Category::Tool, Category::Message, Category::Tool];
    assert_eq!(chosen(&some), expected(&some));
}

#[test]
fn it_is_attached_once_and_detached_once() {
    let _alone = alone();
    let detached = detach_default_logger().unwrap_err();
    assert!(matches!(detached, AttachError::NotAttached(_)));
    attach_default_logger(LoggerOptions::default()).unwrap();
    let twice = attach_default_logger(LoggerOptions::default().level(Level::DEBUG)).unwrap_err();
    assert!(matches!(twice, AttachError::AlreadyAttached(_)));
    assert_eq!(list_handlers("condukt.tool_call").len(), 1);
    detach_default_logger().unwrap();
    assert!(detach_default_logger().is_err());

    // Of no category there is nothing to attach to.
    attach_default_logger(LoggerOptions::default().events([])).unwrap();
    assert_eq!(list_handlers(""), []);
    assert!(detach_default_logger().is_err());
}

#[test]
fn a_missing_key_is_left_blank() {
    let _alone = alone();
    let lines = logged(|| {
        for name in all_names() {
            execute(&EventName::parse(name).unwrap(), &(), &()).unwrap();
        }
    });
    assert_eq!(lines.len(), all_names().len());
    let golden = [
        ("agent:start ", 1),
        ("message:stop  iterations=", 1),
        ("iteration:stop  # action=", 1),
        ("tool:start  ", 1),
        ("secrets:resolve ", 1),
    ];
    for (text, count) in golden {
        let found = lines.iter().filter(|line| **line == format!("┃ {text}")).count();
        assert_eq!(found, count, "{text:?} in {lines:#?}");
    }
}

#[test]
fn a_long_path_is_shortened_to_its_last_name() {
    let _alone = alone();
    let agent = format!("{}::MathAgent<{}::Inner>", "module::".repeat(30), "other::".repeat(3));
    let lines = logged(|| in_span!(agent, agent = &agent; || ()));
    assert!(lines[0].starts_with("┃ agent:start MathAgent<"), "{}", lines[0]);
}

#[test]
fn a_failing_handler_is_detached_then_reported_then_logged() {
    let _alone = alone();
    let lines = Lines::default();
    attach("reported", event_name!("logger.reported"), |_: &Event<'_>| panic!("no more")).unwrap();
    let log = lines.clone();
    let context = Context::current().with_handler(event_names!["telemetry.**"], move |event: &Event<'_>| {
        let attached = list_handlers("logger.reported").len();
        let text = format!("{} with {attached} attached", event.name());
        log.push(Line { level: Level::INFO, target: "test".to_owned(), text, fields: String::new() });
    });
    lines.collect(|| {
        context.scope(|| execute(&event_name!("logger.reported"), &(), &()).unwrap());
    });
    let lines = lines.take();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0].text, "telemetry.handler.failure with 0 attached");
    assert_eq!((lines[1].level, &*lines[1].target), (Level::ERROR, "telemetry"));
    assert!(lines[1].text.contains("\"reported\"") && lines[1].text.contains("no more"), "{}", lines[1].text);
}
