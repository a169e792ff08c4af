//! The catalogue as a file.

use std::collections::BTreeSet;

use serde_json::Value as Json;
use telemetry_catalogue::{EVENTS, SPANS, event_names};

#[allow(dead_code, reason = "its `main` is not called")]
#[path = "../examples/export.rs"]
mod export;

fn parsed(text: &str) -> Json {
    serde_json::from_str(text).expect("it parses")
}

fn strings<'j>(list: &'j Json, key: &str) -> Vec<&'j str> {
    list.as_array().unwrap().iter().filter_map(|entry| entry[key].as_str()).collect()
}

#[test]
fn the_json_has_every_event_and_key() {
    let json = parsed(&export::json());
    let events = &json["events"];
    assert_eq!(strings(events, "event"), event_names().collect::<Vec<_>>());
    let stop =
        events.as_array().unwrap().iter().find(|event| event["event"] == "condukt.llm_turn.stop").unwrap();
    let keys = strings(&stop["metadata"], "key");
    for key in ["model", "streaming?", "usage", "status", "error_type"] {
        assert!(keys.contains(&key), "{key} is not in {keys:?}");
    }
    assert_eq!(strings(&stop["measurements"], "key")[0], "duration");
    let compact =
        events.as_array().unwrap().iter().find(|event| event["event"] == "condukt.compact.stop").unwrap();
    assert_eq!(compact["since"], "condukt 1.11");
}

#[test]
fn the_markdown_has_a_heading_for_every_event_and_whole_tables() {
    let text = export::markdown();
    let headings: Vec<_> =
        text.lines().filter_map(|line| line.strip_prefix("## `")?.strip_suffix('`')).collect();
    assert_eq!(headings, event_names().collect::<Vec<_>>());
    for row in text.lines().filter(|line| line.starts_with('|')) {
        assert_eq!(row.matches('|').count(), 6, "{row}");
    }
}

#[test]
fn the_registry_refers_only_to_attributes_that_it_defines_once() {
    let json = parsed(&export::weaver());
    let groups = json["groups"].as_array().unwrap();
    let defined = strings(&groups[0]["attributes"], "id");
    let once: BTreeSet<_> = defined.iter().collect();
    assert_eq!(once.len(), defined.len());
    assert_eq!(groups.len(), 1 + 3 * SPANS.len() + EVENTS.len());
    for group in &groups[1..] {
        assert_eq!(group["type"], "event");
        let used = strings(&group["attributes"], "ref");
        let once: BTreeSet<_> = used.iter().collect();
        assert_eq!(once.len(), used.len(), "{group}");
        assert!(used.iter().all(|used| defined.contains(used)), "{group}");
    }
}

#[test]
fn newer_context_keys_have_a_since() {
    let all =
        || SPANS.iter().flat_map(|span| span.context).chain(EVENTS.iter().flat_map(|event| event.context));
    let since: BTreeSet<_> = all().filter_map(|key| Some((key.as_str(), key.since()?))).collect();
    let expected: &[_] = if cfg!(feature = "newer-events") {
        &[("agent_id", "legion 0.5"), ("parent_agent_id", "legion 0.5")]
    } else {
        &[]
    };
    assert!(since.iter().eq(expected), "{since:?}");
    assert_eq!(
        export::markdown().contains("from the context; since legion 0.5"),
        cfg!(feature = "newer-events")
    );
}

#[test]
fn newer_events_follow_the_documented_ones_and_have_a_since() {
    let newer = |name: &str| {
        name.contains("network_policy")
            || ["legion.mcp.call", "legion.eval_guard.denied", "legion.rate_limit.exceeded"].contains(&name)
    };
    let spans: Vec<_> = SPANS.iter().map(|span| (span.prefix, span.since)).collect();
    let events: Vec<_> = EVENTS.iter().map(|event| (event.name, event.since)).collect();
    for all in [spans, events] {
        let first = all.iter().position(|(name, _)| newer(name)).unwrap_or(all.len());
        assert_eq!(first < all.len(), cfg!(feature = "newer-events"));
        assert!(all[first..].iter().all(|(name, since)| newer(name) && since.is_some()), "{all:?}");
    }
}
