//! `install()` from the environment: each case in a process of its own.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Command;
use std::sync::mpsc;
use std::time::Duration;

use serde_json::{Value as Json, json};
use telemetry_runtime::{Context, emit, in_span, tool_call};

/// Looks something up.
#[tool_call]
fn lookup(key: &str) -> String {
    format!("value of {key}")
}

/// Runs in a process that a test below starts, with its variables.
#[test]
#[ignore = "run by the others, in processes of their own"]
fn child() {
    let telemetry = match telemetry_otel::install() {
        Ok(telemetry) => telemetry,
        Err(error) => {
            println!("refused: {error}");
            return;
        }
    };
    lookup("the-argument");
    if std::env::var_os("TEST_LONG").is_some() {
        let parameters =
            json!({"seed": 7, "reasoning_effort": "medium", "stop": ["a-long-stop", "another-long-stop"]});
        in_span!(llm_turn, model = "m", turn = 0, messages = json!([{"role": "user", "content": "é".repeat(100)}]), parameters,
            fields(one = "a".repeat(40), two = json!({"x": "b".repeat(100)})), stop(|_|); || ());
    }
    if std::env::var_os("TEST_MANY").is_some() {
        let many = (0..140).fold(Context::new(), |cx, n| cx.with(format!("key-{n:03}"), "the-long-value"));
        many.scope(|| {
            lookup("many");
            emit!(compact, duration = Duration::ZERO, before = 2, after = 1);
        });
    }
    println!("ended: {:?}", telemetry.shutdown());
}

/// What `child` prints with those variables, and the requests that reach a collector meanwhile.
fn run(variables: &[(&str, &str)]) -> (String, Vec<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (sender, requests) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            stream.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
            let mut request = Vec::new();
            let _ = stream.read_to_end(&mut request);
            let _ = sender.send(String::from_utf8_lossy(&request).into_owned());
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        }
    });
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "env::child", "--ignored", "--nocapture"]);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("OTEL_")) {
        command.env_remove(name);
    }
    command.env("OTEL_EXPORTER_OTLP_ENDPOINT", &url);
    command.envs(variables.iter().copied());
    let output = command.output().unwrap();
    (String::from_utf8_lossy(&output.stdout).into_owned(), requests.try_iter().collect())
}

#[test]
fn all_signals_go_to_the_endpoint_by_http() {
    let (output, requests) = run(&[
        ("OTEL_SERVICE_NAME", "weather-agent"),
        ("OTEL_RESOURCE_ATTRIBUTES", "openinference.project.name=weather"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-api-key=k-1"),
    ]);
    assert!(output.contains("ended: Ok(())"), "{output}");
    let to = |path: &str| requests.iter().find(|request| request.starts_with(&format!("POST {path} ")));
    let traces = to("/v1/traces").unwrap();
    assert!(to("/v1/metrics").is_some());
    assert!(to("/v1/logs").is_none(), "there was nothing to log");
    let head = traces.to_ascii_lowercase();
    assert!(head.contains("content-type: application/x-protobuf") && head.contains("x-api-key: k-1"));
    for text in ["weather-agent", "openinference.project.name", "execute_tool lookup", "Looks something up."]
    {
        assert!(traces.contains(text), "{text}");
    }
    assert!(!traces.contains("the-argument"), "content is off");
}

#[test]
fn the_environment_turns_content_on_and_chooses_the_names() {
    let (_, requests) = run(&[
        ("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "true"),
        ("OTEL_SEMCONV_STABILITY_OPT_IN", "gen_ai_latest_experimental"),
    ]);
    let all = requests.concat();
    assert!(all.contains("the-argument") && all.contains("value of the-argument"));
    assert!(all.contains("gen_ai.execute_tool.duration"), "the latest name");
}

#[test]
fn the_environment_turns_signals_off_and_samples() {
    let (output, requests) = run(&[("OTEL_METRICS_EXPORTER", "none"), ("OTEL_TRACES_SAMPLER", "always_off")]);
    assert!(output.contains("ended: Ok(())"), "{output}");
    assert_eq!(requests.len(), 0);
    let (_, requests) = run(&[("OTEL_TRACES_SAMPLER", "always_off")]);
    assert_eq!(requests.len(), 1, "metrics do not depend on it");
    let (output, requests) = run(&[("OTEL_SDK_DISABLED", "true")]);
    assert!(output.contains("ended: Ok(())"), "{output}");
    assert_eq!(requests.len(), 0);
}

#[test]
fn limits_hold_for_spans_and_for_log_records() {
    let bodies = |variables: &[(&str, &str)]| {
        let (output, requests) =
            run(&[&[("TEST_MANY", "1"), ("OTEL_METRICS_EXPORTER", "none")], variables].concat());
        assert!(output.contains("ended: Ok(())"), "{output}");
        ["traces", "logs"].map(|signal| {
            let is_to = |request: &&String| request.starts_with(&format!("POST /v1/{signal} "));
            requests.iter().find(is_to).unwrap().clone()
        })
    };
    for body in bodies(&[]) {
        assert!(body.contains("telemetry.attributes.dropped"), "128 by default");
    }
    for body in bodies(&[("OTEL_ATTRIBUTE_COUNT_LIMIT", "200"), ("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "8")]) {
        assert!(body.contains("key-139\u{12}\n\n\u{8}the-long"), "cut to eight characters");
        assert!(!body.contains("telemetry.attributes.dropped"));
    }
    let [traces, logs] =
        bodies(&[("OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT", "10"), ("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "200")]);
    assert!(!traces.contains("telemetry.attributes.dropped") && !logs.contains("key-100"));
}

#[test]
fn json_stays_json_within_a_limit_of_length() {
    let (output, requests) = run(&[
        ("TEST_LONG", "1"),
        ("OTEL_METRICS_EXPORTER", "none"),
        ("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "60"),
        ("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "true"),
    ]);
    assert!(output.contains("ended: Ok(())"), "{output}");
    let traces = requests.concat();
    for key in ["metadata", "llm.invocation_parameters", "gen_ai.input.messages", "two"] {
        // Behind the key come the lengths of its value and of the text in it, each a byte.
        let (_, value) = traces.split_once(&format!("{key}\u{12}")).unwrap();
        let mut bytes = value.bytes().skip(2);
        let length = usize::from(bytes.next().unwrap());
        let text = String::from_utf8(bytes.take(length).collect()).unwrap();
        let read: Result<Json, _> = serde_json::from_str(&text);
        assert!(read.is_ok_and(|json| !json.is_null()) && text.chars().count() <= 60, "{key}: {text}");
    }
}

#[test]
fn the_console_shows_spans_alone_or_beside_a_collector() {
    for (exporters, to_collector) in [("console", false), ("otlp,console", true)] {
        let (output, requests) =
            run(&[("OTEL_TRACES_EXPORTER", exporters), ("OTEL_METRICS_EXPORTER", "none")]);
        if cfg!(feature = "console") {
            assert!(output.contains("execute_tool lookup") && output.contains("ended: Ok(())"), "{output}");
            assert_eq!(requests.iter().any(|request| request.starts_with("POST /v1/traces ")), to_collector);
        } else {
            assert!(
                output.contains("refused: OTEL_TRACES_EXPORTER is") && output.contains("`console`"),
                "{output}"
            );
        }
    }
}

#[test]
fn an_unsupported_value_is_refused() {
    let (output, requests) = run(&[("OTEL_EXPORTER_OTLP_PROTOCOL", "http/xml")]);
    assert!(output.contains("refused: OTEL_EXPORTER_OTLP_PROTOCOL is `http/xml`"), "{output}");
    assert_eq!(requests.len(), 0);
    if !cfg!(feature = "json") {
        let (output, requests) = run(&[("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json")]);
        assert!(output.contains("refused: OTEL_EXPORTER_OTLP_PROTOCOL is `http/json`"), "{output}");
        assert_eq!(requests.len(), 0);
    }
    if !cfg!(feature = "gzip") {
        let (output, requests) = run(&[("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip")]);
        assert!(output.contains("refused: OTEL_EXPORTER_OTLP_COMPRESSION is `gzip`"), "{output}");
        assert_eq!(requests.len(), 0);
    }
}
