//! Tools that run inside their calls.
//!
//! rig runs a tool apart from the hooks that see the call: whichever run of the agent is polled next polls the
//! tools of all its runs. What both know is the id of the dispatch.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rig_agent::Agent;
use rig_agent::core::effect::{EffectId, EffectKind, HandlerDescriptor, family};
use rig_agent::core::serve::{Dispatch, ErasedHandler, Reply, Serve};
use rig_agent::tool::{RegisteredTool, ToolSet};
use telemetry_runtime::{Context, InContext as _};

/// The calls of one agent's tools that are open, each with the context inside it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Calls(Arc<Mutex<HashMap<EffectId, Context>>>);

impl Calls {
    fn open(&self) -> MutexGuard<'_, HashMap<EffectId, Context>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives the tool the context inside the call, until the returned guard is dropped.
    pub(crate) fn hold(&self, id: EffectId, inside: Context) -> Held {
        self.open().insert(id, inside);
        Held { calls: self.clone(), id }
    }

    /// Puts every tool that the agent has now inside its calls.
    pub(crate) fn enclose(&self, agent: &Agent) {
        let server = agent.tool_server_handle();
        let tools = server.toolset();
        let offered: Vec<&str> = tools.always_exposed_names().collect();
        let (mut always, mut retrieved) = (ToolSet::default(), ToolSet::default());
        for (name, tool) in tools.iter() {
            let inside = Inside { tool: tool.handler().clone(), calls: self.clone() };
            // One whose descriptor rig refuses stays as it is.
            let Ok(tool) = RegisteredTool::from_handler(inside) else { continue };
            let set = if offered.contains(&name) { &mut always } else { &mut retrieved };
            set.add_registered_tool(tool);
            // rig warns of a tool that takes the place of another.
            server.remove_tool(name);
        }
        always.add_retrievable_tools(retrieved);
        server.add_tools(always);
    }
}

/// A call that is open.
#[derive(Debug)]
pub(crate) struct Held {
    calls: Calls,
    id: EffectId,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.calls.open().remove(&self.id);
    }
}

/// A tool that runs in the context of the call that it answers.
struct Inside {
    tool: ErasedHandler,
    calls: Calls,
}

impl Serve for Inside {
    type Family = family::Dynamic;

    fn descriptor(&self) -> HandlerDescriptor {
        self.tool.descriptor()
    }

    async fn serve(&self, kind: EffectKind, dispatch: Dispatch) -> Reply {
        let call = self.calls.open().get(&dispatch.id()).cloned();
        let work = self.tool.handle(kind, dispatch);
        match call {
            Some(inside) => work.in_context(inside).await,
            None => work.await,
        }
    }
}
