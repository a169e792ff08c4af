//! An airline's customer-service agent, instrumented with [`telemetry_runtime`].
//!
//! The binary `agent` runs it. In the order in which to read:
//!
//! - [`agent`]: the agents, the loop of turns and tools, and how one agent asks another;
//! - [`model`]: a turn, whole or streamed, over HTTP with `async-openai`;
//! - [`desk`]: the tools, a method each; [`booking`] is the system behind them;
//! - [`summary`]: a handler;
//! - [`session`]: a session for each conversation, with its secret;
//! - [`conversation`], [`recorded`], [`server`], [`tokens`]: what it takes to replay a conversation
//!   without a model.
#![forbid(unsafe_code)]
#![allow(clippy::missing_errors_doc, reason = "the variants of each error type say when they come")]

pub mod agent;
pub mod booking;
pub mod cli;
pub mod conversation;
pub mod desk;
pub mod model;
pub mod recorded;
pub mod server;
pub mod session;
pub mod summary;
pub mod tokens;
pub mod tools;
