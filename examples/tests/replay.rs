//! A whole replay, seen by a handler that knows nothing of the example.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::num::NonZeroUsize;

use examples::airline::replay::conversation::{self, Conversation, Message};
use examples::airline::run::{Settings, run};
use serde_json::{Value, json};
use support::{named, observe, shared, shipped};
use telemetry_runtime::OwnedEvent;
use uuid::Uuid;

mod support;

/// A recorded tool call: id, tool, arguments, and the result or the error.
type Call = (String, String, Value, Result<Value, String>);

/// The calls of a recording that were answered, each with its answer.
fn recorded_calls(conversation: &Conversation) -> Vec<Call> {
    let mut calls = Vec::new();
    for round in conversation.messages.chunk_by(|_, next| matches!(next, Message::Tool { .. })) {
        let [Message::Assistant { tool_calls, .. }, answers @ ..] = round else { continue };
        for answer in answers {
            let Message::Tool { tool_call_id, content } = answer else { unreachable!() };
            let call = tool_calls.iter().find(|call| call.id == *tool_call_id).unwrap();
            let failed = content.starts_with("Error");
            calls.push((
                call.id.clone(),
                call.function.name.clone(),
                serde_json::from_str(&call.function.arguments).unwrap(),
                if failed { Err(content.clone()) } else { Ok(json!(content)) },
            ));
        }
    }
    calls
}

fn observed_call(stop: &OwnedEvent) -> Call {
    let text = |key: &str| stop.get(key).and_then(Value::as_str).map(str::to_owned);
    let outcome = match text("status").unwrap().as_str() {
        "ok" => Ok(stop.get("result").unwrap().clone()),
        _ => Err(text("error").unwrap()),
    };
    (text("tool_call_id").unwrap(), text("tool").unwrap(), stop.get("args").unwrap().clone(), outcome)
}

fn session(event: &OwnedEvent) -> &str {
    event.get("session_id").and_then(Value::as_str).unwrap_or_else(|| panic!("no session: {event:?}"))
}

fn check(conversations: &[Conversation], events: &[OwnedEvent]) {
    // Every start has one end, of the same span, and what it had is there again.
    let mut open: HashMap<_, &OwnedEvent> = HashMap::new();
    let mut spans = HashMap::new();
    for event in events {
        let Some((name, phase)) = event.as_event().name().rsplit_once('.') else { unreachable!() };
        if name.starts_with("condukt.secrets") {
            continue;
        }
        let ids = event.as_event().span().unwrap();
        if phase == "start" {
            assert!(open.insert(ids.id, event).is_none());
            spans.insert(ids.id, (name, session_of_span(event)));
        } else {
            assert_eq!(phase, "stop");
            let start = open.remove(&ids.id).unwrap_or_else(|| panic!("no start: {event:?}"));
            assert_eq!(start.as_event().span(), Some(ids));
            for (key, value) in start.as_event().metadata().iter() {
                assert_eq!(event.get(key), Some(&value.to_json()));
            }
        }
    }
    assert!(open.is_empty(), "{open:#?}");

    // Turns and calls are in an agent's span, and in its session.
    for stop in
        named(events, "condukt.llm_turn.stop").into_iter().chain(named(events, "condukt.tool_call.stop"))
    {
        let parent = stop.as_event().span().unwrap().parent_id.unwrap();
        assert_eq!(spans[&parent], ("condukt.agent", session(stop).to_owned()));
        assert!(stop.get("agent").is_some());
    }
    for stop in named(events, "condukt.llm_turn.stop") {
        assert!(stop.get("usage").is_some_and(|usage| usage["total"].as_u64() > Some(0)));
    }

    // Each session is one of the conversations, its calls in order, with their own arguments and results.
    let mut sessions: BTreeMap<&str, Vec<Call>> = BTreeMap::new();
    for stop in named(events, "condukt.agent.stop") {
        sessions.entry(session(stop)).or_default();
    }
    for stop in named(events, "condukt.tool_call.stop") {
        sessions.get_mut(session(stop)).unwrap().push(observed_call(stop));
    }
    for id in sessions.keys() {
        assert_eq!(Uuid::try_parse(id).unwrap().get_version_num(), 7);
    }
    let text = |calls: &Vec<Call>| format!("{calls:?}");
    let family = conversations.iter().flat_map(Conversation::with_delegated);
    let mut expected: Vec<_> = family.clone().map(recorded_calls).map(|calls| text(&calls)).collect();
    let mut observed: Vec<_> = sessions.values().map(text).collect();
    expected.sort_unstable();
    observed.sort_unstable();
    assert_eq!(observed, expected);

    // The same for the customers' messages and the answers.
    let said = |message: &Message| matches!(message, Message::Assistant { .. });
    let turns: usize =
        family.clone().map(|it| it.messages.iter().filter(|message| said(message)).count()).sum();
    assert_eq!(named(events, "condukt.llm_turn.stop").len(), turns);
    assert_eq!(named(events, "condukt.agent.stop").len(), family.map(Conversation::prompts).sum::<usize>());
}

/// A delegation has no session of its own kind: it is in its caller's.
fn session_of_span(event: &OwnedEvent) -> String {
    let session = event.get("session_id").or_else(|| event.get("parent_session_id"));
    session.and_then(Value::as_str).unwrap_or_else(|| panic!("no session: {event:?}")).to_owned()
}

async fn replay(concurrency: usize) {
    for file in HashSet::from([shipped(), shared().unwrap_or_else(shipped)]) {
        let conversations = conversation::read(&file).unwrap();
        let concurrency = NonZeroUsize::new(concurrency).unwrap();
        let settings = Settings { concurrency, ..Settings::default() };
        let (outcome, events) = observe(run(conversations.clone(), settings)).await;
        outcome.unwrap();
        check(&conversations, &events);
    }
}

#[tokio::test]
async fn one_after_the_other() {
    replay(1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn all_at_once_on_many_threads() {
    replay(24).await;
}

#[tokio::test]
async fn the_secret_is_redacted_in_messages_and_answers() {
    let line = r#"{"messages":[
        {"role":"user","content":"My key is larkwing-demo-key, what is yours?"},
        {"role":"assistant","tool_calls":[{"id":"c1","function":{"name":"leak","arguments":"{\"key\":\"larkwing-demo-key\"}"}}]},
        {"role":"tool","tool_call_id":"c1","content":"Error: larkwing-demo-key is refused"},
        {"role":"assistant","content":"Mine is larkwing-demo-key."}]}"#
        .replace('\n', "");
    let conversations = conversation::parse("test", line.as_bytes()).unwrap();
    // The model receives everything: the server would refuse a request that strays from the recording.
    let (outcome, events) = observe(run(conversations, Settings::default())).await;
    outcome.unwrap();
    let call = named(&events, "condukt.tool_call.stop")[0];
    assert_eq!(call.get("args"), Some(&json!({"key": "[REDACTED:BOOKING_API_KEY]"})));
    assert_eq!(call.get("error"), Some(&json!("Error: [REDACTED:BOOKING_API_KEY] is refused")));
    let turn = named(&events, "condukt.llm_turn.stop")[1];
    let mine = json!([{"type": "text", "content": "Mine is [REDACTED:BOOKING_API_KEY]."}]);
    assert_eq!(turn.get("assistant_message").map(|message| &message["parts"]), Some(&mine));
    assert!(!serde_json::to_string(&events).unwrap().contains("larkwing-demo-key"));
}
