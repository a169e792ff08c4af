//! Look at what LLM agents did.
#![forbid(unsafe_code)]

mod answers;
mod attached;
mod format;
mod model;
mod recorder;

pub use answers::Usage;
pub use format::{Content, EventLine, Hash, Header, Line, Lines, Reader, Unreadable, VERSION, compact, read};
pub use model::{
    Breakdown, Bucket, Changes, Detail, Entry, Group, Key, Kind, Losses, Model, Query, Search, Session,
    SessionSummary, Span, Speech, State, Tokens, Totals,
};
pub use recorder::{RecordOptions, Recorder, record};
