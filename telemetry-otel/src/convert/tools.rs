//! The tools that a model may call, in the form of the conventions: backends drop a list with one that has another.

use serde_json::{Map, Value as Json, json};

/// The most tools that are shown.
const MAX_TOOLS: usize = 512;

/// Keys that hold what a tool takes.
const PARAMETERS: &[&str] = &[
    "parameters",
    "input_schema",
    "inputSchema",
    "schema",
    "parameter_definitions",
    "parametersJsonSchema",
    "parameters_json_schema",
];

/// Definitions in any provider's form, each with `type` and `name`, and `description` and `parameters` where it has them.
pub(crate) fn definitions(tools: Json) -> Json {
    let mut made = Vec::new();
    each(tools, &mut made);
    made.into()
}

/// Lists of tools, which Gemini nests once.
fn each(tools: Json, made: &mut Vec<Json>) {
    match tools {
        Json::Array(items) => items.into_iter().for_each(|item| one(item, made)),
        tools => one(tools, made),
    }
}

fn one(tool: Json, made: &mut Vec<Json>) {
    if made.len() >= MAX_TOOLS {
        return;
    }
    let mut tool = match tool {
        Json::Object(tool) => tool,
        Json::String(name) if !name.is_empty() => {
            return made.push(json!({"type": "function", "name": name}));
        }
        _ => return,
    };
    for list in ["functionDeclarations", "function_declarations"] {
        if let Some(Json::Array(items)) = tool.remove(list) {
            for item in items {
                plain(item, made);
            }
        }
    }
    // OpenAI's and Bedrock's are one level deeper.
    for inside in ["function", "toolSpec", "tool_spec"] {
        if let Some(Json::Object(function)) = tool.get_mut(inside).map(Json::take) {
            tool.remove(inside);
            tool.extend(function);
        }
    }
    plain(Json::Object(tool), made);
}

fn plain(tool: Json, made: &mut Vec<Json>) {
    let Json::Object(mut tool) = tool else { return };
    let mut text = |key: &str| match tool.remove(key) {
        Some(Json::String(text)) if !text.is_empty() => Some(text),
        _ => None,
    };
    let (kind, name, description) = (text("type"), text("name"), text("description"));
    // Those that a provider runs itself may have a type alone, or be a key with their settings.
    let name = name.or_else(|| kind.clone()).or_else(|| tool.keys().next().cloned());
    let Some(name) = name else { return };
    let parameters = PARAMETERS.iter().find_map(|key| tool.remove(*key)).map(|parameters| match parameters {
        // Bedrock's.
        Json::Object(mut schema) if schema.len() == 1 && schema.contains_key("json") => schema["json"].take(),
        parameters => parameters,
    });
    // MCP's, and those of SDKs, state no type: each is a function.
    let kind = kind.unwrap_or_else(|| "function".to_owned());
    let mut definition = Map::from_iter([("type".to_owned(), kind.into()), ("name".to_owned(), name.into())]);
    definition.extend(description.map(|text| ("description".to_owned(), text.into())));
    definition.extend(parameters.map(|schema| ("parameters".to_owned(), schema)));
    made.push(definition.into());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_providers_form_becomes_that_of_the_conventions() {
        let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}});
        let expected =
            json!([{"type": "function", "name": "look", "description": "Looks.", "parameters": schema}]);
        for tool in [
            json!({"type": "function", "function": {"name": "look", "description": "Looks.", "parameters": schema, "strict": true}}),
            json!({"type": "function", "name": "look", "description": "Looks.", "parameters": schema}),
            json!({"name": "look", "description": "Looks.", "input_schema": schema}),
            json!({"name": "look", "description": "Looks.", "inputSchema": schema}),
            json!({"name": "look", "description": "Looks.", "schema": schema}),
            json!({"functionDeclarations": [{"name": "look", "description": "Looks.", "parameters": schema}]}),
            json!({"toolSpec": {"name": "look", "description": "Looks.", "inputSchema": {"json": schema}}}),
        ] {
            assert_eq!(definitions(json!([tool])), expected, "{tool}");
            assert_eq!(definitions(tool), expected);
        }
    }

    #[test]
    fn tools_of_a_provider_keep_their_type() {
        let tools = json!([{"type": "web_search_20250305", "name": "web_search", "max_uses": 2},
            {"type": "file_search"}, {"googleSearch": {}}, "look", {}, 7, null, {"functionDeclarations": [{"name": "a"}, 1]}]);
        assert_eq!(
            definitions(tools),
            json!([{"type": "web_search_20250305", "name": "web_search"}, {"type": "file_search", "name": "file_search"},
                {"type": "function", "name": "googleSearch"}, {"type": "function", "name": "look"}, {"type": "function", "name": "a"}])
        );
    }

    #[test]
    fn what_is_no_list_of_tools_is_none() {
        for odd in [json!(null), json!(1), json!([]), json!([[["deep"]]]), json!("")] {
            assert_eq!(definitions(odd), json!([]));
        }
        assert_eq!(definitions(json!(vec!["x"; 10_000])).as_array().unwrap().len(), MAX_TOOLS);
    }
}
