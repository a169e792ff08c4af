//! What leaves the process, and what does not.

use serde_json::{Value as Json, json};
use telemetry_otel::{Builder, Content, ContentKind};
use telemetry_runtime::{EventMetadata, in_span};

use crate::common::{attributes_of, kept};

const ON: Content = Content::On { max_bytes: 4096 };

#[derive(EventMetadata)]
#[span("shop.guard", stop(output))]
struct Guard<'a> {
    input: &'a str,
    policy: &'a str,
}

/// All that is exported of work with a secret word in each kind of content.
fn exported(with: impl FnOnce(Builder) -> Builder) -> String {
    let kept = kept(with);
    let messages = json!([{"role": "user", "content": [{"type": "text", "text": "PROMPT"},
        {"type": "image_url", "image_url": {"url": "https://example.com/IMAGE.png"}}]}]);
    in_span!(agent, agent = "A", prompt = "PROMPT", stop(|_| output = "ANSWER"); || {
        in_span!(llm_turn, model = "m", turn = 0, messages, tools = json!([{"name": "PROMPT"}]),
            fields("gen_ai.system_instructions" = "PROMPT", "llm.output_messages.0.message.content" = "ANSWER"),
            stop(|_| assistant_message = "ANSWER"); || ());
        in_span!(tool_call, tool = "t", args = json!({"x": "ARGUMENT"}); || "RESULT");
        let _ = in_span!(sandbox_eval, code = "ARGUMENT"; || Ok::<_, std::io::Error>("RESULT"));
        in_span!(iteration, iteration = 0, stop(|_| action = "the model says ANSWER"); || ());
        in_span!(subagent, role = "look into PROMPT", child_agent = "shop::Child"; || ());
        in_span!(Guard { input: "PROMPT", policy: "v3" }, stop(|_| output = "ANSWER"); || ());
    });
    format!("{:?}{:?}", kept.spans(), kept.records())
}

fn leaks(exported: &str) -> Vec<&'static str> {
    ["PROMPT", "IMAGE", "ANSWER", "ARGUMENT", "RESULT"]
        .into_iter()
        .filter(|word| exported.contains(word))
        .collect()
}

#[test]
fn nothing_that_a_model_or_a_user_wrote_leaves_by_default() {
    let exported = exported(|builder| builder);
    assert_eq!(leaks(&exported), [""; 0]);
    assert!(exported.contains("subagent Child") && exported.contains("v3"));
}

#[test]
fn words_of_a_model_are_in_no_key_while_content_is_off() {
    let kept = kept(|builder| builder);
    let said = "PRIVATE words";
    in_span!(llm_turn, model = "m", turn = 0, messages = said, parameters = json!({"preamble": said, "temperature": 1, "mode": "fast"}),
        fields("input" = said, "prompt" = said, "traceloop.entity.input" = said, "ai.response.text" = said,
            "embedding.embeddings.0.embedding.text" = said, "mlflow.spanInputs" = said),
        stop(|_| finish_reason = said, assistant_message = said); || ());
    in_span!(tool_call, tool = "t", args = said, fields(output = said, completion = said); || said);
    in_span!(agent_message, message = said, stop(|_| bindings = json!({"PRIVATE words": 1, "city": said})); || ());
    in_span!(llm_request, model = "m", message_count = 1, stop(|_| finish_reason = json!({"Other": said})); || ());
    let exported = format!("{:?}{:?}", kept.spans(), kept.records());
    assert!(!exported.contains("PRIVATE"), "{exported}");
    let of = |name: &str, key: &str| attributes_of(&kept.span(name))[key].clone();
    assert_eq!(of("invoke_agent", "legion.message.bindings"), json!(["city"]));
    assert_eq!(kept.spans().iter().filter(|span| span.name == "chat m").count(), 2);
    let first = attributes_of(&kept.spans()[0]);
    let parameters: Json =
        serde_json::from_str(first["llm.invocation_parameters"].as_str().unwrap()).unwrap();
    assert_eq!(parameters, json!({"temperature": 1, "mode": "fast"}));
    assert_eq!(first["gen_ai.response.finish_reasons"], json!(["other"]));
}

#[test]
fn content_is_hidden_by_its_kind() {
    use ContentKind::{Answers, Images, Prompts, ToolArguments, ToolResults};
    for (hidden, word) in [
        (Prompts, "PROMPT"),
        (Images, "IMAGE"),
        (Answers, "ANSWER"),
        (ToolArguments, "ARGUMENT"),
        (ToolResults, "RESULT"),
    ] {
        let exported = exported(|builder| builder.content(ON).hide([hidden]));
        let leaks = leaks(&exported);
        assert!(!leaks.contains(&word), "{hidden:?}");
        // Pictures are in prompts.
        let rest = if hidden == Prompts { 3 } else { 4 };
        assert_eq!(leaks.len(), rest, "{hidden:?}: {leaks:?}");
    }
    assert_eq!(leaks(&exported(|builder| builder.content(ON))).len(), 5);
}

#[test]
fn a_part_of_a_kind_is_hidden_alone_and_with_the_whole() {
    use ContentKind::{Answers, Documents, Embeddings, Prompts, ToolDefinitions};
    let exported = |hidden: &[ContentKind]| {
        let kept = kept(|builder| builder.content(ON).hide(hidden.iter().copied()));
        in_span!(llm_turn, model = "m", turn = 0, messages = "Hello", tools = json!([{"type": "function", "name": "TOOLS"}]),
            fields("embedding.embeddings.0.embedding.text" = "EMBEDDED", "gen_ai.retrieval.documents" = json!(["FOUND"])),
            stop(|_| assistant_message = "Hi"); || ());
        let exported = format!("{:?}", kept.spans());
        ["Hello", "TOOLS", "EMBEDDED", "Hi", "FOUND"].map(|word| exported.contains(word))
    };
    assert_eq!(exported(&[]), [true; 5]);
    assert_eq!(exported(&[ToolDefinitions]), [true, false, true, true, true]);
    assert_eq!(exported(&[Embeddings]), [true, true, false, true, true]);
    assert_eq!(exported(&[Documents]), [true, true, true, true, false]);
    assert_eq!(exported(&[Prompts]), [false, false, false, true, true]);
    assert_eq!(exported(&[Answers]), [true, true, true, false, false]);
}

#[test]
fn a_mask_sees_each_text_before_it_leaves() {
    let exported = exported(|builder| {
        builder.content(ON).mask(|kind, text| {
            let words = ["PROMPT", "IMAGE", "ANSWER", "ARGUMENT", "RESULT"];
            words.iter().any(|word| text.contains(word)).then(|| format!("[masked {kind:?}]"))
        })
    });
    // Fields under the names of other conventions are the user's own; their structure is masked, their words not.
    let exported = exported.replace("llm.output_messages.0.message.content", "");
    for kind in ["Prompts", "Answers", "ToolArguments", "ToolResults"] {
        assert!(exported.contains(&format!("[masked {kind}]")), "{kind}");
    }
    assert_eq!(leaks(&exported), [""; 0]);
}

#[test]
fn omitted_content_is_marked_and_pictures_are_whole_or_absent() {
    let kept = kept(|builder| builder.content(ON));
    let data = "QUJD".repeat(5000);
    let picture =
        json!({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": data}});
    in_span!(llm_turn, model = "m", turn = 0, messages = json!([{"role": "user", "content": ["Look", picture]}]), stop(|_|); || ());
    let messages: Vec<Json> =
        (0..2000).map(|n| json!({"role": "user", "content": format!("message {n}")})).collect();
    in_span!(llm_turn, model = "n", turn = 0, messages = messages, stop(|_|); || ());
    in_span!(tool_call, tool = "t", args = json!({"picture": format!("data:image/png;base64,{}", "QUJD".repeat(5000))}); || ());
    let read = |name: &str, key: &str| -> Json {
        serde_json::from_str(attributes_of(&kept.span(name))[key].as_str().unwrap()).unwrap()
    };
    let parts = &read("chat m", "gen_ai.input.messages")[0]["parts"];
    assert_eq!(parts[1]["content"], "[image/png of 20000 bytes left out]");
    let many = read("chat n", "gen_ai.input.messages");
    let many = many.as_array().unwrap();
    assert_eq!(many[0]["parts"][0]["content"], "message 0");
    assert_eq!(many.last().unwrap()["parts"][0]["content"], "message 1999");
    let mark = many[1]["parts"][0]["content"].as_str().unwrap();
    assert_eq!(mark, format!("[{} left out]", 2000 - (many.len() - 1)));
    assert!(
        read("execute_tool t", "gen_ai.tool.call.arguments")["picture"]
            .as_str()
            .unwrap()
            .ends_with("bytes left out]")
    );
}
