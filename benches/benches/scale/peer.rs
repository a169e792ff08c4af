//! The same work, instrumented with `tracing`: with what a line shows, and with everything.

use opentelemetry::trace::TracerProvider as _;
use serde_json::Value as Json;
use std::sync::atomic::Ordering;
use tracing_subscriber::Registry;
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::layer::SubscriberExt as _;

use crate::work::{Work, finish, usage};
use crate::{LINES, Sink, to_provider};

pub(crate) const SMALL: Work = Work { agent, turn, tool };
pub(crate) const WHOLE: Work = Work { agent, turn: whole_turn, tool: whole_tool };

#[tracing::instrument(skip_all, fields(agent = "airline"))]
fn agent(work: &mut dyn FnMut()) {
    work();
}

#[tracing::instrument(skip_all, fields(model = "gpt-4o", turn = turn, messages = messages.len(), usage, finish_reason))]
fn turn(turn: u32, messages: &[Json], reply: &Json) {
    let span = tracing::Span::current();
    if !span.is_disabled() {
        span.record("usage", tracing::field::display(usage(messages.len(), reply)));
        span.record("finish_reason", finish(reply));
    }
}

#[tracing::instrument(skip_all, fields(tool = name, id = id, args = %args))]
fn tool(name: &str, id: &str, args: &Json, _: &Json) {}

#[tracing::instrument(
    skip_all,
    fields(model = "gpt-4o", turn = turn, messages = text(messages), usage, finish_reason, assistant_message)
)]
fn whole_turn(turn: u32, messages: &[Json], reply: &Json) {
    let span = tracing::Span::current();
    span.record("usage", tracing::field::display(usage(messages.len(), reply)));
    span.record("finish_reason", finish(reply));
    span.record("assistant_message", tracing::field::display(reply));
}

#[tracing::instrument(skip_all, fields(tool = name, id = id, args = %args, result))]
fn whole_tool(name: &str, id: &str, args: &Json, result: &Json) {
    tracing::Span::current().record("result", tracing::field::display(result));
}

fn text(messages: &[Json]) -> String {
    serde_json::to_string(messages).expect("JSON can be written")
}

pub(crate) fn lines(run: &mut dyn FnMut()) -> (u64, u64) {
    LINES.store(0, Ordering::Relaxed);
    let format = tracing_subscriber::fmt().with_writer(|| Sink);
    let subscriber = format.with_span_events(FmtSpan::NEW | FmtSpan::CLOSE).finish();
    tracing::subscriber::with_default(subscriber, run);
    (LINES.load(Ordering::Relaxed), 0)
}

pub(crate) fn json_lines(run: &mut dyn FnMut()) -> (u64, u64) {
    LINES.store(0, Ordering::Relaxed);
    let format = tracing_subscriber::fmt().json().with_writer(|| Sink);
    let subscriber = format.with_span_events(FmtSpan::NEW | FmtSpan::CLOSE).finish();
    tracing::subscriber::with_default(subscriber, run);
    (LINES.load(Ordering::Relaxed), 0)
}

pub(crate) fn exported(run: &mut dyn FnMut()) -> (u64, u64) {
    to_provider(&mut |provider| {
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("bench"));
        tracing::subscriber::with_default(Registry::default().with(layer), &mut *run);
    })
}
