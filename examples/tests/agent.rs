//! The binary as a user runs it: what it prints, what it counts, and how it fails.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use support::{shared, shipped};

mod support;

/// What a summary has to add up to.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    sessions: u64,
    agents: u64,
    llm_turns: u64,
    tool_calls: u64,
    tool_failures: u64,
}

impl Counts {
    /// Counted from a summary.
    fn of(summary: &Value) -> Self {
        let count = |key: &str| summary[key].as_u64().unwrap_or_else(|| panic!("no `{key}` in {summary}"));
        Self {
            sessions: count("sessions"),
            agents: count("agents"),
            llm_turns: count("llm_turns"),
            tool_calls: count("tool_calls"),
            tool_failures: count("tool_failures"),
        }
    }

    /// Counted from a file, independently of the tested code.
    fn expected(file: &Path, limit: usize) -> Self {
        let mut counts = Self::default();
        for line in fs::read_to_string(file).unwrap().lines().take(limit) {
            let line: Value = serde_json::from_str(line).unwrap();
            let messages = line["messages"].as_array().unwrap();
            let role = |index: usize| messages.get(index).and_then(|message| message["role"].as_str());
            counts.sessions += 1;
            for (index, message) in messages.iter().enumerate() {
                match role(index) {
                    Some("user") if role(index + 1) == Some("assistant") => counts.agents += 1,
                    Some("assistant") => counts.llm_turns += 1,
                    Some("tool") => {
                        counts.tool_calls += 1;
                        counts.tool_failures +=
                            u64::from(message["content"].as_str().unwrap().starts_with("Error"));
                    }
                    _ => {}
                }
            }
        }
        counts
    }
}

/// The binary without variables of the environment.
fn agent() -> Command {
    let mut agent = Command::new(env!("CARGO_BIN_EXE_agent"));
    for variable in ["OPENAI_BASE_URL", "OPENAI_API_KEY", "OPENAI_MODEL", "BOOKING_API_KEY", "RUST_LOG"] {
        agent.env_remove(variable);
    }
    agent
}

fn run(agent: &mut Command) -> (Output, String, String) {
    let output = agent.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    (output, stdout, stderr)
}

/// The JSON object that a run prints, and that is all it prints.
fn summary(agent: &mut Command) -> Value {
    let (output, stdout, stderr) = run(agent.arg("--json"));
    assert!(output.status.success(), "{stderr}");
    serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{error} in {stdout}"))
}

/// The output of a run that fails: one line of error, nothing of a summary, no panic.
fn failure(agent: &mut Command) -> String {
    let (output, stdout, stderr) = run(agent);
    assert_eq!(output.status.code(), Some(1), "{stdout}{stderr}");
    assert!(!stdout.contains("sessions"), "{stdout}");
    assert!(!stderr.contains("panicked"), "{stderr}");
    let error = stderr.lines().find(|line| line.starts_with("error: "));
    error.unwrap_or_else(|| panic!("no error in {stderr}")).to_owned()
}

fn file(lines: &[&[u8]]) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    for line in lines {
        file.write_all(line).unwrap();
        file.write_all(b"\n").unwrap();
    }
    file
}

fn failure_of(lines: &[&[u8]]) -> String {
    let file = file(lines);
    failure(agent().arg("--quiet").arg("--conversations").arg(file.path()))
}

const GOOD: &[u8] =
    br#"{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Hello!"}]}"#;

#[test]
fn without_arguments_it_prints_events_and_a_summary() {
    let (output, stdout, stderr) = run(&mut agent());
    assert!(output.status.success(), "{stderr}");
    let (lines, summary) = stdout.split_at(stdout.find("sessions ").unwrap());
    assert!(lines.contains("change_flight"), "{lines}");
    assert!(!lines.contains('\u{1b}'), "colours in a pipe");
    let rows: BTreeMap<&str, Vec<&str>> = summary
        .lines()
        .map(|line| line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect::<Vec<_>>())
        .filter_map(|cells| Some((*cells.first()?, cells[1..].to_vec())))
        .collect();
    assert_eq!(rows["sessions"], ["2"]);
    assert_eq!(rows["answers"], ["8"]);
    assert_eq!(rows["delegations"], ["1"]);
    assert_eq!(rows["turns"], ["15"]);
    assert_eq!(rows["tool calls"], ["12, 1 failed"]);
    assert!(rows["tokens"][0].contains(" in, "), "{summary}");
    assert_eq!(summary.lines().skip_while(|line| *line != "slowest").count(), 6, "{summary}");
}

#[test]
fn with_json_it_prints_one_object_and_nothing_else() {
    let real_tools = summary(&mut agent());
    assert_eq!(Counts::of(&real_tools), Counts::expected(&shipped(), usize::MAX));
    assert_eq!(real_tools["subagents"], 1);
    assert_eq!(real_tools["tokens"]["turns_without"], 0);

    // The tools as they were recorded do the same as the real ones.
    let recorded = summary(agent().arg("--quiet").arg("--conversations").arg(shipped()));
    assert_eq!(Counts::of(&recorded), Counts::of(&real_tools));
    assert_eq!(recorded["tokens"], real_tools["tokens"]);
}

#[test]
fn streamed_or_whole_it_counts_the_same() {
    let with = |streaming| summary(agent().args(["--quiet", "--streaming", streaming]));
    let (whole, streamed) = (with("never"), with("always"));
    assert_eq!(Counts::of(&whole), Counts::of(&streamed));
    assert_eq!(whole["tokens"], streamed["tokens"]);
    assert_eq!(whole["llm_failures"], 0);
}

#[test]
fn it_replays_a_file() {
    let file = shared().unwrap_or_else(shipped);
    let replayed = |concurrency, more: &[&str]| {
        let arguments = ["--quiet", "--concurrency", concurrency, "--conversations"];
        Counts::of(&summary(agent().args(arguments).arg(&file).args(more)))
    };
    let is_large = file != shipped();
    if is_large {
        for (concurrency, limit) in [("1", 2), ("24", 5)] {
            let limited = replayed(concurrency, &["--limit", &limit.to_string()]);
            assert_eq!(limited, Counts::expected(&file, limit));
        }
        // All of it takes a while.
        if std::env::var("CORPUS").ok().as_deref() != Some("whole") {
            return;
        }
        let known = Counts { sessions: 24, agents: 209, llm_turns: 344, tool_calls: 137, tool_failures: 14 };
        assert_eq!(Counts::expected(&file, usize::MAX), known, "the file is not the one that is meant");
    }
    for concurrency in ["1", "24"] {
        assert_eq!(replayed(concurrency, &[]), Counts::expected(&file, usize::MAX));
    }
}

#[test]
fn a_delegated_conversation_comes_with_its_own() {
    let limited = summary(agent().args(["--quiet", "--limit", "1", "--conversations"]).arg(shipped()));
    assert_eq!(limited["sessions"], 2);
}

#[test]
fn the_secret_shows_nowhere() {
    let (output, stdout, stderr) =
        run(agent().env("BOOKING_API_KEY", "a-very-secret-key").env("RUST_LOG", "trace"));
    assert!(output.status.success(), "{stderr}");
    assert!(stdout.contains("BOOKING_API_KEY"), "its name shows, where it is resolved: {stdout}");
    assert!(!stdout.contains("a-very-secret-key") && !stderr.contains("a-very-secret-key"));
}

#[test]
fn odd_conversations_are_replayed_too() {
    let calls = r#"[{"id":"c1","type":"function","function":{"name":"look","arguments":"not JSON"}},
        {"id":"c2","type":"function","function":{"name":"look","arguments":"{}"}}]"#
        .replace('\n', "");
    let line = format!(
        r#"{{"messages":[
            {{"role":"developer","content":"Be brief."}},
            {{"role":"assistant","content":"Welcome!"}},
            {{"role":"user","content":"Hello?"}},
            {{"role":"user","content":"Anybody there?"}},
            {{"role":"assistant","content":null,"tool_calls":{calls}}},
            {{"role":"tool","tool_call_id":"c2","content":"Error: nothing there"}},
            {{"role":"tool","tool_call_id":"c1","content":"a thing"}},
            {{"role":"user","content":"Never mind."}},
            {{"role":"assistant","content":"Fine."}},
            {{"role":"assistant","content":"Anything else?"}},
            {{"role":"user","content":"Find my bag."}},
            {{"role":"assistant","tool_calls":{calls}}},
            {{"role":"tool","tool_call_id":"c1","content":"found"}}]}}"#
    )
    .replace('\n', "");
    for streaming in ["always", "never"] {
        let file = file(&[line.as_bytes(), b"", GOOD]);
        let replayed =
            summary(agent().args(["--quiet", "--streaming", streaming, "--conversations"]).arg(file.path()));
        let expected = Counts { sessions: 2, agents: 4, llm_turns: 6, tool_calls: 3, tool_failures: 1 };
        assert_eq!(Counts::of(&replayed), expected);
    }
}

#[test]
fn a_file_that_is_not_there() {
    let error = failure(agent().args(["--conversations", "no/such/file.jsonl"]));
    assert!(error.starts_with("error: no/such/file.jsonl: "), "{error}");
}

#[test]
fn a_file_without_conversations() {
    assert!(failure_of(&[]).ends_with("there is no conversation in it"));
}

#[test]
fn a_line_that_is_not_a_conversation_is_an_error() {
    let cases: &[(&[u8], &str)] = &[
        (b"{", "EOF while parsing"),
        (b"\xff\xfe", "UTF-8"),
        (b"[]", "not a conversation"),
        (br#"{"question":"?"}"#, "missing field `messages`"),
        (br#"{"messages":[]}"#, "there are no messages in it"),
        (br#"{"messages":[{"role":"user","content":"Hi"}]} {}"#, "trailing characters"),
        (br#"{"messages":[{"role":"user"}]}"#, "messages[0]: missing field `content`"),
        (br#"{"messages":[{"role":"pilot","content":"Hi"}]}"#, "messages[0].role: unknown variant `pilot`"),
        (
            br#"{"messages":[{"role":"tool","tool_call_id":"c1","content":"?"}]}"#,
            "messages[0]: it answers the call `c1`, which is not open",
        ),
        (
            br#"{"messages":[{"role":"assistant","tool_calls":[{"id":"c1","function":{"name":"f","arguments":"{}"}}]},
                {"role":"user","content":"Well?"}]}"#,
            "messages[1]: the call `c1` before it has no answer",
        ),
        (
            br#"{"delegated_by":"c9","messages":[{"role":"user","content":"?"},{"role":"assistant","content":"!"}]}"#,
            "`delegated_by`: no line above it holds the call `c9`",
        ),
        (br#"{"delegated_by":"c1","messages":[{"role":"user","content":"?"}]}"#, "a delegated conversation has one question"),
    ];
    for (line, reason) in cases {
        let line = String::from_utf8(line.to_vec())
            .map_or(line.to_vec(), |line| line.replace('\n', "").into_bytes());
        let error = failure_of(&[GOOD, &line]);
        assert!(error.contains(": line 2: "), "{error}");
        assert!(error.contains(reason), "{error}");
    }
}

#[test]
fn a_provider_that_is_not_there() {
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("http://127.0.0.1:{port}/v1");
    let error = failure(agent().arg("--quiet").env("OPENAI_BASE_URL", &url).env("OPENAI_API_KEY", "none"));
    assert!(error.contains(&format!("line 1: turn 0: cannot reach {url}: Connection refused")), "{error}");
}

#[test]
fn bad_provider_settings_are_errors() {
    let with = |url: &str, key: &str| {
        failure(agent().arg("--quiet").env("OPENAI_BASE_URL", url).env("OPENAI_API_KEY", key))
    };
    let error = with("not a URL", "none");
    assert_eq!(error.matches("not a URL").count(), 1, "{error}");
    assert!(with("http://127.0.0.1:9", "line\nbreak").contains("no header can carry"));
    let error = failure(agent().env("OPENAI_BASE_URL", "http://127.0.0.1:9"));
    assert!(error.contains("OPENAI_API_KEY is not"), "{error}");
}

#[test]
fn a_key_that_cannot_be_a_secret() {
    let error = failure(agent().arg("--quiet").env("BOOKING_API_KEY", "abc"));
    assert!(error.contains("the key to the booking system"), "{error}");
    assert_eq!(error.matches("fewer than 4 bytes").count(), 1, "{error}");
}
