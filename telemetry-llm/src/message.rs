//! Messages in the form of OpenTelemetry's conventions.

use serde_json::Value as Json;
use std::fmt;

use serde::{Serialize, Serializer};

use crate::FinishReason;

/// The role of a message.
///
/// ```
/// use telemetry_llm::Role;
///
/// assert_eq!(Role::from("developer"), Role::System);
/// assert_eq!(Role::Other("critic".to_owned()).as_str(), "critic");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Role {
    /// Instructions, `developer` included.
    System,
    /// A person, or a program in their place.
    User,
    /// The model.
    Assistant,
    /// A tool.
    Tool,
    /// Any other, as the provider spells it.
    Other(String),
}

impl Role {
    /// The conventions' name.
    pub fn as_str(&self) -> &str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::Tool => "tool",
            Self::Other(role) => role,
        }
    }

    /// The role that a string names, if it is known.
    pub(crate) fn known(word: &str) -> Option<Self> {
        Some(match &*crate::json::word(word) {
            "system" | "developer" | "systemmessage" => Self::System,
            "user" | "human" | "humanmessage" | "humanmessagechunk" => Self::User,
            "assistant" | "model" | "ai" | "chatbot" | "aimessage" | "aimessagechunk" => Self::Assistant,
            "tool" | "function" | "toolmessage" | "functionmessage" => Self::Tool,
            _ => return None,
        })
    }
}

impl From<&str> for Role {
    fn from(role: &str) -> Self {
        Self::known(role).unwrap_or_else(|| Self::Other(role.to_owned()))
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Role {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// One message, as `{"role", "parts": [..], "finish_reason"}`.
///
/// ```
/// use telemetry_llm::{Part, Role, answer};
/// use serde_json::json;
///
/// let message = answer(&json!({"role": "assistant", "content": [
///     {"type": "thinking", "thinking": "I should look."},
///     {"type": "tool_use", "id": "t1", "name": "weather", "input": {"city": "Oslo"}},
/// ]})).unwrap();
/// assert_eq!(message.role, Role::Assistant);
/// assert_eq!(message.tool_calls().next().unwrap().name, "weather");
/// assert_eq!(serde_json::to_value(&message.parts[0]).unwrap(),
///     json!({"type": "reasoning", "content": "I should look."}));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Message {
    /// Its role.
    pub role: Role,
    /// Its parts, in order.
    pub parts: Vec<Part>,
    /// Why the model stopped, if the answer gives it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finish_reason: Option<FinishReason>,
}

impl Message {
    /// A message of a role.
    pub fn new(role: Role, parts: Vec<Part>) -> Self {
        Self { role, parts, finish_reason: None }
    }

    /// Its text parts, a line each; `None` without a text part.
    pub fn text(&self) -> Option<String> {
        self.joined(|part| match part {
            Part::Text { content } => Some(content),
            _ => None,
        })
    }

    /// Its reasoning, a line each part; `None` if no reasoning can be read.
    pub fn reasoning(&self) -> Option<String> {
        self.joined(|part| match part {
            Part::Reasoning { content, .. } => Some(content).filter(|content| !content.is_empty()),
            _ => None,
        })
    }

    fn joined<'m>(&'m self, text: impl Fn(&'m Part) -> Option<&'m String>) -> Option<String> {
        let texts: Vec<&str> = self.parts.iter().filter_map(text).map(String::as_str).collect();
        (!texts.is_empty()).then(|| texts.join("\n"))
    }

    /// The tools it asks to be called.
    pub fn tool_calls(&self) -> impl Iterator<Item = &ToolCall> {
        self.parts.iter().filter_map(|part| match part {
            Part::ToolCall(call) => Some(call),
            _ => None,
        })
    }
}

/// A call of a tool that a model asks for.
///
/// ```
/// use serde_json::json;
/// use telemetry_llm::{Part, ToolCall};
///
/// let call = ToolCall::new(Some("call_1".to_owned()), "get_weather", json!({"city": "Oslo"}));
/// assert_eq!(call.arguments["city"], "Oslo");
/// let part = Part::ToolCall(call);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ToolCall {
    /// The id that its result answers to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The tool's name.
    pub name: String,
    /// Its arguments. A text that holds JSON is that JSON; one that broke off stays text.
    pub arguments: Json,
}

impl ToolCall {
    /// A call.
    pub fn new(id: Option<String>, name: impl Into<String>, arguments: Json) -> Self {
        Self { id, name: name.into(), arguments }
    }
}

/// A part of a message, which serialises in the form of the conventions.
///
/// ```
/// use serde_json::json;
/// use telemetry_llm::Part;
///
/// assert_eq!(json!(Part::text("It is cold.")), json!({"type": "text", "content": "It is cold."}));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Part {
    /// Text, refusals and the transcript of something spoken included.
    Text {
        /// The text.
        content: String,
    },
    /// What the model thought.
    Reasoning {
        /// The thought; empty where the provider hides it.
        content: String,
        /// Whether the provider hides it.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        redacted: bool,
    },
    /// A call of a tool.
    ToolCall(ToolCall),
    /// What a tool answered.
    #[serde(rename = "tool_call_response")]
    ToolResult {
        /// The id of the call it answers to.
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// The answer.
        response: Json,
    },
    /// An image, audio, video or document that is in the message itself.
    Blob {
        /// `image`, `audio`, `video` or `document`.
        modality: String,
        /// Its media type, where it is known.
        #[serde(skip_serializing_if = "Option::is_none")]
        mime_type: Option<String>,
        /// Its bytes in base64.
        content: String,
    },
    /// An image, audio, video or document elsewhere.
    Uri {
        /// `image`, `audio`, `video` or `document`.
        modality: String,
        /// Its media type, where it is known.
        #[serde(skip_serializing_if = "Option::is_none")]
        mime_type: Option<String>,
        /// Where it is.
        uri: String,
    },
    /// A file that the provider keeps.
    File {
        /// `image`, `audio`, `video` or `document`.
        modality: String,
        /// Its media type, where it is known.
        #[serde(skip_serializing_if = "Option::is_none")]
        mime_type: Option<String>,
        /// Its id at the provider.
        file_id: String,
    },
    /// A part of a kind that is not known here, as the provider gave it.
    #[serde(untagged)]
    Other(Other),
}

/// A part of a kind that is not known here.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Other {
    /// The provider's name for its kind.
    #[serde(rename = "type")]
    pub kind: String,
    /// All that it holds, its kind aside.
    #[serde(flatten)]
    pub fields: serde_json::Map<String, Json>,
}

impl Part {
    /// A text part.
    pub fn text(content: impl Into<String>) -> Self {
        Self::Text { content: content.into() }
    }

    /// A reasoning part that can be read.
    pub fn reasoning(content: impl Into<String>) -> Self {
        Self::Reasoning { content: content.into(), redacted: false }
    }
}
