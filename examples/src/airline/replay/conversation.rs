//! Recorded conversations: one JSON object a line, with `messages` in `OpenAI`'s chat format.
//!
//! A line may carry `delegated_by`, the id of a tool call in a line above it: it is then what an
//! agent that was asked for help did, and is replayed within that call.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use async_openai::types::chat::{
    ChatCompletionMessageToolCall, ChatCompletionMessageToolCalls, ChatCompletionRequestMessage,
    ChatCompletionRequestSystemMessage, ChatCompletionRequestToolMessage, ChatCompletionRequestUserMessage,
};
use serde::{Deserialize, Deserializer};

use crate::airline::model::assistant_message;

/// The conversation that the example comes with.
const SHIPPED: &str = include_str!("../../../data/conversation.jsonl");

/// A recorded conversation.
#[derive(Clone, Debug)]
pub struct Conversation {
    /// Its line in the file, from 1.
    pub line: usize,
    /// The messages.
    pub messages: Vec<Message>,
    /// The conversations of the agents that were asked for help, with the call that asked.
    pub delegated: Vec<(String, Conversation)>,
}

/// A recorded message.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "role", rename_all = "lowercase")]
pub enum Message {
    /// The system prompt.
    #[serde(alias = "developer")]
    System {
        /// The text.
        content: String,
    },
    /// A message of the customer.
    User {
        /// The text.
        content: String,
    },
    /// A message of the agent, or its tool calls.
    Assistant {
        /// The text, empty beside tool calls mostly.
        #[serde(default, deserialize_with = "or_default")]
        content: String,
        /// The calls.
        #[serde(default, deserialize_with = "or_default")]
        tool_calls: Vec<ChatCompletionMessageToolCall>,
    },
    /// What a tool answers.
    Tool {
        /// The call that it answers.
        tool_call_id: String,
        /// The answer.
        content: String,
    },
}

/// What an agent does when a conversation is replayed.
#[derive(Clone, Copy, Debug)]
pub enum Step<'a> {
    /// It reads a message that has no answer.
    Read(&'a Message),
    /// It answers the customer, tools and all.
    Answer(&'a str),
    /// It speaks unasked.
    Speak,
}

/// Why there are no conversations.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file cannot be read.
    #[error("{file}: {error}")]
    File {
        /// The file.
        file: String,
        /// Why not.
        error: std::io::Error,
    },
    /// A line is no conversation.
    #[error("{file}: line {line}: {reason}")]
    Line {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// The file is empty.
    #[error("{file}: there is no conversation in it")]
    Empty {
        /// The file.
        file: String,
    },
}

/// The conversations of a file.
pub fn read(path: &Path) -> Result<Vec<Conversation>, ReadError> {
    let file = path.display().to_string();
    match File::open(path) {
        Ok(opened) => parse(&file, BufReader::new(opened)),
        Err(error) => Err(ReadError::File { file, error }),
    }
}

/// The conversation that the example comes with: a customer with two bookings, three calls in one
/// turn, a gift card that will not do, and a question to the fare desk.
pub fn shipped() -> Result<Vec<Conversation>, ReadError> {
    parse("the shipped conversation", SHIPPED.as_bytes())
}

/// The conversations in `lines`; `file` is what errors call it.
pub fn parse(file: &str, lines: impl BufRead) -> Result<Vec<Conversation>, ReadError> {
    let mut conversations = Vec::new();
    for (number, text) in (1..).zip(lines.lines()) {
        let bad = |reason: String| ReadError::Line { file: file.to_owned(), line: number, reason };
        let text = match text {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::InvalidData => {
                return Err(bad(error.to_string()));
            }
            Err(error) => return Err(ReadError::File { file: file.to_owned(), error }),
        };
        if text.trim().is_empty() {
            continue;
        }
        let (conversation, delegated_by) = Conversation::from_line(number, &text).map_err(bad)?;
        match delegated_by {
            None => conversations.push(conversation),
            Some(call) => adopt(&mut conversations, call, conversation).map_err(bad)?,
        }
    }
    if conversations.is_empty() {
        return Err(ReadError::Empty { file: file.to_owned() });
    }
    Ok(conversations)
}

/// A line as it is written.
#[derive(Deserialize)]
struct Line {
    messages: Vec<Message>,
    #[serde(default)]
    delegated_by: Option<String>,
}

/// Puts a delegated conversation under the latest one above it that made the call.
fn adopt(conversations: &mut [Conversation], call: String, delegated: Conversation) -> Result<(), String> {
    match conversations.iter_mut().rev().find_map(|conversation| conversation.caller_of(&call)) {
        Some(caller) => {
            caller.delegated.push((call, delegated));
            Ok(())
        }
        None => Err(format!("`delegated_by`: no line above it holds the call `{call}`")),
    }
}

impl Conversation {
    fn from_line(line: usize, text: &str) -> Result<(Self, Option<String>), String> {
        let no_conversation = |error: &dyn std::fmt::Display| format!("not a conversation: {error}");
        let mut json = serde_json::Deserializer::from_str(text);
        // Names the place in the line: `messages[4]: missing field `content``.
        let read: Line =
            serde_path_to_error::deserialize(&mut json).map_err(|error| no_conversation(&error))?;
        json.end().map_err(|error| no_conversation(&error))?;

        let mut conversation = Self { line, messages: read.messages, delegated: Vec::new() };
        conversation.check()?;
        conversation.order_answers();
        if read.delegated_by.is_some() {
            let mut steps = conversation.steps();
            steps.retain(|step| !matches!(step, Step::Read(Message::System { .. })));
            if !matches!(steps[..], [Step::Answer(_)]) {
                return Err("a delegated conversation has one question in it, and the answer".to_owned());
            }
        }
        Ok((conversation, read.delegated_by))
    }

    /// A tool answers a call of the message before it, and no other message comes until all have.
    fn check(&self) -> Result<(), String> {
        if self.messages.is_empty() {
            return Err("not a conversation: there are no messages in it".to_owned());
        }
        let mut open: Vec<&str> = Vec::new();
        for (index, message) in self.messages.iter().enumerate() {
            match message {
                Message::Tool { tool_call_id, .. } => {
                    let Some(call) = open.iter().position(|id| id == tool_call_id) else {
                        return Err(format!(
                            "messages[{index}]: it answers the call `{tool_call_id}`, which is not open"
                        ));
                    };
                    open.remove(call);
                }
                _ if !open.is_empty() => {
                    return Err(format!("messages[{index}]: the call `{}` before it has no answer", open[0]));
                }
                Message::Assistant { tool_calls, .. } => {
                    open.extend(tool_calls.iter().map(|call| call.id.as_str()));
                }
                Message::System { .. } | Message::User { .. } => {}
            }
        }
        Ok(())
    }

    /// Puts the answers of tools in the order of the calls, as an agent does that waits for them all.
    fn order_answers(&mut self) {
        for round in self.messages.chunk_by_mut(|_, next| matches!(next, Message::Tool { .. })) {
            if let [Message::Assistant { tool_calls, .. }, answers @ ..] = round {
                answers.sort_by_key(|answer| tool_calls.iter().position(|call| answer.answers(&call.id)));
            }
        }
    }

    /// What the agent does, in order. Its own messages and its tools' are part of an answer.
    pub fn steps(&self) -> Vec<Step<'_>> {
        let mut steps = Vec::new();
        // Whether the agent goes on without a new message, because it calls tools or was asked something.
        let mut answering = false;
        for (index, message) in self.messages.iter().enumerate() {
            match message {
                Message::User { content } if self.assistant_follows(index) => {
                    steps.push(Step::Answer(content));
                    answering = true;
                }
                Message::System { .. } | Message::User { .. } => {
                    steps.push(Step::Read(message));
                    answering = false;
                }
                Message::Assistant { tool_calls, .. } => {
                    if !answering {
                        steps.push(Step::Speak);
                    }
                    answering = !tool_calls.is_empty();
                }
                Message::Tool { .. } => {}
            }
        }
        steps
    }

    /// Whether the message after this one is the agent's, its tools' answers left aside.
    pub(crate) fn assistant_follows(&self, index: usize) -> bool {
        let mut after =
            self.messages[index + 1..].iter().skip_while(|message| matches!(message, Message::Tool { .. }));
        matches!(after.next(), Some(Message::Assistant { .. }))
    }

    /// How many answers the customer, or another agent that asks, gets.
    pub fn prompts(&self) -> usize {
        self.steps().iter().filter(|step| matches!(step, Step::Answer(_))).count()
    }

    /// This conversation and those that were delegated from it.
    pub fn with_delegated(&self) -> Vec<&Self> {
        let mut all = vec![self];
        for (_, delegated) in &self.delegated {
            all.extend(delegated.with_delegated());
        }
        all
    }

    /// The one of these that made a call.
    fn caller_of(&mut self, call: &str) -> Option<&mut Self> {
        if self.calls().any(|made| made.id == call) {
            return Some(self);
        }
        self.delegated.iter_mut().rev().find_map(|(_, delegated)| delegated.caller_of(call))
    }

    /// All tool calls, in order.
    pub fn calls(&self) -> impl Iterator<Item = &ChatCompletionMessageToolCall> {
        self.messages.iter().flat_map(|message| match message {
            Message::Assistant { tool_calls, .. } => tool_calls.as_slice(),
            _ => &[],
        })
    }
}

impl Message {
    /// Whether it is a tool's answer to that call.
    fn answers(&self, call: &str) -> bool {
        matches!(self, Self::Tool { tool_call_id, .. } if tool_call_id == call)
    }
}

impl From<&Message> for ChatCompletionRequestMessage {
    /// The message as it is sent to a model.
    fn from(message: &Message) -> Self {
        match message {
            Message::System { content } => ChatCompletionRequestSystemMessage::from(content.as_str()).into(),
            Message::User { content } => ChatCompletionRequestUserMessage::from(content.as_str()).into(),
            Message::Assistant { content, tool_calls } => {
                assistant_message(content.clone(), tool_calls.iter().map(call_as_sent).collect())
            }
            Message::Tool { tool_call_id, content } => ChatCompletionRequestToolMessage {
                content: content.as_str().into(),
                tool_call_id: tool_call_id.clone(),
            }
            .into(),
        }
    }
}

/// A call as an agent sends it back, which reads the arguments and writes them anew.
fn call_as_sent(call: &ChatCompletionMessageToolCall) -> ChatCompletionMessageToolCalls {
    let mut call = call.clone();
    if let Ok(arguments) = serde_json::from_str::<serde_json::Value>(&call.function.arguments) {
        call.function.arguments = arguments.to_string();
    }
    ChatCompletionMessageToolCalls::Function(call)
}

/// `null` is how many recordings write "none".
fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(json: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(json)?.unwrap_or_default())
}
