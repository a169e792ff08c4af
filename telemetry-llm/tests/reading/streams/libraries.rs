//! Answers and their streams in the forms of client libraries.

use super::*;

pub(super) fn genai(pieces: &[Piece], size: usize) -> (Json, Vec<Json>) {
    let mut chunks = vec![json!("Start")];
    let mut content = Vec::new();
    let mut reasoning = Json::Null;
    for (index, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Thought(thought) => {
                reasoning = json!(thought);
                chunks.extend(
                    cut(thought, size).into_iter().map(|piece| json!({"ReasoningChunk": {"content": piece}})),
                );
            }
            Piece::Text(text) => {
                content.push(json!({"Text": text}));
                chunks.extend(cut(text, size).into_iter().map(|piece| json!({"Chunk": {"content": piece}})));
            }
            Piece::Call { name, arguments } => {
                let call =
                    json!({"call_id": format!("c{index}"), "fn_name": name, "fn_arguments": arguments});
                // Each chunk holds the call as far as it came.
                let text = arguments.to_string();
                let mut begun = String::new();
                for piece in cut(&text, size) {
                    begun.push_str(&piece);
                    chunks.push(json!({"ToolCallChunk": {"tool_call": {"call_id": format!("c{index}"), "fn_name": name, "fn_arguments": begun}}}));
                }
                content.push(json!({"ToolCall": call}));
            }
        }
    }
    let usage = json!({"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13});
    let mut end = json!({"captured_usage": usage, "captured_stop_reason": {"Completed": "stop"}});
    if size.is_multiple_of(2) {
        end["captured_content"] = json!(content);
        end["captured_reasoning_content"] = reasoning.clone();
    }
    chunks.push(json!({"End": end}));
    let iden = json!({"adapter_kind": "OpenAI", "model_name": "x"});
    (
        json!({"content": content, "reasoning_content": reasoning, "model_iden": iden, "provider_model_iden": iden, "stop_reason": {"Completed": "stop"}, "usage": usage}),
        chunks,
    )
}

pub(super) fn rig(pieces: &[Piece], size: usize) -> (Json, Vec<Json>) {
    let (mut chunks, mut choice) = (Vec::new(), Vec::new());
    for (part, piece) in pieces.iter().enumerate() {
        let mut add = |event: Json| chunks.push(json!({"item": "event", "value": event}));
        let content = match piece {
            Piece::Thought(thought) => {
                add(json!({"event": "start", "part": part, "kind": "reasoning"}));
                for piece in cut(thought, size) {
                    add(json!({"event": "reasoning", "part": part, "text": piece}));
                }
                json!({"type": "reasoning", "text": thought})
            }
            Piece::Text(text) => {
                add(json!({"event": "start", "part": part, "kind": "text"}));
                for piece in cut(text, size) {
                    add(json!({"event": "text", "part": part, "text": piece}));
                }
                json!({"type": "text", "text": text})
            }
            Piece::Call { name, arguments } => {
                add(json!({"event": "start", "part": part, "kind": "tool_call", "name": name}));
                for piece in cut(&arguments.to_string(), size) {
                    add(json!({"event": "arguments", "part": part, "json": piece}));
                }
                json!({"type": "toolcall", "id": {"provider": format!("c{part}")}, "function": {"name": name, "arguments": arguments}})
            }
        };
        add(json!({"event": "end", "part": part, "content": content}));
        choice.push(content);
    }
    let whole = json!({"choice": choice, "usage": {"input_tokens": 9, "output_tokens": 4, "total_tokens": 13},
        "origin": {"provider": "openai", "model": "x"}, "finish_reason": "stop", "raw": null});
    chunks.push(whole.clone());
    (whole, chunks)
}
