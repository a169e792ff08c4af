//! Look at what LLM agents did. See the library, or `telemetry-view --help`.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    telemetry_view::command::main(&telemetry_view::command::Args::parse())
}
