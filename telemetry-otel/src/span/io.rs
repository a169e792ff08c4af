//! What went in and what came out, as a person would read it.

use serde_json::Value as Json;
use telemetry_llm::{Message, Role};

use crate::convert::messages::last_text;

/// What went in and what came out, and of a model call which conversation it belongs to.
#[derive(Clone, Debug, Default)]
pub(crate) struct InputOutput {
    pub(crate) input: Option<Json>,
    pub(crate) output: Option<Json>,
    /// The user's first message in it.
    opening: Option<String>,
    /// Whether the model has answered in it before.
    goes_on: bool,
}

impl InputOutput {
    /// Notes what a model is asked.
    pub(crate) fn asked(&mut self, messages: &[Message]) {
        let prompt = last_text(messages, &Role::User).or_else(|| last_text(messages, &Role::System));
        self.input = prompt.map(Json::from);
        let mut users = messages.iter().filter(|message| message.role == Role::User);
        self.opening = users.find_map(Message::text).or_else(|| messages.iter().find_map(Message::text));
        self.goes_on = messages.iter().any(|message| message.role == Role::Assistant);
    }
}

impl InputOutput {
    /// Takes one more model call of an agent: its main conversation is what the agent was asked and
    /// answered. Calls beside it, as a guard before or a title after, are neither.
    pub(super) fn add_call(&mut self, call: &Self) {
        // A model that only calls tools has not answered yet.
        let answer = call.output.as_ref().filter(|output| output.is_string());
        let quotes = |long: Option<&str>, short: Option<&str>| match (long, short) {
            (Some(long), Some(short)) => short.len() >= 8 && long.len() > short.len() && long.contains(short),
            _ => false,
        };
        let (known, asked) = (self.opening.as_deref(), call.opening.as_deref());
        let guarded = quotes(known, asked);
        if self.input.is_none() && self.output.is_none() && known.is_none() || guarded {
            self.input.clone_from(&call.input);
            self.output = answer.cloned();
            self.opening.clone_from(&call.opening);
            return;
        }
        let answered = self.output.as_ref().and_then(Json::as_str);
        let same = known == asked || asked.is_none() || known.is_none();
        let builds_on = quotes(asked, answered);
        if (same || call.goes_on || builds_on || self.output.is_none())
            && let Some(answer) = answer
        {
            self.output = Some(answer.clone());
        }
    }
}
