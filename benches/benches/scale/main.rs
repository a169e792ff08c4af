//! An agent's events at scale: recorded conversations a hundred times over, with each kind of handler, beside the
//! same work instrumented with `tracing`.
//!
//! `cargo bench -p benches --bench scale -- FILE` reads conversations from a file of `OpenAI` chat messages, one
//! JSON object a line; without one, those that the examples ship.

mod peer;
mod work;

use std::io::{self, BufWriter, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use benches::allocations;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, SdkTracerProvider, SpanData, SpanExporter,
};
use telemetry_runtime::{
    Event, LoggerOptions, attach, attach_default_logger, detach, detach_default_logger, event_names, queue,
};
use work::{Conversation, Work};

#[global_allocator]
static ALLOCATOR: allocations::Counting = allocations::Counting;

const ROUNDS: usize = 100;

fn main() {
    let file = std::env::args().skip(1).find(|word| word != "--bench");
    let text = match &file {
        Some(file) => std::fs::read_to_string(file).expect("the file can be read"),
        None => include_str!("../../../examples/data/conversation.jsonl").to_owned(),
    };
    let conversations = Conversation::all(&text);
    let kinds = ["agents", "turns", "tool calls"].into_iter();
    let counts =
        kinds.zip(Conversation::counts(&conversations)).map(|(kind, n)| format!("{} {kind}", n * ROUNDS));
    println!("{}, two or three events each\n", counts.collect::<Vec<_>>().join(", "));
    println!("| who listens | spans/s | events | lost | peak memory, MB |");
    println!("|---|---:|---:|---:|---:|");
    let row = |who: &str, work: Work, within: fn(&mut dyn FnMut()) -> (u64, u64)| {
        let spans = Conversation::counts(&conversations).iter().sum::<usize>() * ROUNDS;
        allocations::weigh_from_now();
        let mut took = Duration::ZERO;
        let (events, lost) = within(&mut || {
            let started = Instant::now();
            for conversation in (0..ROUNDS).flat_map(|_| &conversations) {
                conversation.replay(work);
            }
            took = started.elapsed();
        });
        #[allow(clippy::cast_precision_loss, reason = "a number to read")]
        let (rate, peak) = (spans as f64 / took.as_secs_f64(), allocations::peak_bytes() as f64 / 1e6);
        println!("| {who} | {rate:.0} | {events} | {lost} | {peak:.1} |");
    };
    row("no handler", work::OURS, unobserved);
    row("no subscriber, `tracing`", peer::SMALL, unobserved);
    row("default logger to a sink", work::OURS, logger);
    row("`tracing`, formatted to a sink", peer::SMALL, peer::lines);
    row("`queue`", work::OURS, queued);
    row("JSON lines of everything to a sink", work::OURS, json_lines);
    row("`tracing`, JSON lines of everything to a sink", peer::WHOLE, peer::json_lines);
    row("`telemetry-otel`, batch processor", work::OURS, exported);
    row("`tracing-opentelemetry`, batch processor", peer::SMALL, peer::exported);
}

fn unobserved(run: &mut dyn FnMut()) -> (u64, u64) {
    run();
    (0, 0)
}

/// Counts what it is given to write, by lines.
#[derive(Clone, Copy)]
struct Sink;

static LINES: AtomicU64 = AtomicU64::new(0);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let lines = bytes.split(|byte| *byte == b'\n').count() - 1;
        LINES.fetch_add(lines as u64, Ordering::Relaxed);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn logger(run: &mut dyn FnMut()) -> (u64, u64) {
    LINES.store(0, Ordering::Relaxed);
    let subscriber = tracing_subscriber::fmt().with_writer(|| Sink).finish();
    attach_default_logger(LoggerOptions::default()).expect("it is not attached");
    tracing::subscriber::with_default(subscriber, run);
    detach_default_logger().expect("it is attached");
    (LINES.load(Ordering::Relaxed), 0)
}

fn json_lines(run: &mut dyn FnMut()) -> (u64, u64) {
    LINES.store(0, Ordering::Relaxed);
    let out = Mutex::new(BufWriter::new(Sink));
    attach("lines", event_names!["condukt.**"], move |event: &Event<'_>| {
        let mut out = out.lock().expect("no thread panicked");
        serde_json::to_writer(&mut *out, event).expect("a sink takes all");
        out.write_all(b"\n").expect("a sink takes all");
    })
    .expect("it is not attached");
    run();
    detach("lines").expect("it is attached");
    (LINES.load(Ordering::Relaxed), 0)
}

fn queued(run: &mut dyn FnMut()) -> (u64, u64) {
    static SEEN: AtomicU64 = AtomicU64::new(0);
    // An agent waits for its model; this one does not, and would be ahead of any worker.
    let queue = queue(1 << 18, |_: &Event<'_>| {
        SEEN.fetch_add(1, Ordering::Relaxed);
    })
    .expect("a thread starts");
    attach("queued", event_names!["condukt.**"], queue.clone()).expect("it is not attached");
    run();
    detach("queued").expect("it is attached");
    assert!(queue.flush(Duration::from_secs(60)), "the worker is done");
    (SEEN.load(Ordering::Relaxed), queue.dropped())
}

fn exported(run: &mut dyn FnMut()) -> (u64, u64) {
    to_provider(&mut |provider| {
        let attached = telemetry_otel::builder().tracer_provider(provider).attach();
        let attached = attached.expect("it is not attached");
        run();
        drop(attached);
    })
}

/// Counts what it is given to export.
#[derive(Debug)]
struct Counts;

static EXPORTED: AtomicU64 = AtomicU64::new(0);

impl SpanExporter for Counts {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        EXPORTED.fetch_add(batch.len() as u64, Ordering::Relaxed);
        Ok(())
    }
}

/// With a provider whose processor has room for all; how many it exported, and how many not.
fn to_provider(run: &mut dyn FnMut(&SdkTracerProvider)) -> (u64, u64) {
    EXPORTED.store(0, Ordering::Relaxed);
    let config = BatchConfigBuilder::default().with_max_queue_size(1 << 18).build();
    let processor = BatchSpanProcessor::builder(Counts).with_batch_config(config).build();
    let provider = SdkTracerProvider::builder().with_span_processor(processor).build();
    let begun = work::done();
    run(&provider);
    provider.shutdown().expect("it shuts down");
    let exported = EXPORTED.load(Ordering::Relaxed);
    (exported, (work::done() - begun).saturating_sub(exported))
}
