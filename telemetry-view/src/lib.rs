//! Look at what LLM agents did: a page that shows their runs, live or from a file, with nothing to install.
//!
//! ```no_run
//! fn main() -> std::io::Result<()> {
//!     let view = telemetry_view::serve()?; // prints http://127.0.0.1:PORT
//!     let recorder = telemetry_view::record("runs.jsonl")?; // every event, a line each
//!
//!     // .. agents run: functions annotated with `telemetry_runtime`, on any executor ..
//!
//!     recorder.finish()?;
//!     view.wait(); // goes on serving; dropping it ends the page
//! }
//! ```
//!
//! | | |
//! |---|---|
//! | [`serve`], [`ViewOptions`] | the page over this process, on a thread of its own |
//! | [`record`], [`RecordOptions`] | every event into a file of JSON lines, in which a value that events share is written once |
//! | [`read()`], [`Reader`] | whole events out of such a file |
//! | [`Model`] | runs made from events, in any order, complete or not: what the page shows |
//! | [`compare`](compare()), [`Limits`] | two recordings beside each other, and when the second is worse |
//!
//! The command `telemetry-view` serves the same page over files, saves it as one file, prints the runs as text and JSON, and compares
//! them. What an event costs the agent is what a [`queue`](telemetry_runtime::queue) costs. Content is shown in full, with secrets as
//! their names; the page listens on loopback only, unless it is given a token.
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
    Breakdown, Bucket, Changes, Cursor, Detail, Entry, Group, Key, Kind, Losses, Model, NoCursor, Query,
    Search, Session, SessionSummary, Span, Speech, State, Tokens, Totals,
};
pub use recorder::{RecordOptions, Recorder, record};
pub use telemetry_llm::Usage;
pub use telemetry_runtime::recording::{
    Content, EventLine, Hash, Header, Line, Lines, Reader, Unreadable, VERSION, read,
};
pub use view::{View, ViewOptions, serve};
