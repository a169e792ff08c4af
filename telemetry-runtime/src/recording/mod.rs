//! Recordings: JSON lines of events, in which a value that many events share is written once.
//!
//! `telemetry-view` writes them; [`read()`] gives back whole events, for handlers, for tests
//! ([`Recording::read`](crate::testing::Recording::read)) and for programs. [`Line`] is one line of the format.

mod line;
mod read;

pub use line::{Content, EventLine, Hash, Header, Line, VERSION};
pub use read::{Lines, Reader, Unreadable, read, value_of, whole_event};
