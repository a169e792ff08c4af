//! What the types of client libraries serialise to is read by `telemetry-llm`: the types are the
//! libraries' own, the answers those of the providers.

use serde_json::{Value as Json, json};
use telemetry_llm::{Response, ResponseStream, conversation};

/// What a library's value serialises to.
fn json<T: serde::Serialize>(value: &T) -> Json {
    serde_json::to_value(value).unwrap()
}

/// Id, model, text, calls, reasons, input and output tokens.
fn says(read: &Response) -> Json {
    let calls: Vec<_> =
        read.tool_calls.iter().map(|call| json!([call.id, call.name, call.arguments])).collect();
    let tokens = read.usage.map(|usage| (usage.input, usage.output, usage.cache_read, usage.reasoning));
    let text = read.message.as_ref().and_then(|message| message.text());
    json!([read.id, read.model, text, calls, read.finish_reasons, tokens])
}

mod async_openai {
    use ::async_openai::types::chat::{
        ChatCompletionRequestMessage, CreateChatCompletionResponse, CreateChatCompletionStreamResponse,
    };
    use ::async_openai::types::responses::{Response as ApiResponse, ResponseStreamEvent};

    use super::*;

    fn usage() -> Json {
        json!({"prompt_tokens": 12, "completion_tokens": 4, "total_tokens": 16,
            "prompt_tokens_details": {"cached_tokens": 3}, "completion_tokens_details": {"reasoning_tokens": 2}})
    }

    #[test]
    fn a_chat_completion() {
        let answer: CreateChatCompletionResponse = serde_json::from_value(json!({
            "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "gpt-4o-2024-08-06",
            "choices": [{"index": 0, "finish_reason": "tool_calls", "message": {"role": "assistant", "content": "I look.",
                "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "weather", "arguments": "{\"city\":\"Oslo\"}"}}]}}],
            "usage": usage(),
        }))
        .unwrap();
        assert_eq!(
            says(&Response::read(&json(&answer)).unwrap()),
            json!(["chatcmpl-1", "gpt-4o-2024-08-06", "I look.", [["c1", "weather", {"city": "Oslo"}]], ["tool_call"], [12, 4, 3, 2]])
        );
    }

    #[test]
    fn chunks_of_a_chat_completion() {
        let chunk = |delta: Json, reason: Json, usage: Json| -> CreateChatCompletionStreamResponse {
            let choices = if usage.is_null() {
                json!([{"index": 0, "delta": delta, "finish_reason": reason}])
            } else {
                json!([])
            };
            serde_json::from_value(
                json!({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1,
                "model": "gpt-4o-2024-08-06", "choices": choices, "usage": usage}),
            )
            .unwrap()
        };
        let call = |name: Json, id: Json, arguments: &str| json!({"tool_calls": [{"index": 0, "id": id, "type": "function", "function": {"name": name, "arguments": arguments}}]});
        let mut stream = ResponseStream::new();
        let tokens: Vec<bool> = [
            chunk(json!({"role": "assistant", "content": ""}), Json::Null, Json::Null),
            chunk(json!({"content": "I "}), Json::Null, Json::Null),
            chunk(json!({"content": "look."}), Json::Null, Json::Null),
            chunk(call(json!("weather"), json!("c1"), ""), Json::Null, Json::Null),
            chunk(call(Json::Null, Json::Null, "{\"city\":"), Json::Null, Json::Null),
            chunk(call(Json::Null, Json::Null, "\"Oslo\"}"), Json::Null, Json::Null),
            chunk(json!({}), json!("tool_calls"), Json::Null),
            chunk(json!({}), Json::Null, usage()),
        ]
        .iter()
        .map(|chunk| stream.push(&json(chunk)))
        .collect();
        assert_eq!(tokens, [false, true, true, true, true, true, false, false]);
        assert_eq!(
            says(&stream.response().unwrap()),
            json!(["chatcmpl-1", "gpt-4o-2024-08-06", "I look.", [["c1", "weather", {"city": "Oslo"}]], ["tool_call"], [12, 4, 3, 2]])
        );
    }

    fn response(status: &str, output: Json) -> Json {
        json!({"id": "resp_1", "object": "response", "created_at": 1, "status": status, "model": "gpt-5-2025-08-07", "output": output,
            "tools": [], "parallel_tool_calls": true, "metadata": {},
            "usage": {"input_tokens": 12, "input_tokens_details": {"cached_tokens": 3}, "output_tokens": 4,
                "output_tokens_details": {"reasoning_tokens": 2}, "total_tokens": 16}})
    }

    fn output() -> Json {
        json!([
            {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Hm."}]},
            {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "weather", "arguments": "{\"city\":\"Oslo\"}", "status": "completed"},
            {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed",
                "content": [{"type": "output_text", "text": "I look.", "annotations": [], "logprobs": []}]},
        ])
    }

    #[test]
    fn a_response() {
        let answer: ApiResponse = serde_json::from_value(response("completed", output())).unwrap();
        assert_eq!(
            says(&Response::read(&json(&answer)).unwrap()),
            json!(["resp_1", "gpt-5-2025-08-07", "I look.", [["c1", "weather", {"city": "Oslo"}]], ["tool_call"], [12, 4, 3, 2]])
        );
    }

    #[test]
    fn events_of_a_response() {
        let events = [
            json!({"type": "response.created", "sequence_number": 0, "response": response("in_progress", json!([]))}),
            json!({"type": "response.output_item.added", "sequence_number": 1, "output_index": 0, "item":
                {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "weather", "arguments": ""}}),
            json!({"type": "response.function_call_arguments.delta", "sequence_number": 2, "item_id": "fc_1", "output_index": 0, "delta": "{\"city\":\"Oslo\"}"}),
            json!({"type": "response.output_text.delta", "sequence_number": 3, "item_id": "msg_1", "output_index": 1, "content_index": 0, "delta": "I look.", "logprobs": []}),
            json!({"type": "response.completed", "sequence_number": 4, "response": response("completed", output())}),
        ];
        let mut stream = ResponseStream::new();
        let tokens: Vec<bool> = events
            .into_iter()
            .map(|event| {
                let event: ResponseStreamEvent = serde_json::from_value(event).unwrap();
                stream.push(&json(&event))
            })
            .collect();
        assert_eq!(tokens[..4], [false, true, true, true]);
        assert!(stream.is_complete());
        assert_eq!(
            says(&stream.response().unwrap()),
            json!(["resp_1", "gpt-5-2025-08-07", "I look.", [["c1", "weather", {"city": "Oslo"}]], ["tool_call"], [12, 4, 3, 2]])
        );
    }

    #[test]
    fn messages() {
        let messages: Vec<ChatCompletionRequestMessage> = serde_json::from_value(json!([
            {"role": "developer", "content": "Be brief."},
            {"role": "user", "content": [{"type": "text", "text": "What is it?"},
                {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}]},
            {"role": "assistant", "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}]},
            {"role": "tool", "tool_call_id": "c1", "content": "a cat"},
        ]))
        .unwrap();
        let kinds: Vec<String> = conversation(&json(&messages))
            .iter()
            .flat_map(|message| {
                message
                    .parts
                    .iter()
                    .map(|part| format!("{}:{}", message.role, json(part)["type"].as_str().unwrap()))
            })
            .collect();
        assert_eq!(
            kinds,
            ["system:text", "user:text", "user:uri", "assistant:tool_call", "tool:tool_call_response"]
        );
    }
}

mod genai {
    use ::genai::ModelIden;
    use ::genai::adapter::AdapterKind;
    use ::genai::chat::{
        ChatMessage, ChatRequest, ChatResponse, ChatRole, ChatStreamEvent, ContentPart, MessageContent,
        StopReason, StreamChunk, StreamEnd, ToolCall, ToolChunk, ToolResponse, Usage,
    };

    use super::*;

    fn call() -> ToolCall {
        ToolCall {
            call_id: "c1".into(),
            fn_name: "weather".into(),
            fn_arguments: json!({"city": "Oslo"}),
            thought_signatures: None,
        }
    }

    fn usage() -> Usage {
        serde_json::from_value(json!({"prompt_tokens": 12, "completion_tokens": 4, "total_tokens": 16,
            "prompt_tokens_details": {"cached_tokens": 3}, "completion_tokens_details": {"reasoning_tokens": 2}}))
        .unwrap()
    }

    #[test]
    fn a_response() {
        let iden = |name: &str| ModelIden::new(AdapterKind::OpenAI, name);
        let content = MessageContent::from_parts(vec![
            ContentPart::from_text("I look."),
            ContentPart::ToolCall(call()),
        ]);
        let answer = ChatResponse {
            content,
            reasoning_content: Some("Hm.".to_owned()),
            model_iden: iden("gpt-4o"),
            provider_model_iden: iden("gpt-4o-2024-08-06"),
            stop_reason: Some(StopReason::from("tool_calls".to_owned())),
            usage: usage(),
            captured_raw_body: None,
            response_id: Some("r1".to_owned()),
        };
        let read = Response::read(&json(&answer)).unwrap();
        assert_eq!(
            says(&read),
            json!(["r1", "gpt-4o-2024-08-06", "I look.", [["c1", "weather", {"city": "Oslo"}]], ["tool_call"], [12, 4, 3, 2]])
        );
        assert_eq!(read.message.unwrap().reasoning().as_deref(), Some("Hm."));
        assert_eq!(read.provider.unwrap().as_str(), "openai");
    }

    #[test]
    fn events() {
        let chunk = |text: &str| StreamChunk { content: text.to_owned() };
        let end = StreamEnd {
            captured_usage: Some(usage()),
            captured_stop_reason: Some(StopReason::from("stop".to_owned())),
            ..StreamEnd::default()
        };
        let mut stream = ResponseStream::new();
        let tokens: Vec<bool> = [
            ChatStreamEvent::Start,
            ChatStreamEvent::ReasoningChunk(chunk("Hm.")),
            ChatStreamEvent::Chunk(chunk("I ")),
            ChatStreamEvent::Chunk(chunk("look.")),
            ChatStreamEvent::ToolCallChunk(ToolChunk { tool_call: call() }),
            ChatStreamEvent::End(end),
        ]
        .iter()
        .map(|event| stream.push(&json(event)))
        .collect();
        assert_eq!(tokens, [false, true, true, true, true, false]);
        let read = stream.response().unwrap();
        assert_eq!(
            says(&read),
            json!([null, null, "I look.", [["c1", "weather", {"city": "Oslo"}]], ["stop"], [12, 4, 3, 2]])
        );
        assert!(stream.is_complete());
    }

    #[test]
    fn calls_in_pieces_and_calls_as_far_as_they_came() {
        let chunk = |id: &str, name: &str, arguments: &str| {
            let tool_call = ToolCall {
                call_id: id.to_owned(),
                fn_name: name.to_owned(),
                fn_arguments: json!(arguments),
                thought_signatures: None,
            };
            json(&ChatStreamEvent::ToolCallChunk(ToolChunk { tool_call }))
        };
        let pieces = [
            chunk("c1", "weather", "{"),
            chunk("call_0", "", "\"city\":"),
            chunk("call_0", "", "\"Oslo\"}"),
            chunk("c2", "weather", ""),
            chunk("call_1", "", "{\"city\":\"Rome\"}"),
        ];
        let so_far = [
            chunk("c1", "weather", ""),
            chunk("c1", "weather", "{\"city\":"),
            chunk("c1", "weather", "{\"city\":\"Oslo\"}"),
            chunk("c2", "weather", ""),
            chunk("c2", "weather", "{\"city\":\"Rome\"}"),
        ];
        for chunks in [pieces, so_far] {
            let mut stream = ResponseStream::new();
            assert!(chunks.iter().all(|chunk| stream.push(chunk)));
            assert_eq!(
                says(&stream.response().unwrap())[3],
                json!([["c1", "weather", {"city": "Oslo"}], ["c2", "weather", {"city": "Rome"}]])
            );
        }
    }

    #[test]
    fn messages() {
        let request = ChatRequest::new(vec![
            ChatMessage::user("How warm is it?"),
            ChatMessage::new(
                ChatRole::Assistant,
                MessageContent::from_parts(vec![ContentPart::ToolCall(call())]),
            ),
            ChatMessage::new(
                ChatRole::Tool,
                MessageContent::from_parts(vec![ContentPart::ToolResponse(ToolResponse::new("c1", "-3"))]),
            ),
        ])
        .with_system("Be brief.");
        assert_eq!(
            json(&conversation(&json(&request))),
            json!([
                {"role": "system", "parts": [{"type": "text", "content": "Be brief."}]},
                {"role": "user", "parts": [{"type": "text", "content": "How warm is it?"}]},
                {"role": "assistant", "parts": [{"type": "tool_call", "id": "c1", "name": "weather", "arguments": {"city": "Oslo"}}]},
                {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "response": "-3"}]},
            ])
        );
    }
}

mod rig {
    use rig_core::completion::{AssistantContent, CompletionResponse, Message};

    use super::*;

    #[test]
    fn a_response() {
        let answer: CompletionResponse = serde_json::from_value(json!({
            "choice": [{"type": "text", "text": "I look."}, {"type": "toolcall", "id": {"provider": "c1"},
                "function": {"name": "weather", "arguments": {"city": "Oslo"}}}],
            "usage": {"input_tokens": 12, "output_tokens": 4, "total_tokens": 16, "cached_input_tokens": 3, "reasoning_tokens": 2},
            "origin": {"api": "openai.chat", "provider": "openai", "model": "gpt-4o", "response_model": "gpt-4o-2024-08-06", "response_id": "r1"},
            "finish_reason": "tool_calls", "raw": null,
        }))
        .unwrap();
        assert_eq!(
            says(&Response::read(&json(&answer)).unwrap()),
            json!(["r1", "gpt-4o-2024-08-06", "I look.", [["c1", "weather", {"city": "Oslo"}]], ["tool_call"], [12, 4, 3, 2]])
        );
    }

    #[test]
    fn messages() {
        let call: AssistantContent =
            serde_json::from_value(json!({"type": "toolcall", "id": {"provider": "c1"},
            "function": {"name": "weather", "arguments": {"city": "Oslo"}}}))
            .unwrap();
        let mut result = json!({"role": "user", "content": [{"type": "toolresult", "call": {"provider": "c1"}, "name": "weather",
            "content": [{"type": "text", "text": "-3"}]}]});
        let result: Message = serde_json::from_value(result.take()).unwrap();
        let messages = json!([json(&Message::user("How warm is it?")), {"role": "assistant", "content": [json(&call)]}, json(&result)]);
        assert_eq!(
            json(&conversation(&messages)),
            json!([
                {"role": "user", "parts": [{"type": "text", "content": "How warm is it?"}]},
                {"role": "assistant", "parts": [{"type": "tool_call", "id": "c1", "name": "weather", "arguments": {"city": "Oslo"}}]},
                {"role": "user", "parts": [{"type": "tool_call_response", "id": "c1", "response": "-3"}]},
            ])
        );
    }
}
