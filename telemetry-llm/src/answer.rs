//! What a model answered, in any form.

use serde_json::Value as Json;

use crate::conversation::{message, of_items};
use crate::message::{Message, Role};
use crate::part::DEPTH;
use crate::response::message_of;

/// What a model answered, as one message: a message in any form, a whole answer, the items of one,
/// a text. `None` if there is nothing.
///
/// ```
/// use telemetry_llm::answer;
/// use serde_json::json;
///
/// assert_eq!(answer(&json!("It is cold.")).unwrap().text().as_deref(), Some("It is cold."));
/// assert_eq!(answer(&json!(null)), None);
/// ```
pub fn answer(value: &Json) -> Option<Message> {
    match value {
        Json::Null => None,
        Json::Array(items) => Some(of_items(items)),
        value => match message_of(value) {
            Some(message) => Some(message),
            None => Some(message(value, Role::Assistant, DEPTH)),
        },
    }
}
