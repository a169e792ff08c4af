//! The work of an agent that is replayed: what it asks of its model, and what its tools answer.

use std::cell::Cell;

use serde_json::Value as Json;
use telemetry_runtime::{agent_span, tool_call};

/// The functions that are instrumented, by us or by a peer.
#[derive(Clone, Copy)]
pub(crate) struct Work {
    pub(crate) agent: fn(&mut dyn FnMut()),
    pub(crate) turn: fn(u32, &[Json], &Json),
    pub(crate) tool: fn(&str, &str, &Json, &Json),
}

pub(crate) const OURS: Work = Work {
    agent,
    turn: |turn, messages, reply| {
        complete(turn, messages, reply);
    },
    tool: |name, id, args, result| {
        call(name, id, args, result);
    },
};

#[agent_span(agent, agent = "airline")]
fn agent(work: &mut dyn FnMut()) {
    work();
}

#[agent_span(
    llm_turn,
    model = "gpt-4o",
    streaming = false,
    stop(|reply| assistant_message = reply, usage = usage(messages.len(), reply), finish_reason = finish(reply))
)]
fn complete<'r>(turn: u32, messages: &[Json], reply: &'r Json) -> &'r Json {
    reply
}

#[tool_call(name = name, tool_call_id = id, args = args)]
fn call<'r>(name: &str, id: &str, args: &Json, result: &'r Json) -> &'r Json {
    result
}

/// About what a model would count.
pub(crate) fn usage(asked: usize, reply: &Json) -> Json {
    let answered = reply["content"].as_str().map_or(20, |text| text.len() / 4);
    serde_json::json!({ "input_tokens": asked * 100, "output_tokens": answered })
}

pub(crate) fn finish(reply: &Json) -> &'static str {
    if reply["tool_calls"].is_array() { "tool_calls" } else { "stop" }
}

/// One recorded conversation.
pub(crate) struct Conversation {
    messages: Vec<Json>,
}

thread_local! {
    static DONE: Cell<u64> = const { Cell::new(0) };
}

/// How many agents, turns and tool calls there have been.
pub(crate) fn done() -> u64 {
    DONE.get()
}

fn role(message: &Json) -> &str {
    message["role"].as_str().unwrap_or("")
}

impl Conversation {
    pub(crate) fn all(text: &str) -> Vec<Self> {
        let lines = text.lines().map(|line| serde_json::from_str::<Json>(line).expect("each line is JSON"));
        lines.map(|mut line| Self { messages: take(&mut line["messages"]) }).collect()
    }

    /// How many agents, turns and tool calls one replay of all of them has.
    pub(crate) fn counts(all: &[Self]) -> [usize; 3] {
        let count = |role: &str| {
            all.iter().map(|it| it.messages.iter().filter(|m| self::role(m) == role).count()).sum()
        };
        let agents =
            all.iter().map(|it| it.messages.windows(2).filter(|two| begins_answer(two)).count()).sum();
        [agents, count("assistant"), count("tool")]
    }

    /// Does it all again.
    pub(crate) fn replay(&self, work: Work) {
        let mut at = 0;
        while at < self.messages.len() {
            let end = self.messages[at + 1..].iter().position(|message| role(message) == "user");
            let end = end.map_or(self.messages.len(), |more| at + 1 + more);
            let mut steps = || (at..end).for_each(|step| self.step(step, work));
            if self.messages.get(at..at + 2).is_some_and(begins_answer) {
                DONE.set(DONE.get() + 1);
                (work.agent)(&mut steps);
            } else {
                steps();
            }
            at = end;
        }
    }

    fn step(&self, at: usize, work: Work) {
        let message = &self.messages[at];
        match role(message) {
            "assistant" => {
                DONE.set(DONE.get() + 1);
                (work.turn)(u32::try_from(at).unwrap_or(0), &self.messages[..at], message);
            }
            "tool" => {
                DONE.set(DONE.get() + 1);
                let id = message["tool_call_id"].as_str().unwrap_or("");
                let calls =
                    self.messages[..at].iter().rev().find_map(|message| message["tool_calls"].as_array());
                let call = calls.and_then(|calls| calls.iter().find(|call| call["id"] == id));
                let call = call.map_or(&Json::Null, |call| &call["function"]);
                (work.tool)(
                    call["name"].as_str().unwrap_or("tool"),
                    id,
                    &call["arguments"],
                    &message["content"],
                );
            }
            _ => {}
        }
    }
}

fn begins_answer(two: &[Json]) -> bool {
    role(&two[0]) == "user" && role(&two[1]) == "assistant"
}

fn take(messages: &mut Json) -> Vec<Json> {
    match messages.take() {
        Json::Array(messages) => messages,
        _ => panic!("each line has `messages`"),
    }
}
