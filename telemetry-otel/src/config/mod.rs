//! What the user decides about the export.

pub(crate) mod content;
pub(crate) mod convention;
pub(crate) mod limits;
pub(crate) mod options;
