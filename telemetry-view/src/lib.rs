//! Look at what LLM agents did.
#![forbid(unsafe_code)]

mod answers;
mod attached;
#[doc(hidden)]
pub mod command;
mod compact;
mod compare;
mod export;
mod follow;
mod json;
mod limits;
mod model;
mod recorder;
mod server;
mod text;
mod view;

pub use compact::compact;
pub use compare::{Comparison, Run, Side, Step, Sums, compare};
pub use limits::Limits;
pub use model::{
    Breakdown, Bucket, Changes, Detail, Entry, Group, Key, Kind, Losses, Model, Query, Search, Session,
    SessionSummary, Span, Speech, State, Tokens, Totals,
};
pub use recorder::{RecordOptions, Recorder, record};
pub use telemetry_llm::Usage;
pub use telemetry_runtime::recording::{
    Content, EventLine, Hash, Header, Line, Lines, Reader, Unreadable, VERSION, read,
};
pub use view::{View, ViewOptions, serve};
