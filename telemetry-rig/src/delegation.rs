//! Which tool call an agent's run answers, so that a sub-agent is inside its caller.
//!
//! rig gives a hook of the child nothing of the parent's run. What both know is the name of the tool, which is the
//! child's, and the prompt, which is the tool's one argument; and the child runs in the context of the call, or in one
//! task with the caller.

use std::sync::{Mutex, MutexGuard, PoisonError};

use telemetry_runtime::{Context, SpanId};

/// The name that rig gives the tool of an agent without a name.
const UNNAMED: &str = "agent_tool";

/// A tool call that a sub-agent may answer.
struct Delegation {
    id: u64,
    tool: String,
    prompt: String,
    /// The span around the caller's run: the child's run is in the same.
    around: Option<SpanId>,
    /// The context inside the tool call.
    inside: Context,
}

impl Delegation {
    /// Whether a run with that span around it is inside the call, or beside it in the same task.
    fn is_around(&self, around: Option<SpanId>) -> bool {
        self.around == around || self.inside.span().is_some_and(|call| Some(call.id) == around)
    }
}

#[derive(Default)]
struct Open {
    next: u64,
    calls: Vec<Delegation>,
}

static OPEN: Mutex<Open> = Mutex::new(Open { next: 0, calls: Vec::new() });

fn open() -> MutexGuard<'static, Open> {
    OPEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A tool call that a sub-agent may answer, until this is dropped.
#[derive(Debug)]
pub(crate) struct Offer(u64);

impl Offer {
    /// Offers the call, if its arguments are those of an agent that is a tool.
    pub(crate) fn of(tool: &str, args: &str, around: Option<SpanId>, inside: Context) -> Option<Self> {
        #[derive(serde::Deserialize)]
        struct Args {
            prompt: String,
        }
        let Args { prompt } = serde_json::from_str(args).ok()?;
        let mut open = open();
        let id = open.next;
        open.next += 1;
        open.calls.push(Delegation { id, tool: tool.to_owned(), prompt, around, inside });
        Some(Self(id))
    }
}

impl Drop for Offer {
    fn drop(&mut self) {
        open().calls.retain(|call| call.id != self.0);
    }
}

/// Takes the call that a run of that agent with that prompt answers, and gives its context. Of several that are alike
/// the first: which of them is which makes no difference to the tree.
pub(crate) fn take(agent: Option<&str>, prompt: &str, around: Option<SpanId>) -> Option<Context> {
    let mut open = open();
    let tool = agent.unwrap_or(UNNAMED);
    let at = open
        .calls
        .iter()
        .position(|call| call.tool == tool && call.prompt == prompt && call.is_around(around))?;
    Some(open.calls.remove(at).inside)
}
