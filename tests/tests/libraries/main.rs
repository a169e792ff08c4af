//! Other crates beside this one: what their types serialise to, what their clients stream, and their attributes on the
//! same function.

mod agents;
mod answers;
mod attributes;
mod streams;
