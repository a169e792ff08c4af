//! The figures of the README: `cargo run --release -p telemetry-view --example figures`.
#![forbid(unsafe_code)]

use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};
use telemetry_runtime::{Event, agent_span, attach, detach, event_names, queue};
use telemetry_view::{EventLine, Line, Model, RecordOptions, ViewOptions, compact};

/// How many calls go on between two looks at the clock. They fit into every queue.
const CALLS: u32 = 500;

#[agent_span(llm_turn, model = "gpt-4o", stop(|answer| assistant_message = answer, finish_reason = "stop"))]
fn complete(turn: u32, messages: &[Json]) -> Json {
    json!({"role": "assistant", "content": format!("answer {turn} of {}", messages.len())})
}

/// The agent's own time for a call, the fastest of many samples, each after the queue was empty again.
fn agent_time(messages: &[Json], settle: impl Fn()) -> Duration {
    let mut best = Duration::MAX;
    for _ in 0..60 {
        let began = Instant::now();
        for turn in 0..CALLS {
            complete(turn, messages);
        }
        best = best.min(began.elapsed() / CALLS);
        settle();
    }
    best
}

fn main() -> std::io::Result<()> {
    let folder = std::env::temp_dir().join(format!("telemetry-view-figures-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let message =
        |index: usize| json!({"role": "user", "content": format!("{index} {}", "word ".repeat(40))});
    let messages: Vec<Json> = (0..4).map(message).collect();
    let wait = Duration::from_secs(60);

    println!("agent's time for one model call of 4 messages, start and stop");
    let nothing = agent_time(&messages, || ());
    println!("  nothing attached         {nothing:>10.2?}");
    let plain = queue(65_536, |_: &Event<'_>| {})?;
    attach("figures", event_names!["**"], plain.clone()).map_err(std::io::Error::other)?;
    let queued = agent_time(&messages, || assert!(plain.flush(wait)));
    detach("figures").map_err(std::io::Error::other)?;
    println!("  a queue that does nothing{queued:>10.2?}");
    let view = ViewOptions::default().with_port(0).quiet().serve()?;
    let served = agent_time(&messages, || assert!(view.flush(wait)));
    drop(view);
    println!("  serve()                  {served:>10.2?}");
    let recorder = RecordOptions::default().record(folder.join("time.jsonl"))?;
    let recorded = agent_time(&messages, || assert!(recorder.flush(wait)));
    drop(recorder);
    println!("  record()                 {recorded:>10.2?}");

    println!("a conversation whose every turn repeats all messages, 200 bytes each");
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
        println!("  {turns:>5} turns: {plain:>12} bytes as plain JSON lines, {:>9} recorded", written.len());
    }

    let mut model = Model::new(usize::MAX);
    let before = resident();
    let began = Instant::now();
    for span in 0..100_000_u64 {
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
    println!("100,000 spans in the model, two events each");
    let took = began.elapsed();
    let (own, more) = (model.bytes() / 1_000_000, (resident() - before) / 1_000_000);
    println!("  {own} MB by its own reckoning, {more} MB more resident, made in {took:.1?}");
    std::fs::remove_dir_all(&folder)
}

/// The memory of this process, in bytes; 0 where the system does not tell.
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok()).unwrap_or(0) * 4096
}
