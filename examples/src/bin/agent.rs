//! The airline's agent on the command line.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use clap::Parser as _;
use examples::airline::cli::{self, Args};

#[tokio::main]
async fn main() -> ExitCode {
    match cli::main(Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
