//! Condukt's own tests of its telemetry, ported case by case: a session with tools, secrets and
//! sub-agents, operations, anonymous runs, and what is redacted.
//!
//! The modules are named after Condukt's test files. Without a meaning here: `network_policy_test`
//! (there are no such events) and `regex_test` (secrets are known by their values, not by patterns).
//! `history` in `session_test` is what the `messages` of a turn show; redacting what goes to the
//! model itself is the agent's own affair.

mod anonymous_run_test;
mod operation_test;
mod redactor_test;
mod secrets_test;
mod session_test;
mod subagent_test;
mod uuid_test;

use std::collections::VecDeque;
use std::fmt;
use std::panic::AssertUnwindSafe;

use futures::FutureExt as _;
use futures::future::join_all;
use serde::Serialize;
use serde_json::{Value, json};
use telemetry_runtime::testing::{self, Capture, only};
use telemetry_runtime::{
    Context, ErrorType, InContext as _, OwnedEvent, Secrets, StopMetadata, agent_span, emit, tool_call,
};

/// A message of a conversation.
#[derive(Clone, Debug, Serialize)]
struct Message {
    role: &'static str,
    content: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<ToolCall>,
}

#[derive(Clone, Debug, Serialize)]
struct ToolCall {
    id: &'static str,
    tool: &'static str,
    args: Value,
}

fn says(text: &str) -> Message {
    Message { role: "assistant", content: text.to_owned(), tool_calls: Vec::new() }
}

fn calls<const N: usize>(tool_calls: [(&'static str, &'static str, Value); N]) -> Message {
    let tool_calls = tool_calls.map(|(id, tool, args)| ToolCall { id, tool, args });
    Message { role: "assistant", content: String::new(), tool_calls: tool_calls.into() }
}

#[derive(StopMetadata)]
#[stop_of(llm_turn)]
struct Reply {
    assistant_message: Message,
    usage: Option<Value>,
    finish_reason: &'static str,
}

#[derive(Debug)]
enum Failure {
    Provider(String),
    Tool(String),
    InvalidInput,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Provider(text) | Self::Tool(text) => f.write_str(text),
            Self::InvalidInput => f.write_str("the input does not fit the schema"),
        }
    }
}

impl ErrorType for Failure {
    fn error_type(&self) -> String {
        let kind = match self {
            Self::Provider(_) => "provider",
            Self::Tool(_) => "tool",
            Self::InvalidInput => "invalid_input",
        };
        kind.to_owned()
    }
}

/// A session whose model follows a script.
struct Session {
    script: VecDeque<Message>,
    history: Vec<Message>,
    tools: &'static [&'static str],
}

impl Session {
    fn new(script: impl IntoIterator<Item = Message>) -> Self {
        Self {
            script: script.into_iter().collect(),
            history: Vec::new(),
            tools: &["echo", "fail", "raise", "leak"],
        }
    }

    #[agent_span(agent)]
    async fn run(&mut self, prompt: &str) -> Result<String, Failure> {
        self.history.push(Message { role: "user", content: prompt.to_owned(), tool_calls: Vec::new() });
        for turn in 0.. {
            let reply = self.turn(turn).await?;
            self.history.push(reply.assistant_message.clone());
            if reply.assistant_message.tool_calls.is_empty() {
                return Ok(reply.assistant_message.content);
            }
            let results = reply.assistant_message.tool_calls.iter().map(|call| {
                let context = Context::current().with_tool_call_id(call.id);
                self.call(call).in_context(context)
            });
            for result in join_all(results).await {
                let content = result.unwrap_or_else(|error| error.to_string());
                self.history.push(Message { role: "tool", content, tool_calls: Vec::new() });
            }
        }
        unreachable!("it returns or fails")
    }

    #[agent_span(llm_turn, model = "scripted", messages = &self.history, streaming = false, tool_count = self.tools.len())]
    async fn turn(&mut self, turn: u32) -> Result<Reply, Failure> {
        tokio::task::yield_now().await;
        let message =
            self.script.pop_front().ok_or_else(|| Failure::Provider("nothing left to say".to_owned()))?;
        let finish_reason = if message.tool_calls.is_empty() { "stop" } else { "tool_calls" };
        let usage = Some(json!({"input_tokens": 3, "output_tokens": 1}));
        Ok(Reply { assistant_message: message, usage, finish_reason })
    }

    #[tool_call(name = call.tool, args = &call.args)]
    async fn call(&self, call: &ToolCall) -> Result<String, Failure> {
        tokio::task::yield_now().await;
        match call.tool {
            "echo" => Ok(format!("echo: {}", call.args["text"].as_str().unwrap_or_default())),
            "fail" => Err(Failure::Tool("kaboom".to_owned())),
            "raise" => panic!("it raised"),
            "leak" => {
                let context = Context::current();
                let token = context.secrets().and_then(|secrets| secrets.get("GH_TOKEN")).unwrap();
                Ok(format!("the token is {token}"))
            }
            unknown => Err(Failure::Tool(format!("Unknown tool: {unknown}"))),
        }
    }

    fn compact(&mut self) {
        let before = self.history.len();
        self.history.drain(..before - 1);
        emit!(compact, duration = std::time::Duration::from_micros(1), before, after = self.history.len());
    }
}

/// Runs a session with these messages, and returns what was emitted.
async fn session(capture: Capture, script: impl IntoIterator<Item = Message>) -> Vec<OwnedEvent> {
    capture.follow(Session::new(script).run("hello there")).await.unwrap();
    capture.events()
}

fn names(events: &[OwnedEvent]) -> Vec<&str> {
    events.iter().map(|event| &*event.name).collect()
}

/// A call to `echo` and an answer.
fn echo() -> [Message; 2] {
    [calls([("call_1", "echo", json!({"text": "hi"}))]), says("done")]
}
