//! What the page and the recorder of `telemetry-view` cost: an agent's time, the size of a file, memory.
//!
//! `cargo bench -p benches --bench view`

use std::io::{self, Write};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use benches::allocations;
use serde_json::{Value as Json, json};
use telemetry_runtime::{Event, agent_span, attach, detach, event_names, queue};
use telemetry_view::{EventLine, Line, Model, RecordOptions, ViewOptions, compact};

#[global_allocator]
static ALLOCATOR: allocations::Counting = allocations::Counting;

/// How many calls go on between two looks at the clock. They fit into every queue.
const CALLS: u32 = 500;
/// How many spans the model is given.
const SPANS: u64 = 100_000;

#[agent_span(llm_turn, model = "gpt-4o", stop(|answer| assistant_message = answer, finish_reason = "stop"))]
fn complete(turn: u32, messages: &[Json]) -> Json {
    json!({"role": "assistant", "content": format!("answer {turn} of {}", messages.len())})
}

/// The agent's own time for a call: what its thread computed, whatever else the machine did. After each round the queue is
/// empty again.
fn agent_time(messages: &[Json], settle: impl Fn()) -> Duration {
    const ROUNDS: u32 = 100;
    let mut spent = Duration::ZERO;
    for _ in 0..ROUNDS {
        let began = computed();
        for turn in 0..CALLS {
            complete(turn, messages);
        }
        spent += computed().saturating_sub(began);
        settle();
    }
    spent / (ROUNDS * CALLS)
}

/// How long this thread has computed; where the system does not count that, the time on the clock.
fn computed() -> Duration {
    static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);
    let schedule = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanos = schedule.as_deref().and_then(|text| text.split(' ').next()?.parse().ok());
    nanos.map_or_else(|| BEGAN.elapsed(), Duration::from_nanos)
}

fn main() -> io::Result<()> {
    let folder = tempfile::tempdir()?;
    times(&folder.path().join("time.jsonl"))?;
    sizes()?;
    memory()
}

fn message(index: usize) -> Json {
    json!({"role": "user", "content": format!("{index} {}", "word ".repeat(40))})
}

/// How long an agent waits for its handlers.
fn times(file: &std::path::Path) -> io::Result<()> {
    let messages: Vec<Json> = (0..4).map(message).collect();
    let wait = Duration::from_secs(60);
    println!("| a model call of 4 messages, its start and stop, with | agent's own time |");
    println!("|---|---:|");
    println!("| nothing attached | {:.2?} |", agent_time(&messages, || ()));
    let plain = queue(65_536, |_: &Event<'_>| {})?;
    attach("view", event_names!["**"], plain.clone()).map_err(io::Error::other)?;
    let queued = agent_time(&messages, || assert!(plain.flush(wait)));
    detach("view").map_err(io::Error::other)?;
    println!("| a `queue` whose handler does nothing | {queued:.2?} |");
    let view = ViewOptions::default().with_port(0).quiet().serve()?;
    println!("| `serve()` | {:.2?} |", agent_time(&messages, || assert!(view.flush(wait))));
    drop(view);
    let recorder = RecordOptions::default().record(file)?;
    println!("| `record()` | {:.2?} |\n", agent_time(&messages, || assert!(recorder.flush(wait))));
    recorder.finish()
}

/// What a file of conversations takes, in which each turn repeats all messages.
fn sizes() -> io::Result<()> {
    println!(
        "| a conversation whose every turn repeats all messages, 200 bytes each | plain JSON lines | recorded |"
    );
    println!("|---|---:|---:|");
    for turns in [10, 100, 1_000] {
        let (mut plain, mut written) = (0, Vec::new());
        let mut known = std::collections::HashSet::new();
        let mut messages = Vec::new();
        for turn in 0..turns {
            messages.push(message(turn));
            for phase in ["start", "stop"] {
                let mut event: EventLine = serde_json::from_value(json!({
                    "event": format!("condukt.llm_turn.{phase}"), "measurements": {"monotonic_time": turn},
                    "metadata": {"agent": "app::Assistant", "session_id": "01a222b2", "model": "gpt-4o", "turn": turn, "messages": messages},
                }))?;
                plain += serde_json::to_string(&event)?.len() + 1;
                for (hash, content) in compact(&mut event, |hash| known.contains(&hash)) {
                    known.insert(hash);
                    Line::Content(hash, content).write(&mut written);
                }
                Line::Event(event).write(&mut written);
            }
            messages.push(json!({"role": "assistant", "content": format!("{turn} {}", "word ".repeat(40))}));
        }
        println!("| {turns} turns | {} kB | {} kB |", plain / 1000, written.len() / 1000);
    }
    println!();
    Ok(())
}

/// What the page's model takes.
fn memory() -> io::Result<()> {
    let mut model = Model::new(usize::MAX);
    allocations::weigh_from_now();
    let began = Instant::now();
    for span in 0..SPANS {
        let ids = json!({"id": format!("{:016x}", span + 1), "parent_id": null, "trace_id": format!("{:032x}", span / 50 + 1)});
        let metadata = json!({"agent": "app::Assistant", "session_id": format!("session-{}", span / 50), "tool": "search",
            "tool_call_id": format!("call-{span}"), "args": {"query": format!("query number {span}")}});
        let mut stopped = metadata.clone();
        stopped["status"] = "ok".into();
        stopped["result"] = format!("result {span}").into();
        let start = json!({"event": "condukt.tool_call.start", "measurements": {"system_time": 1_700_000_000_000_000_000 + span, "monotonic_time": span}, "metadata": metadata, "span": ids});
        let stop = json!({"event": "condukt.tool_call.stop", "measurements": {"duration": 5_000_000, "monotonic_time": span + 5_000_000}, "metadata": stopped, "span": ids});
        for event in [start, stop] {
            model.line(Line::Event(serde_json::from_value(event)?));
        }
    }
    let took = began.elapsed();
    let (own, held) = (model.bytes() / 1_000_000, allocations::live_bytes() / 1_000_000);
    println!("| {SPANS} spans of two events each, in the page's model | |");
    println!("|---|---:|");
    println!("| memory, as the allocator has it | {held} MB |");
    println!("| memory, as the model reckons it | {own} MB |");
    println!("| time to take them in | {took:.1?} |");
    io::stdout().flush()
}
