//! The keys that are read from a model's answer: the word `response`.

use serde::Serialize;
use telemetry_llm::Response;

use super::stop::Stop;
use crate::capture::UNKNOWN;
use crate::value::{Captured, CapturedValue, tree_of};

/// A value that can be read as a model's answer: any that serialises.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read as a model's answer: it does not implement `Serialize`",
    label = "`response` reads a value through its `Serialize`",
    note = "derive `serde::Serialize` for it, or give the part that has it: `response(|reply| &reply.raw)`"
)]
pub trait Answer: Serialize {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + ?Sized> Answer for T {}

impl Stop<'_> {
    /// Sets the keys of a model's answer, of any provider's form. A value of no known form sets none.
    pub fn response<T: Answer + ?Sized>(&mut self, value: &T) {
        let Some(answer) = tree_of(value).and_then(|tree| Response::read(&tree)) else { return };
        for (key, value) in answer_keys(&answer) {
            self.record(key, value);
        }
        if let Some(failure) = failure_of(&answer) {
            self.fail(failure);
        }
    }
}

/// The text and the kind of the failure that an answer gives.
pub(super) fn failure_of(answer: &Response) -> Option<(String, String)> {
    let error = answer.error.clone()?;
    Some((error, answer.error_type.clone().unwrap_or_else(|| UNKNOWN.to_owned())))
}

/// The documented keys of an answer; a key that it lacks is absent.
pub(super) fn answer_keys(answer: &Response) -> [(&'static str, Captured<'static>); 5] {
    let text =
        |text: Option<&str>| text.map_or(CapturedValue::Absent, |text| CapturedValue::Text(text.into()));
    fn tree<T: Serialize>(value: Option<&T>) -> Captured<'static> {
        value.map_or(CapturedValue::Absent, CapturedValue::serialized)
    }
    [
        ("assistant_message", tree(answer.message.as_ref())),
        ("usage", tree(answer.usage.as_ref())),
        ("finish_reason", text(answer.finish_reasons.first().map(telemetry_llm::FinishReason::as_str))),
        ("response_model", text(answer.model.as_deref())),
        ("response_id", text(answer.id.as_deref())),
    ]
}
