//! What is measured of this library: a name, who listens, and the work.

use std::hint::black_box;
use std::panic::catch_unwind;

use telemetry_runtime::{
    Context, Event, EventMetadata, EventName, Secrets, attach, detach, emit, event_names, execute, record,
    testing,
};

use crate::subjects::{self, GIVEN, Retrieval, drive, ready};
use crate::{answers, hand, subjects as s};

/// One measurement.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// What it is called.
    pub name: &'static str,
    /// Who listens meanwhile.
    pub listeners: Listeners,
    /// Repeats the work this often.
    pub run: fn(u64),
}

/// Who listens to a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listeners {
    /// No handler.
    None,
    /// So many handlers, each attached to the names.
    Handlers(usize),
    /// One, attached to patterns.
    Pattern,
    /// The hand-written span's handler.
    Hand,
    /// A capture, as in a test.
    Capture,
    /// One handler, with a secret in the context.
    Secrets,
}

macro_rules! repeat {
    (|$query:ident, $top_k:ident, $cached:ident| $call:expr) => {
        |calls| {
            for _ in 0..calls {
                let ($query, $top_k, $cached) = black_box(GIVEN);
                let _ = black_box($call);
            }
        }
    };
}

/// All of them.
pub const CASES: &[Case] = &[
    Case::new("bare sync f3", Listeners::None, repeat!(|q, k, c| s::bare_sync3(q, k, c))),
    Case::new("bare async f3", Listeners::None, repeat!(|q, k, c| ready(s::bare_async3(q, k, c)))),
    Case::new("bare async f3, 3 suspensions", Listeners::None, |calls| {
        repeat!(|q, k, c| drive(s::bare_suspended3(q, k, c)))(calls);
    }),
    Case::new("hand-written", Listeners::Hand, repeat!(|q, k, c| hand::sync3(q, k, c))),
    Case::new("sync f0, off", Listeners::None, repeat!(|q, k, c| s::sync0(q, k, c))),
    Case::new("sync f3, off", Listeners::None, repeat!(|q, k, c| s::sync3(q, k, c))),
    Case::new("sync f6, off", Listeners::None, repeat!(|q, k, c| s::sync6(q, k, c))),
    Case::new("method f3, off", Listeners::None, |calls| {
        let retriever = s::Retriever { top_k: black_box(7) };
        repeat!(|q, _k, c| retriever.retrieve(q, c))(calls);
    }),
    Case::new("in_span! f3, off", Listeners::None, repeat!(|q, k, c| s::inline3(q, k, c))),
    Case::new("tool_call, off", Listeners::None, repeat!(|q, k, c| s::tool(q, k, c))),
    Case::new("async f0, off", Listeners::None, repeat!(|q, k, c| ready(s::async0(q, k, c)))),
    Case::new("async f3, off", Listeners::None, repeat!(|q, k, c| ready(s::async3(q, k, c)))),
    Case::new("async f6, off", Listeners::None, repeat!(|q, k, c| ready(s::async6(q, k, c)))),
    Case::new("async f3, 3 suspensions, off", Listeners::None, |calls| {
        repeat!(|q, k, c| drive(s::suspended3(q, k, c)))(calls);
    }),
    Case::new("emit!, off", Listeners::None, emit_compact),
    Case::new("record!, off", Listeners::None, repeat!(|_q, k, _c| record!(Retrieval, hits = k))),
    Case::new("sync f0, 1 handler", Listeners::Handlers(1), repeat!(|q, k, c| s::sync0(q, k, c))),
    Case::new("sync f3, 1 handler", Listeners::Handlers(1), repeat!(|q, k, c| s::sync3(q, k, c))),
    Case::new("sync f6, 1 handler", Listeners::Handlers(1), repeat!(|q, k, c| s::sync6(q, k, c))),
    Case::new("sync f3, 4 handlers", Listeners::Handlers(4), repeat!(|q, k, c| s::sync3(q, k, c))),
    Case::new("sync f3, 16 handlers", Listeners::Handlers(16), repeat!(|q, k, c| s::sync3(q, k, c))),
    Case::new("sync f3, pattern handler", Listeners::Pattern, repeat!(|q, k, c| s::sync3(q, k, c))),
    Case::new("sync f3, scoped capture", Listeners::Capture, captured),
    Case::new("sync f3, with a secret", Listeners::Secrets, secret),
    Case::new("tool_call, 1 handler", Listeners::Handlers(1), repeat!(|q, k, c| s::tool(q, k, c))),
    Case::new("agent with f3 inside, 1 handler", Listeners::Handlers(1), |calls| {
        repeat!(|q, k, c| s::agent(q, k, c))(calls);
    }),
    Case::new("async f0, 1 handler", Listeners::Handlers(1), repeat!(|q, k, c| ready(s::async0(q, k, c)))),
    Case::new("async f3, 1 handler", Listeners::Handlers(1), repeat!(|q, k, c| ready(s::async3(q, k, c)))),
    Case::new("async f6, 1 handler", Listeners::Handlers(1), repeat!(|q, k, c| ready(s::async6(q, k, c)))),
    Case::new("async f3, 3 suspensions, 1 handler", Listeners::Handlers(1), |calls| {
        repeat!(|q, k, c| drive(s::suspended3(q, k, c)))(calls);
    }),
    Case::new("emit!, 1 handler", Listeners::Handlers(1), emit_compact),
    Case::new("derived event, 1 handler", Listeners::Handlers(1), |calls| {
        repeat!(|q, _k, c| s::Lookup { count: 2, query: q, cached: c }.emit())(calls);
    }),
    Case::new("execute, 1 handler", Listeners::Handlers(1), executed),
    Case::new("record! in a span, 1 handler", Listeners::Handlers(1), recorded),
    Case::new("a panic, 1 handler", Listeners::Handlers(1), |calls| {
        repeat!(|q, k, c| catch_unwind(|| s::panics(q, k, c)))(calls);
    }),
    Case::new("a cancel, 1 handler", Listeners::Handlers(1), |calls| {
        repeat!(|q, k, c| cancel(s::pending(q, k, c)))(calls);
    }),
    Case::new("a stream of 100 items, off", Listeners::None, stream),
    Case::new("a stream of 100 items, 1 handler", Listeners::Handlers(1), stream),
    Case::new("parse a chat of 100 messages", Listeners::None, answers::parse_chat),
    Case::new("read a chat of 100 messages", Listeners::None, answers::read_chat),
    Case::new("parse 100 items of Responses", Listeners::None, answers::parse_responses),
    Case::new("read 100 items of Responses", Listeners::None, answers::read_responses),
    Case::new("parse 100 blocks of Anthropic's", Listeners::None, answers::parse_anthropic),
    Case::new("read 100 blocks of Anthropic's", Listeners::None, answers::read_anthropic),
    Case::new("attach and detach", Listeners::None, |calls| {
        for _ in 0..calls {
            Case::attach_one("bench-again");
            detach("bench-again").expect("it was attached");
        }
    }),
];

fn emit_compact(calls: u64) {
    for _ in 0..calls {
        let took = black_box(7_u64);
        emit!(compact, duration = took, before = 40, after = 12);
    }
}

fn executed(calls: u64) {
    let name = EventName::parse("bench.lookup").expect("it is one");
    let (measurements, metadata) = (serde_json::json!({"count": 2}), serde_json::json!({"query": "rain"}));
    for _ in 0..calls {
        black_box(execute(&name, &measurements, &metadata)).expect("they are maps");
    }
}

fn recorded(calls: u64) {
    #[inline(never)]
    #[telemetry_runtime::agent_span(Retrieval { query, top_k, cached }, stop(|_|))]
    fn recording(query: &str, top_k: usize, cached: bool) -> u64 {
        record!(Retrieval, hits = top_k);
        subjects::work(query, top_k, cached)
    }
    repeat!(|q, k, c| recording(q, k, c))(calls);
}

fn captured(calls: u64) {
    let capture = testing::capture();
    capture.scope(|| {
        for _ in 0..calls {
            let (q, k, c) = black_box(GIVEN);
            black_box(s::sync3(q, k, c));
        }
    });
}

fn secret(calls: u64) {
    let secrets = Secrets::resolve([("GH_TOKEN", "ghp_0123456789")]).expect("a good name and value");
    Context::current().with_secrets(secrets).scope(|| repeat!(|q, k, c| s::sync3(q, k, c))(calls));
}

fn cancel(future: impl Future) {
    let mut future = Box::pin(future);
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(future.as_mut().poll(&mut cx).is_pending());
}

/// So many items, each there at once.
#[derive(Debug)]
struct Items(u32);

impl futures_core::Stream for Items {
    type Item = u32;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<u32>> {
        self.0 = self.0.saturating_sub(1);
        std::task::Poll::Ready((self.0 > 0).then_some(self.0))
    }
}

#[telemetry_runtime::agent_span(Retrieval { query, top_k, cached }, stream, stop(|_|))]
fn items(query: &str, top_k: usize, cached: bool) -> impl futures_core::Stream<Item = u32> {
    subjects::work(query, top_k, cached);
    Items(101)
}

fn stream(calls: u64) {
    use futures_core::Stream as _;
    for _ in 0..calls {
        let (q, k, c) = black_box(GIVEN);
        let mut stream = std::pin::pin!(items(q, k, c));
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        while let std::task::Poll::Ready(Some(item)) = stream.as_mut().poll_next(&mut cx) {
            black_box(item);
        }
    }
}

impl Case {
    const fn new(name: &'static str, listeners: Listeners, run: fn(u64)) -> Self {
        Self { name, listeners, run }
    }

    /// The one of that name.
    ///
    /// # Panics
    /// If there is no such case.
    pub fn named(name: &str) -> &'static Self {
        CASES.iter().find(|case| case.name == name).unwrap_or_else(|| panic!("there is no case {name:?}"))
    }

    /// Lets its listeners listen until the returned value is dropped.
    ///
    /// # Panics
    /// When one of them cannot be attached.
    pub fn listen(&self) -> Listening {
        let (handlers, hand) = match self.listeners {
            Listeners::None | Listeners::Capture => (0, false),
            Listeners::Hand => (0, true),
            Listeners::Handlers(handlers) => (handlers, false),
            Listeners::Pattern | Listeners::Secrets => (1, false),
        };
        if hand {
            hand::attach();
        }
        for id in &IDS[..handlers] {
            if self.listeners == Listeners::Pattern {
                attach(id, event_names!["bench.**", "condukt.*.stop"], ignore).expect("the id is free");
            } else {
                Self::attach_one(id);
            }
        }
        Listening { handlers, hand }
    }

    fn attach_one(id: &str) {
        let spans = event_names![
            "bench.nothing.*",
            "bench.retrieval.*",
            "bench.search.*",
            "condukt.tool_call.*",
            "condukt.agent.*",
            "condukt.compact.stop",
            "bench.lookup"
        ];
        attach(id, spans, ignore).expect("the id is free");
    }
}

fn ignore(event: &Event<'_>) {
    black_box(event);
}

const IDS: [&str; 16] =
    ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15"];

/// Listeners that listen.
#[derive(Debug)]
pub struct Listening {
    handlers: usize,
    hand: bool,
}

impl Drop for Listening {
    fn drop(&mut self) {
        for id in &IDS[..self.handlers] {
            detach(id).expect("it was attached");
        }
        if self.hand {
            hand::detach();
        }
    }
}
