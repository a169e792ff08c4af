//! Other crates beside this one: their attributes on the same function, and their servers and clients, through which the
//! context travels. One executable, since the code of HTTP and MCP takes long to generate.

mod attributes;
mod propagation;
