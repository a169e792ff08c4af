//! [`airline`]: a customer-service agent, instrumented with [`telemetry_runtime`], which the binary `agent` runs.
//!
//! Smaller programs, one idea each, are in the folder `examples/examples`.
#![forbid(unsafe_code)]

pub mod airline;
