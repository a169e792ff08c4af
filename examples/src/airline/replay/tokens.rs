//! Counts tokens as the models of the `gpt-4o` family do, so that the loopback server can report
//! usage that is true.

use async_openai::types::chat::CompletionUsage;
use tiktoken_rs::o200k_base_singleton;

use crate::airline::replay::conversation::Message;

/// What the chat format puts around each message, and before the answer.
const FRAME: usize = 3;

/// Reads the table of tokens, which the first count would wait for otherwise: a second, unoptimised.
pub fn load() {
    o200k_base_singleton();
}

/// The tokens of one message.
pub fn count(message: &Message) -> usize {
    let text = |text: &str| o200k_base_singleton().count_ordinary(text);
    FRAME
        + match message {
            Message::System { content } | Message::User { content } | Message::Tool { content, .. } => {
                text(content)
            }
            Message::Assistant { content, tool_calls } => {
                let calls = tool_calls
                    .iter()
                    .map(|call| text(&call.function.name) + text(&call.function.arguments) + FRAME);
                text(content) + calls.sum::<usize>()
            }
        }
}

/// The usage of a turn whose prompt and answer have so many tokens.
pub fn usage(prompt: usize, answer: usize) -> CompletionUsage {
    let tokens = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    CompletionUsage {
        prompt_tokens: tokens(prompt + FRAME),
        completion_tokens: tokens(answer),
        total_tokens: tokens(prompt + FRAME + answer),
        ..CompletionUsage::default()
    }
}
