//! The command line of the `agent` binary.

use std::env;
use std::io::{self, IsTerminal as _, Write as _};
use std::num::NonZeroUsize;
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use indicatif::{ProgressBar, ProgressStyle};
use telemetry_otel::OtlpExport;
use telemetry_runtime::{
    LoggerOptions, attach_default_logger, attach_typed, condukt, detach, detach_default_logger,
    prices::Prices,
};
use tracing_subscriber::EnvFilter;

use crate::airline::assistant_tools::BOOKING_KEY;
use crate::airline::model::{ModelOptions, Streaming, ToolChoice};
use crate::airline::replay::conversation::{self, Conversation};
use crate::airline::run::{Mode, Settings, run};
use crate::airline::summary::Collector;

/// An airline's customer-service agent, whose telemetry is the point.
///
/// Without arguments it plays a conversation that it comes with against a server of its own on
/// loopback: each event is a line, and at the end stands what they add up to.
///
/// With `OPENAI_BASE_URL` and `OPENAI_API_KEY` in the environment a real model answers the customer.
#[derive(Debug, clap::Parser)]
#[command(name = "agent", version, max_term_width = 100)]
pub struct Args {
    /// Replay the conversations of this file, one JSON object with `messages` a line.
    #[arg(long, value_name = "FILE")]
    conversations: Option<PathBuf>,

    /// Only the first N of them.
    #[arg(long, value_name = "N")]
    limit: Option<NonZeroUsize>,

    /// How many conversations go on at a time.
    #[arg(long, value_name = "N", default_value = "1")]
    concurrency: NonZeroUsize,

    /// Print the summary as one JSON object, and nothing else on standard output.
    #[arg(long)]
    json: bool,

    /// Print no line for each event.
    #[arg(long)]
    quiet: bool,

    /// When to ask for an answer as a stream.
    #[arg(long, value_enum, default_value_t)]
    streaming: Streaming,

    /// Whether a provider's model has to call tools.
    #[arg(long, value_enum, default_value_t)]
    tool_choice: ToolChoice,

    /// The model's name.
    #[arg(long, env = "OPENAI_MODEL", default_value = "gpt-4o")]
    model: String,

    /// Export to the OpenTelemetry collector at this address, else where the `OTEL_*` variables say.
    #[arg(long, value_name = "ENDPOINT", num_args = 0..=1, default_missing_value = "")]
    otlp: Option<String>,

    /// Show what happens on a page, whose address is printed. It stays until the program is stopped.
    #[arg(long)]
    view: bool,

    /// Record every event into this file, for `telemetry-view FILE`.
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
}

/// Runs the command line, and prints the summary, whole or not at all.
pub async fn main(args: Args) -> anyhow::Result<()> {
    let (source, mut conversations) = match &args.conversations {
        Some(file) => (file.display().to_string(), conversation::read(file)?),
        None => ("the shipped conversation".to_owned(), conversation::shipped()?),
    };
    conversations.truncate(args.limit.map_or(usize::MAX, NonZeroUsize::get));
    let settings = args.settings()?;

    let collector = Collector::attach("summary")?;
    let export = args.otlp.as_deref().map(export).transpose()?;
    let view = args.view.then(telemetry_view::serve).transpose().context("the page")?;
    let recorder = args.record.as_deref().map(telemetry_view::record).transpose().context("the recording")?;
    let progress = Progress::start(&args, &conversations, &settings.mode)?;
    run(conversations, settings).await.context(source)?;
    drop(progress);
    if let Some(Err(error)) = export.map(OtlpExport::shutdown) {
        eprintln!("warning: {error}");
    }
    if let Some(error) = recorder.and_then(|recorder| recorder.finish().err()) {
        eprintln!("warning: the recording is not whole: {error}");
    }
    let summary = collector.finish();

    let text = if args.json { serde_json::to_string(&summary)? + "\n" } else { summary.to_string() };
    match io::stdout().write_all(text.as_bytes()) {
        // The reader of a pipe has stopped.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        outcome => outcome.context("standard output")?,
    }
    if let Some(view) = view {
        eprintln!("the page stays until this is stopped");
        view.wait();
    }
    Ok(())
}

/// Also sends events to a collector: that at `endpoint`, or that of the environment if it is
/// empty.
fn export(endpoint: &str) -> anyhow::Result<OtlpExport> {
    let builder = telemetry_otel::builder();
    let builder = if endpoint.is_empty() { builder } else { builder.endpoint(endpoint) };
    Ok(builder.install()?)
}

impl Args {
    fn settings(&self) -> anyhow::Result<Settings> {
        let mode = match (variable("OPENAI_BASE_URL")?, variable("OPENAI_API_KEY")?) {
            (Some(base_url), Some(api_key)) => Mode::Provider { base_url, api_key },
            (Some(_), None) => {
                bail!(
                    "OPENAI_BASE_URL is set, but OPENAI_API_KEY is not; any value will do for a server that asks for none"
                )
            }
            // A key alone is no order to spend money.
            (None, _) if self.conversations.is_some() => Mode::Recorded,
            (None, _) => Mode::RecordedModel,
        };
        Ok(Settings {
            mode,
            model: ModelOptions {
                name: self.model.clone(),
                streaming: self.streaming,
                tool_choice: self.tool_choice,
            },
            concurrency: self.concurrency,
            booking_key: variable(BOOKING_KEY)?.unwrap_or(Settings::default().booking_key),
        })
    }
}

/// A variable of the environment, if it is set and not empty.
fn variable(name: &str) -> anyhow::Result<Option<String>> {
    match env::var(name) {
        Ok(value) => Ok(Some(value).filter(|value| !value.is_empty())),
        Err(env::VarError::NotPresent) => Ok(None),
        Err(error) => Err(error).context(name.to_owned()),
    }
}

/// What is to be seen while the agent works: a line for each event, and how far it has come.
struct Progress {
    bar: ProgressBar,
    logging: bool,
}

impl Progress {
    fn start(args: &Args, conversations: &[Conversation], mode: &Mode) -> anyhow::Result<Self> {
        let expected = |conversation: &Conversation| match mode {
            Mode::Provider { .. } => conversation.prompts(),
            _ => conversation.with_delegated().into_iter().map(Conversation::prompts).sum(),
        };
        let answers: usize = conversations.iter().map(expected).sum();
        // Hidden where standard error is no terminal.
        let bar = ProgressBar::new(answers.try_into()?)
            .with_style(ProgressStyle::with_template("{bar:40} {pos}/{len} answers, {elapsed}")?);
        attach_typed("progress", {
            let bar = bar.clone();
            move |_: &condukt::AgentStop<'_>| bar.inc(1)
        })?;

        let logging = !args.quiet;
        if logging {
            let lines = Lines { bar: bar.clone(), to_stderr: args.json };
            let colour = lines.on_terminal() && env::var_os("NO_COLOR").is_none_or(|set| set.is_empty());
            tracing_subscriber::fmt()
                .with_env_filter(
                    EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("telemetry=info")),
                )
                .with_writer(move || lines.clone())
                .with_ansi(colour)
                // The logger colours its lines itself, and escapes whatever comes from outside.
                .with_ansi_sanitization(!colour)
                .with_target(false)
                .without_time()
                // An error about a line that cannot be printed could not be printed either.
                .log_internal_errors(false)
                .init();
            attach_default_logger(LoggerOptions::default().with_ansi(colour).with_prices(Prices::builtin()))?;
        }
        Ok(Self { bar, logging })
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
        // Both are ours, and there: an error has nothing to say.
        let _ = detach("progress");
        if self.logging {
            let _ = detach_default_logger();
        }
    }
}

/// Where the lines go: around the progress bar, and out of the way of JSON.
#[derive(Clone)]
struct Lines {
    bar: ProgressBar,
    to_stderr: bool,
}

impl Lines {
    fn on_terminal(&self) -> bool {
        if self.to_stderr { io::stderr().is_terminal() } else { io::stdout().is_terminal() }
    }
}

impl io::Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.bar.suspend(|| if self.to_stderr { io::stderr().write(line) } else { io::stdout().write(line) })
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.to_stderr { io::stderr().flush() } else { io::stdout().flush() }
    }
}
