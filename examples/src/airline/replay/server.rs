//! A server on loopback that plays the model: it answers `/chat/completions` with what a
//! recording says comes next.
//!
//! It keeps no state. Each recorded conversation has a base URL of its own, and which message
//! comes next follows from those in the request; a request that strays from the recording is
//! refused, so that a replay is also a check of what the agent sends.

use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::sync::{Arc, OnceLock};

use async_openai::types::chat::{
    ChatCompletionMessageToolCall, ChatCompletionRequestMessage, CompletionUsage, CreateChatCompletionRequest,
};
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::StatusCode;
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::serve::ListenerExt as _;
use axum::{Json, Router};
use futures::stream;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::airline::replay::conversation::{Conversation, Message};
use crate::airline::replay::tokens;

/// The server, which stops when it is dropped.
#[derive(Debug)]
pub struct ReplayServer {
    port: u16,
    task: JoinHandle<()>,
}

impl ReplayServer {
    /// Starts a server for `conversations` on a port of the system's choosing.
    pub async fn start(conversations: &[Conversation]) -> std::io::Result<Self> {
        // So that no turn is charged for it. That it fails is not among what can happen.
        let _ = tokio::task::spawn_blocking(tokens::load).await;
        let recordings: Arc<[Recordings]> = conversations.iter().map(Recordings::new).collect();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        let router = Router::new()
            .route("/conversations/{conversation}/v1/chat/completions", post(answer))
            // A long conversation is no attack.
            .layer(DefaultBodyLimit::disable())
            .with_state(recordings);
        // Without this each small chunk of a stream waits for the one before it to be acknowledged.
        let listener = listener.tap_io(|connection| {
            let _ = connection.set_nodelay(true);
        });
        let task = tokio::spawn(async move {
            // `serve` sees to failing connections itself, and has no other way to end.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { port, task })
    }

    /// The base URL of the conversation at `index`, and of what was delegated from it.
    pub fn base_url(&self, index: usize) -> String {
        format!("http://{}:{}/conversations/{index}/v1", Ipv4Addr::LOCALHOST, self.port)
    }
}

impl Drop for ReplayServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The recordings behind one base URL. The customer's and the delegated ones share it, as they
/// would share a provider; which is meant shows in the messages.
struct Recordings(Vec<Recording>);

struct Recording {
    messages: Vec<Message>,
    /// The same as a client sends them.
    sent: Vec<ChatCompletionRequestMessage>,
    /// The tokens of each, counted when first read.
    tokens: OnceLock<Vec<usize>>,
}

/// The next answer of a recording.
struct Next<'a> {
    id: String,
    model: String,
    content: &'a str,
    tool_calls: &'a [ChatCompletionMessageToolCall],
    usage: CompletionUsage,
}

/// The handler of `/chat/completions`.
async fn answer(
    State(conversations): State<Arc<[Recordings]>>,
    Path(conversation): Path<usize>,
    Json(request): Json<CreateChatCompletionRequest>,
) -> Response {
    let Some(recordings) = conversations.get(conversation) else {
        return refuse(StatusCode::NOT_FOUND, &format!("there is no conversation {conversation}"));
    };
    match recordings.next(request.messages.as_slice(), request.model) {
        Err(reason) => refuse(StatusCode::BAD_REQUEST, &reason),
        Ok(next) if request.stream == Some(true) => {
            let with_usage =
                request.stream_options.is_some_and(|options| options.include_usage == Some(true));
            let events =
                next.chunks(with_usage).into_iter().map(|chunk| Event::default().data(chunk.to_string()));
            let done = Event::default().data("[DONE]");
            let events: Vec<Result<Event, Infallible>> = events.chain([done]).map(Ok).collect();
            Sse::new(stream::iter(events)).into_response()
        }
        Ok(next) => Json(next.completion()).into_response(),
    }
}

/// An error as the API words it.
fn refuse(status: StatusCode, message: &str) -> Response {
    let error =
        json!({"error": {"message": message, "type": "invalid_request_error", "param": null, "code": null}});
    (status, Json(error)).into_response()
}

impl Recordings {
    fn new(conversation: &Conversation) -> Self {
        let recordings = conversation.with_delegated().into_iter().map(|conversation| Recording {
            messages: conversation.messages.clone(),
            sent: conversation.messages.iter().map(ChatCompletionRequestMessage::from).collect(),
            tokens: OnceLock::new(),
        });
        Self(recordings.collect())
    }

    fn next(&self, messages: &[ChatCompletionRequestMessage], model: String) -> Result<Next<'_>, String> {
        let Some(recording) = self.0.iter().find(|recording| recording.sent.starts_with(messages)) else {
            // The recording that it strays from last is the one that was meant.
            let same = |recording: &Recording| {
                recording.sent.iter().zip(messages).take_while(|(recorded, sent)| recorded == sent).count()
            };
            let strays = self.0.iter().map(same).max().unwrap_or_default();
            return Err(format!("messages[{strays}] is not what was recorded"));
        };
        let position = messages.len();
        let Some(Message::Assistant { content, tool_calls }) = recording.messages.get(position) else {
            return Err(format!("nothing was recorded that the model says after {position} messages"));
        };
        let tokens = recording.tokens();
        Ok(Next {
            id: format!("chatcmpl-{position}"),
            model,
            content,
            tool_calls,
            usage: tokens::usage(tokens[..position].iter().sum(), tokens[position]),
        })
    }
}

impl Recording {
    fn tokens(&self) -> &[usize] {
        self.tokens.get_or_init(|| self.messages.iter().map(tokens::count).collect())
    }
}

impl Next<'_> {
    fn finish_reason(&self) -> &'static str {
        if self.tool_calls.is_empty() { "stop" } else { "tool_calls" }
    }

    /// The whole answer.
    fn completion(&self) -> Value {
        let mut message = json!({"role": "assistant", "content": self.content});
        if !self.tool_calls.is_empty() {
            message["tool_calls"] = self.tool_calls.iter().map(|call| tool_call(call, None)).collect();
        }
        json!({
            "id": self.id,
            "object": "chat.completion",
            "created": 0,
            "model": self.model,
            "choices": [{"index": 0, "message": message, "finish_reason": self.finish_reason()}],
            "usage": self.usage,
        })
    }

    /// The answer in pieces: words of the text, then each call with its arguments in two halves,
    /// then why it ends, then the usage for those who want it.
    fn chunks(&self, with_usage: bool) -> Vec<Value> {
        let mut deltas = vec![json!({"role": "assistant", "content": ""})];
        deltas.extend(self.content.split_inclusive(' ').map(|word| json!({"content": word})));
        for (index, call) in self.tool_calls.iter().enumerate() {
            let (first, second) = halves(&call.function.arguments);
            deltas.push(json!({"tool_calls": [tool_call(call, Some((index, first)))]}));
            deltas.push(json!({"tool_calls": [{"index": index, "function": {"arguments": second}}]}));
        }

        let mut chunks: Vec<Value> = deltas
            .into_iter()
            .map(|delta| self.chunk(&json!([{"index": 0, "delta": delta, "finish_reason": null}]), None))
            .collect();
        let end = json!([{"index": 0, "delta": {}, "finish_reason": self.finish_reason()}]);
        chunks.push(self.chunk(&end, None));
        if with_usage {
            chunks.push(self.chunk(&json!([]), Some(&self.usage)));
        }
        chunks
    }

    fn chunk(&self, choices: &Value, usage: Option<&CompletionUsage>) -> Value {
        json!({
            "id": self.id,
            "object": "chat.completion.chunk",
            "created": 0,
            "model": self.model,
            "choices": choices,
            "usage": usage,
        })
    }
}

/// A call as the API writes it, in a stream with its index and the first of its arguments.
fn tool_call(call: &ChatCompletionMessageToolCall, streamed: Option<(usize, &str)>) -> Value {
    let arguments = streamed.map_or(call.function.arguments.as_str(), |(_, first)| first);
    let mut value = json!({
        "id": call.id,
        "type": "function",
        "function": {"name": call.function.name, "arguments": arguments},
    });
    if let Some((index, _)) = streamed {
        value["index"] = index.into();
    }
    value
}

fn halves(text: &str) -> (&str, &str) {
    let middle = (text.len() / 2..text.len()).find(|&at| text.is_char_boundary(at)).unwrap_or(text.len());
    text.split_at(middle)
}
