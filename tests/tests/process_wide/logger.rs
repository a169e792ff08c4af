//! The default logger: the line of every documented event, its level, indentation and colour, the
//! choice of categories, and that nothing it is given can make it fail.

use std::collections::BTreeSet;
use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::task::{Context as Task, Poll, Waker};
use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};
use telemetry_runtime::testing::{self, Capture, FakeClock};
use telemetry_runtime::{
    AgentProcess, AttachError, Category, Context, Event, EventName, Level, LoggerOptions, Secrets,
    agent_span, attach, attach_default_logger, detach_default_logger, emit, event_name, event_names, execute,
    in_span, list_handlers, tool_call,
};
use tests::{alone, own_process};

/// A line as `tracing` was given it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    level: Level,
    target: String,
    text: String,
}

/// A subscriber that keeps every line.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<Line>>>);

impl Lines {
    fn take(&self) -> Vec<Line> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

impl tracing::Subscriber for Lines {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        #[derive(Default)]
        struct Message(String);
        impl tracing::field::Visit for Message {
            fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn fmt::Debug) {
                if field.name() == "message" {
                    self.0 = format!("{value:?}");
                }
            }
        }
        let mut message = Message::default();
        event.record(&mut message);
        let metadata = event.metadata();
        let line = Line { level: *metadata.level(), target: metadata.target().to_owned(), text: message.0 };
        self.0.lock().unwrap().push(line);
    }

    fn enter(&self, _: &tracing::span::Id) {}

    fn exit(&self, _: &tracing::span::Id) {}
}

/// What the logger says of what happens in `run`.
fn logged_as(options: LoggerOptions, run: impl FnOnce()) -> Vec<Line> {
    let lines = Lines::default();
    attach_default_logger(options).unwrap();
    tracing::subscriber::with_default(lines.clone(), run);
    detach_default_logger().expect("the logger was not detached by anything");
    lines.take()
}

/// The texts of the lines, without colours.
fn logged(run: impl FnOnce()) -> Vec<String> {
    let lines = logged_as(LoggerOptions::default().with_ansi(false), run);
    lines.into_iter().map(|line| line.text).collect()
}

/// A context in which a clock stands still until it is advanced.
fn still() -> (FakeClock, Capture) {
    let clock = FakeClock::new();
    let capture = testing::capture().deterministic(&clock, 1);
    (clock, capture)
}

fn advance(clock: &FakeClock, millis: u64) {
    clock.advance(Duration::from_millis(millis));
}

#[derive(Debug)]
struct NoSuchCity(String);

impl fmt::Display for NoSuchCity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no weather for {}", self.0)
    }
}

/// A run of everything that Condukt has, whose durations are the milliseconds given.
fn condukt(clock: &FakeClock) {
    #[agent_span(operation, operation = "triage")]
    fn operation(clock: &FakeClock) {
        advance(clock, 1);
        run(clock);
    }

    #[agent_span(run, structured = false, input = true)]
    fn run(clock: &FakeClock) {
        let secrets = Secrets::resolve([("GH_TOKEN", "ghp_12345"), ("DB_URL", "postgres://x")]).unwrap();
        Context::current().with_secrets(secrets).scope(|| assistant(clock));
        advance(clock, 1);
    }

    #[agent_span(agent, agent = "my_app::chat::Assistant")]
    fn assistant(clock: &FakeClock) {
        turn(clock, 0, &["be brief", "weather?"]);
        get_weather("Oslo", clock).unwrap();
        get_weather("Atlantis", clock).unwrap_err();
        delegate(clock);
        emit!(compact, duration = Duration::from_millis(3), before = 40, after = 12);
        emit!(evaluation, name = "relevance", score = 0.5, label = "fair", explanation = "half of it");
    }

    #[agent_span(llm_turn, model = "gpt-4o", stop(|()| usage = json!({"input_tokens": 12, "output_tokens": 3}), finish_reason = "stop"))]
    fn turn(clock: &FakeClock, turn: u32, messages: &[&str]) {
        advance(clock, 20);
    }

    #[tool_call(skip(clock))]
    fn get_weather(city: &str, clock: &FakeClock) -> Result<i32, NoSuchCity> {
        advance(clock, 5);
        if city == "Atlantis" { Err(NoSuchCity(city.to_owned())) } else { Ok(7) }
    }

    #[agent_span(subagent, role = "researcher", child_agent = "my_app::Researcher")]
    fn delegate(clock: &FakeClock) {
        researcher(clock);
    }

    #[agent_span(agent, agent = "my_app::Researcher")]
    fn researcher(clock: &FakeClock) {
        advance(clock, 7);
    }

    operation(clock);
}

const CONDUKT: &[(Category, &str)] = &[
    (Category::Operation, "┃ operation:start triage"),
    (Category::Run, "┃   run:start"),
    (Category::Secrets, r#"┃     secrets:resolve ["DB_URL","GH_TOKEN"]"#),
    (Category::Agent, "┃     agent:start Assistant"),
    (Category::Llm, "┃       llm:start gpt-4o #0 messages=2"),
    (Category::Llm, "┃       llm:stop gpt-4o #0 stop tokens=12+3 20ms"),
    (Category::Tool, r#"┃       tool:start get_weather {"city":"Oslo"}"#),
    (Category::Secrets, r#"┃         secrets:access get_weather ["DB_URL","GH_TOKEN"]"#),
    (Category::Tool, "┃       tool:stop get_weather ok 5ms"),
    (Category::Tool, r#"┃       tool:start get_weather {"city":"Atlantis"}"#),
    (Category::Secrets, r#"┃         secrets:access get_weather ["DB_URL","GH_TOKEN"]"#),
    (Category::Tool, "┃       tool:stop get_weather error NoSuchCity: no weather for Atlantis 5ms"),
    (Category::Subagent, "┃▸       subagent:start researcher → Researcher"),
    (Category::Agent, "┃▸         agent:start Researcher"),
    (Category::Agent, "┃▸         agent:stop Researcher ok 7ms"),
    (Category::Subagent, "┃▸       subagent:stop researcher → Researcher ok 7ms"),
    (Category::Agent, "┃       compact 40 → 12 messages 3ms"),
    (Category::Agent, "┃       evaluation relevance 0.5 fair"),
    (Category::Agent, "┃     agent:stop Assistant ok 37ms"),
    (Category::Run, "┃   run:stop ok 38ms"),
    (Category::Operation, "┃ operation:stop triage ok 39ms"),
];

/// A run of everything that Legion has.
fn legion(clock: &FakeClock) {
    #[agent_span(agent_message, stop(|()| iterations = 3, result = "done"))]
    fn message(message: &str, clock: &FakeClock) {
        iteration(0, clock);
        let helper = AgentProcess::start("my_app::Helper", || Ok::<_, ()>(())).unwrap();
        helper.context().scope(|| help(&["not", "a string"], clock));
    }

    #[agent_span(iteration, stop(|()| action = "eval_and_continue"))]
    fn iteration(iteration: u32, clock: &FakeClock) {
        request(2);
        eval("a = 1\nb = 2", clock).unwrap();
        eval("loop {}", clock).unwrap_err();
    }

    #[agent_span(llm_request, model = "openai:gpt-4o-mini", message_count = messages)]
    fn request(messages: usize) {}

    #[agent_span(sandbox_eval)]
    fn eval(code: &str, clock: &FakeClock) -> Result<i32, String> {
        advance(clock, 1234);
        if code.starts_with("loop") { Err("timed out".to_owned()) } else { Ok(2) }
    }

    #[agent_span(agent_message, stop(|()| status = "cancel", result = "reached_max_iterations"))]
    fn help(message: &[&str], clock: &FakeClock) {
        fruitless(0);
        advance(clock, 1);
    }

    #[agent_span(iteration, stop(|()| action = None::<&str>))]
    fn fruitless(iteration: u32) {}

    let agent = AgentProcess::start("my_app::MathAgent", || Ok::<_, ()>(())).unwrap();
    let text = format!("He said \"hi\"\n{}", "x".repeat(100));
    agent.context().scope(|| message(&text, clock));
}

const LEGION: &[(Category, &str)] = &[
    (Category::Agent, "┃ agent:started MathAgent"),
    // The first 80 characters.
    (
        Category::Message,
        r#"┃ message:start MathAgent "He said \"hi\"\nxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…""#,
    ),
    (Category::Iteration, "┃   iteration:start MathAgent #0"),
    (Category::Llm, "┃     llm:start openai:gpt-4o-mini messages=2"),
    (Category::Llm, "┃     llm:stop openai:gpt-4o-mini 0ms"),
    // One line where the original has one for each line of code.
    (Category::Sandbox, r#"┃     eval:start "a = 1\nb = 2""#),
    (Category::Sandbox, "┃     eval:stop ok 1234ms"),
    (Category::Sandbox, r#"┃     eval:start "loop {}""#),
    (Category::Sandbox, "┃     eval:stop error error: timed out 1234ms"),
    (Category::Iteration, "┃   iteration:stop MathAgent #0 action=eval_and_continue 2468ms"),
    (Category::Agent, "┃▸   agent:started Helper"),
    (Category::Message, r#"┃▸   message:start Helper ["not","a string"]"#),
    (Category::Iteration, "┃▸     iteration:start Helper #0"),
    (Category::Iteration, "┃▸     iteration:stop Helper #0 action= 0ms"),
    (Category::Message, "┃▸   message:stop Helper iterations= cancel 1ms"),
    (Category::Agent, "┃▸   agent:stopped Helper"),
    (Category::Message, "┃ message:stop MathAgent iterations=3 2469ms"),
    (Category::Agent, "┃ agent:stopped MathAgent"),
];

fn texts(golden: &[(Category, &str)]) -> Vec<String> {
    golden.iter().map(|(_, text)| (*text).to_owned()).collect()
}

#[test]
fn each_event_is_a_line() {
    let _alone = alone();
    let (clock, capture) = still();
    assert_eq!(logged(|| capture.scope(|| condukt(&clock))), texts(CONDUKT));
    assert_eq!(logged(|| capture.scope(|| legion(&clock))), texts(LEGION));
}

/// Runs something that panics.
fn panicking(run: impl FnOnce()) {
    assert!(catch_unwind(AssertUnwindSafe(run)).is_err());
}

/// Polls once, waits that many milliseconds and drops it.
fn abandon(future: impl Future, clock: &FakeClock, millis: u64) {
    let mut future = pin!(future);
    let poll = future.as_mut().poll(&mut Task::from_waker(Waker::noop()));
    assert!(matches!(poll, Poll::Pending));
    advance(clock, millis);
}

fn boom(clock: &FakeClock) {
    advance(clock, 1234);
    panic!("boom \"x\"\n");
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
    let nobody = detach_default_logger().unwrap_err();
    assert!(matches!(nobody, AttachError::NotAttached(_)));
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
fn what_is_missing_is_left_blank() {
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

/// All events that the logger can see.
fn all_names() -> Vec<&'static str> {
    let spans = telemetry_catalogue::SPANS.iter().flat_map(|span| span.events);
    let single = telemetry_catalogue::EVENTS.iter().map(|event| event.name);
    spans.chain(single).filter(|name| !name.starts_with("telemetry.")).collect()
}

/// All keys and measurements of all events.
fn all_keys() -> BTreeSet<&'static str> {
    let of_spans = telemetry_catalogue::SPANS.iter().flat_map(|span| span.start.iter().chain(span.stop));
    let of_events =
        telemetry_catalogue::EVENTS.iter().flat_map(|event| event.measurements.iter().chain(event.metadata));
    let common = telemetry_catalogue::START
        .iter()
        .chain(telemetry_catalogue::END)
        .chain(telemetry_catalogue::STOP)
        .chain(telemetry_catalogue::EXCEPTION);
    let context =
        ["agent", "session_id", "parent_session_id", "run_id", "parent_run_id", "iteration", "tool_call_id"];
    of_spans.chain(of_events).chain(common).map(|field| field.key).chain(context).collect()
}

fn hostile() -> Vec<Value> {
    let mut deep = json!("deep");
    for level in 0..100 {
        deep = if level % 2 == 0 { json!([deep]) } else { json!({"k\n": deep}) };
    }
    vec![
        Value::Null,
        json!(true),
        json!(-1),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(1e308),
        json!(""),
        json!("error"),
        json!("\u{1b}[2J\u{1b}]0;title\u{7}\r\n\t\0\u{8}\u{7f}"),
        json!("\u{9b}31m\u{85}\u{2028}\u{2029}"),
        json!("\u{202e}reversed\u{2066}isolated\u{200f}\u{61c}\u{feff}"),
        json!("a::b<c::d<e>>::f::"),
        json!("<<<>>>::"),
        json!("é".repeat(20_000)),
        json!("👩‍👩‍👧".repeat(50)),
        json!(["\n", {"\u{1b}[31m": "\u{1b}"}, (vec!["x"; 500])]),
        deep,
    ]
}

/// One line, short, without anything that moves the cursor or turns text around.
fn assert_harmless(line: &str) {
    let harmless = |c: char| {
        !c.is_control()
            && !matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let bad = line.chars().find(|c| !harmless(*c));
    assert_eq!(bad, None, "{line:?}");
    // Six shortened values at the most, each with every character escaped.
    assert!(line.chars().count() < 6 * 80 * 10, "{} characters", line.chars().count());
}

#[test]
fn no_value_makes_it_fail_or_break_the_line() {
    let _alone = alone();
    let keys = all_keys();
    let hostile = hostile();
    let lines = logged(|| {
        for value in &hostile {
            let map: serde_json::Map<_, _> =
                keys.iter().map(|key| ((*key).to_owned(), value.clone())).collect();
            for name in all_names() {
                execute(&EventName::parse(name).unwrap(), &map, &map).unwrap();
            }
        }
    });
    assert_eq!(lines.len(), all_names().len() * hostile.len());
    for line in &lines {
        assert_harmless(line);
    }
}

#[test]
fn no_type_makes_it_fail() {
    struct Panics;

    impl Serialize for Panics {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            panic!("not me\n");
        }
    }

    impl fmt::Display for Panics {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            Err(fmt::Error)
        }
    }

    let _alone = alone();
    let lines = logged(|| {
        in_span!(llm_turn, model = %Panics, turn = u64::MAX, messages = Panics, stop(|()| usage = Panics, finish_reason = ?"\u{1b}"); || ());
        let huge = "x".repeat(5_000_000);
        in_span!(tool_call, tool = &huge, args = json!({"huge": huge}); || Err::<(), _>(&huge)).unwrap_err();
        let secret = Secrets::resolve([("TOKEN", "tok\u{1b}en")]).unwrap();
        Context::current().with_agent("\n").with_secrets(secret).scope(|| {
            in_span!(agent; || ());
            in_span!(tool_call, tool = "tok\u{1b}en", args = (); || ());
        });
        Context::current().with_session_id("\u{1b}").with("status", "error\n").scope(|| in_span!(run; || ()));
    });
    assert_eq!(lines.len(), 12);
    for line in &lines {
        assert_harmless(line);
        assert!(!line.contains("tok"), "{line}");
    }
    assert_eq!(lines[0], format!("┃ llm:start <unserialisable: Panics> #{}", u64::MAX));
}

#[test]
fn of_a_long_path_the_name_is_shown() {
    let _alone = alone();
    let agent = format!("{}::MathAgent<{}::Inner>", "module::".repeat(30), "other::".repeat(3));
    let lines = logged(|| in_span!(agent, agent = &agent; || ()));
    assert!(lines[0].starts_with("┃ agent:start MathAgent<"), "{}", lines[0]);
}

/// The line without its colour, and the colour's code.
fn uncoloured(text: &str) -> (String, u8) {
    let rest = text.strip_prefix("\u{1b}[").unwrap_or_else(|| panic!("no colour: {text:?}"));
    let (code, rest) = rest.split_once('m').unwrap();
    let (marker, rest) = rest.split_once("\u{1b}[0m").unwrap();
    assert!(!rest.contains('\u{1b}'), "{text:?}");
    (format!("{marker}{rest}"), code.parse().unwrap())
}

const PALETTE: [u8; 10] = [36, 32, 33, 35, 34, 96, 92, 93, 95, 94];
/// Of what belongs to no session and no run.
const WHITE: u8 = 37;

#[test]
fn a_session_or_run_has_a_colour() {
    let _alone = alone();
    let coloured = || LoggerOptions::default().with_ansi(true);
    let (clock, capture) = still();
    let lines = logged_as(coloured(), || capture.scope(|| condukt(&clock)));
    let (plain, colours): (Vec<String>, Vec<u8>) = lines.iter().map(|line| uncoloured(&line.text)).unzip();
    assert_eq!(plain, texts(CONDUKT));
    assert!(colours.iter().all(|colour| PALETTE.contains(colour)), "{colours:?}");
    // The delegation is the caller's, at its start and at its stop; what the child does is its own.
    for (index, colour) in colours.iter().enumerate() {
        if !plain[index].contains("agent:start Researcher") && !plain[index].contains("agent:stop Researcher")
        {
            assert_eq!(*colour, colours[0], "{}", plain[index]);
        }
    }

    let (clock, capture) = still();
    let lines = logged_as(coloured(), || capture.scope(|| legion(&clock)));
    let colours: Vec<u8> = lines.iter().map(|line| uncoloured(&line.text).1).collect();
    assert_eq!(colours.first(), colours.last());

    let of_sessions = |count: u32| {
        let lines = logged_as(coloured(), || {
            for id in 0..count {
                let context = Context::new().with_session_id(format!("session-{id}"));
                context.scope(|| emit!(compact, duration = 0, before = 1, after = 1));
            }
        });
        lines.iter().map(|line| uncoloured(&line.text).1).collect::<Vec<_>>()
    };
    let many = of_sessions(100);
    assert_eq!(many.iter().copied().collect::<BTreeSet<_>>(), BTreeSet::from(PALETTE));
    assert_eq!(of_sessions(100), many, "always the same of one id");

    let nobodys = logged_as(coloured(), || emit!(compact, duration = 0, before = 1, after = 1));
    assert_eq!(uncoloured(&nobodys[0].text), ("┃ compact 1 → 1 messages 0ms".to_owned(), WHITE));
}

/// Set in the process that is started to look at its own standard error.
const CHILD: &str = "LOGGER_CHILD";
const THIS: &str = "logger::colours_are_for_terminals";

#[test]
fn colours_are_for_terminals() {
    let _alone = alone();
    let show = |options: LoggerOptions| {
        let lines = logged_as(options, || emit!(compact, duration = 0, before = 1, after = 1));
        println!("{CHILD} {:?}", lines[0].text);
    };
    if std::env::var_os(CHILD).is_some() {
        show(LoggerOptions::default());
        show(LoggerOptions::default().with_ansi(true));
        show(LoggerOptions::default().with_ansi(false));
        return;
    }
    let this = std::env::current_exe().unwrap();
    let seen = |command: &mut Command, no_colour: Option<&str>| {
        command.env(CHILD, "1").env_remove("NO_COLOR");
        if let Some(value) = no_colour {
            command.env("NO_COLOR", value);
        }
        let output = command.output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let coloured: Vec<bool> =
            text.lines().filter(|line| line.contains(CHILD)).map(|line| line.contains(r"\u{1b}[")).collect();
        assert_eq!(coloured.len(), 3, "{text}");
        // What is asked for is done, wherever it goes.
        assert_eq!(coloured[1..], [true, false], "{text}");
        coloured[0]
    };
    assert!(!seen(&mut own_process(THIS), None));
    assert!(!seen(&mut own_process(THIS), Some("1")));

    // `script` gives its child a terminal.
    let on_terminal = || {
        let mut command = Command::new("script");
        let inner = format!("'{}' --exact {THIS} --nocapture", this.display());
        command.args(["--quiet", "--return", "--command", &inner, "/dev/null"]);
        command
    };
    if Command::new("script").arg("--version").output().is_err() {
        eprintln!("there is no `script` here: colours on a terminal are not tested");
        return;
    }
    assert!(seen(&mut on_terminal(), None));
    assert!(!seen(&mut on_terminal(), Some("1")));
    // An empty one is as good as none.
    assert!(seen(&mut on_terminal(), Some("")));
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
        log.0.lock().unwrap().push(Line { level: Level::INFO, target: "test".to_owned(), text });
    });
    tracing::subscriber::with_default(lines.clone(), || {
        context.scope(|| execute(&event_name!("logger.reported"), &(), &()).unwrap());
    });
    let lines = lines.take();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0].text, "telemetry.handler.failure with 0 attached");
    assert_eq!((lines[1].level, &*lines[1].target), (Level::ERROR, "telemetry"));
    assert!(lines[1].text.contains("\"reported\"") && lines[1].text.contains("no more"), "{}", lines[1].text);
}
