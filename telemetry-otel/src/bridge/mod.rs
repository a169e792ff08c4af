//! The span hook: which spans are current, and how each is followed to its end.

pub(crate) mod current;
pub(crate) mod hook;
pub(crate) mod replay;
