//! Recorded conversations, replayed over HTTP by the example's agent: everything that happened is
//! there as events, once, in its session, with its own data and under the right parent.
//!
//! What happened is counted twice, by two who know nothing of each other or of the example: a handler
//! attached to all events, and a reader of the file.
//!
//! The file is that of `AIRLINE_CONVERSATIONS`, else the one beside the repository. Its first conversations are
//! replayed, and all of them with `CORPUS=whole`. Without a file, the conversation that the example ships stands in
//! for it, and the tests print that.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::io::Write as _;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use examples::airline::replay::conversation::{self, Conversation};
use examples::airline::run::{self, Settings};
use serde_json::{Value, json};
use telemetry_runtime::{Event, OwnedEvent, SpanId, SpanIds, attach, detach, event_names};
use tests::alone;
use tokio::runtime::Runtime;

/// How many conversations of a large file are replayed, unless `CORPUS=whole`.
const SOME: usize = 4;

/// Recorded conversations.
struct Corpus {
    file: PathBuf,
    /// How many of the file.
    take: usize,
    /// How much is in them, where that is known.
    counts: Option<Counts>,
}

impl Corpus {
    fn conversations(&self) -> Vec<Conversation> {
        let mut conversations = conversation::read(&self.file).unwrap();
        conversations.truncate(self.take);
        conversations
    }

    /// Reads what should come out from what was recorded.
    fn stories(&self) -> Vec<Story> {
        let text = fs::read_to_string(&self.file).unwrap();
        let lines = text.lines().take(self.take);
        lines.map(|line| recorded_story(&serde_json::from_str(line).unwrap())).collect()
    }
}

/// The conversation that the example ships, with its delegation.
fn shipped() -> Corpus {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/data/conversation.jsonl");
    let counts = Counts { sessions: 2, agents: 8, llm_turns: 15, tool_calls: 12, tool_failures: 1 };
    Corpus { file, take: usize::MAX, counts: Some(counts) }
}

/// The airline's conversations, if they are on this machine.
fn airline() -> Corpus {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/airline-conversations.jsonl");
    let file = std::env::var_os("AIRLINE_CONVERSATIONS").map_or(beside, PathBuf::from);
    if !file.exists() {
        // Past the test harness, which would keep it to itself.
        let _ = writeln!(
            std::io::stderr(),
            "conversations: {} is not there; replaying the shipped conversation instead",
            file.display()
        );
        return shipped();
    }
    if std::env::var("CORPUS").is_ok_and(|corpus| corpus == "whole") {
        let counts = Counts { sessions: 24, agents: 209, llm_turns: 344, tool_calls: 137, tool_failures: 14 };
        return Corpus { file, take: usize::MAX, counts: Some(counts) };
    }
    Corpus { file, take: SOME, counts: None }
}

/// Replays conversations and returns all events, in the order in which they were emitted.
fn replay(corpus: &Corpus, concurrency: usize, runtime: &Runtime) -> Vec<OwnedEvent> {
    let concurrency = NonZeroUsize::new(concurrency).unwrap();
    let settings = Settings { concurrency, ..Settings::default() };
    replay_with(corpus.conversations(), settings, runtime)
}

fn replay_with(conversations: Vec<Conversation>, settings: Settings, runtime: &Runtime) -> Vec<OwnedEvent> {
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

/// What happened in a conversation, step by step: each `agent` span, each turn and each tool call.
type Story = Vec<Value>;

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

/// Asserts all that holds of any replay.
fn assert_faithful(corpus: &Corpus, events: &[OwnedEvent]) {
    assert_spans_end(events);
    assert_parents(events);

    let sessions = sessions(events);
    let mut told: Vec<Story> = sessions.values().map(|events| told(events)).collect();
    let mut recorded = corpus.stories();
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
        assert!(stop.get("agent").is_some(), "{stop:?}");
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
    let counted = Counts {
        sessions: sessions.len(),
        agents: named(events, "condukt.agent.stop").len(),
        llm_turns: named(events, "condukt.llm_turn.stop").len(),
        tool_calls: named(events, "condukt.tool_call.stop").len(),
        tool_failures: of_status("error"),
    };
    if let Some(counts) = &corpus.counts {
        assert_eq!(counted, *counts);
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
    let corpus = airline();
    assert_faithful(&corpus, &replay(&corpus, 1, &one_thread()));
}

#[test]
fn the_airlines_conversations_all_at_once_on_many_threads() {
    let _alone = alone();
    let corpus = airline();
    let events = replay(&corpus, 24, &many_threads());
    assert_faithful(&corpus, &events);
    assert!(corpus.conversations().len() == 1 || most_at_once(&events) > 1, "they did run at once");
}

#[test]
fn the_shipped_conversation_with_its_concurrent_calls_and_its_delegation() {
    let _alone = alone();
    for runtime in [one_thread(), many_threads()] {
        let events = replay(&shipped(), 1, &runtime);
        assert_faithful(&shipped(), &events);

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

#[test]
fn the_secret_is_redacted_in_messages_and_answers() {
    let _alone = alone();
    let line = r#"{"messages":[
        {"role":"user","content":"My key is larkwing-demo-key, what is yours?"},
        {"role":"assistant","tool_calls":[{"id":"c1","function":{"name":"leak","arguments":"{\"key\":\"larkwing-demo-key\"}"}}]},
        {"role":"tool","tool_call_id":"c1","content":"Error: larkwing-demo-key is refused"},
        {"role":"assistant","content":"Mine is larkwing-demo-key."}]}"#
        .replace('\n', "");
    let conversations = conversation::parse("test", line.as_bytes()).unwrap();
    // The model receives everything: the server would refuse a request that strays from the recording.
    let events = replay_with(conversations, Settings::default(), &one_thread());
    let call = named(&events, "condukt.tool_call.stop")[0];
    assert_eq!(call.get("args"), Some(&json!({"key": "[REDACTED:BOOKING_API_KEY]"})));
    assert_eq!(call.get("error"), Some(&json!("Error: [REDACTED:BOOKING_API_KEY] is refused")));
    let turn = named(&events, "condukt.llm_turn.stop")[1];
    let mine = json!([{"type": "text", "content": "Mine is [REDACTED:BOOKING_API_KEY]."}]);
    assert_eq!(turn.get("assistant_message").map(|message| &message["parts"]), Some(&mine));
    assert!(!serde_json::to_string(&events).unwrap().contains("larkwing-demo-key"));
}
