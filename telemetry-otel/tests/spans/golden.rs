//! What every event of the catalogue becomes, in files that change only on purpose.
//!
//! `UPDATE=1 cargo test -p telemetry-otel --test spans golden` writes them anew.

use std::collections::BTreeSet;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::LocalBoxFuture;
use serde_json::{Map, Value as Json, json};
use telemetry_otel::{Content, Convention};
use telemetry_runtime::testing::{self, Capture, FakeClock};
use telemetry_runtime::{
    AgentProcess, Context, Event, EventMetadata, Secrets, attach, emit, event_name, in_span,
};

use crate::common::{Kept, kept, shown};

#[derive(Debug)]
struct RateLimited;

impl fmt::Display for RateLimited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("rate limited")
    }
}

/// How the work in a span ends.
#[derive(Clone, Copy)]
enum Outcome {
    Ok,
    Error,
    Panic,
    Cancelled,
}

/// Takes a quarter of a second, and ends so.
async fn work(outcome: Outcome, clock: FakeClock) -> Result<i32, RateLimited> {
    clock.advance(Duration::from_millis(250));
    match outcome {
        Outcome::Ok => Ok(-3),
        Outcome::Error => Err(RateLimited),
        Outcome::Panic => panic!("no weather"),
        Outcome::Cancelled => std::future::pending().await,
    }
}

#[derive(EventMetadata)]
#[span("shop.retrieval", stop(hits, top))]
struct Retrieval<'a> {
    query: &'a str,
    top_k: usize,
    #[event(rename = "cached?")]
    cached: bool,
    filters: Json,
}

type Ending = LocalBoxFuture<'static, Result<i32, RateLimited>>;

/// The documented span of that name, and one of a user's own.
#[allow(clippy::redundant_async_block, reason = "the macro wants a block")]
fn span(name: &str, work: impl Future<Output = Result<i32, RateLimited>> + 'static) -> Ending {
    let messages = json!([
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "How warm is it in Oslo?"},
    ]);
    match name {
        "agent" => in_span!(agent, agent = "golden::Assistant"; async { work.await }).boxed_local(),
        "llm_turn" => in_span!(llm_turn, model = "openai:gpt-4o", turn = 2, messages, streaming = true,
            tool_count = 3,
            stop(|celsius|
                assistant_message = json!({"role": "assistant", "content": celsius.to_string()}),
                usage = json!({
                    "prompt_tokens": 120, "completion_tokens": 18, "total_tokens": 138,
                    "prompt_tokens_details": {"cached_tokens": 30}, "cost": 0.0005,
                }),
                finish_reason = "stop");
            async { work.await })
        .boxed_local(),
        "tool_call" => in_span!(tool_call, tool = "get_weather", args = json!({"city": "Oslo"}),
            tool_call_id = "call_1", stop(|celsius| result = json!({"celsius": celsius}));
            async { work.await })
        .boxed_local(),
        "subagent" => in_span!(subagent, role = "researcher", child_agent = "golden::Child", input = true,
        output = false;
        async {
            in_span!(agent, agent = "golden::Child"; || ());
            work.await
        })
        .boxed_local(),
        "operation" => in_span!(operation, operation = "summarise"; async { work.await }).boxed_local(),
        "run" => in_span!(run, structured = true, input = false; async { work.await }).boxed_local(),
        "agent_message" => in_span!(agent_message, message = "How warm is it?",
            stop(|celsius| iterations = 2, result = json!({"celsius": celsius}),
                bindings = json!({"city": "Oslo"}));
            async { work.await })
        .boxed_local(),
        "iteration" => in_span!(iteration, iteration = 1, stop(|celsius| action = if *celsius < 0 { "eval_and_continue" } else { "return" });
            async { work.await })
        .boxed_local(),
        "llm_request" => in_span!(llm_request, model = "claude-sonnet-4", message_count = 4,
            stop(|_|
                usage = json!({
                    "input_tokens": 10, "output_tokens": 18,
                    "cache_read_input_tokens": 100, "cache_creation_input_tokens": 20, "cost": 0.0005,
                }),
                finish_reason = "end_turn");
            async { work.await })
        .boxed_local(),
        "sandbox_eval" => in_span!(sandbox_eval, code = "1 - 4"; async { work.await }).boxed_local(),
        "shop.retrieval" => in_span!(
            Retrieval { query: "umbrellas", top_k: 3, cached: false, filters: json!({"in_stock": true}) },
            stop(|celsius| hits = celsius + 5, top = vec!["a", "b"]);
            async { work.await })
        .boxed_local(),
        other => panic!("a new span: {other}"),
    }
}

/// The documented single event of that name, and one of a user's own.
fn event(name: &str) {
    #[derive(EventMetadata)]
    #[event("shop.paid")]
    struct Paid<'a> {
        #[event(measurement)]
        count: u64,
        by: &'a str,
        basket: Json,
    }
    match name {
        "condukt.secrets.resolve" | "condukt.secrets.access" => {
            let secrets = Secrets::resolve([("GH_TOKEN", "s3cr3t-value")]).unwrap();
            Context::current().with_secrets(secrets).scope(|| {
                in_span!(tool_call, tool = "clone", args = json!({}), tool_call_id = "call_2"; || ());
            });
        }
        "condukt.compact.stop" => {
            emit!(compact, duration = Duration::from_millis(5), before = 40, after = 12);
        }
        "legion.agent.started" | "legion.agent.stopped" => {
            let process = AgentProcess::start("golden::Assistant", || Ok::<_, ()>(())).unwrap();
            process
                .context()
                .scope(|| drop(AgentProcess::start("golden::Child", || Ok::<_, ()>(())).unwrap()));
        }
        "telemetry.handler.failure" => {
            attach("golden-broken", event_name!("condukt.compact.stop"), |_: &Event<'_>| panic!("broken"))
                .unwrap();
            emit!(compact, duration = Duration::from_millis(5), before = 40, after = 12);
        }
        "telemetry.evaluation.result" => in_span!(run; || {
            emit!(evaluation, name = "relevance", score = 0.75, label = "pass", explanation = "It is about Oslo.",
                response_id = "r-1");
            emit!(evaluation, name = "toxicity", error_type = "timeout");
        }),
        "shop.paid" => Paid { count: 2, by: "card", basket: json!({"umbrella": 1}) }.emit(),
        other => panic!("a new event: {other}"),
    }
}

struct World {
    kept: Kept,
    clock: FakeClock,
    capture: Capture,
    seen: BTreeSet<String>,
}

impl World {
    fn new(convention: Convention, content: Content) -> Self {
        let kept = kept(|builder| builder.convention(convention).content(content).exception_events(true));
        let clock = FakeClock::new();
        let capture = testing::capture().deterministic(&clock, 7);
        Self { kept, clock, capture, seen: BTreeSet::new() }
    }

    /// What a piece of work makes: its spans and log records. Legion's work is part of a run.
    fn made(&mut self, legion: bool, work: impl FnOnce()) -> Json {
        let cx = self.capture.context();
        let cx = cx.with_agent("golden::Assistant").with_session_id("session-1").with("user_id", "u-1");
        let start = || AgentProcess::start("golden::Assistant", || Ok::<_, ()>(())).unwrap();
        let process = legion.then(|| cx.scope(start));
        let (spans, records) = (self.kept.spans().len(), self.kept.records().len());
        // As newer versions of Legion have them.
        let ids = |process: &AgentProcess<()>| {
            process.context().with("agent_id", "researcher-7").with("parent_agent_id", "planner-1")
        };
        process.as_ref().map_or(cx, ids).scope(work);
        self.seen.extend(self.capture.take().into_iter().map(|event| event.name.to_string()));
        let mut made = Map::new();
        let shown: Vec<Json> = self.kept.spans()[spans..].iter().map(shown).collect();
        if !shown.is_empty() {
            made.insert("spans".to_owned(), shown.into());
        }
        let records = &self.kept.records()[records..];
        if !records.is_empty() {
            made.insert("logs".to_owned(), records.into());
        }
        made.into()
    }
}

fn everything(convention: Convention, content: Content) -> Json {
    let mut world = World::new(convention, content);
    let mut all = Map::new();
    let spans = telemetry_catalogue::span_names().chain(["shop.retrieval"]);
    for name in spans {
        let mut endings = Map::new();
        for (ending, outcome) in [
            ("ok", Outcome::Ok),
            ("error", Outcome::Error),
            ("panic", Outcome::Panic),
            ("cancelled", Outcome::Cancelled),
        ] {
            let clock = world.clock.clone();
            let legion =
                telemetry_catalogue::span(name).is_some_and(|span| span.prefix.starts_with("legion."));
            let made = world.made(legion, || {
                let future = span(name, work(outcome, clock));
                let _ = catch_unwind(AssertUnwindSafe(|| future.now_or_never()));
            });
            endings.insert(ending.to_owned(), made);
        }
        all.insert(name.to_owned(), endings.into());
    }
    let events = telemetry_catalogue::EVENTS.iter().map(|event| event.name).chain(["shop.paid"]);
    for name in events {
        all.insert(name.to_owned(), world.made(false, || event(name)));
    }
    for name in telemetry_catalogue::event_names() {
        assert!(world.seen.contains(name), "{name} was not emitted");
    }
    all.insert("metrics".to_owned(), world.kept.metrics().into());
    all.into()
}

/// By key, in texts that are JSON too: another crate of one build may ask `serde_json` to keep the order of insertion.
fn sort(made: &mut Json) {
    match made {
        Json::String(text) => {
            if let Ok(mut inner @ (Json::Array(_) | Json::Object(_))) = serde_json::from_str(text) {
                sort(&mut inner);
                *text = inner.to_string();
            }
        }
        Json::Array(items) => items.iter_mut().for_each(sort),
        Json::Object(map) => {
            map.values_mut().for_each(sort);
            map.sort_keys();
        }
        _ => {}
    }
}

fn assert_golden(name: &str, mut made: Json) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    sort(&mut made);
    let made = serde_json::to_string_pretty(&made).unwrap() + "\n";
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    if made != golden {
        let at = made.lines().zip(golden.lines()).position(|(a, b)| a != b).unwrap_or(0);
        let around =
            |text: &str| text.lines().skip(at.saturating_sub(8)).take(16).collect::<Vec<_>>().join("\n");
        panic!(
            "{name} changes at line {}; where that is meant, write it anew with UPDATE=1\n\
             --- it is\n{}\n--- it becomes\n{}",
            at + 1,
            around(&golden),
            around(&made),
        );
    }
}

#[test]
fn every_event_in_1_41_1_with_content() {
    let made = everything(Convention::V1_41_1, Content::On { max_bytes: 1000 });
    assert_golden("1.41.1.json", made);
}

#[test]
fn every_event_in_1_41_1_without_content() {
    let made = everything(Convention::V1_41_1, Content::Off);
    let text = made.to_string();
    for content in ["Oslo", "Be brief", "celsius", "1 - 4", "in_stock", "umbrella\\\"", "s3cr3t"] {
        assert!(!text.contains(content), "{content} left the process");
    }
    assert_golden("1.41.1-no-content.json", made);
}

#[test]
fn every_event_in_the_latest_version() {
    let made = everything(Convention::Latest, Content::On { max_bytes: 1000 });
    assert_golden("latest.json", made);
}
