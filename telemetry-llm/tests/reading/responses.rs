//! Whole answers of every provider and library.

use serde_json::json;
use telemetry_llm::{FinishReason, Json, Response};

/// Id, model, provider, text, reasons, input and output tokens.
#[track_caller]
fn says(answer: Json) -> Json {
    let read = Response::read(&answer).unwrap_or_else(|| panic!("nothing read of {answer}"));
    let reasons: Vec<_> = read.finish_reasons.iter().map(FinishReason::as_str).collect();
    let tokens = read.usage.map(|usage| (usage.input, usage.output));
    let calls: Vec<_> = read.tool_calls.iter().map(|call| call.name.clone()).collect();
    json!([
        read.id,
        read.model,
        read.provider,
        read.message.as_ref().and_then(|said| said.text()),
        reasons,
        tokens,
        calls
    ])
}

#[test]
fn openais_chat_and_all_that_copy_it() {
    let answer = json!({"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "gpt-4o-2024-08-06",
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": "It is cold.", "refusal": null}, "finish_reason": "stop", "logprobs": null},
            {"index": 1, "message": {"role": "assistant", "content": "Cold"}, "finish_reason": "length"}],
        "usage": {"prompt_tokens": 12, "completion_tokens": 4, "total_tokens": 16}, "system_fingerprint": "fp"});
    assert_eq!(
        says(answer),
        json!(["chatcmpl-1", "gpt-4o-2024-08-06", "openai", "It is cold.", ["stop", "length"], [12, 4], []])
    );
    let calls = json!({"id": "x", "model": "deepseek-chat", "choices": [{"message": {"role": "assistant", "content": "", "tool_calls": [
        {"id": "c", "type": "function", "function": {"name": "look", "arguments": "{}"}}]}, "finish_reason": "tool_calls"}]});
    assert_eq!(says(calls), json!(["x", "deepseek-chat", "deepseek", null, ["tool_call"], null, ["look"]]));
    let filtered = json!({"id": "x", "choices": [{"finish_reason": "content_filter", "content_filter_results": {}, "message": {"role": "assistant", "content": ""}}]});
    assert_eq!(says(filtered), json!(["x", null, null, null, ["content_filter"], null, []]));
    let openrouter = json!({"id": "gen-1", "provider": "Anthropic", "model": "anthropic/claude-sonnet-4", "choices": [{"message": {"role": "assistant", "content": "Hi"},
        "finish_reason": "stop", "native_finish_reason": "end_turn"}]});
    assert_eq!(
        says(openrouter),
        json!(["gen-1", "anthropic/claude-sonnet-4", "anthropic", "Hi", ["stop"], null, []])
    );
    let completion =
        json!({"id": "cmpl-1", "choices": [{"text": "Hi", "index": 0, "finish_reason": "length"}]});
    assert_eq!(says(completion), json!(["cmpl-1", null, null, "Hi", ["length"], null, []]));
}

fn responses(status: &str, output: Json) -> Json {
    json!({"id": "resp_1", "object": "response", "status": status, "model": "gpt-5-2025-08-07", "output": output,
        "error": null, "incomplete_details": null, "usage": {"input_tokens": 9, "output_tokens": 3, "total_tokens": 12}})
}

#[test]
fn openais_responses() {
    let said = json!([{"type": "message", "id": "msg_1", "role": "assistant", "status": "completed",
        "content": [{"type": "output_text", "text": "Cold.", "annotations": []}]}]);
    assert_eq!(
        says(responses("completed", said.clone())),
        json!(["resp_1", "gpt-5-2025-08-07", "openai", "Cold.", ["stop"], [9, 3], []])
    );
    let call = json!([{"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "look", "arguments": "{}"}]);
    assert_eq!(says(responses("completed", call))[4], json!(["tool_call"]));
    // What the program must carry out has a `call_id`, and no output yet.
    for (item, name) in [
        (
            json!({"type": "computer_call", "id": "cu_1", "call_id": "call_1", "action": {"type": "click", "x": 1}}),
            "computer",
        ),
        (
            json!({"type": "local_shell_call", "id": "ls_1", "call_id": "call_1", "action": {"type": "exec", "command": ["ls"]}}),
            "local_shell",
        ),
        (
            json!({"type": "apply_patch_call", "id": "ap_1", "call_id": "call_1", "operation": {"type": "delete_file", "path": "a"}}),
            "apply_patch",
        ),
    ] {
        let read = Response::read(&responses("completed", json!([item]))).unwrap();
        assert_eq!(
            (read.finish_reasons, read.tool_calls[0].name.as_str()),
            (vec![FinishReason::ToolCall], name)
        );
        assert!(read.tool_calls[0].arguments["type"].is_string(), "{name}");
    }
    let hosted = json!([{"type": "shell_call", "id": "sh_1", "call_id": "call_1", "action": {"commands": ["ls"]}},
        {"type": "shell_call_output", "id": "so_1", "call_id": "call_1", "output": [{"stdout": "a"}]}, said[0]]);
    assert_eq!(says(responses("completed", hosted))[4], json!(["stop"]));
    let searched = json!([{"type": "web_search_call", "id": "ws_1", "status": "completed"}, said[0]]);
    assert_eq!(says(responses("completed", searched))[4], json!(["stop"]));
    let mut cut = responses("incomplete", said.clone());
    cut["incomplete_details"] = json!({"reason": "max_output_tokens"});
    assert_eq!(says(cut)[4], json!(["length"]));
    let mut failed = responses("failed", json!([]));
    failed["error"] = json!({"code": "server_error", "message": "no luck"});
    let read = Response::read(&failed).unwrap();
    assert_eq!((read.finish_reasons, read.error.as_deref()), (vec![FinishReason::Error], Some("no luck")));
    assert_eq!(says(responses("cancelled", json!([])))[4], json!(["cancelled"]));
    assert_eq!(says(responses("in_progress", said))[4], json!([]));
}

#[test]
fn anthropics() {
    let answer = |id: &str, stop: Json| {
        json!({"id": id, "type": "message", "role": "assistant", "model": "claude-sonnet-4-5-20250929",
        "content": [{"type": "text", "text": "Let me look."}, {"type": "tool_use", "id": "t1", "name": "look", "input": {}}],
        "stop_reason": stop, "stop_sequence": null, "usage": {"input_tokens": 10, "cache_read_input_tokens": 90, "output_tokens": 5}})
    };
    assert_eq!(
        says(answer("msg_01", json!("tool_use"))),
        json!([
            "msg_01",
            "claude-sonnet-4-5-20250929",
            "anthropic",
            "Let me look.",
            ["tool_call"],
            [100, 5],
            ["look"]
        ])
    );
    assert_eq!(says(answer("msg_bdrk_1", json!("end_turn")))[2], "aws.bedrock");
    assert_eq!(says(answer("msg_vrtx_1", json!("refusal")))[4], json!(["content_filter"]));
    assert_eq!(says(answer("msg_01", json!(null)))[4], json!([]));
    let error = json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}});
    assert_eq!(Response::read(&error).unwrap().error.as_deref(), Some("Overloaded"));
}

#[test]
fn geminis() {
    let answer = json!({"candidates": [{"content": {"role": "model", "parts": [{"text": "Hm.", "thought": true}, {"text": "It is "}, {"text": "cold."}]},
        "finishReason": "STOP", "index": 0}], "modelVersion": "gemini-2.5-flash", "responseId": "r1",
        "usageMetadata": {"promptTokenCount": 7, "candidatesTokenCount": 2, "thoughtsTokenCount": 5, "totalTokenCount": 14}});
    assert_eq!(
        says(answer),
        json!(["r1", "gemini-2.5-flash", "gcp.gemini", "It is cold.", ["stop"], [7, 7], []])
    );
    let blocked = json!({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "usageMetadata": {"promptTokenCount": 7}});
    assert_eq!(says(blocked)[4], json!(["content_filter"]));
    let no_content = json!({"candidates": [{"finishReason": "MALFORMED_FUNCTION_CALL", "index": 0}]});
    assert_eq!(says(no_content)[4], json!(["error"]));
}

#[test]
fn bedrocks_coheres_and_ollamas() {
    let bedrock = json!({"output": {"message": {"role": "assistant", "content": [{"text": "Cold."}]}}, "stopReason": "max_tokens",
        "usage": {"inputTokens": 9, "outputTokens": 3, "totalTokens": 12}, "metrics": {"latencyMs": 5}});
    assert_eq!(says(bedrock), json!([null, null, "aws.bedrock", "Cold.", ["length"], [9, 3], []]));
    let cohere = json!({"id": "c1", "finish_reason": "COMPLETE", "message": {"role": "assistant", "content": [{"type": "text", "text": "Cold."}]},
        "usage": {"billed_units": {"input_tokens": 5, "output_tokens": 2}, "tokens": {"input_tokens": 71, "output_tokens": 2}}});
    assert_eq!(says(cohere), json!(["c1", null, null, "Cold.", ["stop"], [71, 2], []]));
    let plan = json!({"id": "c1", "finish_reason": "TOOL_CALL", "message": {"role": "assistant", "tool_plan": "I look.", "tool_calls": [
        {"id": "t", "type": "function", "function": {"name": "look", "arguments": "{}"}}]}});
    assert_eq!(says(plan), json!(["c1", null, null, null, ["tool_call"], null, ["look"]]));
    let cohere_first = json!({"response_id": "r", "generation_id": "g", "text": "Cold.", "finish_reason": "COMPLETE",
        "meta": {"billed_units": {"input_tokens": 5, "output_tokens": 2}}, "tool_calls": [{"name": "look", "parameters": {}}]});
    assert_eq!(says(cohere_first), json!(["r", null, "cohere", "Cold.", ["stop"], [5, 2], ["look"]]));
    let ollama = json!({"model": "llama3.2", "created_at": "x", "message": {"role": "assistant", "content": "Cold.", "thinking": "Hm."},
        "done": true, "done_reason": "stop", "prompt_eval_count": 26, "eval_count": 8});
    assert_eq!(says(ollama), json!([null, "llama3.2", "ollama", "Cold.", ["stop"], [26, 8], []]));
    let ollama_rs = json!({"model": "llama3.2", "created_at": "x", "message": {"role": "assistant", "content": "Cold.", "tool_calls": [
        {"function": {"name": "look", "arguments": {"x": 1}}}], "thinking": null}, "done": true, "final_data": {"prompt_eval_count": 26, "eval_count": 8}});
    assert_eq!(says(ollama_rs), json!([null, "llama3.2", "ollama", "Cold.", [], [26, 8], ["look"]]));
    let generated = json!({"model": "llama3.2", "response": "Cold.", "done": true, "done_reason": "length", "eval_count": 8, "prompt_eval_count": 2});
    assert_eq!(says(generated), json!([null, "llama3.2", "ollama", "Cold.", ["length"], [2, 8], []]));
}

#[test]
fn responses_of_client_libraries() {
    let rig = json!({"choice": [{"type": "text", "text": "Cold."}, {"type": "toolcall", "id": {"provider": "c"}, "function": {"name": "look", "arguments": {}}}],
        "usage": {"input_tokens": 9, "output_tokens": 3, "total_tokens": 12}, "origin": {"api": "openai", "provider": "openai", "model": "gpt-4o", "response_model": "gpt-4o-2024-08-06", "response_id": "r"},
        "finish_reason": "tool_calls", "raw": {"choices": []}});
    assert_eq!(
        says(rig),
        json!(["r", "gpt-4o-2024-08-06", "openai", "Cold.", ["tool_call"], [9, 3], ["look"]])
    );
    let genai = json!({"content": [{"Text": "Cold."}], "reasoning_content": "Hm.", "model_iden": {"adapter_kind": "OpenAI", "model_name": "gpt-4o"},
        "provider_model_iden": {"adapter_kind": "OpenAI", "model_name": "gpt-4o-2024-08-06"}, "stop_reason": {"Completed": "stop"},
        "usage": {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12}, "captured_raw_body": null, "response_id": "r"});
    assert_eq!(says(genai), json!(["r", "gpt-4o-2024-08-06", "openai", "Cold.", ["stop"], [9, 3], []]));
    let swiftide = json!({"id": "0d7b", "message": "Cold.", "tool_calls": [{"id": "c", "name": "look", "args": "{}"}],
        "usage": {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12}});
    assert_eq!(says(swiftide), json!(["0d7b", null, null, "Cold.", [], [9, 3], ["look"]]));
    let vercel = json!({"text": "Cold.", "finishReason": "tool-calls", "usage": {"inputTokens": 9, "outputTokens": 3, "totalTokens": 12},
        "toolCalls": [{"type": "tool-call", "toolCallId": "c", "toolName": "look", "input": {}}], "response": {"id": "r", "modelId": "gpt-4o"}});
    assert_eq!(says(vercel), json!(["r", "gpt-4o", "openai", "Cold.", ["tool_call"], [9, 3], ["look"]]));
    let vercel_provider = json!({"content": [{"type": "reasoning", "text": "Hm."}, {"type": "text", "text": "Cold."}], "finishReason": {"unified": "stop", "raw": "stop"},
        "usage": {"inputTokens": {"total": 9}, "outputTokens": {"total": 3}}, "response": {"id": "r", "modelId": "gpt-4o"}});
    assert_eq!(says(vercel_provider), json!(["r", "gpt-4o", "openai", "Cold.", ["stop"], [9, 3], []]));
    let langchain = json!({"content": "Cold.", "type": "ai", "id": "run-1", "tool_calls": [], "additional_kwargs": {},
        "response_metadata": {"finish_reason": "stop", "model_name": "gpt-4o-2024-08-06", "model_provider": "openai"},
        "usage_metadata": {"input_tokens": 9, "output_tokens": 3, "total_tokens": 12}});
    let said = json!(["run-1", "gpt-4o-2024-08-06", "openai", "Cold.", ["stop"], [9, 3], []]);
    assert_eq!(says(langchain.clone()), said);
    assert_eq!(says(json!({"type": "ai", "data": langchain})), said);
    let kept = json!({"lc": 1, "type": "constructor", "id": ["langchain", "schema", "messages", "AIMessage"], "kwargs": langchain});
    assert_eq!(says(kept.clone()), said);
    let held = |message: &Json| {
        [
            message.clone(),
            json!({"type": "ai", "data": message}),
            json!({"lc": 1, "type": "constructor", "id": ["langchain", "schema", "messages", "AIMessage"], "kwargs": message}),
        ]
    };
    let call = json!([{"name": "look", "args": {}, "id": "c", "type": "tool_call"}]);
    for (metadata, calls, reason) in [
        (json!({"done_reason": "length"}), json!([]), "length"),
        (json!({"status": "completed"}), json!([]), "stop"),
        (json!({"status": "completed"}), call, "tool_call"),
        (
            json!({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}),
            json!([]),
            "length",
        ),
    ] {
        let message = json!({"content": "Cold.", "type": "ai", "id": "run-1", "tool_calls": calls, "response_metadata": metadata});
        for form in held(&message) {
            assert_eq!(says(form.clone())[4], json!([reason]), "{form}");
        }
    }
    for message in [langchain.clone(), kept] {
        let result = json!({"generations": [[{"text": "Cold.", "message": message}]], "llm_output": null, "run": null});
        assert_eq!(says(result), said);
    }
    let sampled = json!({"model": "claude-sonnet-4-5", "stopReason": "endTurn", "role": "assistant", "content": {"type": "text", "text": "Cold."}});
    assert_eq!(says(sampled), json!([null, "claude-sonnet-4-5", "anthropic", "Cold.", ["stop"], null, []]));
}

#[test]
fn failures_that_an_answer_gives() {
    for (answer, error, kind) in [
        (
            json!({"choices": [{"error": {"code": 502, "message": "died"}, "message": {"role": "assistant", "content": ""}}]}),
            "died",
            Some("502"),
        ),
        (json!({"choices": [], "x_groq": {"id": "req_1", "error": "over capacity"}}), "over capacity", None),
        (
            json!({"error": "busy", "error_type": "overloaded", "http_status_code": 503}),
            "busy",
            Some("overloaded"),
        ),
        (
            json!({"object": "realtime.response", "status": "failed", "output": [], "status_details": {"type": "failed", "error": {"type": "server_error", "code": "x"}}}),
            "server_error",
            Some("x"),
        ),
        (
            json!({"error": {"message": "died", "type": "a sentence, not a kind", "code": "y".repeat(65)}}),
            "died",
            None,
        ),
        (
            json!({"type": "error", "error": {"type": "overloaded_error", "message": "died"}}),
            "died",
            Some("overloaded_error"),
        ),
        (
            json!({"error": {"message": "died", "code": 503, "status": "UNAVAILABLE"}}),
            "died",
            Some("UNAVAILABLE"),
        ),
    ] {
        let read = Response::read(&answer).unwrap();
        assert_eq!(
            (read.error.as_deref(), read.error_type.as_deref(), read.finish_reasons),
            (Some(error), kind, vec![FinishReason::Error]),
            "{answer}"
        );
    }
    let cut = json!({"object": "realtime.response", "status": "incomplete", "status_details": {"type": "incomplete", "reason": "max_output_tokens"},
        "output": [{"type": "message", "role": "assistant", "content": [{"type": "output_audio", "transcript": "It is"}]}]});
    assert_eq!(says(cut), json!([null, null, null, "It is", ["length"], null, []]));
}

#[test]
fn structs_of_ones_own() {
    let own = json!({"assistant_message": {"role": "assistant", "content": "Cold."}, "usage": {"input_tokens": 9, "output_tokens": 3}, "finish_reason": "stop"});
    assert_eq!(says(own), json!([null, null, null, "Cold.", ["stop"], [9, 3], []]));
    let held = json!({"took_ms": 12, "reply": {"choices": [{"message": {"role": "assistant", "content": "Cold."}, "finish_reason": "stop"}]}});
    assert_eq!(says(held)[3], "Cold.");
    let deep = json!({"Ok": {"raw": {"candidates": [{"content": {"parts": [{"text": "Cold."}]}}]}}});
    assert_eq!(says(deep)[3], "Cold.");
    let partly = json!({"text": "Cold.", "usage": {"input_tokens": 9, "output_tokens": 3}});
    assert_eq!(says(partly), json!([null, null, null, "Cold.", [], [9, 3], []]));
    for nothing in [
        json!(null),
        json!("Cold."),
        json!([]),
        json!({}),
        json!({"city": "Oslo", "total": 5}),
        json!({"error": "x", "a": 1, "b": 2}),
        json!({"choices": "none"}),
    ] {
        assert_eq!(Response::read(&nothing), None, "{nothing}");
    }
}

#[test]
fn a_serialised_response_reads_as_itself() {
    let answer = json!({"id": "chatcmpl-1", "model": "gpt-4o-2024-08-06", "choices": [{"message": {"role": "assistant", "content": "Hi",
        "tool_calls": [{"id": "c", "function": {"name": "look", "arguments": "{}"}}]}, "finish_reason": "tool_calls"}],
        "usage": {"prompt_tokens": 12, "completion_tokens": 4, "total_tokens": 16}});
    let read = Response::read(&answer).unwrap();
    assert_eq!(Response::read(&serde_json::to_value(&read).unwrap()), Some(read));
}
