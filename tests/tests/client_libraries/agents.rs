//! Agents of client libraries against a provider on loopback HTTP, whole and streamed: one attribute a function, and no
//! glue, gives the answer, its tool calls, the tokens, why it ended, the model that answered and the answer's id.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::response::IntoResponse as _;
use axum::response::sse::{Event as Sse, Sse as SseResponse};
use axum::routing::post;
use axum::{Json as Body, Router};
use futures::{StreamExt as _, stream};
use serde_json::{Value as Json, json};
use telemetry_runtime::{OwnedEvent, agent_span, testing, tool_call};

const MODEL: &str = "gpt-4o";
const QUESTION: &str = "How warm is it in Oslo?";

fn usage() -> Json {
    json!({"prompt_tokens": 12, "completion_tokens": 4, "total_tokens": 16,
        "prompt_tokens_details": {"cached_tokens": 3}, "completion_tokens_details": {"reasoning_tokens": 2}})
}

/// The first answer calls a tool, the second answers with the result.
fn message(turn: usize) -> (Json, &'static str) {
    match turn {
        0 => {
            let function = json!({"name": "get_temperature", "arguments": "{\"city\":\"Oslo\"}"});
            let call = json!({"id": "call_1", "type": "function", "function": function});
            (json!({"role": "assistant", "content": null, "tool_calls": [call]}), "tool_calls")
        }
        _ => (json!({"role": "assistant", "content": "It is -3 °C."}), "stop"),
    }
}

fn whole(turn: usize) -> Json {
    let (message, reason) = message(turn);
    json!({"id": format!("chatcmpl-{turn}"), "object": "chat.completion", "created": 1, "model": "gpt-4o-2024-08-06",
        "choices": [{"index": 0, "message": message, "finish_reason": reason, "logprobs": null}], "usage": usage()})
}

fn chunks(turn: usize) -> Vec<Json> {
    let chunk = |choices: Json, usage: Json| {
        json!({"id": format!("chatcmpl-{turn}"), "object": "chat.completion.chunk", "created": 1,
            "model": "gpt-4o-2024-08-06", "choices": choices, "usage": usage})
    };
    let (_, reason) = message(turn);
    let call = |id: Json, name: Json, arguments: &str| json!({"tool_calls": [{"index": 0, "id": id, "type": "function", "function": {"name": name, "arguments": arguments}}]});
    let deltas = match turn {
        0 => vec![
            call(json!("call_1"), json!("get_temperature"), ""),
            call(Json::Null, Json::Null, "{\"city\":"),
            call(Json::Null, Json::Null, "\"Oslo\"}"),
        ],
        _ => vec![json!({"role": "assistant", "content": "It is "}), json!({"content": "-3 °C."})],
    };
    let choice = |delta: Json, reason: Json| json!([{"index": 0, "delta": delta, "finish_reason": reason}]);
    let deltas = deltas.into_iter().map(|delta| chunk(choice(delta, Json::Null), Json::Null));
    deltas.chain([chunk(choice(json!({}), json!(reason)), Json::Null), chunk(json!([]), usage())]).collect()
}

/// A provider with `POST /v1/chat/completions`, and where it is.
async fn provider() -> String {
    let turns = Arc::new(AtomicUsize::new(0));
    let answer = move |Body(request): Body<Json>| async move {
        let turn = turns.fetch_add(1, Ordering::SeqCst);
        assert_eq!(request["model"], MODEL);
        if request["stream"] != true {
            return Body(whole(turn)).into_response();
        }
        let data = chunks(turn).into_iter().map(|chunk| chunk.to_string()).chain(["[DONE]".to_owned()]);
        let events = data.map(|data| Ok::<_, std::convert::Infallible>(Sse::default().data(data)));
        SseResponse::new(stream::iter(events)).into_response()
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().route("/v1/chat/completions", post(answer));
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}/v1")
}

/// Tells the temperature.
#[tool_call]
fn get_temperature(city: &str) -> i32 {
    if city == "Oslo" { -3 } else { 20 }
}

/// What the types of a library give of an answer.
#[derive(Clone, Copy, PartialEq)]
enum Known {
    Everything,
    /// All but the id and the model, which genai's streams leave out.
    NoIdentity,
}

/// Asserts each of the two turns of an agent, key by key.
fn assert_turns(events: &[OwnedEvent], known: Known) {
    let names: Vec<_> = events.iter().map(|event| &*event.name).collect();
    assert_eq!(
        names,
        [
            "condukt.agent.start",
            "condukt.llm_turn.start",
            "condukt.llm_turn.stop",
            "condukt.tool_call.start",
            "condukt.tool_call.stop",
            "condukt.llm_turn.start",
            "condukt.llm_turn.stop",
            "condukt.agent.stop"
        ]
    );
    let arguments = json!({"city": "Oslo"});
    let call =
        json!({"type": "tool_call", "id": "call_1", "name": "get_temperature", "arguments": arguments});
    let text = json!({"type": "text", "content": "It is -3 °C."});
    for (turn, stop, part, reason) in [(0, &events[2], call, "tool_call"), (1, &events[6], text, "stop")] {
        assert_eq!(stop.get("status").unwrap(), "ok", "{stop:?}");
        assert_eq!(stop.get("turn").unwrap(), turn);
        assert_eq!(stop.get("model").unwrap(), MODEL);
        assert_eq!(stop.get("assistant_message").unwrap()["role"], "assistant");
        assert_eq!(stop.get("assistant_message").unwrap()["parts"], json!([part]));
        let mut usage = stop.get("usage").unwrap().clone();
        // rig reckons what it cost.
        let cost = usage.as_object_mut().unwrap().remove("cost");
        assert!(cost.is_none_or(|cost| cost.as_f64().is_some_and(|cost| cost > 0.0)));
        assert_eq!(usage, json!({"input": 12, "output": 4, "total": 16, "cache_read": 3, "reasoning": 2}));
        assert_eq!(stop.get("finish_reason").unwrap(), reason);
        let identity = (known == Known::Everything)
            .then(|| (json!(format!("chatcmpl-{turn}")), json!("gpt-4o-2024-08-06")));
        let (id, model) = identity.unzip();
        assert_eq!((stop.get("response_id"), stop.get("response_model")), (id.as_ref(), model.as_ref()));
        let asked = telemetry_llm::conversation(stop.get("messages").unwrap());
        assert_eq!(asked[0].text().as_deref(), Some(QUESTION));
    }
}

mod async_openai {
    use ::async_openai::Client;
    use ::async_openai::config::OpenAIConfig;
    use ::async_openai::error::OpenAIError;
    use ::async_openai::types::chat::{
        ChatCompletionResponseStream, CreateChatCompletionRequest, CreateChatCompletionResponse,
    };

    use super::*;

    struct Agent {
        client: Client<OpenAIConfig>,
    }

    fn request() -> CreateChatCompletionRequest {
        let messages = json!([{"role": "user", "content": QUESTION}]);
        serde_json::from_value(json!({"model": MODEL, "messages": messages})).unwrap()
    }

    impl Agent {
        async fn new() -> Self {
            let config = OpenAIConfig::new().with_api_base(provider().await).with_api_key("k");
            Self { client: Client::with_config(config) }
        }

        #[agent_span(llm_turn, model = MODEL, messages = &request.messages, response)]
        async fn complete(
            &self,
            request: CreateChatCompletionRequest,
        ) -> Result<CreateChatCompletionResponse, OpenAIError> {
            self.client.chat().create(request).await
        }

        #[agent_span(llm_turn, model = MODEL, messages = &request.messages, streaming = true, stream, response)]
        async fn stream(
            &self,
            request: CreateChatCompletionRequest,
        ) -> Result<ChatCompletionResponseStream, OpenAIError> {
            self.client.chat().create_stream(request).await
        }

        #[agent_span(agent)]
        async fn run(&self) {
            self.complete(request()).await.unwrap();
            get_temperature("Oslo");
            self.complete(request()).await.unwrap();
        }

        #[agent_span(agent)]
        async fn run_streamed(&self) {
            self.stream(request()).await.unwrap().for_each(async |chunk| drop(chunk.unwrap())).await;
            get_temperature("Oslo");
            self.stream(request()).await.unwrap().for_each(async |chunk| drop(chunk.unwrap())).await;
        }
    }

    #[tokio::test]
    async fn an_agent() {
        let (agent, capture) = (Agent::new().await, testing::capture());
        capture.follow(agent.run()).await;
        assert_turns(&capture.events(), Known::Everything);
    }

    #[tokio::test]
    async fn an_agent_that_streams() {
        let (agent, capture) = (Agent::new().await, testing::capture());
        capture.follow(agent.run_streamed()).await;
        let events = capture.events();
        assert_turns(&events, Known::Everything);
        assert!(events[2].measurements.contains_key("time_to_first_token"));
        assert_eq!(events[2].measurements["items"], 5);
    }
}

mod genai {
    use ::genai::adapter::AdapterKind;
    use ::genai::chat::{ChatMessage, ChatOptions, ChatRequest, ChatResponse, ChatStreamEvent};
    use ::genai::resolver::{AuthData, Endpoint, ServiceTargetResolver};
    use ::genai::{Client, ModelIden, ServiceTarget};
    use futures::Stream;

    use super::*;

    struct Agent {
        client: Client,
        options: ChatOptions,
    }

    fn request() -> ChatRequest {
        ChatRequest::new(vec![ChatMessage::user(QUESTION)])
    }

    impl Agent {
        async fn new() -> Self {
            let url = format!("{}/", provider().await);
            let target = move |target: ServiceTarget| {
                let model = ModelIden::new(AdapterKind::OpenAI, target.model.model_name);
                let endpoint = Endpoint::from_owned(url.clone());
                Ok(ServiceTarget { endpoint, auth: AuthData::from_single("k"), model })
            };
            let target = ServiceTargetResolver::from_resolver_fn(target);
            let client = Client::builder().with_service_target_resolver(target).build().unwrap();
            Self {
                client,
                options: ChatOptions::default().with_capture_usage(true).with_capture_raw_body(true),
            }
        }

        #[agent_span(llm_turn, model = MODEL, messages = &request, response)]
        async fn complete(&self, request: ChatRequest) -> ::genai::Result<ChatResponse> {
            self.client.exec_chat(MODEL, request, Some(&self.options)).await
        }

        #[agent_span(llm_turn, model = MODEL, messages = &request, streaming = true, stream, response)]
        async fn stream(
            &self,
            request: ChatRequest,
        ) -> ::genai::Result<impl Stream<Item = ::genai::Result<ChatStreamEvent>> + use<>> {
            Ok(self.client.exec_chat_stream(MODEL, request, Some(&self.options)).await?.stream)
        }

        #[agent_span(agent)]
        async fn run(&self) {
            self.complete(request()).await.unwrap();
            get_temperature("Oslo");
            self.complete(request()).await.unwrap();
        }

        #[agent_span(agent)]
        async fn run_streamed(&self) {
            self.stream(request()).await.unwrap().for_each(async |event| drop(event.unwrap())).await;
            get_temperature("Oslo");
            self.stream(request()).await.unwrap().for_each(async |event| drop(event.unwrap())).await;
        }
    }

    #[tokio::test]
    async fn an_agent() {
        let (agent, capture) = (Agent::new().await, testing::capture());
        capture.follow(agent.run()).await;
        assert_turns(&capture.events(), Known::Everything);
    }

    #[tokio::test]
    async fn an_agent_that_streams() {
        let (agent, capture) = (Agent::new().await, testing::capture());
        capture.follow(agent.run_streamed()).await;
        let events = capture.events();
        assert_turns(&events, Known::NoIdentity);
        assert!(events[2].measurements.contains_key("time_to_first_token"));
    }
}

mod rig {
    use rig_core::Model;
    use rig_core::completion::{CompletionRequest, CompletionResponse};
    use rig_core::error::ProviderError;
    use rig_core::providers::openai::OpenAIConfig;
    use rig_core::providers::openai::wire::Chat;

    use super::*;

    struct Agent {
        model: Model<Chat>,
    }

    impl Agent {
        async fn new() -> Self {
            let mut config = OpenAIConfig::new("k");
            config.base_url = provider().await;
            Self { model: config.client().chat(MODEL) }
        }

        #[agent_span(llm_turn, model = MODEL, messages = &request.chat_history, response)]
        async fn complete(&self, request: CompletionRequest) -> Result<CompletionResponse, ProviderError> {
            self.model.call(request).await
        }

        /// Items of rig's streams do not say why the answer ended nor what it took: that is of the whole, at the end.
        #[agent_span(llm_turn, model = MODEL, messages = &request.chat_history, streaming = true, response)]
        async fn stream(&self, request: CompletionRequest) -> Result<CompletionResponse, ProviderError> {
            let mut items = self.model.stream(request)?;
            while let Some(item) = items.next().await {
                item?;
            }
            items.finish().await
        }

        #[agent_span(agent)]
        async fn run(&self) {
            self.complete(CompletionRequest::new(QUESTION)).await.unwrap();
            get_temperature("Oslo");
            self.complete(CompletionRequest::new(QUESTION)).await.unwrap();
        }

        #[agent_span(agent)]
        async fn run_streamed(&self) {
            self.stream(CompletionRequest::new(QUESTION)).await.unwrap();
            get_temperature("Oslo");
            self.stream(CompletionRequest::new(QUESTION)).await.unwrap();
        }
    }

    #[tokio::test]
    async fn an_agent() {
        let (agent, capture) = (Agent::new().await, testing::capture());
        capture.follow(agent.run()).await;
        assert_turns(&capture.events(), Known::Everything);
    }

    #[tokio::test]
    async fn an_agent_that_streams() {
        let (agent, capture) = (Agent::new().await, testing::capture());
        capture.follow(agent.run_streamed()).await;
        assert_turns(&capture.events(), Known::Everything);
    }
}
