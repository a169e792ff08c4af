//! Backends that take only some signals, or nothing: what is logged, how often, and the totals at the end.
//! Each case runs in a process of its own, whose standard error is read.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use opentelemetry::trace::{Tracer as _, TracerProvider as _};
use opentelemetry_sdk::trace::SdkTracerProvider;
use telemetry_runtime::{emit, tool_call};

#[tool_call]
fn lookup(key: &str) -> usize {
    key.len()
}

fn work(telemetry: &telemetry_otel::OtlpExport, times: usize) {
    for _ in 0..times {
        lookup("k");
        emit!(compact, duration = Duration::ZERO, before = 2, after = 1);
        let _ = telemetry.flush();
    }
}

#[test]
#[ignore = "run by the others, in a process of its own"]
fn child() {
    let case = std::env::var("CASE").unwrap_or_default();
    if case != "unset subscriber" {
        tracing_subscriber::fmt().with_ansi(false).with_writer(std::io::stderr).init();
    }
    if case == "dropped at once" {
        let _ = telemetry_otel::install().unwrap();
        return;
    }
    let telemetry = telemetry_otel::install().unwrap().with_time_limit(Duration::from_secs(2));
    match case.as_str() {
        "split trace" => {
            let theirs = SdkTracerProvider::builder().build();
            for _ in 0..3 {
                theirs.tracer("web").in_span("request", |_| lookup("k"));
            }
        }
        "own provider" => {
            let ours = telemetry.tracer_provider().unwrap().clone();
            ours.tracer("web").in_span("request", |_| lookup("k"));
        }
        "no answer" => {
            lookup("k");
        }
        _ => work(&telemetry, 4),
    }
    println!("spans: {:?}", telemetry.spans());
    println!("ended: {:?}", telemetry.shutdown());
}

/// What the child writes against a server that gives those statuses, and how many requests it made.
fn run(
    case: &str,
    answer: impl Fn(&str, usize) -> u16 + Send + Sync + 'static,
) -> (String, String, Vec<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (answer, requests) = (Arc::new(answer), Arc::new(Mutex::new(Vec::new())));
    let count = Arc::new(AtomicUsize::new(0));
    let noted = requests.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (answer, noted, count) = (answer.clone(), noted.clone(), count.clone());
            std::thread::spawn(move || {
                let mut stream: TcpStream = stream.unwrap();
                stream.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
                let mut request = Vec::new();
                let _ = stream.read_to_end(&mut request);
                let head = String::from_utf8_lossy(&request);
                let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
                let status = answer(&path, count.fetch_add(1, Ordering::SeqCst));
                noted.lock().unwrap().push(path);
                if status > 0 {
                    let _ = write!(
                        stream,
                        "HTTP/1.1 {status} X\r\ncontent-length: 6\r\nconnection: close\r\n\r\nbecaus"
                    );
                }
            });
        }
    });
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "backends::child", "--ignored", "--nocapture"]).stdin(Stdio::null());
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("OTEL_")) {
        command.env_remove(name);
    }
    command
        .env("CASE", case)
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", if case == "no listener" { "http://127.0.0.1:1" } else { &url });
    command.env("OTEL_METRIC_EXPORT_INTERVAL", "100");
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let requests = requests.lock().unwrap().clone();
    (text(&output.stdout), text(&output.stderr), requests)
}

fn complaints(err: &str) -> Vec<&str> {
    err.lines().filter(|line| line.contains("WARN") || line.contains("ERROR")).collect()
}

#[test]
fn a_backend_that_takes_only_traces_is_not_a_failure() {
    for status in [404, 405, 501] {
        let (out, err, requests) = run("", move |path, _| if path == "/v1/traces" { 200 } else { status });
        assert!(out.contains("ended: Ok(())"), "{out}");
        let said = complaints(&err);
        assert_eq!(said.len(), 2, "one line for metrics, one for logs:\n{err}");
        for what in ["/v1/metrics", "/v1/logs"] {
            let line =
                said.iter().find(|line| line.contains(what)).unwrap_or_else(|| panic!("{what}:\n{err}"));
            assert!(line.contains("does not take") && line.contains(&status.to_string()), "{line}");
            let sent = requests.iter().filter(|path| *path == what).count();
            assert_eq!(sent, 1, "{what} is asked once, and then no more");
        }
        assert!(requests.iter().filter(|path| *path == "/v1/traces").count() >= 4);
    }
}

#[test]
fn a_backend_without_traces_is_reported_as_a_wrong_address() {
    let (out, err, _) = run("", |path, _| if path == "/v1/traces" { 404 } else { 200 });
    assert!(
        out.contains("spans lost: 4") && out.contains("/v1/traces: 404") && out.contains("becaus"),
        "{out}"
    );
    assert!(complaints(&err).len() <= 2, "the beginning and the sum:\n{err}");
}

#[test]
fn an_unreachable_collector_is_logged_with_its_address_and_the_reason() {
    let (out, err, _) = run("no listener", |_, _| 200);
    for text in [&out, &err] {
        assert!(
            text.contains("http://127.0.0.1:1/v1/traces") && text.to_lowercase().contains("refused"),
            "{text}"
        );
    }
    // Each signal: that it began, and what it came to.
    assert!(complaints(&err).len() <= 6, "{err}");
}

#[test]
fn an_outage_is_logged_once_and_so_is_its_end() {
    // 400 is not tried again.
    let (out, err, _) = run("", |path, count| if path == "/v1/traces" && count < 4 { 400 } else { 200 });
    let begins = complaints(&err).iter().filter(|line| line.contains("spans are being lost")).count();
    assert_eq!(begins, 1, "{err}");
    assert!(err.contains("spans are exported again"), "{err}");
    assert!(out.contains("spans lost: "), "{out}");
}

#[test]
fn unconfirmed_items_are_not_counted_as_lost() {
    // No answer comes before the export has ended.
    let (ended, waits) = mpsc::channel::<()>();
    let waits = Mutex::new(waits);
    let (out, _, _) = run("no answer", move |_, _| {
        let _ = waits.lock().unwrap().recv();
        200
    });
    drop(ended);
    assert!(out.contains("spans not confirmed: ") && out.contains("may have arrived"), "{out}");
    assert!(!out.contains("spans lost"), "{out}");
}

#[test]
fn without_a_subscriber_nothing_is_written_and_nothing_fails() {
    let (out, err, _) = run("unset subscriber", |path, _| if path == "/v1/traces" { 200 } else { 404 });
    assert!(out.contains("ended: Ok(())"), "{out}");
    assert_eq!(err.trim(), "");
}

#[test]
fn a_guard_dropped_at_once_is_logged() {
    let (_, err, _) = run("dropped at once", |_, _| 200);
    assert!(err.contains("must be kept"), "{err}");
}

#[test]
fn a_trace_split_between_two_providers_is_logged_once() {
    let (_, err, _) = run("split trace", |_, _| 200);
    let said = complaints(&err);
    assert_eq!(said.iter().filter(|line| line.contains("another tracer provider")).count(), 1, "{err}");
    let (_, err, _) = run("own provider", |_, _| 200);
    assert!(!err.contains("another tracer provider"), "{err}");
}
