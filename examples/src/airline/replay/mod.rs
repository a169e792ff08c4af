//! Replaying a recorded conversation without a model: [`conversation`] reads it, [`server`] plays the model with the
//! usage that [`tokens`] counts, and [`tools`] answers calls as they were answered.

pub mod conversation;
pub mod server;
pub mod tokens;
pub mod tools;
