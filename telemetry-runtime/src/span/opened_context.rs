//! What a documented span changes in the context of its work.

use std::sync::{Arc, OnceLock};

use super::state::Span;
use crate::context::Context;

/// Changes the context as Condukt's and Legion's event documentation has it for that kind of span. Returns the cell
/// for the session of a sub-agent.
pub(super) fn open_context(span: &Span<'_>, context: &mut Context) -> Option<Arc<OnceLock<Arc<str>>>> {
    let attribute = span.site.spec.map(|spec| spec.short_name);
    let has_call_id = span.tool_call_id.is_some() || context.tool_call_id().is_some();
    let opens = span.site.opens_context() && (attribute != Some("tool_call") || has_call_id);
    if !opens && span.agent.is_none() {
        return None;
    }
    let mut child_session = None;
    *context = std::mem::take(context).change(|state| {
        if let Some(agent) = &span.agent {
            state.keys.agent = Some(agent.clone());
        }
        match attribute {
            Some("agent") => {
                state.turns = Some(Arc::default());
                state.open_session();
            }
            Some("operation" | "run") => state.open_session(),
            Some("subagent") => {
                let cell = Arc::new(OnceLock::new());
                // One that delegates at once to another leaves the session around both the parent.
                let session = state.keys.session_id.take();
                state.keys.parent_session_id = session.or(state.keys.parent_session_id.take());
                state.child_session = Some(cell.clone());
                // The call that led here is the caller's.
                state.keys.tool_call_id = None;
                child_session = Some(cell);
            }
            Some("iteration") => {
                let given = span.fields.iter().find(|field| field.0 == "iteration");
                state.keys.iteration = given.and_then(|field| field.1.value()?.as_u64());
            }
            Some("tool_call") => {
                // The id of a call is its own: a tool that runs inside of it has none unless one is given.
                let is_inside = std::mem::replace(&mut state.is_called, true);
                if is_inside || span.tool_call_id.is_some() {
                    state.keys.tool_call_id.clone_from(&span.tool_call_id);
                }
            }
            _ => {}
        }
    });
    child_session
}
