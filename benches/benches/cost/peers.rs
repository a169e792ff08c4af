//! The same work, instrumented with `tracing` and with `fastrace`.

use std::hint::black_box;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use benches::subjects::{self as s, GIVEN, Suspend, drive, ready, work};
use fastrace::collector::{Config, Reporter, SpanRecord};
use opentelemetry::KeyValue;
use opentelemetry::trace::{TraceContextExt as _, Tracer as _, TracerProvider as _};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{BatchSpanProcessor, SdkTracer, SdkTracerProvider, SpanData, SpanExporter};
use tracing::span::{Attributes, Id};
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{Layer, Registry};

#[inline(never)]
#[tracing::instrument(skip_all)]
pub(crate) fn tracing_sync0(query: &str, top_k: usize, cached: bool) -> u64 {
    work(query, top_k, cached)
}

#[inline(never)]
#[tracing::instrument(skip_all, fields(query = query, top_k = top_k, cached = cached))]
pub(crate) fn tracing_sync3(query: &str, top_k: usize, cached: bool) -> u64 {
    work(query, top_k, cached)
}

#[tracing::instrument(skip_all)]
pub(crate) async fn tracing_async0(query: &str, top_k: usize, cached: bool) -> u64 {
    work(query, top_k, cached)
}

#[tracing::instrument(skip_all, fields(query = query, top_k = top_k, cached = cached))]
pub(crate) async fn tracing_async3(query: &str, top_k: usize, cached: bool) -> u64 {
    work(query, top_k, cached)
}

#[tracing::instrument(skip_all)]
async fn tracing_suspended(query: &str, top_k: usize, cached: bool) -> u64 {
    Suspend(3).await;
    work(query, top_k, cached)
}

#[inline(never)]
#[fastrace::trace(properties = { "query": "{query}", "top_k": "{top_k}", "cached": "{cached}" })]
pub(crate) fn fastrace_sync3(query: &str, top_k: usize, cached: bool) -> u64 {
    work(query, top_k, cached)
}

#[fastrace::trace(properties = { "query": "{query}", "top_k": "{top_k}", "cached": "{cached}" })]
pub(crate) async fn fastrace_async3(query: &str, top_k: usize, cached: bool) -> u64 {
    work(query, top_k, cached)
}

/// A peer's case: its name and the work, within whatever it needs around it.
pub(crate) struct Peer {
    pub(crate) name: &'static str,
    pub(crate) run: fn(u64),
    pub(crate) within: fn(&mut dyn FnMut()),
}

fn nothing(run: &mut dyn FnMut()) {
    run();
}

macro_rules! repeat {
    (|$query:ident, $top_k:ident, $cached:ident| $call:expr) => {
        |calls| {
            for _ in 0..calls {
                let ($query, $top_k, $cached) = black_box(GIVEN);
                black_box($call);
            }
        }
    };
}

pub(crate) const PEERS: &[Peer] = &[
    Peer {
        name: "tracing sync f0, no subscriber",
        run: repeat!(|q, k, c| tracing_sync0(q, k, c)),
        within: nothing,
    },
    Peer {
        name: "tracing sync f3, no subscriber",
        run: repeat!(|q, k, c| tracing_sync3(q, k, c)),
        within: nothing,
    },
    Peer {
        name: "tracing async f0, no subscriber",
        run: repeat!(|q, k, c| ready(tracing_async0(q, k, c))),
        within: nothing,
    },
    Peer {
        name: "tracing async f3, no subscriber",
        run: repeat!(|q, k, c| ready(tracing_async3(q, k, c))),
        within: nothing,
    },
    Peer {
        name: "tracing async f0, 3 suspensions, no subscriber",
        run: repeat!(|q, k, c| drive(tracing_suspended(q, k, c))),
        within: nothing,
    },
    Peer {
        name: "tracing sync f3, registry and a layer that times",
        run: repeat!(|q, k, c| tracing_sync3(q, k, c)),
        within: timed,
    },
    Peer {
        name: "tracing async f3, registry and a layer that times",
        run: repeat!(|q, k, c| ready(tracing_async3(q, k, c))),
        within: timed,
    },
    Peer {
        name: "tracing-opentelemetry sync f3, batch processor",
        run: repeat!(|q, k, c| tracing_sync3(q, k, c)),
        within: exported,
    },
    Peer {
        name: "telemetry-otel sync f3, batch processor",
        run: repeat!(|q, k, c| s::sync3(q, k, c)),
        within: bridged,
    },
    Peer {
        name: "the SDK by hand sync f3, batch processor",
        run: repeat!(|q, k, c| sdk_sync3(q, k, c)),
        within: by_hand,
    },
    Peer {
        name: "tracing-opentelemetry async f3, batch processor",
        run: repeat!(|q, k, c| ready(tracing_async3(q, k, c))),
        within: exported,
    },
    Peer {
        name: "telemetry-otel async f3, batch processor",
        run: repeat!(|q, k, c| ready(s::async3(q, k, c))),
        within: bridged,
    },
    Peer {
        name: "fastrace sync f3, no root",
        run: repeat!(|q, k, c| fastrace_sync3(q, k, c)),
        within: reported,
    },
    Peer {
        name: "fastrace async f3, no root",
        run: repeat!(|q, k, c| ready(fastrace_async3(q, k, c))),
        within: reported,
    },
    Peer {
        name: "fastrace sync f3, in a root",
        run: |calls| rooted(calls, fastrace_sync3),
        within: reported,
    },
    Peer {
        name: "fastrace async f3, in a root",
        run: |calls| rooted(calls, |q, k, c| ready(fastrace_async3(q, k, c))),
        within: reported,
    },
];

/// A layer that knows how long each span took.
struct Times;

impl<S: tracing::Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Times {
    fn on_new_span(&self, _: &Attributes<'_>, id: &Id, cx: Context<'_, S>) {
        if let Some(span) = cx.span(id) {
            span.extensions_mut().insert(Instant::now());
        }
    }

    fn on_close(&self, id: Id, cx: Context<'_, S>) {
        if let Some(span) = cx.span(&id) {
            black_box(span.extensions().get::<Instant>().map(Instant::elapsed));
        }
    }
}

fn timed(run: &mut dyn FnMut()) {
    tracing::subscriber::with_default(Registry::default().with(Times), run);
}

/// An exporter that drops what it is given.
#[derive(Debug)]
pub(crate) struct Nowhere;

impl SpanExporter for Nowhere {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        drop(black_box(batch));
        Ok(())
    }
}

/// A provider whose batch processor sends what it is given nowhere.
pub(crate) fn provider() -> SdkTracerProvider {
    let processor = BatchSpanProcessor::builder(Nowhere).build();
    SdkTracerProvider::builder().with_span_processor(processor).build()
}

fn exported(run: &mut dyn FnMut()) {
    let provider = provider();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("bench"));
    tracing::subscriber::with_default(Registry::default().with(layer), run);
    provider.shutdown().expect("it shuts down");
}

fn bridged(run: &mut dyn FnMut()) {
    let provider = provider();
    let attached = telemetry_otel::builder().tracer_provider(&provider).attach().expect("no other is");
    run();
    drop(attached);
    provider.shutdown().expect("it shuts down");
}

static TRACER: OnceLock<SdkTracer> = OnceLock::new();

fn by_hand(run: &mut dyn FnMut()) {
    let provider = provider();
    TRACER.set(provider.tracer("bench")).expect("once in a process");
    run();
    provider.shutdown().expect("it shuts down");
}

/// What nothing that exports by this SDK can be without: a span, current while the work runs, its attributes given
/// at the end.
#[inline(never)]
pub(crate) fn sdk_sync3(query: &str, top_k: usize, cached: bool) -> u64 {
    let Some(tracer) = TRACER.get() else { return 0 };
    let cx = opentelemetry::Context::current_with_span(tracer.build(tracer.span_builder("bench.retrieval")));
    let current = cx.clone().attach();
    let returned = work(query, top_k, cached);
    drop(current);
    let span = cx.span();
    span.set_attributes([
        KeyValue::new("query", query.to_owned()),
        KeyValue::new("top_k", i64::try_from(top_k).unwrap_or(i64::MAX)),
        KeyValue::new("cached", cached),
    ]);
    span.end();
    returned
}

struct Forgotten;

impl Reporter for Forgotten {
    fn report(&mut self, spans: Vec<SpanRecord>) {
        drop(black_box(spans));
    }
}

fn reported(run: &mut dyn FnMut()) {
    fastrace::set_reporter(Forgotten, Config::default().report_interval(Duration::from_millis(10)));
    run();
    fastrace::flush();
}

/// In a root of its own for every hundred calls, as a request would be.
fn rooted(calls: u64, call: fn(&str, usize, bool) -> u64) {
    let mut left = calls;
    while left > 0 {
        let root = fastrace::Span::root("root", fastrace::collector::SpanContext::random());
        let _guard = root.set_local_parent();
        for _ in 0..left.min(100) {
            let (q, k, c) = black_box(GIVEN);
            black_box(call(q, k, c));
        }
        left = left.saturating_sub(100);
    }
}
