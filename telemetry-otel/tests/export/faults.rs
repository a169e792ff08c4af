//! Collectors that are absent, slow, overloaded, talk nonsense or vanish: the agent does not notice.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use telemetry_otel::{OtlpExport, builder};
use telemetry_runtime::{agent_span, emit, tool_call};

use crate::alone;

/// How a collector answers.
#[derive(Clone, Copy, Debug)]
enum Answers {
    /// As it should.
    Well,
    /// With that status, again and again.
    Status(u16),
    /// With bytes that are no HTTP.
    Nonsense,
    /// With a body that is not of the protocol.
    OddBody,
    /// As it should, once the test releases it.
    Late,
    /// Not at all.
    Never,
    /// Once, and then it is gone.
    Once,
}

struct Collector {
    address: SocketAddr,
    requests: Arc<AtomicUsize>,
    bytes: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
    may_answer: Arc<Gate>,
}

/// Is closed until it is opened.
#[derive(Default)]
struct Gate {
    is_open: Mutex<bool>,
    opened: Condvar,
}

impl Gate {
    fn wait(&self) {
        let is_open = self.is_open.lock().unwrap();
        drop(self.opened.wait_while(is_open, |is_open| !*is_open).unwrap());
    }

    fn open(&self) {
        *self.is_open.lock().unwrap() = true;
        self.opened.notify_all();
    }
}

impl Collector {
    fn start(answers: Answers) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let collector = Self {
            address: listener.local_addr().unwrap(),
            requests: Arc::default(),
            bytes: Arc::default(),
            stop: Arc::default(),
            may_answer: Arc::default(),
        };
        let (requests, bytes, stop) =
            (collector.requests.clone(), collector.bytes.clone(), collector.stop.clone());
        let may_answer = collector.may_answer.clone();
        std::thread::spawn(move || {
            let mut held = Vec::new();
            for stream in listener.incoming() {
                let Ok(stream) = stream else { continue };
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                requests.fetch_add(1, Ordering::Relaxed);
                if let Answers::Never = answers {
                    held.push(stream);
                    continue;
                }
                let taken = answer(stream, answers, &may_answer);
                bytes.fetch_add(taken, Ordering::Relaxed);
                if let Answers::Once = answers {
                    break;
                }
            }
        });
        collector
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.may_answer.open();
        // It waits for one more, unless it has gone.
        let _ = TcpStream::connect(self.address);
    }
}

/// Reads one request and answers it. Returns how much was in it.
fn answer(mut stream: TcpStream, answers: Answers, may_answer: &Gate) -> usize {
    stream.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
    let mut request = Vec::new();
    let mut chunk = vec![0; 65536];
    let whole = loop {
        let text = String::from_utf8_lossy(&request).to_ascii_lowercase();
        if let Some(head) = text.find("\r\n\r\n") {
            let length = text.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next());
            let length: usize = length.and_then(|length| length.parse().ok()).unwrap_or(0);
            // What is lossy is only the body.
            let head = request.windows(4).position(|window| window == b"\r\n\r\n").unwrap_or(head) + 4;
            if request.len() >= head + length {
                break length;
            }
        }
        match stream.read(&mut chunk) {
            Ok(0) | Err(_) => return 0,
            Ok(read) => request.extend_from_slice(&chunk[..read]),
        }
    };
    if let Answers::Late = answers {
        may_answer.wait();
    }
    let response = match answers {
        Answers::Well | Answers::Late | Answers::Once => {
            "HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
                .to_owned()
        }
        Answers::Status(status) => format!(
            "HTTP/1.1 {status} No\r\nretry-after: 1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        ),
        Answers::OddBody => "HTTP/1.1 200 OK\r\ncontent-length: 9\r\nconnection: close\r\n\r\n\u{7}nonsense".to_owned(),
        _ => "SSH-2.0-nonsense\r\n\0\0\0\0".to_owned(),
    };
    let _ = stream.write_all(response.as_bytes());
    whole
}

#[tool_call]
fn work(text: &str) -> usize {
    text.len()
}

#[agent_span(agent, agent = "tireless")]
fn agent(calls: usize) {
    for _ in 0..calls {
        work("some text");
    }
    emit!(compact, duration = Duration::ZERO, before = 2, after = 1);
}

fn install(url: &str) -> OtlpExport {
    builder().endpoint(url).install().unwrap().with_time_limit(Duration::from_millis(500))
}

/// More than any queue holds.
fn work_hard() {
    (0..8).for_each(|_| agent(500));
}

#[test]
fn a_collector_that_works_gets_everything() {
    let _alone = alone();
    let collector = Collector::start(Answers::Well);
    let telemetry = builder().endpoint(collector.url()).install().unwrap();
    agent(100);
    let provider = telemetry.tracer_provider().unwrap().clone();
    provider.force_flush().unwrap();
    assert_eq!(telemetry.spans().exported, 101);
    telemetry.shutdown().unwrap();
    assert!(collector.requests() >= 3, "traces, metrics and logs");
    assert!(collector.bytes.load(Ordering::Relaxed) > 10_000);
}

#[test]
fn dropping_the_guard_sends_what_waits() {
    let _alone = alone();
    let collector = Collector::start(Answers::Well);
    let telemetry = builder().endpoint(collector.url()).install().unwrap();
    agent(10);
    drop(telemetry);
    assert!(collector.requests() >= 3);
    let after = collector.requests();
    agent(10);
    assert_eq!(collector.requests(), after, "no export after the end");
}

#[test]
fn no_collector_takes_the_agents_time_or_memory() {
    let _alone = alone();
    // A port without a listener.
    let refusing = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut collectors = vec![
        ("refusing".to_owned(), format!("http://{refusing}"), None),
        ("absent".to_owned(), "http://collector.invalid:4318".to_owned(), None),
    ];
    for answers in [
        Answers::Status(429),
        Answers::Status(503),
        Answers::Nonsense,
        Answers::Late,
        Answers::Never,
        Answers::Once,
    ] {
        let collector = Collector::start(answers);
        collectors.push((format!("{answers:?}"), collector.url(), Some(collector)));
    }
    for (name, url, collector) in &collectors {
        let telemetry = install(url);
        // The agent ends while one of them still has not answered: nothing of it waits for an answer.
        work_hard();
        let stats = telemetry.spans();
        assert!(stats.queued <= 2048, "{name}: {stats:?}");
        assert!(stats.dropped > 0, "{name}: {stats:?}");
        assert_eq!(stats.exported + stats.lost() + stats.queued, 8 * 501, "{name}");
        if let Some(collector) = collector {
            collector.may_answer.open();
        } else {
            assert!(telemetry.metric_exports().lost() == 0, "the first export is due in a minute");
        }
        let start = Instant::now();
        let error = telemetry.shutdown().unwrap_err().to_string();
        // Far from the ten seconds that an export may take.
        assert!(start.elapsed() < Duration::from_secs(5), "{name}: {:?}", start.elapsed());
        assert!(error.contains("spans lost: "), "{name}: {error}");
    }
}

#[test]
fn a_malformed_response_body_is_not_a_failure() {
    let _alone = alone();
    let collector = Collector::start(Answers::OddBody);
    let telemetry = builder().endpoint(collector.url()).install().unwrap();
    agent(10);
    telemetry.shutdown().unwrap();
}

#[tokio::test]
async fn it_can_be_installed_and_dropped_inside_a_runtime() {
    let _alone = alone();
    let collector = Collector::start(Answers::Well);
    let telemetry = builder().endpoint(collector.url()).install().unwrap();
    agent(10);
    telemetry.shutdown().unwrap();
    assert!(collector.requests() >= 3);
}

#[test]
fn a_second_one_is_refused() {
    let _alone = alone();
    let collector = Collector::start(Answers::Well);
    let _telemetry = builder().endpoint(collector.url()).install().unwrap();
    let second = builder().endpoint(collector.url()).install();
    assert_eq!(second.unwrap_err().to_string(), "`opentelemetry` is installed already");
}
