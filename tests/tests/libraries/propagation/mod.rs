//! The context outside of the call that it was made in: in tasks and threads, in other processes, over HTTP, and in the
//! requests of MCP.

mod headers;
mod mcp;
mod services;
mod tasks;
