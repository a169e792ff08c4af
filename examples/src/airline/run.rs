//! Runs conversations, each in a session of its own: [`run`].

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use telemetry_runtime::{Context, InContext as _, Secrets, SecretsError};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::airline::agent::{ASSISTANT, AgentError, Chat};
use crate::airline::assistant_tools::{AssistantTools, BOOKING_KEY};
use crate::airline::booking::BookingSystem;
use crate::airline::model::{Model, ModelError, ModelOptions};
use crate::airline::replay::conversation::{Conversation, Step};
use crate::airline::replay::server::ReplayServer;
use crate::airline::replay::tools::RecordedTools;
use crate::airline::toolbox::Toolbox;

/// Who answers, and what with.
#[derive(Clone, Debug)]
pub enum Mode {
    /// The model and the tools both do what was recorded.
    Recorded,
    /// The model's answers are recorded; the tools are real.
    RecordedModel,
    /// The model behind a URL, with real tools. From the recording it gets the customer's messages.
    Provider {
        /// What stands before `/chat/completions`.
        base_url: String,
        /// The bearer token.
        api_key: String,
    },
}

/// How to run conversations.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Who answers.
    pub mode: Mode,
    /// How the model is asked.
    pub model: ModelOptions,
    /// How many conversations go on at a time.
    pub concurrency: NonZeroUsize,
    /// The key to the booking system: a secret, which no event shows.
    pub booking_key: String,
}

impl Default for Settings {
    /// Replays what was recorded, one conversation after the other.
    fn default() -> Self {
        Self {
            mode: Mode::Recorded,
            model: ModelOptions::default(),
            concurrency: NonZeroUsize::MIN,
            booking_key: "larkwing-demo-key".to_owned(),
        }
    }
}

/// Why the conversations did not come to their end.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// One of them broke off.
    #[error("line {line}: {error}")]
    Conversation {
        /// Its line.
        line: usize,
        /// Why.
        error: AgentError,
    },
    /// The loopback server cannot be started.
    #[error("cannot listen on loopback: {0}")]
    Server(std::io::Error),
    /// The model cannot be asked.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// What the example comes with cannot be read.
    #[error("the example's own data")]
    Data(#[from] serde_json::Error),
    /// The booking system's key cannot be a secret.
    #[error("the key to the booking system")]
    Secrets(#[from] SecretsError),
}

/// Runs all conversations, so many at a time, on whatever threads the runtime has. The first that
/// breaks off ends the others too.
pub async fn run(conversations: Vec<Conversation>, settings: Settings) -> Result<(), RunError> {
    let mut running = JoinSet::new();
    let outcome = run_in(&mut running, conversations, &settings).await;
    // Those that still go on are given up, and have let go of everything when this returns.
    running.shutdown().await;
    outcome
}

async fn run_in(
    running: &mut JoinSet<Result<(), RunError>>,
    conversations: Vec<Conversation>,
    settings: &Settings,
) -> Result<(), RunError> {
    let secrets = Secrets::resolve([(BOOKING_KEY, settings.booking_key.as_str())])?;
    let models = Models::start(&conversations, &settings.mode).await?;

    for (index, conversation) in conversations.into_iter().enumerate() {
        if running.len() >= settings.concurrency.get() {
            next_ended(running).await?;
        }
        let model = models.of(index, &settings.model)?;
        let tools: Arc<dyn Toolbox> = match settings.mode {
            Mode::Recorded => Arc::new(RecordedTools::new(&conversation, model.clone())),
            Mode::RecordedModel | Mode::Provider { .. } => {
                Arc::new(AssistantTools::new(BookingSystem::new(&settings.booking_key)?, model.clone())?)
            }
        };
        let recorded = !matches!(settings.mode, Mode::Provider { .. });
        let conversation = converse(conversation, Chat::new(ASSISTANT, model, tools), recorded);

        // The id under which the customer's conversation is known, and the key that its tools need.
        // A spawned task has no context by default, so this one is given it.
        let session = Context::current().with_session_id(Uuid::now_v7().to_string());
        running.spawn(conversation.in_context(session.with_secrets(secrets.clone())));
    }
    while !running.is_empty() {
        next_ended(running).await?;
    }
    Ok(())
}

/// Waits for one of the conversations to end.
async fn next_ended(running: &mut JoinSet<Result<(), RunError>>) -> Result<(), RunError> {
    match running.join_next().await {
        None => Ok(()),
        Some(Ok(outcome)) => outcome,
        Some(Err(error)) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // None is aborted while this waits for them.
            Err(_) => Ok(()),
        },
    }
}

/// Passes the customer's messages to the assistant, step by step.
async fn converse(conversation: Conversation, mut assistant: Chat, recorded: bool) -> Result<(), RunError> {
    for step in conversation.steps() {
        let outcome = match step {
            Step::Read(message) => {
                assistant.read(message.into());
                continue;
            }
            Step::Answer(text) => assistant.answer(text.to_owned()).await,
            Step::Speak if recorded => assistant.speak().await,
            // A live model decides itself whether to speak.
            Step::Speak => continue,
        };
        outcome.map_err(|error| RunError::Conversation { line: conversation.line, error })?;
    }
    Ok(())
}

/// Where the models are.
struct Models {
    http: reqwest::Client,
    place: Place,
}

enum Place {
    /// A server of our own, which lives as long as this does.
    Loopback(ReplayServer),
    Provider {
        base_url: String,
        api_key: String,
    },
}

impl Models {
    async fn start(conversations: &[Conversation], mode: &Mode) -> Result<Self, RunError> {
        // A server that no longer sends anything is given up; a whole answer may take its time.
        let http = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(10))
            .read_timeout(Duration::from_secs(120));
        let (http, place) = match mode.clone() {
            Mode::Provider { base_url, api_key } => (http, Place::Provider { base_url, api_key }),
            Mode::Recorded | Mode::RecordedModel => {
                let server = ReplayServer::start(conversations).await.map_err(RunError::Server)?;
                // A proxy in the environment cannot reach our loopback.
                (http.no_proxy(), Place::Loopback(server))
            }
        };
        let http = http.build().map_err(|error| ModelError::Invalid(error.to_string()))?;
        Ok(Self { http, place })
    }

    /// The model of the conversation at `index`.
    fn of(&self, index: usize, options: &ModelOptions) -> Result<Model, ModelError> {
        let http = self.http.clone();
        match &self.place {
            Place::Loopback(server) => Model::new(http, &server.base_url(index), "loopback", options.clone()),
            Place::Provider { base_url, api_key } => Model::new(http, base_url, api_key, options.clone()),
        }
    }
}
