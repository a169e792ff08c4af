//! The tools of a recording: [`RecordedTools`] answers each call with what was answered then.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_openai::types::chat::{ChatCompletionTool, ChatCompletionTools, FunctionObject};
use async_trait::async_trait;
use telemetry_runtime::tool_call;

use crate::airline::agent::{Chat, FARE_DESK, ask_fare_desk};
use crate::airline::model::Model;
use crate::airline::replay::conversation::{Conversation, Message, Step};
use crate::airline::toolbox::{ToolCall, ToolError, Toolbox};

/// The tools of a recorded conversation.
pub struct RecordedTools {
    definitions: Vec<ChatCompletionTools>,
    /// What is left to answer, by call. Ids come back within a conversation, so there is a queue.
    answers: Mutex<HashMap<String, VecDeque<Answer>>>,
    model: Model,
    over: AtomicBool,
}

/// What a tool answered.
struct Answer {
    text: String,
    /// Whether the agent wrote nothing after it.
    last: bool,
    /// The conversation that the call led to.
    delegated: Option<Conversation>,
}

impl RecordedTools {
    /// The tools of `conversation`; `model` is for those whom its agent asked for help.
    pub fn new(conversation: &Conversation, model: Model) -> Self {
        let mut answers: HashMap<String, VecDeque<Answer>> = HashMap::new();
        for (index, message) in conversation.messages.iter().enumerate() {
            if let Message::Tool { tool_call_id, content } = message {
                let last = !conversation.assistant_follows(index);
                let answer = Answer { text: content.clone(), last, delegated: None };
                answers.entry(tool_call_id.clone()).or_default().push_back(answer);
            }
        }
        for (call, delegated) in &conversation.delegated {
            let waiting =
                answers.get_mut(call).and_then(|queue| queue.iter_mut().find(|it| it.delegated.is_none()));
            if let Some(answer) = waiting {
                answer.delegated = Some(delegated.clone());
            }
        }
        Self {
            definitions: definitions(conversation),
            answers: Mutex::new(answers),
            model,
            over: AtomicBool::new(false),
        }
    }

    fn take(&self, call: &str) -> Option<Answer> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).get_mut(call)?.pop_front()
    }

    /// What the call did when it was recorded. One function stands for all tools, so the name of
    /// the tool is an argument of the attribute.
    #[tool_call(name = call.name.as_str(), args = &call.arguments)]
    async fn replay(&self, call: &ToolCall, answer: Answer) -> Result<String, ToolError> {
        // The other calls of the turn go on meanwhile, as they would if this one did something.
        tokio::task::yield_now().await;
        if let Some(conversation) = answer.delegated {
            return self.delegate(&conversation).await;
        }
        if answer.text.starts_with("Error") { Err(ToolError::Recorded(answer.text)) } else { Ok(answer.text) }
    }

    /// Replays what another agent did.
    async fn delegate(&self, conversation: &Conversation) -> Result<String, ToolError> {
        let tools = Self::new(conversation, self.model.clone());
        let mut fare_desk = Chat::new(FARE_DESK, self.model.clone(), Arc::new(tools));
        let mut question = String::new();
        for step in conversation.steps() {
            match step {
                Step::Read(message) => fare_desk.read(message.into()),
                Step::Answer(text) => text.clone_into(&mut question),
                Step::Speak => {}
            }
        }
        Ok(ask_fare_desk(fare_desk, question).await.map_err(Box::new)?)
    }
}

#[async_trait]
impl Toolbox for RecordedTools {
    fn definitions(&self) -> &[ChatCompletionTools] {
        &self.definitions
    }

    async fn call(&self, call: &ToolCall) -> Result<String, ToolError> {
        let Some(answer) = self.take(&call.id) else {
            // The recording was stopped here: the call was asked for, but never made.
            self.over.store(true, Ordering::Relaxed);
            return Err(ToolError::NotRecorded(call.id.clone()));
        };
        if answer.last {
            self.over.store(true, Ordering::Relaxed);
        }
        self.replay(call, answer).await
    }

    fn handed_over(&self) -> bool {
        self.over.swap(false, Ordering::Relaxed)
    }
}

/// A recording does not say which tools were on offer, so those are that were called.
fn definitions(conversation: &Conversation) -> Vec<ChatCompletionTools> {
    let mut names: Vec<&str> = conversation.calls().map(|call| call.function.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let definition = |name: &str| {
        ChatCompletionTools::Function(ChatCompletionTool {
            function: FunctionObject { name: name.to_owned(), ..FunctionObject::default() },
        })
    };
    names.into_iter().map(definition).collect()
}
