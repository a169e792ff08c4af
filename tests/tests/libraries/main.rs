//! Other crates beside this one: what their types serialise to, what their clients stream, their attributes on the
//! same function, and their servers and clients, through which the context travels. One executable, since the code of
//! HTTP and MCP takes long to generate.

mod agents;
mod answers;
mod attributes;
mod propagation;
mod streams;
