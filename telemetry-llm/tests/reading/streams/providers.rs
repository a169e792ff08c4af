//! Answers and their streams in the forms of providers.

use super::*;

pub(super) fn chat(pieces: &[Piece], size: usize) -> (Json, Vec<Json>) {
    let mut message = json!({"role": "assistant", "content": null});
    let chunk = |delta: Json| json!({"id": "c1", "model": "gpt-4o", "choices": [{"index": 0, "delta": delta, "finish_reason": null}]});
    let mut chunks = vec![chunk(json!({"role": "assistant", "content": ""}))];
    let mut calls = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Thought(thought) => {
                message["reasoning_content"] = json!(thought);
                chunks.extend(
                    cut(thought, size).into_iter().map(|piece| chunk(json!({"reasoning_content": piece}))),
                );
            }
            Piece::Text(text) => {
                message["content"] = json!(text);
                chunks.extend(cut(text, size).into_iter().map(|piece| chunk(json!({"content": piece}))));
            }
            Piece::Call { name, arguments } => {
                let (index, id) = (calls.len(), format!("call_{}", calls.len()));
                let arguments = arguments.to_string();
                chunks.push(chunk(json!({"tool_calls": [{"index": index, "id": id, "type": "function", "function": {"name": name, "arguments": ""}}]})));
                let of = |piece| {
                    chunk(json!({"tool_calls": [{"index": index, "function": {"arguments": piece}}]}))
                };
                chunks.extend(cut(&arguments, size).into_iter().map(of));
                calls.push(
                    json!({"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}),
                );
            }
        }
    }
    message["tool_calls"] = json!(calls);
    let usage = json!({"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13});
    chunks.push(json!({"id": "c1", "model": "gpt-4o", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}));
    chunks.push(json!({"id": "c1", "model": "gpt-4o", "choices": [], "usage": usage}));
    (
        json!({"id": "c1", "model": "gpt-4o", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}], "usage": usage}),
        chunks,
    )
}

pub(super) fn responses(pieces: &[Piece], size: usize) -> (Json, Vec<Json>) {
    let mut chunks = vec![
        json!({"type": "response.created", "response": {"id": "r1", "model": "gpt-5", "status": "in_progress", "output": []}}),
    ];
    let mut output = Vec::new();
    for (index, piece) in pieces.iter().enumerate() {
        let event = |kind: &str, delta: String| json!({"type": format!("response.{kind}.delta"), "output_index": index, "content_index": 0, "delta": delta});
        let (opened, item) = match piece {
            Piece::Thought(thought) => {
                let opened = json!({"type": "reasoning", "id": "rs", "summary": []});
                chunks.push(
                    json!({"type": "response.output_item.added", "output_index": index, "item": opened}),
                );
                chunks.extend(
                    cut(thought, size).into_iter().map(|piece| event("reasoning_summary_text", piece)),
                );
                (
                    opened,
                    json!({"type": "reasoning", "id": "rs", "summary": [{"type": "summary_text", "text": thought}]}),
                )
            }
            Piece::Text(text) => {
                let opened = json!({"type": "message", "role": "assistant", "content": []});
                chunks.push(
                    json!({"type": "response.output_item.added", "output_index": index, "item": opened}),
                );
                chunks.extend(cut(text, size).into_iter().map(|piece| event("output_text", piece)));
                (
                    opened,
                    json!({"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text}]}),
                )
            }
            Piece::Call { name, arguments } => {
                let opened = json!({"type": "function_call", "id": format!("fc_{index}"), "call_id": format!("call_{index}"), "name": name, "arguments": ""});
                chunks.push(
                    json!({"type": "response.output_item.added", "output_index": index, "item": opened}),
                );
                let arguments = arguments.to_string();
                chunks.extend(
                    cut(&arguments, size).into_iter().map(|piece| event("function_call_arguments", piece)),
                );
                let mut item = opened.clone();
                item["arguments"] = json!(arguments);
                (opened, item)
            }
        };
        assert_eq!(opened["type"], item["type"]);
        // Half of the streams break off before their items are done.
        if size.is_multiple_of(2) {
            chunks.push(json!({"type": "response.output_item.done", "output_index": index, "item": item}));
        }
        output.push(item);
    }
    let status = json!({"id": "r1", "model": "gpt-5", "status": "completed", "output": output, "usage": {"input_tokens": 9, "output_tokens": 4}});
    chunks.push(json!({"type": "response.completed", "response": status}));
    (status, chunks)
}

pub(super) fn anthropic(pieces: &[Piece], size: usize) -> (Json, Vec<Json>) {
    let mut chunks = vec![
        json!({"type": "message_start", "message": {"id": "msg_1", "type": "message", "role": "assistant",
        "model": "claude-sonnet-4-5", "content": [], "stop_reason": null, "usage": {"input_tokens": 9, "output_tokens": 1}}}),
        json!({"type": "ping"}),
    ];
    let mut content = Vec::new();
    for (index, piece) in pieces.iter().enumerate() {
        let (opened, whole, field, kind, text) = match piece {
            Piece::Thought(thought) => (
                json!({"type": "thinking", "thinking": "", "signature": ""}),
                json!({"type": "thinking", "thinking": thought, "signature": "s"}),
                "thinking",
                "thinking_delta",
                thought.clone(),
            ),
            Piece::Text(text) => (
                json!({"type": "text", "text": ""}),
                json!({"type": "text", "text": text}),
                "text",
                "text_delta",
                text.clone(),
            ),
            Piece::Call { name, arguments } => (
                json!({"type": "tool_use", "id": format!("t{index}"), "name": name, "input": {}}),
                json!({"type": "tool_use", "id": format!("t{index}"), "name": name, "input": arguments}),
                "partial_json",
                "input_json_delta",
                if *arguments == json!({}) { String::new() } else { arguments.to_string() },
            ),
        };
        chunks.push(json!({"type": "content_block_start", "index": index, "content_block": opened}));
        chunks.extend(cut(&text, size).into_iter().map(|piece| json!({"type": "content_block_delta", "index": index, "delta": {"type": kind, field: piece}})));
        chunks.push(json!({"type": "content_block_delta", "index": index, "delta": {"type": "signature_delta", "signature": "s"}}));
        chunks.push(json!({"type": "content_block_stop", "index": index}));
        content.push(whole);
    }
    chunks.push(json!({"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": null}, "usage": {"output_tokens": 4}}));
    chunks.push(json!({"type": "message_stop"}));
    (
        json!({"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5", "content": content,
        "stop_reason": "end_turn", "usage": {"input_tokens": 9, "output_tokens": 4}}),
        chunks,
    )
}

pub(super) fn gemini(pieces: &[Piece], size: usize) -> (Json, Vec<Json>) {
    let chunk = |parts: Vec<Json>| {
        json!({"candidates": [{"content": {"role": "model", "parts": parts}, "index": 0}],
        "modelVersion": "gemini-2.5-flash", "responseId": "r1", "usageMetadata": {"promptTokenCount": 9, "totalTokenCount": 9}})
    };
    let (mut chunks, mut parts) = (Vec::new(), Vec::new());
    for piece in pieces {
        match piece {
            Piece::Thought(thought) => {
                parts.push(json!({"text": thought, "thought": true}));
                chunks.extend(
                    cut(thought, size)
                        .into_iter()
                        .map(|piece| chunk(vec![json!({"text": piece, "thought": true})])),
                );
            }
            Piece::Text(text) => {
                parts.push(json!({"text": text}));
                chunks.extend(cut(text, size).into_iter().map(|piece| chunk(vec![json!({"text": piece})])));
            }
            Piece::Call { name, arguments } => {
                parts.push(json!({"functionCall": {"name": name, "args": arguments}}));
                chunks.push(chunk(parts[parts.len() - 1..].to_vec()));
            }
        }
    }
    let mut whole = chunk(parts);
    whole["candidates"][0]["finishReason"] = json!("STOP");
    whole["usageMetadata"] = json!({"promptTokenCount": 9, "candidatesTokenCount": 4, "totalTokenCount": 13});
    let mut last = whole.clone();
    last["candidates"][0]["content"]["parts"] = json!([{"text": ""}]);
    chunks.push(last);
    (whole, chunks)
}

pub(super) fn bedrock(pieces: &[Piece], size: usize) -> (Json, Vec<Json>) {
    let mut chunks = vec![json!({"messageStart": {"role": "assistant"}})];
    let mut content = Vec::new();
    for (index, piece) in pieces.iter().enumerate() {
        let delta = |delta: Json| json!({"contentBlockDelta": {"contentBlockIndex": index, "delta": delta}});
        match piece {
            Piece::Thought(thought) => {
                content.push(
                    json!({"reasoningContent": {"reasoningText": {"text": thought, "signature": "s"}}}),
                );
                chunks.extend(
                    cut(thought, size)
                        .into_iter()
                        .map(|piece| delta(json!({"reasoningContent": {"text": piece}}))),
                );
            }
            Piece::Text(text) => {
                content.push(json!({"text": text}));
                chunks.extend(cut(text, size).into_iter().map(|piece| delta(json!({"text": piece}))));
            }
            Piece::Call { name, arguments } => {
                let id = format!("t{index}");
                content.push(json!({"toolUse": {"toolUseId": id, "name": name, "input": arguments}}));
                chunks.push(json!({"contentBlockStart": {"contentBlockIndex": index, "start": {"toolUse": {"toolUseId": id, "name": name}}}}));
                chunks.extend(
                    cut(&arguments.to_string(), size)
                        .into_iter()
                        .map(|piece| delta(json!({"toolUse": {"input": piece}}))),
                );
            }
        }
        chunks.push(json!({"contentBlockStop": {"contentBlockIndex": index}}));
    }
    let usage = json!({"inputTokens": 9, "outputTokens": 4, "totalTokens": 13});
    chunks.push(json!({"messageStop": {"stopReason": "end_turn"}}));
    chunks.push(json!({"metadata": {"usage": usage, "metrics": {"latencyMs": 3}}}));
    (
        json!({"output": {"message": {"role": "assistant", "content": content}}, "stopReason": "end_turn", "usage": usage}),
        chunks,
    )
}

pub(super) fn cohere(pieces: &[Piece], size: usize) -> (Json, Vec<Json>) {
    let mut chunks =
        vec![json!({"type": "message-start", "id": "c1", "delta": {"message": {"role": "assistant"}}})];
    let mut message = json!({"role": "assistant", "content": [], "tool_calls": []});
    let mut calls = 0;
    for piece in pieces {
        match piece {
            Piece::Thought(plan) => {
                message["tool_plan"] = json!(plan);
                chunks.extend(cut(plan, size).into_iter().map(
                    |piece| json!({"type": "tool-plan-delta", "delta": {"message": {"tool_plan": piece}}}),
                ));
            }
            Piece::Text(text) => {
                message["content"] = json!([{"type": "text", "text": text}]);
                chunks.push(json!({"type": "content-start", "index": 0, "delta": {"message": {"content": {"type": "text", "text": ""}}}}));
                chunks.extend(cut(text, size).into_iter().map(|piece| json!({"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": piece}}}})));
                chunks.push(json!({"type": "content-end", "index": 0}));
            }
            Piece::Call { name, arguments } => {
                let arguments = arguments.to_string();
                let call = json!({"id": format!("t{calls}"), "type": "function", "function": {"name": name, "arguments": ""}});
                chunks.push(json!({"type": "tool-call-start", "index": calls, "delta": {"message": {"tool_calls": call}}}));
                chunks.extend(cut(&arguments, size).into_iter().map(|piece|
                    json!({"type": "tool-call-delta", "index": calls, "delta": {"message": {"tool_calls": {"function": {"arguments": piece}}}}})));
                let mut call = call;
                call["function"]["arguments"] = json!(arguments);
                message["tool_calls"].as_array_mut().unwrap().push(call);
                calls += 1;
            }
        }
    }
    let usage = json!({"tokens": {"input_tokens": 9, "output_tokens": 4}});
    chunks.push(json!({"type": "message-end", "delta": {"finish_reason": "COMPLETE", "usage": usage}}));
    (json!({"id": "c1", "finish_reason": "COMPLETE", "message": message, "usage": usage}), chunks)
}

pub(super) fn ollama(pieces: &[Piece], size: usize) -> (Json, Vec<Json>) {
    let chunk = |field: &str, value: Json| json!({"model": "llama3.2", "message": {"role": "assistant", "content": "", field: value}, "done": false});
    let mut message = json!({"role": "assistant", "content": "", "tool_calls": []});
    let mut chunks = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Thought(thought) => {
                message["thinking"] = json!(thought);
                chunks.extend(cut(thought, size).into_iter().map(|piece| chunk("thinking", json!(piece))));
            }
            Piece::Text(text) => {
                message["content"] = json!(text);
                chunks.extend(cut(text, size).into_iter().map(|piece| chunk("content", json!(piece))));
            }
            Piece::Call { name, arguments } => {
                let call = json!({"function": {"name": name, "arguments": arguments}});
                chunks.push(chunk("tool_calls", json!([call])));
                message["tool_calls"].as_array_mut().unwrap().push(call);
            }
        }
    }
    let mut whole = json!({"model": "llama3.2", "message": message, "done": true, "done_reason": "stop", "prompt_eval_count": 9, "eval_count": 4});
    let all = whole.clone();
    whole["message"] = json!({"role": "assistant", "content": ""});
    chunks.push(whole);
    (all, chunks)
}
