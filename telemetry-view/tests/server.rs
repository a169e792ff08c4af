//! Who may read the page, and what keeps what agents wrote from acting.
#![forbid(unsafe_code)]

mod support;

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, TcpStream};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde_json::Value as Json;
use support::apart;
use telemetry_runtime::tool_call;
use telemetry_view::{View, ViewOptions};

struct Answer {
    status: u16,
    headers: HashMap<String, String>,
    body: String,
}

fn port_of(view: &View) -> u16 {
    let rest = view.url().rsplit_once(':').unwrap().1.to_owned();
    rest.split('/').next().unwrap().parse().unwrap()
}

fn ask_as(view: &View, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    let port = port_of(view);
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let mut request = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
    if !headers.iter().any(|(name, _)| *name == "Host") {
        let _ = write!(request, "Host: 127.0.0.1:{port}\r\n");
    }
    for (name, value) in headers {
        let _ = write!(request, "{name}: {value}\r\n");
    }
    stream.write_all((request + "\r\n").as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()));
    Answer { status, headers: headers.collect(), body: body.to_owned() }
}

fn ask(view: &View, path: &str, headers: &[(&str, &str)]) -> Answer {
    ask_as(view, "GET", path, headers)
}

fn quiet() -> ViewOptions {
    ViewOptions::default().with_port(0).quiet()
}

/// Every page in the process sees every event: a test that counts has the process to itself.
static ALONE: Mutex<()> = Mutex::new(());

#[tool_call]
fn shout(text: &str) -> Result<String, String> {
    if text.is_empty() { Err("nothing to shout".to_owned()) } else { Ok(text.to_uppercase()) }
}

/// The messages of the page's event stream, from the beginning.
fn live(view: &View, last: Option<&str>) -> impl Iterator<Item = (String, Json)> + use<> {
    let port = port_of(view);
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let last = last.map(|last| format!("Last-Event-ID: {last}\r\n")).unwrap_or_default();
    write!(stream, "GET /api/live HTTP/1.1\r\nHost: localhost:{port}\r\n{last}\r\n").unwrap();
    let mut id = String::new();
    BufReader::new(stream).lines().map_while(Result::ok).filter_map(move |line| {
        if let Some(value) = line.strip_prefix("id: ") {
            value.clone_into(&mut id);
        }
        let data = line.strip_prefix("data: ")?;
        Some((id.clone(), serde_json::from_str(data).unwrap()))
    })
}

fn names(message: &Json) -> Vec<&str> {
    message["spans"].as_array().unwrap().iter().map(|row| row[0][5].as_str().unwrap()).collect()
}

#[test]
fn the_page_is_on_loopback_and_prints_its_address() {
    let view = quiet().serve().unwrap();
    assert!(view.url().starts_with("http://127.0.0.1:"), "{}", view.url());
    let page = ask(&view, "/", &[]);
    assert_eq!(page.status, 200);
    assert!(page.body.contains("<title>Runs</title>"));
    assert!(page.body.len() < 150_000, "{}", page.body.len());
}

#[test]
fn only_its_own_names_are_answered() {
    let view = quiet().serve().unwrap();
    let port = port_of(&view);
    for (host, status) in [
        (format!("127.0.0.1:{port}"), 200),
        (format!("localhost:{port}"), 200),
        (format!("LOCALHOST:{port}"), 200),
        ("127.0.0.1".to_owned(), 403),
        ("evil.example".to_owned(), 403),
        (format!("evil.example:{port}"), 403),
        (format!("localhost.evil.example:{port}"), 403),
        (format!("127.0.0.1:{}", port.wrapping_add(1)), 403),
    ] {
        for path in ["/", "/api/breakdown", "/export.jsonl"] {
            assert_eq!(ask(&view, path, &[("Host", &host)]).status, status, "{host} {path}");
        }
    }
}

#[test]
fn pages_of_elsewhere_may_not_read() {
    let view = quiet().serve().unwrap();
    let own = format!("http://127.0.0.1:{}", port_of(&view));
    for (name, value, status) in [
        ("Origin", own.as_str(), 200),
        ("Origin", "http://evil.example", 403),
        ("Origin", "null", 403),
        ("Origin", "https://127.0.0.1", 403),
        ("Sec-Fetch-Site", "cross-site", 403),
        ("Sec-Fetch-Site", "same-origin", 200),
        ("Sec-Fetch-Site", "none", 200),
    ] {
        assert_eq!(ask(&view, "/api/breakdown", &[(name, value)]).status, status, "{name}: {value}");
    }
    assert_eq!(ask_as(&view, "POST", "/api/breakdown", &[]).status, 403);
}

#[test]
fn each_answer_has_security_headers() {
    let view = quiet().serve().unwrap();
    for path in ["/", "/api/breakdown", "/nowhere"] {
        let answer = ask(&view, path, &[]);
        assert_eq!(answer.headers["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(answer.headers["x-frame-options"], "DENY", "{path}");
        assert_eq!(answer.headers["cross-origin-resource-policy"], "same-origin", "{path}");
        assert!(!answer.headers.contains_key("access-control-allow-origin"), "{path}");
    }
    let policy = &ask(&view, "/", &[]).headers["content-security-policy"];
    assert!(policy.starts_with("default-src 'none'; script-src 'sha256-"), "{policy}");
    assert!(!policy.contains("unsafe") && policy.contains("frame-ancestors 'none'"), "{policy}");
}

#[test]
fn an_address_that_others_reach_needs_a_token() {
    let open = quiet().with_address(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    assert_eq!(open.clone().serve().unwrap_err().kind(), std::io::ErrorKind::InvalidInput);
    assert!(open.clone().with_token("short").serve().is_err());

    let view = open.with_token("a-token-that-is-long").serve().unwrap();
    assert_eq!(ask(&view, "/", &[]).status, 401);
    assert_eq!(ask(&view, "/api/breakdown", &[]).status, 401);
    assert_eq!(ask(&view, "/?token=another-token-that-is-long", &[]).status, 401);
    let first = ask(&view, "/?token=a-token-that-is-long", &[]);
    assert_eq!((first.status, first.headers["location"].as_str()), (303, "/"));
    let cookie = first.headers["set-cookie"].clone();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap().to_owned();
    assert_eq!(ask(&view, "/", &[("Cookie", &cookie)]).status, 200);
    assert_eq!(ask(&view, "/api/breakdown", &[("Authorization", "Bearer a-token-that-is-long")]).status, 200);
}

#[test]
fn a_token_that_no_address_can_carry_is_refused() {
    assert!(quiet().with_token("spaces and; semicolons").serve().is_err());
}

#[test]
fn events_reach_the_page_within_a_second() {
    let _alone = ALONE.lock();
    let view = quiet().serve().unwrap();
    let mut messages = live(&view, None);
    let (_, first) = messages.next().unwrap();
    assert_eq!((first["reset"].as_bool(), first["totals"]["tool_calls"].as_u64()), (Some(false), Some(0)));
    let began = Instant::now();
    shout("").unwrap_err();
    let (_, told) = messages.find(|(_, message)| message["totals"]["failures"] == 1).unwrap();
    assert!(began.elapsed() < Duration::from_secs(1));
    assert!(names(&told).contains(&"shout"));
}

#[test]
fn a_page_that_comes_back_goes_on_where_it_was() {
    let _alone = ALONE.lock();
    let view = quiet().serve().unwrap();
    shout("one").unwrap();
    assert!(view.flush(Duration::from_secs(5)));
    let (id, first) = live(&view, None).next().unwrap();
    assert_eq!(names(&first), ["shout"]);
    shout("two").unwrap();
    assert!(view.flush(Duration::from_secs(5)));
    let (_, again) = live(&view, Some(&id)).next().unwrap();
    assert_eq!((names(&again), again["reset"].as_bool()), (vec!["shout"], Some(false)));
    assert_ne!(first["spans"][0][0][0], again["spans"][0][0][0]);
    // What was seen of another run is thrown away.
    let (_, other) = live(&view, Some("another-7")).next().unwrap();
    assert_eq!((names(&other).len(), other["reset"].as_bool()), (2, Some(true)));
}

#[test]
fn a_page_that_does_not_read_does_not_slow_the_agent() {
    let _alone = ALONE.lock();
    let view = quiet().serve().unwrap();
    let port = port_of(&view);
    // It asks for everything and never reads.
    let mut stalled = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    write!(stalled, "GET /api/live HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n").unwrap();
    let text = "x".repeat(10_000);
    for _ in 0..1_200 {
        shout(&text).unwrap();
    }
    assert!(view.flush(Duration::from_secs(30)));
    let (_, message) = live(&view, None).next().unwrap();
    assert_eq!(message["totals"]["tool_calls"], 1_200);
}

#[test]
fn everything_can_be_asked_for() {
    let _alone = ALONE.lock();
    let view = quiet().serve().unwrap();
    shout("Grüezi").unwrap();
    assert!(view.flush(Duration::from_secs(5)));
    let json = |path: &str| serde_json::from_str::<Json>(&ask(&view, path, &[]).body).unwrap();
    let found = json("/api/search?q=gr%C3%9CEZI");
    assert_eq!(found.as_array().unwrap().len(), 1);
    let span = json(&format!("/api/span/{}", found[0]));
    assert_eq!(span["end"]["metadata"]["result"], "GRÜEZI");
    assert_eq!(span["start"]["event"], "condukt.tool_call.start");
    assert_eq!(json("/api/breakdown")["tools"][0]["name"], "shout");
    assert_eq!(ask(&view, "/api/span/4000000000", &[]).status, 404);
    assert_eq!(ask(&view, "/api/transcript/4000000000", &[]).status, 404);
    assert_eq!(ask(&view, "/api/span/x", &[]).status, 400);
    let lines = ask(&view, "/export.jsonl", &[]).body;
    let events: Vec<_> = telemetry_view::Reader::new(lines.as_bytes()).map(Result::unwrap).collect();
    assert_eq!(events.len(), 2);
}

#[test]
fn content_cannot_break_out_of_a_saved_page() {
    let _alone = ALONE.lock();
    let view = quiet().serve().unwrap();
    let plain = ask(&view, "/export.html", &[]).body;
    let hostile = "</script><script>alert(1)</script><!--<script><img src=x onerror=alert(1)>]]>\u{2028}";
    shout(hostile).unwrap();
    shout(&hostile.repeat(50)).unwrap();
    assert!(view.flush(Duration::from_secs(5)));
    let page = ask(&view, "/export.html", &[]).body;
    // Whatever there is to show, it is in pieces whose text is base64, which no markup is part of.
    let (markup, held) = apart(&page);
    assert_eq!(markup, apart(&plain).0);
    assert!(held["saved-events"].contains("<img src=x onerror=alert(1)>"));
    assert!(held["saved-spans"].contains("<script>alert(1)") && held["saved-breakdown"].contains("shout"));
    assert!(page.contains(
        "http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src 'sha256-"
    ));
}

#[test]
fn the_page_complies_with_its_content_security_policy() {
    let page = include_str!("../src/page.html");
    let script = page.split("<script>").nth(1).unwrap();
    for forbidden in [
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "new Function",
        "srcdoc",
        "setTimeout(\"",
    ] {
        assert!(!script.contains(forbidden), "{forbidden}");
    }
    // Nothing acts from within the markup, and nothing comes from elsewhere.
    let markup = page.split("<script>").next().unwrap();
    assert!(!markup.contains(" onclick=") && !markup.contains(" style=") && !markup.contains("javascript:"));
    assert!(!page.contains("https://") && !page.contains("http://"));
}
