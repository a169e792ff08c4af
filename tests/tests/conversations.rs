//! Recorded conversations, replayed over HTTP by the example's agent: everything that happened is
//! there as events, once, in its session, with its own data and under the right parent.
//!
//! What happened is counted twice, by two who know nothing of each other or of the example: a handler
//! attached to all events, and a reader of the file.
//!
//! The file is that of `AIRLINE_CONVERSATIONS`, else the one beside the repository. Where there is
//! none, the conversation that the example ships stands in for it, and the tests say so.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::io::Write as _;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use examples::airline::replay::conversation;
use examples::airline::run::{self, Settings};
use serde_json::{Value, json};
use telemetry_runtime::{Event, OwnedEvent, SpanId, SpanIds, attach, detach, event_names};
use tests::alone;
use tokio::runtime::Runtime;

/// Replays a file and returns all events, in the order in which they were emitted.
fn replay(file: &Path, concurrency: usize, runtime: &Runtime) -> Vec<OwnedEvent> {
    let conversations = conversation::read(file).unwrap();
    let settings = Settings { concurrency: NonZeroUsize::new(concurrency).unwrap(), ..Settings::default() };
    let seen = Arc::new(Mutex::new(Vec::new()));
    let kept = seen.clone();
    attach(
        "conversations",
        event_names!["condukt.**", "legion.**", "telemetry.**"],
        move |event: &Event<'_>| {
            kept.lock().unwrap().push(OwnedEvent::from(event));
        },
    )
    .unwrap();
    let outcome = runtime.block_on(run::run(conversations, settings));
    detach("conversations").unwrap();
    outcome.unwrap();
    std::mem::take(&mut *seen.lock().unwrap())
}

fn one_thread() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

fn many_threads() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap()
}

fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/data/conversation.jsonl")
}

/// The file with the airline's conversations, if it is on this machine.
fn airline() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/airline-conversations.jsonl");
    let file = std::env::var_os("AIRLINE_CONVERSATIONS").map_or(beside, PathBuf::from);
    if file.exists() {
        return Some(file);
    }
    // Past the test harness, which would keep it to itself.
    let _ = writeln!(
        std::io::stderr(),
        "conversations: {} is not there; replaying the shipped conversation instead",
        file.display()
    );
    None
}

/// What happened in a conversation, step by step: each `agent` span, each turn and each tool call.
type Story = Vec<Value>;

/// Reads what should come out from what was recorded.
fn recorded(file: &Path) -> Vec<Story> {
    let text = fs::read_to_string(file).unwrap();
    text.lines().map(|line| recorded_story(&serde_json::from_str(line).unwrap())).collect()
}

fn recorded_story(conversation: &Value) -> Story {
    let messages = conversation["messages"].as_array().unwrap();
    let mut story = Story::new();
    let mut calls: HashMap<&str, &Value> = HashMap::new();
    let mut turn = 0;
    for (index, message) in messages.iter().enumerate() {
        let role = |index: usize| messages.get(index).and_then(|message| message["role"].as_str());
        match message["role"].as_str().unwrap() {
            "user" if role(index + 1) == Some("assistant") => {
                story.push(json!("agent"));
                turn = 0;
            }
            "assistant" => {
                let asked = message["tool_calls"].as_array().map_or(&[][..], Vec::as_slice);
                let ids: Vec<&str> = asked.iter().map(|call| call["id"].as_str().unwrap()).collect();
                calls = ids.iter().copied().zip(asked).collect();
                story.push(json!({
                    "turn": turn,
                    "history": index,
                    "says": message["content"].as_str().unwrap_or_default(),
                    "calls": ids,
                }));
                turn = if ids.is_empty() { 0 } else { turn + 1 };
            }
            "tool" => {
                let id = message["tool_call_id"].as_str().unwrap();
                let function = &calls[id]["function"];
                let arguments = function["arguments"].as_str().unwrap();
                let args = serde_json::from_str(arguments).unwrap_or_else(|_| json!(arguments));
                let result = message["content"].as_str().unwrap();
                let status = if result.starts_with("Error") { "error" } else { "ok" };
                story.push(
                    json!({"id": id, "tool": function["name"], "args": args, "status": status, "result": result}),
                );
            }
            _ => {}
        }
    }
    story
}

/// Reads what happened in a session from its events.
fn told(events: &[&OwnedEvent]) -> Story {
    let mut story = Story::new();
    let mut calls = Vec::new();
    let mut tools = Vec::new();
    for event in events {
        match &*event.name {
            "condukt.agent.start" | "condukt.llm_turn.start" => {
                story.append(&mut in_order(&mut tools, &calls));
                if event.name == "condukt.agent.start" {
                    story.push(json!("agent"));
                }
            }
            "condukt.llm_turn.stop" => {
                let message = event.get("assistant_message").unwrap();
                let parts = |kind: &'static str| {
                    message["parts"].as_array().unwrap().iter().filter(move |part| part["type"] == kind)
                };
                calls = parts("tool_call").map(|call| call["id"].as_str().unwrap().to_owned()).collect();
                story.push(json!({
                    "turn": event.get("turn").unwrap(),
                    "history": event.get("messages").unwrap().as_array().unwrap().len(),
                    "says": parts("text").map(|text| text["content"].as_str().unwrap()).collect::<String>(),
                    "calls": calls,
                }));
            }
            "condukt.tool_call.stop" => {
                let result = event.get("result").or(event.get("error")).unwrap();
                tools.push(json!({
                    "id": event.get("tool_call_id").unwrap(),
                    "tool": event.get("tool").unwrap(),
                    "args": event.get("args").unwrap(),
                    "status": event.get("status").unwrap(),
                    "result": result,
                }));
            }
            _ => {}
        }
    }
    story.append(&mut in_order(&mut tools, &calls));
    story
}

/// The calls of a turn end in any order; they are recorded in that of the turn.
fn in_order(tools: &mut Vec<Value>, calls: &[String]) -> Vec<Value> {
    tools.sort_by_key(|tool| calls.iter().position(|id| tool["id"] == **id));
    std::mem::take(tools)
}

/// The events of each session, a delegation's being those of its caller.
fn sessions(events: &[OwnedEvent]) -> BTreeMap<&str, Vec<&OwnedEvent>> {
    let mut sessions: BTreeMap<&str, Vec<&OwnedEvent>> = BTreeMap::new();
    for event in events {
        let key =
            if event.name.starts_with("condukt.subagent.") { "parent_session_id" } else { "session_id" };
        let session = event.get(key).unwrap_or_else(|| panic!("no `{key}`: {event:?}"));
        let session = session.as_str().unwrap();
        assert_eq!((session.len(), session.as_bytes()[14]), (36, b'7'), "a UUIDv7: {session}");
        sessions.entry(session).or_default().push(event);
    }
    sessions
}

fn named<'e>(events: &'e [OwnedEvent], name: &str) -> Vec<&'e OwnedEvent> {
    events.iter().filter(|event| event.name == name).collect()
}

/// Every start has exactly one end, which comes later and has all that the start had.
fn assert_spans_end(events: &[OwnedEvent]) {
    let mut open: HashMap<SpanId, &OwnedEvent> = HashMap::new();
    let mut closed = BTreeSet::new();
    for event in events {
        let (prefix, phase) = event.name.rsplit_once('.').unwrap();
        if prefix == "condukt.secrets" {
            continue;
        }
        let span = event.span.unwrap();
        if phase == "start" {
            assert!(open.insert(span.id, event).is_none() && !closed.contains(&span.id), "{event:?}");
            // A span opens within its parent.
            assert!(span.parent_id.is_none_or(|parent| open.contains_key(&parent)), "{event:?}");
            continue;
        }
        assert_eq!(phase, "stop", "{event:?}");
        let start = open.remove(&span.id).unwrap_or_else(|| panic!("ends what is not open: {event:?}"));
        closed.insert(span.id);
        assert_eq!(start.name, format!("{prefix}.start"));
        assert_eq!(start.span, event.span);
        for (key, value) in &start.metadata {
            assert_eq!(event.get(key), Some(value), "`{key}` of {}", event.name);
        }
        // And ends before it.
        let within = open.values().filter(|other| other.span.unwrap().parent_id == Some(span.id)).count();
        assert_eq!(within, 0, "{event:?}");
    }
    assert!(open.is_empty(), "never ended: {:?}", open.values());
}

/// Turns and tool calls lie in the answer they belong to; an answer stands alone, or lies in the
/// delegation that asked for it.
fn assert_parents(events: &[OwnedEvent]) {
    let mut delegations: HashMap<SpanId, &OwnedEvent> = HashMap::new();
    let mut tools: HashMap<SpanId, &OwnedEvent> = HashMap::new();
    let mut answering: HashMap<&str, SpanIds> = HashMap::new();
    for event in events {
        let session = |key: &str| event.get(key).map(|session| session.as_str().unwrap());
        let Some(span) = event.span else {
            assert_eq!(event.name, "condukt.secrets.resolve", "it comes before all spans");
            continue;
        };
        match &*event.name {
            "condukt.agent.start" => {
                match session("parent_session_id") {
                    None => assert_eq!(span.parent_id, None),
                    Some(parent) => {
                        let delegation = delegations[&span.parent_id.unwrap()];
                        assert_eq!(delegation.get("parent_session_id").unwrap(), parent);
                        assert_eq!(delegation.span.unwrap().trace_id, span.trace_id);
                    }
                }
                let before = answering.insert(session("session_id").unwrap(), span);
                assert_eq!(before, None, "one answer at a time");
            }
            "condukt.agent.stop" => {
                assert_eq!(answering.remove(session("session_id").unwrap()), Some(span));
            }
            "condukt.llm_turn.start" | "condukt.tool_call.start" => {
                let answer = answering.get(session("session_id").unwrap());
                assert_eq!(span.parent_id, answer.map(|answer| answer.id), "{event:?}");
                assert!(answer.is_none_or(|answer| answer.trace_id == span.trace_id));
                tools.insert(span.id, event);
            }
            "condukt.secrets.access" => {
                // It belongs to the call whose span it lies in.
                let tool = tools[&span.id];
                for key in ["tool", "tool_call_id", "session_id"] {
                    assert_eq!(event.get(key), tool.get(key), "{key}");
                }
            }
            "condukt.subagent.start" => {
                let tool = tools[&span.parent_id.unwrap()];
                assert_eq!(tool.get("session_id"), event.get("parent_session_id"));
                delegations.insert(span.id, event);
            }
            "condukt.subagent.stop" => {
                let child = session("session_id").unwrap();
                assert_ne!(Some(child), session("parent_session_id"));
            }
            _ => {}
        }
    }
}

/// All that holds of any replay of a file, and how much there was of what.
fn assert_faithful(file: &Path, events: &[OwnedEvent]) -> Counts {
    assert_spans_end(events);
    assert_parents(events);

    let sessions = sessions(events);
    let mut told: Vec<Story> = sessions.values().map(|events| told(events)).collect();
    let mut recorded = recorded(file);
    assert_eq!(told.len(), recorded.len());
    // The sessions have new ids and came in any order.
    let by_text = |story: &Story| serde_json::to_string(story).unwrap();
    told.sort_by_key(by_text);
    recorded.sort_by_key(by_text);
    for (told, recorded) in told.iter().zip(&recorded) {
        assert_eq!(told, recorded);
    }

    for stop in named(events, "condukt.tool_call.stop") {
        let failed = stop.get("status").unwrap() == "error";
        assert_eq!(
            (stop.get("result").is_some(), stop.get("error").is_some()),
            (!failed, failed),
            "{stop:?}"
        );
    }
    for stop in named(events, "condukt.llm_turn.stop") {
        assert_eq!(stop.get("status").unwrap(), "ok");
        assert!(stop.get("usage").unwrap()["total"].as_u64().unwrap() > 0, "{stop:?}");
        let parts = stop.get("assistant_message").unwrap()["parts"].as_array().unwrap();
        let asked = parts.iter().any(|part| part["type"] == "tool_call");
        assert_eq!(stop.get("finish_reason").unwrap(), if asked { "tool_call" } else { "stop" });
    }
    let access = named(events, "condukt.secrets.access");
    assert_eq!(access.len(), named(events, "condukt.tool_call.start").len());
    assert_eq!(named(events, "telemetry.handler.failure"), Vec::<&OwnedEvent>::new());
    let all = serde_json::to_string(events).unwrap();
    assert!(!all.contains(&Settings::default().booking_key), "the secret is shown");

    let of_status = |status: &str| {
        let stops = named(events, "condukt.tool_call.stop").into_iter();
        stops.filter(|stop| stop.get("status").unwrap() == status).count()
    };
    Counts {
        sessions: sessions.len(),
        agents: named(events, "condukt.agent.stop").len(),
        llm_turns: named(events, "condukt.llm_turn.stop").len(),
        tool_calls: named(events, "condukt.tool_call.stop").len(),
        tool_failures: of_status("error"),
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Counts {
    sessions: usize,
    agents: usize,
    llm_turns: usize,
    tool_calls: usize,
    tool_failures: usize,
}

const AIRLINE: Counts =
    Counts { sessions: 24, agents: 209, llm_turns: 344, tool_calls: 137, tool_failures: 14 };
const SHIPPED: Counts = Counts { sessions: 2, agents: 8, llm_turns: 15, tool_calls: 12, tool_failures: 1 };

/// How many sessions were answering at once, at the most.
fn most_at_once(events: &[OwnedEvent]) -> usize {
    let (mut now, mut most) = (0, 0);
    for event in events {
        match &*event.name {
            "condukt.agent.start" => now += 1,
            "condukt.agent.stop" => now -= 1,
            _ => {}
        }
        most = most.max(now);
    }
    most
}

#[test]
fn the_airlines_conversations_one_after_the_other() {
    let _alone = alone();
    let (file, counts) = airline().map_or_else(|| (shipped(), SHIPPED), |file| (file, AIRLINE));
    let events = replay(&file, 1, &one_thread());
    assert_eq!(assert_faithful(&file, &events), counts);
}

#[test]
fn the_airlines_conversations_all_at_once_on_many_threads() {
    let _alone = alone();
    let Some(file) = airline() else {
        let events = replay(&shipped(), 24, &many_threads());
        assert_eq!(assert_faithful(&shipped(), &events), SHIPPED);
        return;
    };
    let events = replay(&file, 24, &many_threads());
    assert_eq!(assert_faithful(&file, &events), AIRLINE);
    assert!(most_at_once(&events) > 1, "they did run at once");
}

#[test]
fn the_shipped_conversation_with_its_concurrent_calls_and_its_delegation() {
    let _alone = alone();
    for runtime in [one_thread(), many_threads()] {
        let events = replay(&shipped(), 1, &runtime);
        assert_eq!(assert_faithful(&shipped(), &events), SHIPPED);

        // Three calls of one turn were open at once, each with its own data.
        let mut open: Vec<&Value> = Vec::new();
        let mut most = 0;
        for event in &events {
            let id = || event.get("tool_call_id").unwrap();
            match &*event.name {
                "condukt.tool_call.start" => open.push(id()),
                "condukt.tool_call.stop" => open.retain(|open| *open != id()),
                _ => {}
            }
            most = most.max(open.len());
        }
        assert_eq!(most, 3);

        // What the fare desk did, it did in a session of its own, within the call that asked it.
        let delegations = named(&events, "condukt.subagent.stop");
        assert_eq!(delegations.len(), 1);
        let child = delegations[0].get("session_id").unwrap();
        let of_child: Vec<&OwnedEvent> = events
            .iter()
            .filter(|event| event.get("agent").is_some_and(|agent| agent == "FareDesk"))
            .collect();
        assert!(of_child.len() > 4);
        for event in of_child {
            assert_eq!(event.get("session_id").unwrap(), child, "{event:?}");
            assert_eq!(event.get("parent_session_id"), delegations[0].get("parent_session_id"));
        }
    }
}
