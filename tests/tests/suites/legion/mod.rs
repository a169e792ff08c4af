//! Legion's events: the life of an agent process, its messages, iterations, model requests and
//! evaluations, in their order and with what they carry.
//!
//! Where this differs from the original: iterations are siblings, not nested; run ids are `UUIDv7`; a
//! process that unwinds still stops; `status` stands on every stop.

mod lifetime;
mod messages;
mod requests;
mod runs;

use serde_json::{Value, json};
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use telemetry_runtime::testing::{self, Capture, only};
use telemetry_runtime::{
    AgentProcess, Context, InContext as _, OwnedEvent, StopMetadata, agent_span, emit, in_current_context,
    in_span, record,
};

/// What the model of an agent decides on, step by step.
#[derive(Clone, Copy)]
enum Decision {
    Eval(&'static str),
    /// The model's answer cannot be used: the step is tried again.
    Malformed,
    Return(&'static str),
}

struct MathAgent {
    script: RefCell<Vec<Decision>>,
}

impl MathAgent {
    fn start(name: &str, script: &[Decision]) -> AgentProcess<Self> {
        let script = RefCell::new(script.iter().rev().copied().collect());
        AgentProcess::start(name, || Ok::<_, ()>(Self { script })).unwrap()
    }
}

#[derive(StopMetadata)]
#[stop_of(agent_message)]
enum Handled {
    Done {
        iterations: u32,
        result: &'static str,
        bindings: Value,
    },
    #[stop(status = "cancel")]
    Cancelled {
        iterations: u32,
        result: &'static str,
    },
}

const MAX_ITERATIONS: u32 = 3;

const MAX_RETRIES: u32 = 2;

impl MathAgent {
    #[agent_span(agent_message)]
    fn handle(&self, message: &str) -> Handled {
        let (mut iteration, mut retries) = (0, 0);
        while iteration < MAX_ITERATIONS {
            match self.step(iteration) {
                Ok(Action::Return(result)) => {
                    return Handled::Done { iterations: iteration + 1, result, bindings: json!({"x": 2}) };
                }
                Ok(Action::EvalAndContinue) => iteration += 1,
                Err(_) if retries == MAX_RETRIES => {
                    return Handled::Cancelled { iterations: iteration, result: "reached_max_retries" };
                }
                Err(_) => retries += 1,
            }
        }
        Handled::Cancelled { iterations: iteration, result: "reached_max_iterations" }
    }

    #[agent_span(iteration)]
    fn step(&self, iteration: u32) -> Result<Action, &'static str> {
        match self.request(2)? {
            Decision::Eval(code) => {
                let _ = eval(code);
                Ok(Action::EvalAndContinue)
            }
            Decision::Return(value) => Ok(Action::Return(value)),
            Decision::Malformed => Err("no structured object"),
        }
    }

    #[agent_span(llm_request, model = "openai:gpt-4o-mini")]
    fn request(&self, message_count: usize) -> Result<Decision, &'static str> {
        self.script.borrow_mut().pop().ok_or("the provider is down")
    }
}

enum Action {
    EvalAndContinue,
    Return(&'static str),
}

impl StopMetadata<telemetry_runtime::spans::iteration> for Action {
    fn stop_metadata<'r>(&'r self, stop: &mut telemetry_runtime::Stop<'r>) {
        let action = match self {
            Self::EvalAndContinue => "eval_and_continue",
            Self::Return(_) => "return",
        };
        stop.text("action", action);
    }
}

#[agent_span(sandbox_eval)]
fn eval(code: &str) -> Result<u32, String> {
    match code {
        "1 + 1" => Ok(2),
        "exit" => panic!("the sandbox broke"),
        _ => Err(format!("cannot evaluate {code}")),
    }
}

/// A life: the agent starts, handles one message and stops.
fn live(script: &[Decision]) -> Capture {
    let capture = testing::capture();
    capture.scope(|| {
        let agent = MathAgent::start("my_app::MathAgent", script);
        agent.context().scope(|| agent.handle("what is 1 + 1?"));
    });
    capture
}

fn keys(event: &OwnedEvent) -> Vec<&str> {
    let mut keys: Vec<&str> = event.metadata.keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}
