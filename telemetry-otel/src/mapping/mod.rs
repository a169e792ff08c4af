//! What events become: the table, and the names of the conventions.

pub(crate) mod names;
pub(crate) mod operations;
pub(crate) mod table;
