//! What the command prints, and with what it ends.
#![forbid(unsafe_code)]

mod support;

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Value as Json, json};
use support::{apart, small_run, start, stop};

fn view(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_telemetry-view")).args(arguments).output().unwrap()
}

fn file(folder: &Path, name: &str, lines: &[Json]) -> PathBuf {
    let path = folder.join(name);
    let text: Vec<String> = lines.iter().map(Json::to_string).collect();
    fs::write(&path, text.join("\n") + "\n").unwrap();
    path
}

/// Compares two runs, and gives the code and what stands on standard error.
fn compare(a: &[Json], b: &[Json], fail_on: &str) -> (i32, String) {
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (file(folder.path(), "a", a), file(folder.path(), "b", b));
    let output = view(&["--compare", a.to_str().unwrap(), b.to_str().unwrap(), "--fail-on", fail_on]);
    (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn text_is_a_tree_with_tokens_and_cost() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), "runs.jsonl", &small_run());
    let output = view(&[path.to_str().unwrap(), "--text"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(
        text,
        "\
1 sessions  1 agents  2 turns  1 tool calls  1 failures  250+30 tokens  $0.0009

session s-1  done  31.0ms  1 failed  250+30 tokens  $0.0009
  agent Assistant 31.0ms  How warm is it in Zürich?
    turn gpt-4o #0 100+10 $0.0003 10.0ms
    tool get_weather failed 5.0ms  no station
      event secrets.access  [\"KEY\"]
    turn gpt-4o #1 150+20 $0.0006 10.0ms
"
    );
}

#[test]
fn text_does_not_act_on_the_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let hostile = "\u{1b}[31mred\u{7}\u{202e}\r\n";
    let path = file(
        folder.path(),
        "runs.jsonl",
        &[start(
            "condukt.tool_call",
            1,
            None,
            0,
            json!({"session_id": hostile, "tool": hostile, "args": hostile}),
        )],
    );
    let text = String::from_utf8(view(&[path.to_str().unwrap(), "--text"]).stdout).unwrap();
    assert!(!text.contains(['\u{1b}', '\u{7}', '\u{202e}', '\r']), "{text:?}");
    assert!(text.contains("\\u{1b}[31mred"), "{text}");
}

#[test]
fn json_begins_with_totals() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), "runs.jsonl", &small_run());
    let text = String::from_utf8(view(&[path.to_str().unwrap(), "--json"]).stdout).unwrap();
    assert!(text.starts_with("{\n  \"totals\": {\n    \"sessions\": 1,\n    \"agents\": 1,\n    \"turns\": 2,\n    \"tool_calls\": 1,\n    \"failures\": 1,\n    \"tokens\": {"), "{text}");
    let json: Json = serde_json::from_str(&text).unwrap();
    assert_eq!(json["totals"]["tokens"]["total"], 280);
    assert!(json["totals"]["cost"].as_f64().unwrap() > 0.0009);
    assert_eq!(json["by"]["tool"][0]["name"], "get_weather");
    let tree = json["sessions"][0]["tree"].as_array().unwrap();
    let shape: Vec<(&str, u64)> =
        tree.iter().map(|node| (node["kind"].as_str().unwrap(), node["depth"].as_u64().unwrap())).collect();
    assert_eq!(shape, [("agent", 0), ("turn", 1), ("tool", 1), ("event", 2), ("turn", 1)]);
}

#[test]
fn several_files_and_standard_input_are_one_model() {
    let folder = tempfile::tempdir().unwrap();
    let a = file(folder.path(), "a", &small_run()[..5]);
    let mut child = Command::new(env!("CARGO_BIN_EXE_telemetry-view"))
        .args([a.to_str().unwrap(), "-", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    for line in &small_run()[5..] {
        writeln!(input, "{line}").unwrap();
    }
    drop(input);
    let json: Json = serde_json::from_slice(&child.wait_with_output().unwrap().stdout).unwrap();
    assert_eq!((json["totals"]["turns"].as_u64(), json["totals"]["running"].as_u64()), (Some(2), Some(0)));
}

#[test]
fn a_saved_page_is_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let (path, out) = (file(folder.path(), "runs.jsonl", &small_run()), folder.path().join("out.html"));
    assert!(view(&[path.to_str().unwrap(), "--html", out.to_str().unwrap()]).status.success());
    let page = fs::read_to_string(out).unwrap();
    assert!(!page.contains("http://") && !page.contains("https://"));
    let (_, held) = apart(&page);
    assert!(held["saved-spans"].contains("Zürich") && held["saved-conversations"].contains("Zürich"));
    let events = held["saved-events"].lines().filter_map(|line| line.split_once('\t'));
    let events: Vec<Json> = events.map(|(_, json)| serde_json::from_str(json).unwrap()).collect();
    assert_eq!(events.iter().filter(|line| line.get("event").is_some()).count(), small_run().len());
}

#[test]
fn an_unreadable_file_is_an_error() {
    for arguments in [
        vec!["/nowhere/at-all.jsonl", "--json"],
        vec!["/nowhere/at-all.jsonl"],
        vec![],
        vec!["x", "--fail-on", "tools"],
    ] {
        let output = view(&arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(!output.stderr.is_empty());
    }
}

#[test]
fn equal_runs_pass_every_condition() {
    let (code, told) = compare(&small_run(), &small_run(), "tools,errors,turns,tokens,cost,cost>10%,time");
    assert_eq!((code, told.as_str()), (0, ""));
}

#[test]
fn each_condition_names_its_measure() {
    let mut worse = small_run();
    // The second turn costs twice as much, another tool is called and fails.
    worse[7]["metadata"]["usage"] = json!({"prompt_tokens": 400, "completion_tokens": 20});
    let tool = json!({"session_id": "s-1", "tool": "get_forecast", "args": {}});
    worse.push(start("condukt.tool_call", 50, Some(1), 18, tool));
    worse.push(stop(
        "condukt.tool_call",
        50,
        Some(1),
        18,
        1,
        json!({"tool": "get_forecast", "status": "error", "error": "no"}),
    ));
    for (condition, told) in [
        ("errors", "worse: errors: 2 after 1\n"),
        ("tools", "worse: tools: get_forecast was not called before in \"How warm is it in Zürich?\"\n"),
        ("tokens", "worse: tokens: 530 after 280\n"),
        ("tokens>80%", "worse: tokens: 530 after 280\n"),
        ("cost>20%", "worse: cost: $0.0016 after $0.0009\n"),
        ("tokens>90%", ""),
        ("turns", ""),
    ] {
        let (code, found) = compare(&small_run(), &worse, condition);
        assert_eq!(found.is_empty(), told.is_empty(), "{condition}: {found}");
        assert_eq!(code, i32::from(!told.is_empty()), "{condition}");
        if !condition.starts_with("cost") {
            assert_eq!(found, told);
        }
    }
    // What became better is fine.
    assert_eq!(compare(&worse, &small_run(), "errors,tokens,cost").0, 0);
    assert_eq!(compare(&worse, &small_run(), "tools").0, 1);
}

#[test]
fn an_unknown_measure_does_not_pass() {
    let mut unknown = small_run();
    for event in &mut unknown {
        if let Some(model) = event["metadata"].get_mut("model") {
            *model = "a model of one's own".into();
        }
    }
    let (code, told) = compare(&unknown, &unknown, "cost>10%");
    assert_eq!((code, told.as_str()), (1, "worse: cost: not known of every turn\n"));
}

#[test]
fn a_turn_that_has_not_ended_is_an_unknown_measure() {
    let mut cut = small_run();
    cut.remove(7);
    let (code, told) = compare(&small_run(), &cut, "cost>10%,tokens>10%,errors");
    assert_eq!(code, 1);
    assert_eq!(told, "worse: cost: not known of every turn\nworse: tokens: not known of every turn\n");
}

#[test]
fn a_recording_without_runs_does_not_pass() {
    for none in [&[][..], &[json!({"telemetry": 1}), json!("nonsense")]] {
        for condition in ["cost>10%", "tokens", "errors", "time"] {
            let (code, told) = compare(&small_run(), none, condition);
            assert_eq!((code, told.as_str()), (1, "worse: the second recording has no runs\n"));
        }
        assert_eq!(compare(none, none, "tokens,errors").0, 0);
    }
}

#[test]
fn a_comparison_shows_how_steps_differ() {
    let folder = tempfile::tempdir().unwrap();
    let mut other = small_run();
    other[3]["metadata"]["args"]["city"] = "Bern".into();
    other[5]["metadata"]["args"]["city"] = "Bern".into();
    let (a, b) = (file(folder.path(), "a", &small_run()), file(folder.path(), "b", &other));
    let output = view(&["--compare", a.to_str().unwrap(), b.to_str().unwrap(), "--json"]);
    let json: Json = serde_json::from_slice(&output.stdout).unwrap();
    let steps = json["runs"][0]["steps"].as_array().unwrap();
    let differs: Vec<String> = steps.iter().map(|step| step["differs"].to_string()).collect();
    assert_eq!(differs, ["[]", "[]", "[\"arguments\"]", "[]"]);
    let text =
        String::from_utf8(view(&["--compare", a.to_str().unwrap(), b.to_str().unwrap()]).stdout).unwrap();
    assert!(text.contains("1 of 4 steps differ\n  ~   tool get_weather  arguments  no station\n"), "{text}");
}

#[test]
fn a_page_follows_a_file_that_grows() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), "runs.jsonl", &small_run());
    let mut child = Command::new(env!("CARGO_BIN_EXE_telemetry-view"))
        .args([path.to_str().unwrap(), "--port", "0"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut url = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut url).unwrap();
    let host = url.trim().strip_prefix("http://").unwrap().to_owned();
    let mut stream = std::net::TcpStream::connect(&host).unwrap();
    stream.set_read_timeout(Some(std::time::Duration::from_secs(20))).unwrap();
    write!(stream, "GET /api/live HTTP/1.1\r\nHost: {host}\r\n\r\n").unwrap();
    let mut agents = BufReader::new(stream).lines().map_while(Result::ok).filter_map(|line| {
        let message: Json = serde_json::from_str(line.strip_prefix("data: ")?).ok()?;
        message["totals"]["agents"].as_u64()
    });
    assert!(agents.any(|agents| agents == 1));
    // Half a line first, as a writer's buffer may leave it.
    let line = start("condukt.agent", 77, None, 90, json!({"session_id": "later"})).to_string();
    let mut writer = fs::OpenOptions::new().append(true).open(&path).unwrap();
    writer.write_all(&line.as_bytes()[..40]).unwrap();
    writer.write_all(&line.as_bytes()[40..]).unwrap();
    writer.write_all(b"\n").unwrap();
    assert!(agents.any(|agents| agents == 2));
    // Another file takes its place, as when it is rotated.
    fs::rename(&path, folder.path().join("runs.jsonl.1")).unwrap();
    file(folder.path(), "runs.jsonl", &[start("condukt.agent", 78, None, 95, json!({"session_id": "last"}))]);
    assert!(agents.any(|agents| agents == 3));
    child.kill().unwrap();
    child.wait().unwrap();
}
