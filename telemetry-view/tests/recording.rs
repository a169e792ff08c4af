//! What is recorded can be read, by this version and by the next, whatever happened to the file.
#![forbid(unsafe_code)]

mod support;

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value as Json, json};
use support::small_run;
use telemetry_runtime::{OwnedEvent, tool_call};
use telemetry_view::{EventLine, Line, Reader, RecordOptions, compact, read, record};

/// Each test looks for its own events: all in the process are recorded.
#[tool_call]
fn remember(who: &str, text: String) -> String {
    format!("{who}: {}", text.len())
}

fn of(path: &Path, who: &str) -> Vec<OwnedEvent> {
    let events = read(path).unwrap().map(Result::unwrap);
    events.filter(|event| event.get("args").is_some_and(|args| args["who"] == who)).collect()
}

#[test]
fn events_come_back_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("runs.jsonl");
    let recorder = record(&path).unwrap();
    let text = "long ".repeat(200);
    remember("whole", text.clone());
    assert!(recorder.flush(Duration::from_secs(10)));
    let events = of(&path, "whole");
    assert_eq!(events.len(), 2);
    assert!(events.iter().all(|event| event.get("args").unwrap()["text"] == text));
    assert_eq!(events[1].get("result").unwrap(), "whole: 1000");
    assert!(events[0].span.is_some() && events[0].span == events[1].span);
    assert_eq!(recorder.dropped(), 0);
    assert_eq!(recorder.error(), None);
}

#[test]
fn each_run_appends_and_begins_with_a_header() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("runs.jsonl");
    for run in ["first", "second"] {
        let recorder = record(&path).unwrap();
        remember(run, String::new());
        drop(recorder);
    }
    assert_eq!(of(&path, "first").len(), 2);
    assert_eq!(of(&path, "second").len(), 2);
    let text = fs::read_to_string(&path).unwrap();
    let headers = text.lines().filter(|line| line.starts_with("{\"telemetry\":1,"));
    assert_eq!(headers.count(), 2);
    assert!(text.starts_with("{\"telemetry\":1,"));
}

#[test]
fn a_line_that_a_crash_tore_spoils_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("runs.jsonl");
    drop(record(&path).unwrap());
    OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{\"event\":\"condukt.agent.st").unwrap();
    let recorder = record(&path).unwrap();
    remember("after the crash", String::new());
    drop(recorder);
    assert_eq!(of(&path, "after the crash").len(), 2);
    let mut reader = read(&path).unwrap();
    assert!(reader.by_ref().all(|event| event.is_ok()));
    assert_eq!(reader.unreadable(), 1);
}

#[test]
fn a_full_file_makes_way_and_each_file_is_complete() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("runs.jsonl");
    let recorder = RecordOptions::default().with_max_bytes(20_000).with_files(3).record(&path).unwrap();
    for round in 0..200 {
        remember("rotated", format!("{round} {}", "x".repeat(500)));
    }
    assert!(recorder.flush(Duration::from_secs(10)));
    drop(recorder);
    let mut files: Vec<String> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    assert_eq!(files, ["runs.jsonl", "runs.jsonl.1", "runs.jsonl.2"]);
    for file in files {
        let path = folder.path().join(file);
        assert!(fs::metadata(&path).unwrap().len() < 40_000);
        let mut reader = read(&path).unwrap();
        for event in reader.by_ref() {
            let args = event.unwrap().get("args").unwrap().to_string();
            assert!(!args.contains("missing content"), "{args}");
        }
        assert_eq!(reader.unreadable(), 0);
    }
}

#[test]
fn several_recorders_share_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("runs.jsonl");
    let options = RecordOptions::default().with_max_bytes(30_000).with_files(50);
    let recorders: Vec<_> = (0..3).map(|_| options.clone().record(&path).unwrap()).collect();
    for _ in 0..100 {
        remember("shared", "y".repeat(400));
    }
    for recorder in &recorders {
        assert!(recorder.flush(Duration::from_secs(10)));
        assert_eq!(recorder.error(), None);
    }
    drop(recorders);
    let mut count = 0;
    for entry in fs::read_dir(folder.path()).unwrap() {
        count += of(&entry.unwrap().path(), "shared").len();
    }
    assert_eq!(count, 3 * 200);
}

#[test]
fn messages_that_come_again_are_written_once() {
    let mut known = std::collections::HashSet::new();
    let mut messages: Vec<Json> = Vec::new();
    let mut sizes = Vec::new();
    let mut file = Vec::new();
    for turn in 0..100 {
        messages.push(json!({"role": "user", "content": format!("{turn} {}", "m".repeat(500))}));
        for phase in ["start", "stop"] {
            let mut event: EventLine = serde_json::from_value(
                json!({"event": format!("condukt.llm_turn.{phase}"), "metadata": {"messages": messages}}),
            )
            .unwrap();
            for (hash, content) in compact(&mut event, |hash| known.contains(&hash)) {
                known.insert(hash);
                Line::Content(hash, content).write(&mut file);
            }
            Line::Event(event).write(&mut file);
        }
        sizes.push(file.len());
    }
    assert!(sizes[99] < sizes[49] * 11 / 5, "the file grows linearly: {} then {}", sizes[49], sizes[99]);
    let events: Vec<OwnedEvent> = Reader::new(&*file).map(Result::unwrap).collect();
    assert_eq!(events.len(), 200);
    assert_eq!(events[199].get("messages").unwrap(), &Json::from(messages));
}

#[test]
fn a_malformed_line_is_skipped() {
    let mut file = Vec::new();
    file.extend_from_slice(
        b"\xff\xfe not json\n\n   \r\n[1,2]\n\"text\"\n{}\n{\"event\":7}\n{\"later\":\"kind of line\"}\n",
    );
    file.extend_from_slice(b"{\"event\":\"shop.paid\",\"metadata\":{\"by\":\"c\xffrd\"},\"later\":true}\r\n");
    file.extend_from_slice(b"{\"content\":\"00000000000000000000000000000001\",\"after\":\"00000000000000000000000000000001\",\"items\":[]}\n");
    file.extend_from_slice(
        b"{\"event\":\"shop.paid\",\"refs\":{\"by\":\"00000000000000000000000000000002\"}}\n{\"event\":\"sh",
    );
    let mut reader = Reader::new(&*file);
    let events: Vec<OwnedEvent> = reader.by_ref().map(Result::unwrap).collect();
    assert_eq!(events.len(), 2);
    assert_eq!(events[0].get("by").unwrap(), "c\u{fffd}rd");
    assert_eq!(events[1].get("by").unwrap(), "<missing content 00000000000000000000000000000002>");
    assert_eq!(reader.unreadable(), 8);
}

#[test]
fn half_a_character_is_replaced_and_the_rest_of_its_line_kept() {
    let line = r#"{"event":"shop.paid","metadata":{"by":"a\ud800b\udc00 \ud83d\ude00 \\ud800 \"q\" \ud8"}}"#
        .replace(r#" \ud8"}"#, "\"}");
    let mut reader = Reader::new(line.as_bytes());
    let event = reader.next().unwrap().unwrap();
    assert_eq!(event.get("by").unwrap(), "a\u{fffd}b\u{fffd} 😀 \\ud800 \"q\"");
}

#[test]
fn a_value_that_nests_deeper_than_readers_go_is_kept_as_text() {
    let deep = (0..126).fold(json!("in the middle"), |inner, _| json!([inner]));
    let mut event: EventLine = serde_json::from_value(json!({"event": "x.y.start"})).unwrap();
    event.metadata.insert("deep".to_owned(), deep.clone());
    let mut file = Vec::new();
    for (hash, content) in compact(&mut event, |_| false) {
        Line::Content(hash, content).write(&mut file);
    }
    Line::Event(event).write(&mut file);
    let event = Reader::new(&*file).next().unwrap().unwrap();
    assert_eq!(event.get("deep").unwrap(), &Json::from(deep.to_string()));
}

#[test]
fn a_recording_counts_its_lost_events() {
    let mut file = Vec::new();
    Line::Dropped(3).write(&mut file);
    Line::Dropped(u64::MAX).write(&mut file);
    let mut reader = Reader::new(&*file);
    assert!(reader.next().is_none());
    assert_eq!(reader.dropped(), u64::MAX);
}

#[test]
fn the_documented_lines_are_read() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    // A packaged crate has no pages beside it.
    if root.join("Cargo.toml.orig").exists() {
        return;
    }
    let document = fs::read_to_string(root.join("../docs/recording.md")).unwrap();
    let mut file = String::new();
    for block in document.split("```json\n").skip(1) {
        let block = block.split("```").next().unwrap();
        // One object may be written over several lines there.
        for object in serde_json::Deserializer::from_str(block).into_iter::<Json>() {
            file += &object.unwrap().to_string();
            file.push('\n');
        }
    }
    let mut reader = Reader::new(file.as_bytes());
    let events: Vec<OwnedEvent> = reader.by_ref().map(Result::unwrap).collect();
    assert_eq!((events.len(), reader.unreadable()), (2, 0));
    assert_eq!(events[0].description.as_deref(), Some("Looks up the weather."));
    assert_eq!(events[1].get("args").unwrap(), &json!({"text": "a long argument .."}));
}

#[test]
fn plain_event_lines_are_a_recording() {
    let lines = small_run().iter().map(Json::to_string).collect::<Vec<_>>().join("\n");
    let events: Vec<Json> =
        Reader::new(lines.as_bytes()).map(|event| serde_json::to_value(event.unwrap()).unwrap()).collect();
    assert_eq!(events, small_run());
}

proptest! {
    #[test]
    fn any_event_comes_back(values in prop::collection::vec((0..4_usize, 0..30_usize, ".{0,30}", 0..2_usize), 1..12)) {
        let mut known = std::collections::HashSet::new();
        let mut file = Vec::new();
        let mut written = Vec::new();
        for (kind, size, text, phase) in values {
            let value = match kind {
                0 => json!(vec![json!({"content": text}); size]),
                1 => json!({"text": text.repeat(size)}),
                2 => json!(text.repeat(size)),
                _ => json!((0..size).map(|index| json!({"index": index, "text": "a fixed text"})).collect::<Vec<_>>()),
            };
            let event: EventLine = serde_json::from_value(
                json!({"event": if phase == 0 { "x.y.start" } else { "x.y.stop" }, "metadata": {"value": value}, "measurements": {"n": 1}}),
            ).unwrap();
            written.push(event.clone());
            let mut event = event;
            for (hash, content) in compact(&mut event, |hash| known.contains(&hash)) {
                known.insert(hash);
                Line::Content(hash, content).write(&mut file);
            }
            Line::Event(event).write(&mut file);
        }
        let read: Vec<EventLine> = Reader::new(&*file).map(|event| event.unwrap().into()).collect();
        prop_assert_eq!(read, written);
    }

    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut reader = Reader::new(&*bytes);
        prop_assert!(reader.by_ref().all(|event| event.is_ok()));
    }
}
