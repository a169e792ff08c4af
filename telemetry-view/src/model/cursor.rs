//! How far a reader of changes has come.

use std::fmt;
use std::str::FromStr;

/// How far a reader of a [`Model`](crate::Model)'s changes has come. The default is the beginning.
///
/// It is written as two numbers, and read back:
///
/// ```
/// use telemetry_view::{Cursor, Model};
///
/// let next = Model::new(1 << 20).changes(Cursor::default(), 100).next;
/// assert_eq!(next.to_string().parse(), Ok(next));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    /// The last change of a span or session that was sent.
    pub(super) changes: u64,
    /// The last removal that was sent.
    pub(super) removals: u64,
}

impl Cursor {
    /// A cursor of no model: a reader that has it begins again.
    pub const UNKNOWN: Self = Self { changes: u64::MAX, removals: u64::MAX };

    pub(super) fn is_beginning(self) -> bool {
        self == Self::default()
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.changes, self.removals)
    }
}

/// A text is no [`Cursor`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoCursor;

impl fmt::Display for NoCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a cursor is two numbers with a hyphen between them")
    }
}

impl std::error::Error for NoCursor {}

impl FromStr for Cursor {
    type Err = NoCursor;

    fn from_str(text: &str) -> Result<Self, NoCursor> {
        let (changes, removals) = text.split_once('-').ok_or(NoCursor)?;
        let number = |text: &str| text.parse().map_err(|_| NoCursor);
        Ok(Self { changes: number(changes)?, removals: number(removals)? })
    }
}
