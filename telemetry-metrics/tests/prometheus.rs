//! Real events, as Prometheus is served them.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use metrics_exporter_prometheus::{ExporterFuture, Matcher, PrometheusBuilder, PrometheusRecorder};
use serde_json::json;
use telemetry_metrics::{
    Metric, Reporter, Unit, buckets, counter, distribution, last_value, recommended, sum, summary,
};
use telemetry_runtime::testing::{self, FakeClock};
use telemetry_runtime::{Context, Event, EventMetadata, emit, open_span, record};

/// An exporter that has the buckets of those metrics.
fn exporter(metrics: &[Metric]) -> PrometheusBuilder {
    buckets(metrics).fold(PrometheusBuilder::new(), |exporter, (name, bounds)| {
        exporter.set_buckets_for_metric(Matcher::Full(name.to_owned()), bounds).unwrap()
    })
}

/// Does some work under those metrics alone, which tell that recorder.
fn measure(recorder: &PrometheusRecorder, metrics: Vec<Metric>, run: impl FnOnce(&FakeClock)) {
    let clock = FakeClock::new();
    // A capture has the clock; what it captures is not looked at.
    let capture = testing::capture().deterministic(&clock, 1);
    metrics::with_local_recorder(recorder, || {
        let reporter = Reporter::new(metrics);
        capture.context().with_handler(reporter.events(), reporter).scope(|| run(&clock));
    });
}

/// What is served after `run`, under those metrics alone.
fn scraped(metrics: Vec<Metric>, run: impl FnOnce(&FakeClock)) -> String {
    let recorder = exporter(&metrics).build_recorder();
    measure(&recorder, metrics, run);
    recorder.handle().render()
}

/// The exporter of those metrics, listening on a port that is free.
fn listening(metrics: &[Metric]) -> (SocketAddr, PrometheusRecorder, ExporterFuture) {
    // The exporter does not report which port it was given, so it is given one that was free a moment ago.
    let tries = (0..20).find_map(|_| {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let (recorder, served) = exporter(metrics).with_http_listener(address).build().ok()?;
        Some((address, recorder, served))
    });
    tries.expect("a free port")
}

/// One scrape, as Prometheus does it: its head and its text.
fn get(address: SocketAddr) -> (String, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let accept = "Accept: text/plain;version=0.0.4";
    write!(stream, "GET /metrics HTTP/1.1\r\nHost: {address}\r\n{accept}\r\nConnection: close\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, text) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), text.to_owned())
}

#[track_caller]
fn has(text: &str, line: &str) {
    assert!(text.lines().any(|found| found == line), "no line `{line}` in\n{text}");
}

#[test]
fn each_kind_is_served() {
    let metrics = vec![
        counter!("condukt.compact.stop", tags("agent")),
        sum!("condukt.compact.stop.before", tags("agent")),
        last_value!("condukt.compact.stop.after"),
        summary!("condukt.compact.stop.duration").unit(Unit::Milliseconds),
        distribution!("condukt.compact.stop.before").name("sizes").buckets(&[10.0, 100.0]),
    ];
    let text = scraped(metrics, |_| {
        Context::current().with_agent("assistant").scope(|| {
            emit!(compact, duration = Duration::from_millis(5), before = 40, after = 12);
            emit!(compact, duration = Duration::from_millis(7), before = 8, after = 9);
        });
    });
    has(&text, r#"condukt_compact_stop_count{agent="assistant"} 2"#);
    has(&text, r#"condukt_compact_stop_before{agent="assistant"} 48"#);
    has(&text, "condukt_compact_stop_after 9");
    has(&text, "condukt_compact_stop_duration_count 2");
    has(&text, "condukt_compact_stop_duration_sum 12");
    has(&text, r#"sizes_bucket{le="10"} 1"#);
    has(&text, r#"sizes_bucket{le="100"} 2"#);
    has(&text, "# TYPE condukt_compact_stop_before counter");
    has(&text, "# TYPE condukt_compact_stop_after gauge");
}

#[test]
fn events_are_kept_and_dropped_and_tags_are_read() {
    let is_refund = |event: &Event<'_>| event.metadata().get_str("tool") == Some("refund");
    let metrics = vec![
        counter!("condukt.tool_call.stop").name("refunds").keep(is_refund),
        counter!("condukt.tool_call.stop").name("others").drop(is_refund),
        counter!("condukt.tool_call.stop", tags("tool"))
            .name("tenants")
            .tag("tenant", |event: &Event<'_>| event.metadata().get_str("tenant").map(str::to_owned)),
    ];
    let text = scraped(metrics, |_| {
        Context::current().with("tenant", "t-1").scope(|| {
            for tool in ["refund", "search", "search"] {
                open_span!(tool_call, tool = tool, args = ()).end();
            }
        });
    });
    has(&text, "refunds 1");
    has(&text, "others 2");
    has(&text, r#"tenants{tool="search",tenant="t-1"} 2"#);
}

#[test]
fn an_event_of_ones_own_is_measured() {
    #[derive(EventMetadata)]
    #[event("shop.cache.lookup")]
    struct Lookup {
        #[event(measurement)]
        count: u64,
        #[event(rename = "hit?")]
        hit: bool,
    }
    let text = scraped(vec![sum!("shop.cache.lookup.count", tags("hit?"))], |_| {
        Lookup { count: 3, hit: true }.emit();
        Lookup { count: 4, hit: true }.emit();
    });
    has(&text, r#"shop_cache_lookup_count{hit="true"} 7"#);
}

/// A turn that is streamed, one that is cancelled, a tool that fails and a sub-agent.
fn an_agent_at_work(clock: &FakeClock) {
    let agent = open_span!(agent, agent = "assistant");
    agent.context().scope(|| {
        let mut turn = open_span!(llm_turn, model = "gpt-4o", messages = (), streaming = true);
        clock.advance(Duration::from_millis(30));
        turn.item(true);
        record!(turn; usage = json!({"input_tokens": 1000, "output_tokens": 100, "cost": 0.25}));
        clock.advance(Duration::from_millis(970));
        turn.end();

        let turn = open_span!(llm_turn, model = "gpt-4o", provider = "openai", messages = ());
        record!(turn; usage = json!({"input_tokens": 10, "output_tokens": 1}));
        drop(turn);

        let tool = open_span!(tool_call, tool = "search", args = ());
        record!(tool; error_type = "timeout");
        tool.fail("too slow");
        open_span!(subagent, role = "researcher", child_agent = "r").end();
    });
    agent.end();
}

/// The recommended metrics of [`an_agent_at_work`].
#[track_caller]
fn tells_of_that_work(text: &str) {
    has(text, r#"agent_tokens{agent="assistant",model="gpt-4o",type="input"} 1010"#);
    has(text, r#"agent_tokens{agent="assistant",model="gpt-4o",type="output"} 101"#);
    has(text, r#"condukt_tool_call_stop_count{agent="assistant",tool="search",status="error"} 1"#);
    has(text, r#"condukt_subagent_stop_count{agent="assistant",role="researcher",status="ok"} 1"#);
    has(text, r#"agent_failures{agent="assistant",error_type="timeout",event="condukt.tool_call.stop"} 1"#);
    has(
        text,
        r#"agent_cancellations{agent="assistant",kind="cancelled",event="condukt.llm_turn.exception"} 1"#,
    );
    has(text, r#"condukt_agent_stop_duration_sum{agent="assistant",status="ok"} 1"#);
    has(text, r#"condukt_agent_stop_duration_bucket{agent="assistant",status="ok",le="0.8"} 0"#);
    has(text, r#"condukt_agent_stop_duration_bucket{agent="assistant",status="ok",le="1.6"} 1"#);
    has(text, r#"condukt_llm_turn_stop_time_to_first_token_sum{agent="assistant",model="gpt-4o"} 0.03"#);
    // The provider's own price for the first, the table's for the second: 10 in and 1 out of gpt-4o.
    let cost: f64 = {
        let line = text.lines().find(|line| line.starts_with("agent_cost{")).expect("a cost");
        line.rsplit_once(' ').unwrap().1.parse().unwrap()
    };
    assert!((cost - (0.25 + 10.0 * 2.5e-6 + 1.0 * 10e-6)).abs() < 1e-9, "{cost}");
}

#[test]
fn the_recommended_metrics_cover_agents_models_tools_cost_and_failures() {
    tells_of_that_work(&scraped(recommended(), an_agent_at_work));
}

#[test]
fn prometheus_scrapes_the_recommended_ones_over_http() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (address, recorder, served) = {
        let _inside = runtime.enter();
        listening(&recommended())
    };
    runtime.spawn(served);
    let (head, before) = get(address);
    assert!(head.starts_with("HTTP/1.1 200 OK"), "{head}");
    assert!(head.to_ascii_lowercase().contains("content-type: text/plain"), "{head}");
    assert!(!before.contains("agent_tokens"), "{before}");

    measure(&recorder, recommended(), an_agent_at_work);
    let (_, text) = get(address);
    tells_of_that_work(&text);
    for name in recommended().iter().map(|metric| metric.name_str().replace('.', "_")) {
        let described = format!("# TYPE {name} ");
        let of_this_agent = !["legion", "operation", "run"].iter().any(|other| name.contains(other));
        assert_eq!(text.contains(&described), of_this_agent, "{name} in\n{text}");
    }
}

#[test]
fn invented_labels_cannot_fill_the_memory() {
    let text = scraped(vec![counter!("condukt.tool_call.stop", tags("tool"))], |_| {
        for number in 0..2100 {
            open_span!(tool_call, tool = format!("tool_{number}"), args = ()).end();
        }
        open_span!(tool_call, tool = "x".repeat(10_000), args = ()).end();
    });
    let series = text.lines().filter(|line| line.starts_with("condukt_tool_call_stop_count{")).count();
    assert_eq!(series, 2001);
    has(&text, r#"condukt_tool_call_stop_count{tool="other"} 101"#);
    assert!(text.lines().all(|line| line.len() < 300));
}

#[test]
fn keys_that_no_metric_reads_are_not_captured() {
    let reporter = Reporter::new(recommended());
    let needs = telemetry_runtime::Handler::needs(&reporter);
    assert_ne!(needs, telemetry_runtime::Needs::ALL);
    assert_eq!(needs.and(telemetry_runtime::Needs::keys(&["usage", "tool", "model"])), needs);
    for costly in ["messages", "tools", "args", "prompt"] {
        assert_ne!(needs.and(telemetry_runtime::Needs::keys(&[costly])), needs, "{costly}");
    }
}

#[test]
fn an_id_is_attached_once() {
    let metrics = || [counter!("condukt.run.stop")];
    let attached = telemetry_metrics::attach("metrics-once", metrics()).unwrap().detach_on_drop();
    assert!(telemetry_metrics::attach("metrics-once", metrics()).is_err());
    drop(attached);
}
