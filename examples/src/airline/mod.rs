//! An airline's customer-service agent. In the order in which to read:
//!
//! - [`agent`]: the agents, the loop of turns and tools, and how one agent asks another;
//! - [`model`]: a turn, whole or streamed, over HTTP with `async-openai`;
//! - [`toolbox`]: what a model calls; [`assistant_tools`]: the tools, a method each; [`booking`]: the system behind them;
//! - [`run`]: a session for each conversation, with its secret;
//! - [`summary`]: a handler; [`cli`]: the command line;
//! - [`replay`]: recorded conversations, and the server that plays the model in them.
#![allow(clippy::missing_errors_doc, reason = "the variants of each error type say when they come")]

pub mod agent;
pub mod assistant_tools;
pub mod booking;
pub mod cli;
pub mod model;
pub mod replay;
pub mod run;
pub mod summary;
pub mod toolbox;
