//! One span: what it comes to, and how it ends.

pub(crate) mod attributes;
mod content;
pub(crate) mod io;
pub(crate) mod mapper;
pub(crate) mod model;
pub(crate) mod outcome;
pub(crate) mod rollup;
