//! Spans, log records and metrics made from events, kept in memory. The bridge sees all events of the process, so each test
//! holds [`common::alone`].

mod common;
mod conventions;
mod dashboard;
mod golden;
mod many_bridges;
mod model_calls;
mod own_spans;
mod privacy;
mod replay;
mod signals;
mod tree;
