//! What is open of one run of an agent.

use std::collections::HashMap;

use rig_agent::core::completion::{CompletionRequest, CompletionResponse};
use rig_agent::core::effect::EffectId;
use rig_agent::core::error::{ErrorKind, ErrorReport};
use rig_agent::core::message::{CallId, Message, UserContent};
use rig_agent::core::tool::{ToolErrorKind, ToolResult};
use serde_json::{Map, Value as Json};
use telemetry_llm::Provider;
use telemetry_runtime::{Answered, Context, OpenSpan, SpanId, open_span, record, spans};

use crate::delegation::{self, Offer};
use crate::inside::{Calls, Held};

/// What the `agent` of an agent without a name is: its type, as everywhere.
const UNNAMED: &str = "rig_agent::Agent";

/// A tool call, its offer to a sub-agent, and the guard that gives the tool its context.
struct Tool {
    span: OpenSpan<spans::tool_call>,
    _offer: Option<Offer>,
    inside: Option<Held>,
}

/// One run of an agent. Dropped while something is open, that is cancelled: what is inside before what is around.
pub(crate) struct Run {
    tools: HashMap<EffectId, Tool>,
    turn: Option<Turn>,
    agent: Option<OpenSpan<spans::agent>>,
    subagent: Option<OpenSpan<spans::subagent>>,
    /// The label of the model that the next turn asks.
    label: Option<String>,
    around: Option<SpanId>,
}

struct Turn {
    id: EffectId,
    span: OpenSpan<Answered<spans::llm_turn>>,
    /// The text of a stream so far.
    text: String,
}

impl Run {
    /// Opens a run: inside the tool call that it answers, else where it is called.
    pub(crate) fn open(agent: Option<&str>, prompt: Option<&Message>) -> Self {
        let here = Context::current();
        let around = here.span().map(|span| span.id);
        let text = prompt.and_then(text_of);
        let caller = text.as_deref().and_then(|text| delegation::take(agent, text, around));
        let name = agent.unwrap_or(UNNAMED);
        let subagent = caller.map(|caller| {
            caller.scope(|| {
                open_span!(
                    subagent,
                    role = name,
                    child_agent = name,
                    agent = caller.agent().unwrap_or(UNNAMED)
                )
            })
        });
        let inside = subagent.as_ref().map_or(here, OpenSpan::context);
        let agent = inside.scope(|| match (text, prompt) {
            (Some(text), _) => open_span!(agent, agent = name, prompt = text),
            (None, Some(prompt)) => open_span!(agent, agent = name, prompt = prompt),
            (None, None) => open_span!(agent, agent = name),
        });
        Self { tools: HashMap::new(), turn: None, agent: Some(agent), subagent, label: None, around }
    }

    pub(crate) fn selected(&mut self, label: &str) {
        self.label = Some(label.to_owned());
    }

    pub(crate) fn label(&self) -> Option<&str> {
        self.label.as_deref()
    }

    /// Runs `work` in the context of the agent.
    fn inside<R>(&self, work: impl FnOnce() -> R) -> R {
        match &self.agent {
            Some(agent) => agent.context().scope(work),
            None => work(),
        }
    }

    /// A request to the model begins. rig counts its turns from 1, the documents from 0.
    pub(crate) fn turn_begins(
        &mut self,
        id: EffectId,
        turn: usize,
        model: &str,
        request: &CompletionRequest,
        is_streaming: bool,
    ) {
        if self.turn.as_ref().is_some_and(|turn| turn.id == id) {
            return;
        }
        self.turn_is_over();
        let span = self.inside(|| {
            open_span!(
                llm_turn,
                model = model,
                turn = turn.saturating_sub(1) as u64,
                messages = &request.chat_history,
                streaming = is_streaming,
                tool_count = request.tools.len(),
                provider = Provider::of(model).map(|provider| provider.to_string()),
                parameters = parameters(request),
                tools = (!request.tools.is_empty()).then_some(&request.tools),
                response
            )
        });
        self.turn = Some(Turn { id, span, text: String::new() });
    }

    /// A piece of the model's answer came.
    pub(crate) fn streamed(&mut self, text: &str, is_answer: bool) {
        if let Some(turn) = &mut self.turn {
            turn.span.item(!text.is_empty());
            if is_answer && turn.span.is_observed() {
                turn.text.push_str(text);
            }
        }
    }

    /// The model answered.
    pub(crate) fn turn_ends(&mut self, id: EffectId, answer: &CompletionResponse) {
        if let Some(turn) = self.turn.take_if(|turn| turn.id == id) {
            turn.span.stop(answer);
        }
    }

    /// Ends a turn whose end no hook saw: rig recovered from it, as from a call of a tool that does not exist.
    fn turn_is_over(&mut self) {
        if let Some(turn) = self.turn.take() {
            turn.known().end();
        }
    }

    pub(crate) fn tool_begins(
        &mut self,
        id: EffectId,
        tool: &str,
        args: &str,
        call: Option<&CallId>,
        calls: Option<&Calls>,
    ) {
        if !self.tools.contains_key(&id) {
            self.open_tool(id, tool, args, call);
        }
        if let (Some(calls), Some(tool)) = (calls, self.tools.get_mut(&id))
            && tool.span.is_observed()
        {
            tool.inside.get_or_insert_with(|| calls.hold(id, tool.span.context()));
        }
    }

    fn open_tool(&mut self, id: EffectId, tool: &str, args: &str, call: Option<&CallId>) {
        self.turn_is_over();
        let call = call.map(CallId::wire);
        let span = self.inside(|| match call.as_deref() {
            Some(call) => open_span!(tool_call, tool = tool, args = args, tool_call_id = call),
            None => open_span!(tool_call, tool = tool, args = args),
        });
        let offer =
            if span.is_observed() { Offer::of(tool, args, self.around, span.context()) } else { None };
        self.tools.insert(id, Tool { span, _offer: offer, inside: None });
    }

    pub(crate) fn tool_ends(&mut self, id: EffectId, outcome: Result<Option<&ToolResult>, &ErrorReport>) {
        let Some(Tool { span, .. }) = self.tools.remove(&id) else { return };
        match outcome {
            Ok(Some(result)) => match result.error().or_else(|| result.refusal()) {
                // What was cut short has not failed.
                Some(error) if error.kind() == ToolErrorKind::Cancelled => drop(span),
                Some(error) => {
                    record!(span; error_type = error.kind().as_str());
                    span.fail(error);
                }
                None => {
                    if result.is_skipped() {
                        record!(span; status = "skipped");
                    }
                    let output = result.output();
                    match (output.as_text(), output.as_json()) {
                        (Some(text), _) => span.stop(&text),
                        (None, Some(json)) => span.stop(json),
                        (None, None) => span.stop(&output.as_content()),
                    }
                }
            },
            Ok(None) => span.end(),
            Err(report) if report.kind == ErrorKind::Cancelled => drop(span),
            Err(report) => {
                record!(span; error_type = report.kind.code());
                span.fail(report.message.as_str());
            }
        }
    }

    /// The run ended with an answer, or with the text of a failure.
    pub(crate) fn settled(&mut self, outcome: Result<String, &str>) {
        let failure = outcome.as_ref().err().copied();
        // Tools that were still running were given up.
        self.tools.clear();
        if let Some(turn) = self.turn.take() {
            match failure {
                Some(failure) if is_cancelled(failure) => drop(turn.known()),
                Some(failure) => turn.known().fail(failure),
                None => turn.known().end(),
            }
        }
        let Some(agent) = self.agent.take() else { return };
        match outcome {
            Ok(output) => {
                record!(agent; output = output);
                agent.end();
            }
            Err(error) => {
                if is_cancelled(error) {
                    record!(agent; error_type = "cancelled");
                }
                agent.fail(error);
            }
        }
        if let Some(subagent) = self.subagent.take() {
            match failure {
                Some(failure) => subagent.fail(failure),
                None => subagent.end(),
            }
        }
    }
}

impl Turn {
    /// The span, with the text of its stream so far.
    fn known(self) -> OpenSpan<Answered<spans::llm_turn>> {
        if !self.text.is_empty() {
            record!(self.span; assistant_message = self.text);
        }
        self.span
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.tools.clear();
        drop(self.turn.take().map(Turn::known));
    }
}

/// How rig's error of a run that a hook stopped begins.
fn is_cancelled(error: &str) -> bool {
    error.starts_with("the run was cancelled")
}

/// The text of a message that is text alone.
fn text_of(message: &Message) -> Option<String> {
    match message {
        Message::User { content } => match &content[..] {
            [UserContent::Text(text)] => Some(text.text.clone()),
            _ => None,
        },
        _ => None,
    }
}

/// The parameters of a request that are set.
fn parameters(request: &CompletionRequest) -> Option<Json> {
    let mut all = match serde_json::to_value(&request.options) {
        Ok(Json::Object(options)) => options,
        _ => Map::new(),
    };
    all.retain(|_, value| !value.is_null());
    let given = [
        ("temperature", request.temperature.map(Json::from)),
        ("max_tokens", request.max_tokens.map(Json::from)),
        ("tool_choice", request.tool_choice.as_ref().and_then(|choice| serde_json::to_value(choice).ok())),
        (
            "output_schema",
            request.output_schema.as_ref().and_then(|schema| serde_json::to_value(schema).ok()),
        ),
    ];
    all.extend(given.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))));
    if let Some(Json::Object(more)) = &request.additional_params {
        all.extend(more.iter().map(|(key, value)| (key.clone(), value.clone())));
    }
    (!all.is_empty()).then_some(Json::Object(all))
}
