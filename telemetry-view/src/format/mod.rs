//! The recording: JSON lines of events, in which a value that many events share is written once.
//!
//! The format is described in `docs/recording.md`. [`Line`] is one line of it, [`compact`] takes shared values out of
//! an event, [`Reader`] gives back whole events.

mod compact;
mod line;
mod read;

pub use compact::compact;
pub use line::{Content, EventLine, Hash, Header, Line, VERSION};
pub use read::{Lines, Reader, Unreadable, read};
pub(crate) use read::{read_whole, value_of};
