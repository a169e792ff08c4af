//! Over gRPC: inside a runtime and outside, with a collector and without.

use std::net::TcpListener;
use std::process::Command;
use std::time::{Duration, Instant};

use telemetry_runtime::tool_call;

#[tool_call]
fn lookup(key: &str) -> usize {
    key.len()
}

/// Runs in a process that the test below starts, with its variables.
#[test]
#[ignore = "run by the other, in a process of its own"]
fn child() {
    let run = || {
        let telemetry = telemetry_otel::install().unwrap().with_time_limit(Duration::from_millis(500));
        lookup("key");
        let start = Instant::now();
        println!("ended: {:?}", telemetry.shutdown());
        // Far from the ten seconds that an export may take.
        assert!(start.elapsed() < Duration::from_secs(5));
    };
    run();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { run() });
}

#[test]
fn a_missing_collector_is_not_an_error() {
    let unused = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "grpc::child", "--ignored", "--nocapture"])
        .env("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{unused}"))
        .output()
        .unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{stdout}{}", String::from_utf8_lossy(&output.stderr));
    // It is tried again and again: what is not confirmed is not called lost.
    assert_eq!(stdout.matches("spans not confirmed: 1").count(), 2, "{stdout}");
}
