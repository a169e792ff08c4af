//! The life of a Legion agent.

use std::mem;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use crate::context::Context;
use crate::dispatch::emit_with;
use crate::event::{FieldSource, Measurements, Times};
use crate::ids::new_uuid;
use crate::registry::{EventSite, documented};

/// The life of a Legion agent: emits `legion.agent.started` once it is built, `legion.agent.stopped` when it is
/// dropped.
///
/// It has a run id (`UUIDv7`). Inside another agent's run, that run's id is its `parent_run_id`. Run its messages in
/// its [`context`](Self::context).
///
/// ```
/// use telemetry_runtime::AgentProcess;
///
/// let process = AgentProcess::start("researcher", || Ok::<_, std::io::Error>(vec!["notes"]))?;
/// process.context().scope(|| {
///     // a function with `#[agent_span(agent_message, ..)]` is called here
/// });
/// assert_eq!(process.len(), 1);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct AgentProcess<A> {
    agent: A,
    context: Context,
}

impl<A> AgentProcess<A> {
    /// Builds an agent, in the context that it will have, and starts its life.
    ///
    /// # Errors
    /// If building fails. No event is emitted then.
    pub fn start<E>(name: &str, build: impl FnOnce() -> Result<A, E>) -> Result<Self, E> {
        Self::begin(name, None, build)
    }

    /// Builds an agent as [`start`](Self::start) does, with an id that is the same after a restart: the key `agent_id` of
    /// its events. Without one that is the run id.
    ///
    /// ```
    /// use telemetry_runtime::AgentProcess;
    ///
    /// let process = AgentProcess::start_with_id("researcher", "researcher-7", || Ok::<_, std::io::Error>(()))?;
    /// assert_eq!(process.agent_id(), "researcher-7");
    /// assert_ne!(process.run_id(), "researcher-7");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// If building fails. No event is emitted then.
    #[cfg(feature = "newer-events")]
    pub fn start_with_id<E>(
        name: &str,
        agent_id: impl AsRef<str>,
        build: impl FnOnce() -> Result<A, E>,
    ) -> Result<Self, E> {
        Self::begin(name, Some(agent_id.as_ref().into()), build)
    }

    fn begin<E>(
        name: &str,
        agent_id: Option<Arc<str>>,
        build: impl FnOnce() -> Result<A, E>,
    ) -> Result<Self, E> {
        let outer = Context::current();
        let deterministic = outer.state.as_ref().and_then(|state| state.deterministic.clone());
        let run_id = new_uuid(deterministic.as_deref());
        let context = outer.with_agent(name).change(|state| {
            state.keys.parent_run_id = state.keys.run_id.replace(run_id);
            state.keys.parent_agent_id = mem::replace(&mut state.keys.agent_id, agent_id);
            state.keys.iteration = None;
        });
        let agent = context.scope(build)?;
        let process = Self { agent, context };
        process.emit(&documented::agent_started);
        Ok(process)
    }
}

impl<A> AgentProcess<A> {
    /// Returns the context of its messages.
    pub fn context(&self) -> Context {
        self.context.clone()
    }

    /// Returns its run id.
    pub fn run_id(&self) -> &str {
        self.context.run_id().unwrap_or_default()
    }

    /// Returns its agent id.
    #[cfg(feature = "newer-events")]
    pub fn agent_id(&self) -> &str {
        self.context.agent_id().unwrap_or_default()
    }

    fn emit(&self, site: &'static EventSite) {
        if site.enabled() {
            let times = Times::Event(self.context.now());
            let measurements = Measurements { times, more: FieldSource::NONE };
            emit_with(&self.context, self.context.place_of_event(), site, measurements, FieldSource::NONE);
        }
    }
}

impl<A> Deref for AgentProcess<A> {
    type Target = A;

    fn deref(&self) -> &A {
        &self.agent
    }
}

impl<A> DerefMut for AgentProcess<A> {
    fn deref_mut(&mut self) -> &mut A {
        &mut self.agent
    }
}

impl<A> Drop for AgentProcess<A> {
    fn drop(&mut self) {
        self.emit(&documented::agent_stopped);
    }
}
