//! Messages of every provider and library, as the conventions have them.

use proptest::prelude::*;
use serde_json::json;
use telemetry_llm::{Json, Role, answer, conversation};

fn made(messages: Json) -> Json {
    serde_json::to_value(conversation(&messages)).unwrap()
}

/// The parts of an answer.
fn answered(value: Json) -> Json {
    serde_json::to_value(answer(&value).unwrap().parts).unwrap()
}

fn text(content: &str) -> Json {
    json!({"type": "text", "content": content})
}

fn kinds(messages: &Json) -> Vec<String> {
    let messages = messages.as_array().unwrap().iter();
    let kind =
        |role: &Json, part: &Json| format!("{}:{}", role.as_str().unwrap(), part["type"].as_str().unwrap());
    messages
        .flat_map(|m| m["parts"].as_array().unwrap().iter().map(|p| kind(&m["role"], p)).collect::<Vec<_>>())
        .collect()
}

#[test]
fn openais_chat() {
    let messages = json!([
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "name": "Ann", "content": [
            {"type": "text", "text": "What is this?"},
            {"type": "image_url", "image_url": {"url": "https://example.com/a.png", "detail": "low"}},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
            {"type": "input_audio", "input_audio": {"data": "BBBB", "format": "mp3"}},
            {"type": "file", "file": {"file_data": "data:application/pdf;base64,QUJD", "filename": "a.pdf"}},
            {"type": "file", "file": {"file_id": "file-1"}},
        ]},
        {"role": "assistant", "content": null, "refusal": null, "tool_calls": [
            {"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{\"x\":1}"}},
            {"id": "c2", "type": "custom", "custom": {"name": "run", "input": "ls"}},
        ]},
        {"role": "tool", "tool_call_id": "c1", "content": "a cat"},
        {"role": "tool", "tool_call_id": "c2", "content": [{"type": "text", "text": "a dog"}]},
    ]);
    assert_eq!(
        made(messages),
        json!([
            {"role": "system", "parts": [text("Be brief.")]},
            {"role": "user", "parts": [
                text("What is this?"),
                {"type": "uri", "modality": "image", "uri": "https://example.com/a.png"},
                {"type": "blob", "modality": "image", "mime_type": "image/png", "content": "AAAA"},
                {"type": "blob", "modality": "audio", "mime_type": "audio/mp3", "content": "BBBB"},
                {"type": "blob", "modality": "document", "mime_type": "application/pdf", "content": "QUJD"},
                {"type": "file", "modality": "document", "file_id": "file-1"},
            ]},
            {"role": "assistant", "parts": [
                {"type": "tool_call", "id": "c1", "name": "look", "arguments": {"x": 1}},
                {"type": "tool_call", "id": "c2", "name": "run", "arguments": "ls"},
            ]},
            {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "response": "a cat"}]},
            {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c2", "response": "a dog"}]},
        ])
    );
    assert_eq!(answered(json!({"role": "assistant", "refusal": "I cannot."})), json!([text("I cannot.")]));
    let spoken = json!({"role": "assistant", "content": null, "audio": {"id": "a", "transcript": "It is cold.", "data": "CCCC"}});
    assert_eq!(
        answered(spoken),
        json!([text("It is cold."), {"type": "blob", "modality": "audio", "content": "CCCC"}])
    );
    let old = json!({"role": "assistant", "function_call": {"name": "look", "arguments": "{\"x\":"}});
    assert_eq!(answered(old), json!([{"type": "tool_call", "name": "look", "arguments": "{\"x\":"}]));
    let deepseek = json!({"role": "assistant", "reasoning_content": "Hm.", "content": "Yes."});
    assert_eq!(answered(deepseek), json!([{"type": "reasoning", "content": "Hm."}, text("Yes.")]));
    let openrouter = json!({"role": "assistant", "content": "Yes.", "reasoning_details": [{"type": "reasoning.encrypted", "data": "x"}],
        "images": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,DDDD"}}]});
    assert_eq!(
        kinds(&json!([{"role": "a", "parts": answered(openrouter)}])),
        ["a:reasoning", "a:text", "a:blob"]
    );
    let mistral = json!({"role": "assistant", "content": [
        {"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}, {"type": "text", "text": "Yes."}]});
    assert_eq!(answered(mistral), json!([{"type": "reasoning", "content": "Hm."}, text("Yes.")]));
    let realtime = json!([{"type": "message", "role": "assistant", "content": [{"type": "output_audio", "transcript": "It is cold."}]},
        {"type": "message", "role": "assistant", "content": [{"type": "audio", "transcript": "Put on a hat.", "audio": "CCCC"}]}]);
    assert_eq!(
        answered(realtime),
        json!([text("It is cold."), text("Put on a hat."), {"type": "blob", "modality": "audio", "content": "CCCC"}])
    );
    let ollama = made(json!([{"role": "tool", "tool_name": "get", "content": "11"}]));
    assert_eq!(ollama[0]["parts"], json!([{"type": "tool_call_response", "id": "get", "response": "11"}]));
}

#[test]
fn items_of_the_responses_interface() {
    let items = json!([
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "How warm is it?"},
            {"type": "input_image", "image_url": "https://example.com/a.png"}, {"type": "input_file", "file_id": "file-1"}]},
        {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "I should look."}]},
        {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "weather", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "call_1", "output": "-3"},
        {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search", "query": "Oslo"}},
        {"type": "mcp_call", "id": "m_1", "name": "roll", "arguments": "{\"n\":2}", "output": "7"},
        {"type": "custom_tool_call", "id": "ct_1", "call_id": "call_2", "name": "run", "input": "ls"},
        {"type": "custom_tool_call_output", "call_id": "call_2", "output": "a b"},
        {"role": "assistant", "content": "Cold."},
    ]);
    let made = made(items);
    assert_eq!(
        kinds(&made),
        [
            "user:text",
            "user:uri",
            "user:file",
            "assistant:reasoning",
            "assistant:tool_call",
            "tool:tool_call_response",
            "assistant:tool_call",
            "assistant:tool_call",
            "assistant:tool_call_response",
            "assistant:tool_call",
            "tool:tool_call_response",
            "assistant:text"
        ]
    );
    assert_eq!(made[2]["parts"][0]["id"], "call_1");
    assert_eq!(made[3]["parts"][0], json!({"type": "tool_call_response", "id": "call_1", "response": "-3"}));
    assert_eq!(made[4]["parts"][0]["name"], "web_search");
    assert_eq!(made[1]["parts"][0], json!({"type": "reasoning", "content": "I should look."}));
    assert_eq!(made[6]["parts"][0]["id"], made[7]["parts"][0]["id"]);

    // Items of no known kind are the model's or the provider's, but for an answer to one.
    let of_others = json!([
        {"role": "user", "content": "Roll."},
        {"type": "mcp_list_tools", "id": "l", "server_label": "dice", "tools": []},
        {"type": "mcp_approval_request", "id": "a", "server_label": "dice", "name": "roll", "arguments": "{}"},
        {"type": "mcp_approval_response", "approval_request_id": "a", "approve": true},
        {"type": "compaction", "encrypted_content": "x"},
    ]);
    assert_eq!(
        kinds(&self::made(of_others)),
        [
            "user:text",
            "assistant:mcp_list_tools",
            "assistant:mcp_approval_request",
            "user:mcp_approval_response",
            "assistant:compaction"
        ]
    );
    let parts = json!([{"type": "text", "text": "See."}, {"type": "search_result", "source": "x", "title": "y", "content": []}]);
    assert_eq!(kinds(&self::made(parts)), ["user:text", "user:search_result"]);

    let alone = json!([{"type": "function_call", "call_id": "c", "name": "weather", "arguments": "{}"}]);
    assert_eq!(kinds(&self::made(alone)), ["assistant:tool_call"]);
    let said = answered(json!([
        {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "x"},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "It is cold."},
            {"type": "refusal", "refusal": "No more."}]},
    ]));
    assert_eq!(
        said,
        json!([{"type": "reasoning", "content": "", "redacted": true}, text("It is cold."), text("No more.")])
    );
    let request =
        json!({"model": "gpt-5", "instructions": "Be brief.", "input": [{"role": "user", "content": "Hi"}]});
    assert_eq!(kinds(&self::made(request)), ["system:text", "user:text"]);
}

#[test]
fn anthropics() {
    let request = json!({
        "system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
        "messages": [
            {"role": "user", "content": "How warm is it in Oslo?"},
            {"role": "assistant", "content": [
                {"type": "thinking", "thinking": "I should look.", "signature": "x"},
                {"type": "redacted_thinking", "data": "EmwKAhgB"},
                {"type": "text", "text": "Let me look."},
                {"type": "tool_use", "id": "t1", "name": "weather", "input": {"city": "Oslo"}},
                {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {"query": "Oslo"}},
                {"type": "web_search_tool_result", "tool_use_id": "s1", "content": []},
            ]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "t1", "content": [{"type": "text", "text": "-3"}]},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}},
                {"type": "document", "source": {"type": "url", "url": "https://example.com/a.pdf"}},
                {"type": "document", "source": {"type": "file", "file_id": "file_1"}},
                {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "plain"}},
            ]},
        ],
    });
    let made = made(request);
    assert_eq!(made[0], json!({"role": "system", "parts": [text("Be brief.")]}));
    assert_eq!(
        made[2]["parts"],
        json!([
            {"type": "reasoning", "content": "I should look."},
            {"type": "reasoning", "content": "", "redacted": true},
            text("Let me look."),
            {"type": "tool_call", "id": "t1", "name": "weather", "arguments": {"city": "Oslo"}},
            {"type": "tool_call", "id": "s1", "name": "web_search", "arguments": {"query": "Oslo"}},
            {"type": "tool_call_response", "id": "s1", "response": []},
        ])
    );
    assert_eq!(
        made[3]["parts"],
        json!([
            {"type": "tool_call_response", "id": "t1", "response": "-3"},
            {"type": "blob", "modality": "image", "mime_type": "image/png", "content": "AAAA"},
            {"type": "uri", "modality": "document", "uri": "https://example.com/a.pdf"},
            {"type": "file", "modality": "document", "file_id": "file_1"},
            text("plain"),
        ])
    );
}

#[test]
fn geminis_and_bedrocks() {
    let gemini = json!({"systemInstruction": {"parts": [{"text": "Be brief."}]}, "contents": [
        {"role": "user", "parts": [{"text": "What is it?"}, {"inlineData": {"mimeType": "image/png", "data": "AAAA"}},
            {"fileData": {"mimeType": "video/mp4", "fileUri": "gs://b/a.mp4"}}]},
        {"role": "model", "parts": [{"text": "Hm.", "thought": true}, {"functionCall": {"id": "f1", "name": "look", "args": {"x": 1}},
            "thoughtSignature": "sig"}]},
        {"role": "user", "parts": [{"functionResponse": {"name": "look", "response": {"result": "a cat"}}}]},
        {"role": "model", "parts": [{"executableCode": {"language": "PYTHON", "code": "1+1"}}, {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "2"}}]},
    ]});
    let made = made(gemini);
    assert_eq!(
        kinds(&made),
        [
            "system:text",
            "user:text",
            "user:blob",
            "user:uri",
            "assistant:reasoning",
            "assistant:tool_call",
            "user:tool_call_response",
            "assistant:tool_call",
            "assistant:tool_call_response"
        ]
    );
    assert_eq!(made[1]["parts"][2]["modality"], "video");
    assert_eq!(
        made[2]["parts"][1],
        json!({"type": "tool_call", "id": "f1", "name": "look", "arguments": {"x": 1}})
    );
    assert_eq!(
        made[3]["parts"][0],
        json!({"type": "tool_call_response", "id": "look", "response": {"result": "a cat"}})
    );

    // Marks may stand before what they mark, where a map keeps its order, and libraries write null.
    let thought = json!([{"type": "reasoning", "content": "Hm."}]);
    let call = json!([{"type": "tool_call", "name": "look", "arguments": {"x": 1}}]);
    for (marked, parts) in [
        (json!({"thought": true, "text": "Hm."}), thought),
        (json!({"thought": false, "text": "Hi"}), json!([text("Hi")])),
        (json!({"thoughtSignature": "s", "text": "Hi"}), json!([text("Hi")])),
        (json!({"thoughtSignature": "s", "functionCall": {"name": "look", "args": {"x": 1}}}), call.clone()),
        (
            json!({"code_execution_result": null, "function_call": {"name": "look", "args": {"x": 1}}, "text": null, "thought": null}),
            call,
        ),
        (
            json!({"thought": true, "inlineData": {"mimeType": "image/png", "data": "AAAA"}}),
            json!([{"type": "blob", "modality": "image", "mime_type": "image/png", "content": "AAAA"}]),
        ),
        (json!({"thought": true, "thoughtSignature": "s"}), json!([])),
        // Pieces of a call of Vertex AI's, whose name came before.
        (
            json!({"functionCall": {"partialArgs": [{"jsonPath": "$.x", "numberValue": 1}], "willContinue": true}}),
            json!([]),
        ),
        (json!({"functionCall": {}}), json!([])),
    ] {
        assert_eq!(answered(json!({"role": "model", "parts": [marked]})), parts, "{marked}");
    }

    let bedrock = json!({"system": [{"text": "Be brief."}, {"cachePoint": {"type": "default"}}], "messages": [
        {"role": "user", "content": [{"text": "What is it?"}, {"image": {"format": "png", "source": {"bytes": "AAAA"}}},
            {"document": {"format": "pdf", "name": "a", "source": {"s3Location": {"uri": "s3://b/a.pdf"}}}}]},
        {"role": "assistant", "content": [{"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "s"}}},
            {"reasoningContent": {"redactedContent": "x"}},
            {"toolUse": {"toolUseId": "t1", "name": "look", "input": {"x": 1}}}]},
        {"role": "user", "content": [{"toolResult": {"toolUseId": "t1", "content": [{"json": {"a": 1}}], "status": "success"}}]},
    ]});
    let made = self::made(bedrock);
    assert_eq!(
        kinds(&made),
        [
            "system:text",
            "user:text",
            "user:blob",
            "user:uri",
            "assistant:reasoning",
            "assistant:reasoning",
            "assistant:tool_call",
            "user:tool_call_response"
        ]
    );
    assert_eq!(
        made[1]["parts"][1],
        json!({"type": "blob", "modality": "image", "mime_type": "image/png", "content": "AAAA"})
    );
    assert_eq!(made[2]["parts"][0], json!({"type": "reasoning", "content": "Hm."}));
    assert_eq!(made[2]["parts"][1], json!({"type": "reasoning", "content": "", "redacted": true}));
    assert_eq!(made[3]["parts"][0], json!({"type": "tool_call_response", "id": "t1", "response": {"a": 1}}));
}

#[test]
fn bedrocks_blocks_that_hold_others() {
    let document = |source: Json| json!({"document": {"format": "txt", "name": "a", "source": source}});
    for (block, part) in [
        (
            json!({"citationsContent": {"content": [{"text": "It is cold."}], "citations": [{"title": "a"}]}}),
            text("It is cold."),
        ),
        (json!({"guardContent": {"text": {"text": "Hi", "qualifiers": ["query"]}}}), text("Hi")),
        (
            json!({"guardContent": {"image": {"format": "png", "source": {"bytes": "AAAA"}}}}),
            json!({"type": "blob", "modality": "image", "mime_type": "image/png", "content": "AAAA"}),
        ),
        (
            json!({"searchResult": {"source": "x", "title": "y", "content": [{"text": "z"}]}}),
            json!({"type": "searchResult", "source": "x", "title": "y", "content": [{"text": "z"}]}),
        ),
        (document(json!({"text": "plain"})), text("plain")),
        (document(json!({"content": [{"text": "one"}, {"text": "two"}]})), text("one\ntwo")),
        (
            document(json!({"bytes": "AAAA"})),
            json!({"type": "blob", "modality": "document", "mime_type": "application/txt", "content": "AAAA"}),
        ),
    ] {
        assert_eq!(answered(json!({"role": "user", "content": [block]})), json!([part]), "{block}");
        let system = made(json!({"system": [block], "messages": []}));
        assert_eq!(system, json!([{"role": "system", "parts": [part]}]), "{block}");
    }
}

#[test]
fn coheres_first_version() {
    let call = json!({"name": "weather", "parameters": {"city": "Oslo"}});
    let request = json!({"preamble": "Be brief.", "chat_history": [
        {"role": "USER", "message": "Hi"},
        {"role": "CHATBOT", "message": "Let me look.", "tool_calls": [call]},
        {"role": "TOOL", "tool_results": [{"call": call, "outputs": [{"t": -3}]}]},
    ], "message": "How warm?"});
    assert_eq!(
        made(request),
        json!([
            {"role": "system", "parts": [text("Be brief.")]},
            {"role": "user", "parts": [text("Hi")]},
            {"role": "assistant", "parts": [text("Let me look."),
                {"type": "tool_call", "name": "weather", "arguments": {"city": "Oslo"}}]},
            {"role": "tool", "parts": [{"type": "tool_call_response", "id": "weather", "response": [{"t": -3}]}]},
            {"role": "user", "parts": [text("How warm?")]},
        ])
    );
    let both =
        json!([{"role": "user", "content": "How warm?", "tool_results": [{"call": call, "outputs": []}]}]);
    assert_eq!(kinds(&made(both)), ["user:tool_call_response", "user:text"]);
    let results = json!({"message": "", "chat_history": [{"role": "USER", "message": "Hi"}],
        "tool_results": [{"call": call, "outputs": [{"t": -3}]}]});
    assert_eq!(kinds(&made(results)), ["user:text", "tool:tool_call_response"]);
}

#[test]
fn messages_of_client_libraries() {
    let rig = made(json!([
        {"role": "user", "content": [{"type": "text", "text": "How warm is it?"},
            {"type": "image", "data": {"type": "base64", "value": "AAAA"}, "media_type": "png"}]},
        {"role": "assistant", "content": [{"type": "reasoning", "text": "Hm."}, {"type": "reasoning", "text": "", "redacted": true},
            {"type": "toolcall", "id": {"provider": "call_1"}, "function": {"name": "weather", "arguments": {"city": "Oslo"}}},
            {"type": "opaque", "item": {"type": "web_search_call", "id": "ws", "action": {"query": "x"}}, "replay": true}]},
        {"role": "user", "content": [{"type": "toolresult", "call": {"provider": "call_1"}, "name": "weather", "content": [{"type": "text", "text": "-3"}]}]},
    ]));
    assert_eq!(
        kinds(&rig),
        [
            "user:text",
            "user:blob",
            "assistant:reasoning",
            "assistant:reasoning",
            "assistant:tool_call",
            "assistant:tool_call",
            "user:tool_call_response"
        ]
    );
    assert_eq!(rig[0]["parts"][1]["mime_type"], "image/png");
    assert_eq!(rig[1]["parts"][2]["id"], "call_1");
    assert_eq!(rig[2]["parts"][0], json!({"type": "tool_call_response", "id": "call_1", "response": "-3"}));

    let genai = made(json!([
        {"role": "User", "content": [{"Text": "How warm is it?"}, {"Binary": {"content_type": "image/png", "source": {"Base64": "AAAA"}, "name": null}},
            {"Binary": {"content_type": "application/pdf", "source": {"Url": "https://example.com/a.pdf"}}}], "options": null},
        {"role": "Assistant", "content": [{"ThoughtSignature": "sig"}, {"ToolCall": {"call_id": "call_1", "fn_name": "weather", "fn_arguments": {"city": "Oslo"}}}]},
        {"role": "Tool", "content": [{"ToolResponse": {"call_id": "call_1", "content": "-3"}}]},
    ]));
    assert_eq!(genai[0]["parts"][0], text("How warm is it?"));
    assert_eq!(
        genai[0]["parts"][1],
        json!({"type": "blob", "modality": "image", "mime_type": "image/png", "content": "AAAA"})
    );
    assert_eq!(genai[0]["parts"][2]["uri"], "https://example.com/a.pdf");
    assert_eq!(
        genai[1]["parts"],
        json!([{"type": "tool_call", "id": "call_1", "name": "weather", "arguments": {"city": "Oslo"}}])
    );
    assert_eq!(genai[2]["parts"], json!([{"type": "tool_call_response", "id": "call_1", "response": "-3"}]));

    let swiftide = made(json!([
        {"System": "Be brief."}, {"User": "How warm is it?"},
        {"Assistant": ["Let me look.", [{"id": "call_1", "name": "weather", "args": "{\"city\":\"Oslo\"}"}]]},
        {"ToolOutput": [{"id": "call_1", "name": "weather", "args": "{}"}, {"Text": "-3"}]},
        {"Assistant": [null, null]}, {"Summary": "Cold."},
    ]));
    assert_eq!(
        kinds(&swiftide),
        [
            "system:text",
            "user:text",
            "assistant:text",
            "assistant:tool_call",
            "tool:tool_call_response",
            "system:text"
        ]
    );
    assert_eq!(swiftide[2]["parts"][1]["arguments"], json!({"city": "Oslo"}));
    assert_eq!(
        swiftide[3]["parts"][0],
        json!({"type": "tool_call_response", "id": "call_1", "response": "-3"})
    );

    let vercel = made(json!([
        {"role": "user", "content": [{"type": "text", "text": "Hi"}, {"type": "image", "image": "https://example.com/a.png"},
            {"type": "file", "data": "AAAA", "mediaType": "application/pdf"}]},
        {"role": "assistant", "content": [{"type": "reasoning", "text": "Hm."},
            {"type": "tool-call", "toolCallId": "c1", "toolName": "weather", "input": {"city": "Oslo"}}]},
        {"role": "tool", "content": [{"type": "tool-result", "toolCallId": "c1", "toolName": "weather", "output": {"type": "json", "value": {"t": -3}}}]},
    ]));
    assert_eq!(
        kinds(&vercel),
        [
            "user:text",
            "user:uri",
            "user:blob",
            "assistant:reasoning",
            "assistant:tool_call",
            "tool:tool_call_response"
        ]
    );
    assert_eq!(
        vercel[2]["parts"][0],
        json!({"type": "tool_call_response", "id": "c1", "response": {"t": -3}})
    );

    let bedrock = json!({"type": "ai", "content": [{"type": "reasoning_content", "reasoning_content": {"text": "Hm.", "signature": "s"}}]});
    assert_eq!(answered(bedrock), json!([{"type": "reasoning", "content": "Hm."}]));
    let langchain = made(json!([
        {"type": "system", "content": "Be brief."}, {"type": "human", "content": "Hi"},
        {"type": "ai", "content": "", "tool_calls": [{"name": "weather", "args": {"city": "Oslo"}, "id": "c1", "type": "tool_call"}]},
        {"type": "tool", "content": "-3", "tool_call_id": "c1"},
        {"type": "ai", "data": {"content": "Cold.", "type": "ai"}},
        {"lc": 1, "type": "constructor", "id": ["langchain", "schema", "messages", "HumanMessage"], "kwargs": {"content": "Thanks", "type": "human"}},
    ]));
    assert_eq!(
        kinds(&langchain),
        [
            "system:text",
            "user:text",
            "assistant:tool_call",
            "tool:tool_call_response",
            "assistant:text",
            "user:text"
        ]
    );
}

#[test]
fn texts_parts_and_the_conventions_own_form() {
    let hello = json!([{"role": "user", "parts": [text("hello")]}]);
    for said in [
        json!("hello"),
        json!(["hello"]),
        json!([{"type": "text", "text": "hello"}]),
        json!({"User": {"content": "hello"}}),
        json!({"role": "user", "content": "hello"}),
        hello.clone(),
    ] {
        assert_eq!(made(said.clone()), hello, "{said}");
    }
    let parts = json!([{"type": "text", "text": "What?"}, {"type": "image_url", "image_url": {"url": "https://e.x/a"}}]);
    assert_eq!(kinds(&made(parts)), ["user:text", "user:uri"]);
    assert_eq!(made(json!([])), json!([]));
    assert_eq!(made(json!(null)), json!([]));
    let own = json!([{"role": "assistant", "parts": [
        {"type": "tool_call", "id": "c", "name": "f", "arguments": {"a": 1}},
        {"type": "tool_call_response", "id": "c", "response": {"b": 2}},
        {"type": "reasoning", "content": "hm"},
        {"type": "blob", "modality": "image", "mime_type": "image/png", "content": "AAAA"},
        {"type": "uri", "modality": "video", "uri": "https://example.com/a"},
        {"type": "file", "modality": "image", "file_id": "f1"},
    ], "finish_reason": "length"}]);
    assert_eq!(made(own.clone()), own);
}

#[test]
fn a_request_whose_prompt_is_a_text() {
    let asked = json!([{"role": "system", "parts": [text("Be brief.")]}, {"role": "user", "parts": [text("How warm?")]}]);
    for request in [
        json!({"model": "gpt-5", "instructions": "Be brief.", "input": "How warm?"}),
        json!({"model": "llama3.2", "system": "Be brief.", "prompt": "How warm?", "stream": false}),
        json!({"model": "gpt-4o", "system": "Be brief.", "prompt": [{"role": "user", "content": "How warm?"}]}),
        json!({"systemInstruction": {"parts": [{"text": "Be brief."}]}, "contents": {"role": "user", "parts": [{"text": "How warm?"}]}}),
        json!({"model": "command-r", "preamble": "Be brief.", "message": "How warm?"}),
    ] {
        assert_eq!(made(request.clone()), asked, "{request}");
    }
    let alone = json!([{"role": "user", "parts": [text("How warm?")]}]);
    assert_eq!(made(json!({"prompt": "How warm?"})), alone);
    assert_eq!(made(json!({"model": "gpt-5", "input": "How warm?", "temperature": 1})), alone);
    let agents = json!({"input": "How warm?", "chat_history": [{"type": "human", "content": "Hi"}, {"type": "ai", "content": "Hello"}]});
    assert_eq!(kinds(&made(agents)), ["user:text", "assistant:text", "user:text"]);
    // A field of a struct of one's own is no prompt, and ids of tokens are no messages.
    for other in [
        json!({"city": "Oslo", "input": "How warm?"}),
        json!({"name": "write", "input": {"content": "a", "path": "b"}}),
        json!({"model": "davinci-002", "prompt": [1, 2, 3]}),
    ] {
        assert_eq!(made(other.clone()), json!([{"role": "user", "parts": [text(&other.to_string())]}]));
    }
}

#[test]
fn an_unknown_kind_of_part_is_not_text() {
    let made = answered(
        json!({"role": "assistant", "content": [{"type": "compaction", "content_id": "x", "encrypted": "y"}]}),
    );
    assert_eq!(made, json!([{"type": "compaction", "content_id": "x", "encrypted": "y"}]));
    let struct_of_ones_own = answered(json!({"city": "Oslo", "warm": false}));
    assert_eq!(struct_of_ones_own[0]["type"], "text");
    assert_eq!(
        answer(&json!({"role": "critic", "content": "no"})).unwrap().role,
        Role::Other("critic".to_owned())
    );
}

fn anything() -> impl Strategy<Value = Json> {
    let words = prop::sample::select(vec![
        "user",
        "assistant",
        "tool",
        "text",
        "content",
        "type",
        "role",
        "parts",
        "tool_calls",
        "function",
        "name",
        "arguments",
        "id",
        "tool_use",
        "tool_result",
        "image",
        "image_url",
        "source",
        "data",
        "url",
        "message",
        "choices",
        "delta",
        "usage",
        "output",
        "candidates",
        "response.completed",
        "response",
        "item",
        "thinking",
        "audio",
        "kwargs",
        "lc",
        "ToolOutput",
        "event",
        "part",
        "opaque",
        "index",
        "done",
        "contentBlockDelta",
        "message_start",
        "content_block_start",
        "content_block",
        "guardContent",
        "searchResult",
        "reasoning_content",
        "transcript",
        "prompt",
        "chat_history",
        "tool_results",
        "AIMessageChunk",
        "tool_call_chunks",
    ]);
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        Just(json!(u64::MAX)),
        words.clone().prop_map(Json::from),
        "\\PC{0,8}".prop_map(Json::from),
        Just(json!("{\"a\":")),
        Just(json!("data:,")),
    ];
    leaf.prop_recursive(6, 48, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            prop::collection::hash_map(words.clone(), inner, 0..5).prop_map(|map| Json::Object(
                map.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
            )),
        ]
    })
}

proptest! {
    #[test]
    fn whatever_it_is_given_it_is_read(values in prop::collection::vec(anything(), 1..6)) {
        let mut stream = telemetry_llm::ResponseStream::new();
        for value in &values {
            for message in conversation(value).into_iter().chain(answer(value)) {
                let message = serde_json::to_value(message).unwrap();
                prop_assert!(message["role"].is_string());
                for part in message["parts"].as_array().unwrap() {
                    prop_assert!(part["type"].is_string(), "{}", part);
                }
            }
            let _ = telemetry_llm::Response::read(value);
            prop_assert_eq!(telemetry_llm::has_token(value), stream.push(value));
            let _ = (stream.response(), stream.is_complete());
        }
    }
}

#[test]
fn forms_that_hold_each_other_end() {
    let mut nested = json!({"type": "text", "text": "deep"});
    let mut message = json!("deep");
    // As deep as JSON can be read.
    for _ in 0..40 {
        nested = json!({"type": "opaque", "item": nested});
        message = json!({"messages": [{"User": {"data": message}}]});
    }
    assert!(answer(&nested).is_some());
    assert_eq!(conversation(&message).len(), 1);
}
