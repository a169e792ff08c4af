//! Telemetry of agents that are built with [rig]: one hook that emits every documented event.
//!
//! ```no_run
//! use rig_agent::core::{DynModel, operation::Completion};
//! use rig_agent::{Agent, AgentBuilder};
//! use telemetry_rig::BuildObserved as _;
//!
//! fn assistant(model: impl Into<DynModel<Completion>>) -> Agent {
//!     AgentBuilder::new(model).name("assistant").build_observed(telemetry_rig::hook())
//! }
//! ```
//!
//! That is all. [`build_observed`](BuildObserved::build_observed) adds the hook, builds the agent, and puts its tools inside their
//! calls: what your own code emits in a tool is a child of that call. Handlers, exporters, the page and the test kit see rig's agents as they see annotated functions.
//! [`examples/agent.rs`] is a whole program: `cargo run -p telemetry-rig --example agent`.
//!
//! | of rig | events | keys |
//! |---|---|---|
//! | a run, awaited or streamed | `condukt.agent.*` | `agent` (the name given to the builder), `prompt`, `output`, `session_id` |
//! | a request to the model | `condukt.llm_turn.*` | `model`, `turn` (from 0; rig counts from 1), `messages`, `streaming?`, `tool_count`, `tools`, `parameters`, `provider` where the model's name tells it; at the end `assistant_message`, `usage`, `finish_reason`, `response_model`, `response_id`; of a stream `items`, `time_to_first_item` and `time_to_first_token` |
//! | a tool call | `condukt.tool_call.*` | `tool`, `args`, `tool_call_id`, `result`, or `error` and `error_type` (rig's kind, such as `invalid_args`); `status` is `skipped` where a hook denied it |
//! | an agent that is a tool of another, by `into_tool()` | `condukt.subagent.*` inside the tool call, the child's agent inside that | `role` and `child_agent` (the child's name), `session_id` (the child's) |
//! | a run that is dropped | `condukt.*.exception`, `kind` `cancelled`, of all that was open | the text of a stream up to then, as `assistant_message` |
//! | a run that a hook stopped | the agent's stop, `status` `error`, `error_type` `cancelled`; a turn or tool that was open is cancelled | |
//!
//! A run is in the context where it is first polled: inside an annotated function, a session of your own or another
//! agent. Both agents of a delegation need the hook.
//!
//! # The order of hooks
//!
//! The hook changes nothing. It sees requests, arguments and answers as the hooks that were added before it left them.
//! It does not see a model that a later hook selects, so add it last if you select models.
//!
//! # What rig's hooks do not show
//!
//! Of rig 0.44, each found in its source:
//!
//! - The name of the model, before it answers: see [`Hook::model`]. `response_model` is right without it.
//! - The error of a request that failed arrives as a text, when the run settles. The turn and the agent end with that
//!   `error`; their `error_type` is `error`, as for every failure without a type.
//! - No hook sees an answer that rig recovers from, such as a call of a tool that does not exist.
//!   That turn ends without what the model answered, except for the text of a stream.
//! - A hook cannot enter the future of a tool. With the hook alone, `add_hook(telemetry_rig::hook())`, what your own code
//!   emits in a tool is beside the tool call, in the context of whichever run of the agent polled it. The same holds for
//!   tools that are added after `build_observed`, and for those of a shared `ToolServerHandle`. The sub-agent of
//!   `into_tool()` is inside the call all the same: it is recognised by its name and its prompt.
//! - A run that is resumed past its first model call has no `prompt`.
//! - Requests of an `Extractor`, of embeddings, retrieval and memory have no documented event, and emit none.
//!
//! [rig]: https://docs.rs/rig-agent
//! [`examples/agent.rs`]: https://docs.rs/crate/telemetry-rig/latest/source/examples/agent.rs

#![forbid(unsafe_code)]

mod delegation;
mod inside;
mod run;

use std::borrow::Cow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rig_agent::agent::{
    AgentHook, DispatchAction, DispatchEvent, HookContext, ModelSelection, ModelSelectionAction,
    NoToolConfig, ObservationAction, OutcomeAction, OutcomeEvent, ReasoningDelta, RunSettled, RunStart,
    RunStartAction, SettledOutcome, StepEventKind, TextDelta, ToolCallDelta, WithBuilderTools,
};
use rig_agent::completion::Message;
use rig_agent::core::completion::CompletionRequest;
use rig_agent::core::effect::{EffectKind, Outcome};
use rig_agent::{Agent, AgentBuilder};

use crate::inside::Calls;
use crate::run::Run;

/// Makes the hook: `AgentBuilder::build_observed(telemetry_rig::hook())`.
pub const fn hook() -> Hook {
    Hook { model: None, calls: None }
}

/// Builds an agent that is observed, its tools included.
///
/// ```
/// use rig_agent::AgentBuilder;
/// use rig_agent::core::test_utils::{MockCompletionModel, MockTurn};
/// use rig_agent::tool::{DynamicTool, ToolOutput};
/// use serde_json::json;
/// use telemetry_rig::BuildObserved as _;
/// use telemetry_runtime::{agent_span, testing};
///
/// #[agent_span(operation, operation = "look_up")]
/// async fn look_up() -> String {
///     "-3".to_owned()
/// }
///
/// # futures::executor::block_on(async {
/// let schema = json!({"type": "object"});
/// let weather = DynamicTool::new("weather".try_into().unwrap(), "Looks it up", schema, |_| {
///     Box::pin(async { Ok(ToolOutput::text(look_up().await)) })
/// });
/// let model = MockCompletionModel::from_turns([MockTurn::tool_call("1", "weather", json!({})), MockTurn::text("Cold.")]);
/// let agent = AgentBuilder::new(model).dynamic_tool(weather).build_observed(telemetry_rig::hook());
///
/// let capture = testing::capture();
/// capture.follow(async { agent.prompt("Oslo?").max_turns(2).await }).await.unwrap();
/// assert_eq!(capture.spans().named("operation").under("tool_call").count(), 1);
/// # });
/// ```
pub trait BuildObserved {
    /// Adds the hook, builds the agent, and puts the tools that it has inside their calls.
    #[must_use]
    fn build_observed(self, hook: Hook) -> Agent;
}

macro_rules! build_observed {
    ($($tools:ty),*) => {$(
        impl BuildObserved for AgentBuilder<$tools> {
            fn build_observed(self, hook: Hook) -> Agent {
                // The ids of dispatches are those of one agent.
                let calls = Calls::default();
                let agent = self.add_hook(Hook { calls: Some(calls.clone()), ..hook }).build();
                calls.enclose(&agent);
                agent
            }
        }
    )*};
}
build_observed!(NoToolConfig, WithBuilderTools);

/// Emits the documented events of each run of the agent it is added to. It holds nothing of a run: one may serve many
/// agents, and one added twice emits once.
///
/// ```
/// use rig_agent::AgentBuilder;
/// use rig_agent::core::test_utils::MockCompletionModel;
/// use telemetry_runtime::testing;
///
/// # futures::executor::block_on(async {
/// let agent = AgentBuilder::new(MockCompletionModel::text("It is cold.")).add_hook(telemetry_rig::hook()).build();
/// let capture = testing::capture();
/// capture.follow(async { agent.prompt("Oslo?").await }).await.unwrap();
/// assert_eq!(capture.named("condukt.agent.stop")[0].get("output").unwrap(), "It is cold.");
/// # });
/// ```
#[derive(Clone, Debug, Default)]
pub struct Hook {
    model: Option<Cow<'static, str>>,
    /// The open calls of the agent's tools, where those are to be inside.
    calls: Option<Calls>,
}

impl Hook {
    /// Names the agent's own model, such as `gpt-4o`: the `model` of its turns, and what their `provider` is known by.
    ///
    /// rig calls it `default` to its hooks, and so do the events without this. A model that a hook selects by its label
    /// is called by that label.
    #[must_use]
    pub fn model(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.model = Some(name.into());
        self
    }

    fn turn_begins(
        &self,
        context: &HookContext,
        event: &DispatchEvent<'_>,
        request: &CompletionRequest,
        stream: bool,
    ) {
        let shared = Shared::of(context, None);
        let mut run = shared.run();
        let label = run.label().unwrap_or(DEFAULT_MODEL);
        let own = self.model.as_deref().filter(|_| label == DEFAULT_MODEL);
        let model = request.model.as_deref().or(own).unwrap_or(label).to_owned();
        run.turn_begins(event.id, event.turn, &model, request, stream);
    }
}

/// The label that rig's builder gives the model it is made with.
const DEFAULT_MODEL: &str = "default";

/// The run, in the place that rig has for what hooks keep of one: dropped with it.
#[derive(Clone)]
struct Shared(Arc<Mutex<Run>>);

impl Shared {
    fn of(context: &HookContext, prompt: Option<&Message>) -> Self {
        let pad = context.scratchpad();
        pad.get().unwrap_or_else(|| {
            let run = Self(Arc::new(Mutex::new(Run::open(context.agent_name(), prompt))));
            pad.insert(run.clone());
            run
        })
    }

    fn run(&self) -> MutexGuard<'_, Run> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn streamed(context: &HookContext, text: &str, is_answer: bool) -> ObservationAction {
    Shared::of(context, None).run().streamed(text, is_answer);
    ObservationAction::Continue
}

impl AgentHook for Hook {
    async fn on_run_start(&self, context: &HookContext, event: RunStart<'_>) -> RunStartAction {
        Shared::of(context, Some(event.prompt));
        RunStartAction::Continue
    }

    async fn on_run_settled(&self, context: &HookContext, event: RunSettled<'_>) {
        Shared::of(context, None).run().settled(match event.outcome {
            SettledOutcome::Response(response) => Ok(response.output()),
            SettledOutcome::Error(error) => Err(error),
        });
    }

    fn on_model_select(&self, context: &HookContext, event: ModelSelection<'_>) -> ModelSelectionAction {
        Shared::of(context, None).run().selected(event.selected_model.as_str());
        ModelSelectionAction::Continue
    }

    async fn on_text_delta(&self, context: &HookContext, event: TextDelta<'_>) -> ObservationAction {
        streamed(context, event.delta, true)
    }

    async fn on_reasoning_delta(
        &self,
        context: &HookContext,
        event: ReasoningDelta<'_>,
    ) -> ObservationAction {
        streamed(context, event.delta, false)
    }

    async fn on_tool_call_delta(&self, context: &HookContext, event: ToolCallDelta<'_>) -> ObservationAction {
        streamed(context, event.delta, false)
    }

    async fn on_dispatch(&self, context: &HookContext, event: DispatchEvent<'_>) -> DispatchAction {
        match event.kind {
            EffectKind::Completion { request, stream } => {
                self.turn_begins(context, &event, request, *stream);
            }
            EffectKind::ToolCall { name, args } => {
                let shared = Shared::of(context, None);
                shared.run().tool_begins(event.id, name, args, event.call_id, self.calls.as_ref());
            }
            _ => {}
        }
        DispatchAction::Proceed
    }

    async fn on_outcome(&self, context: &HookContext, event: OutcomeEvent<'_>) -> OutcomeAction {
        let shared = Shared::of(context, None);
        let mut run = shared.run();
        match event.outcome {
            Ok(Outcome::Completion(answer)) => run.turn_ends(event.id, answer),
            Ok(_) => run.tool_ends(event.id, Ok(event.tool_result())),
            Err(report) => run.tool_ends(event.id, Err(report)),
        }
        OutcomeAction::Proceed
    }

    fn observes(&self, kind: StepEventKind) -> bool {
        use StepEventKind::{
            CompletionDispatch, ReasoningDelta, RunSettled, RunStart, TextDelta, ToolCallDelta, ToolDispatch,
        };
        matches!(
            kind,
            RunStart
                | RunSettled
                | CompletionDispatch
                | ToolDispatch
                | TextDelta
                | ReasoningDelta
                | ToolCallDelta
        )
    }
}
