//! One span: how it is followed, what it comes to, and how it ends.

pub(crate) mod attributes;
mod content;
pub(crate) mod current;
pub(crate) mod hook;
pub(crate) mod limit;
pub(crate) mod mapper;
pub(crate) mod model;
pub(crate) mod outcome;
pub(crate) mod rollup;
