//! The default logger: one line an event, through `tracing`.

use std::fmt::{self, Write as _};
use std::io::{IsTerminal as _, Write as _};
use std::sync::Once;
#[cfg(feature = "prices")]
use std::time::SystemTime;

use telemetry_catalogue::{Category, EVENTS, SPANS};
#[cfg(feature = "prices")]
use telemetry_llm::prices::Prices;
use telemetry_llm::{FinishReason, Usage};
use tracing::Level;

use crate::event::{Event, Pattern};
use crate::handler::{AttachError, Handler, Needs};
use crate::registry::{attach, detach};
use crate::value::Json;

const ID: &str = "telemetry-default-logger";

/// How many characters of a message, an argument list or code a line shows.
const SHOWN: usize = 80;

/// What the default logger shows. See [`attach_default_logger`].
///
/// ```
/// use telemetry_runtime::{Category, Level, LoggerOptions};
///
/// let options = LoggerOptions::default().level(Level::DEBUG).events([Category::Llm, Category::Tool]).with_ansi(false);
/// ```
#[derive(Clone, Debug)]
pub struct LoggerOptions {
    level: Level,
    categories: Option<Vec<Category>>,
    colour: Option<bool>,
    #[cfg(feature = "prices")]
    prices: Option<Prices>,
}

impl Default for LoggerOptions {
    /// All categories, at `INFO`, in colour if standard error is a terminal.
    fn default() -> Self {
        Self {
            level: Level::INFO,
            categories: None,
            colour: None,
            #[cfg(feature = "prices")]
            prices: None,
        }
    }
}

impl LoggerOptions {
    /// Returns this with the level of the lines. Failures are always logged at `ERROR`.
    #[must_use]
    pub fn level(self, level: Level) -> Self {
        Self { level, ..self }
    }

    /// Returns this with the categories of events to show. With no category the logger shows nothing.
    #[must_use]
    pub fn events(self, categories: impl IntoIterator<Item = Category>) -> Self {
        Self { categories: Some(categories.into_iter().collect()), ..self }
    }

    /// Returns this with colours on or off, whether or not standard error is a terminal.
    #[must_use]
    #[doc(alias = "colour")]
    pub fn with_ansi(self, colour: bool) -> Self {
        Self { colour: Some(colour), ..self }
    }

    /// Returns this with prices: a model's line shows what the call cost, where the provider does not. With the feature
    /// `prices`.
    #[cfg(feature = "prices")]
    #[must_use]
    pub fn with_prices(self, prices: Prices) -> Self {
        Self { prices: Some(prices), ..self }
    }

    #[doc(hidden)]
    #[must_use]
    pub fn colour(self, colour: bool) -> Self {
        self.with_ansi(colour)
    }
}

/// Attaches the default logger: one human-readable line an event through `tracing`, target
/// `telemetry`, indented by depth.
///
/// On a terminal each session or run has a colour; without one if standard error is piped or `NO_COLOR` is set. `tracing-subscriber` escapes colours in messages unless it is built with
/// `with_ansi_sanitization(false)`. Everything that comes from outside is escaped here, so one event
/// is one line and no content reaches the terminal as a command.
///
/// The lines need a subscriber of `tracing`, such as `tracing_subscriber::fmt().init()`. Where none is set the first line
/// warns on standard error. A program that logs through the `log` crate enables the feature `log` of this crate: each
/// line is then a record of `log`, as long as no subscriber is set. (`tracing_subscriber::fmt().init()` takes `log` over, and a
/// program that then sets its own logger fails.)
///
/// ```
/// use telemetry_runtime::{Category, Level, LoggerOptions, attach_default_logger, detach_default_logger};
///
/// attach_default_logger(LoggerOptions::default().level(Level::DEBUG).events([Category::Tool]))?;
/// detach_default_logger()?;
/// # Ok::<(), telemetry_runtime::AttachError>(())
/// ```
///
/// # Errors
/// If it is attached already.
pub fn attach_default_logger(options: LoggerOptions) -> Result<(), AttachError> {
    let colour = options.colour.unwrap_or_else(|| {
        let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        !no_colour && std::io::stderr().is_terminal()
    });
    let shown = |category: &Category| match &options.categories {
        None => *category != Category::Telemetry,
        Some(categories) => categories.contains(category),
    };
    let spans = SPANS.iter().filter(|span| shown(&span.category)).flat_map(|span| span.events);
    let events = EVENTS.iter().filter(|event| shown(&event.category)).map(|event| event.name);
    let patterns: Vec<Pattern> = spans.chain(events).map(Pattern::__checked).collect();
    let logger = Logger {
        level: options.level,
        colour,
        #[cfg(feature = "prices")]
        prices: options.prices,
    };
    attach(ID, patterns, logger).map(drop)
}

/// Detaches the default logger.
///
/// # Errors
/// If it is not attached.
pub fn detach_default_logger() -> Result<(), AttachError> {
    detach(ID)
}

struct Logger {
    level: Level,
    colour: bool,
    #[cfg(feature = "prices")]
    prices: Option<Prices>,
}

impl Handler for Logger {
    fn handle(&self, event: &Event<'_>) {
        if !tracing::dispatcher::has_been_set() && !cfg!(feature = "log") {
            warn_of_no_subscriber();
        }
        let level = if event.is_error() { Level::ERROR } else { self.level };
        let line = Line { event, logger: self };
        macro_rules! log {
            ($($level:ident),+) => {
                match level {
                    $(Level::$level => tracing::event!(target: "telemetry", Level::$level, "{line}"),)+
                }
            };
        }
        log!(ERROR, WARN, INFO, DEBUG, TRACE);
    }

    /// What [`Line`] shows. Answers, results and the like stay uncaptured where only the logger listens.
    fn needs(&self) -> Needs {
        Needs::keys(&[
            "action",
            "agent",
            "args",
            "child_agent",
            "code",
            "error",
            "error_type",
            "finish_reason",
            "iteration",
            "iterations",
            "label",
            "message",
            "message_count",
            "messages",
            "model",
            "name",
            "names",
            "operation",
            "reason",
            "role",
            "status",
            "tool",
            "turn",
            "usage",
        ])
    }
}

/// Warns on standard error, once, that the lines go nowhere.
#[cold]
fn warn_of_no_subscriber() {
    static WARNED: Once = Once::new();
    WARNED.call_once(|| {
        // Standard error may be closed.
        let _ = writeln!(
            std::io::stderr(),
            "telemetry: the default logger writes through `tracing`, and no `tracing` subscriber is set, so its lines are \
             lost. Set one, such as `tracing_subscriber::fmt().init()`, before the first event. In a program that logs \
             through the `log` crate, enable the feature `log` of `telemetry-runtime` instead."
        );
    });
}

/// An event as a line.
struct Line<'e> {
    event: &'e Event<'e>,
    logger: &'e Logger,
}

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let metadata = self.event.metadata();
        let nested = ["parent_run_id", "parent_session_id"].iter().any(|key| metadata.contains_key(key));
        let marker = if nested { "┃▸" } else { "┃" };
        // A delegation is the caller's; the session on its stop is the child's.
        let keys = match self.event.category() {
            Some(Category::Subagent) => ["parent_session_id", "session_id", "run_id"],
            _ => ["session_id", "parent_session_id", "run_id"],
        };
        let whose = keys.iter().find_map(|key| metadata.get_str(key));
        if self.logger.colour {
            write!(f, "\x1b[{}m{marker}\x1b[0m ", whose.map_or(37, colour_of))?;
        } else {
            write!(f, "{marker} ")?;
        }
        let depth = usize::try_from(self.event.depth()).unwrap_or(0).min(32);
        write!(f, "{:width$}", "", width = depth * 2)?;
        self.text(f)
    }
}

/// A colour for an id: always the same.
fn colour_of(id: &str) -> u8 {
    const PALETTE: [u8; 10] = [36, 32, 33, 35, 34, 96, 92, 93, 95, 94];
    // FNV-1a: stable between runs and builds.
    let hash = id.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    PALETTE[usize::try_from(hash % 10).unwrap_or(0)]
}

impl Line<'_> {
    fn text(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let event = self.event;
        let span = SPANS.iter().find(|span| span.events.contains(&event.name()));
        let phase = event.name().rsplit('.').next().unwrap_or_default();
        let Some(span) = span else { return self.single(f) };
        let short = match span.short_name {
            "llm_turn" | "llm_request" => "llm",
            "tool_call" => "tool",
            "agent_message" => "message",
            "sandbox_eval" => "eval",
            other => other,
        };
        write!(f, "{short}:{phase}")?;
        self.who(f, span.short_name)?;
        match phase {
            "start" => self.given(f, span.short_name),
            "stop" => {
                self.came_out(f, span.short_name)?;
                self.duration(f)
            }
            _ => {
                write!(f, " {}", self.quoted("reason"))?;
                // What was cut short was billed.
                self.tokens(f)?;
                self.duration(f)
            }
        }
    }

    fn who(&self, f: &mut fmt::Formatter<'_>, attribute: &str) -> fmt::Result {
        match attribute {
            "agent" | "agent_message" => write!(f, " {}", self.short("agent")),
            "llm_turn" => write!(f, " {} #{}", self.get("model"), self.get("turn")),
            "llm_request" => write!(f, " {}", self.get("model")),
            "tool_call" => write!(f, " {}", self.get("tool")),
            "subagent" => write!(f, " {} → {}", self.get("role"), self.short("child_agent")),
            "operation" => write!(f, " {}", self.get("operation")),
            "iteration" => write!(f, " {} #{}", self.short("agent"), self.get("iteration")),
            _ => Ok(()),
        }
    }

    fn given(&self, f: &mut fmt::Formatter<'_>, attribute: &str) -> fmt::Result {
        match attribute {
            "llm_turn" => {
                let count = self.event.metadata().get("messages").map(|value| value.to_json());
                match count.as_ref().and_then(|messages| messages.as_array()) {
                    Some(messages) => write!(f, " messages={}", messages.len()),
                    None => Ok(()),
                }
            }
            "llm_request" => write!(f, " messages={}", self.get("message_count")),
            "tool_call" => write!(f, " {}", self.get("args")),
            "agent_message" => write!(f, " {}", self.quoted("message")),
            "sandbox_eval" => write!(f, " {}", self.quoted("code")),
            _ => Ok(()),
        }
    }

    fn came_out(&self, f: &mut fmt::Formatter<'_>, attribute: &str) -> fmt::Result {
        match attribute {
            "agent_message" => write!(f, " iterations={}", self.get("iterations"))?,
            "iteration" => write!(f, " action={}", self.get("action"))?,
            "llm_turn" | "llm_request" => {
                self.finish_reason(f)?;
                self.tokens(f)?;
            }
            _ => {}
        }
        match self.event.metadata().get_str("status") {
            Some("error") => write!(f, " error {}: {}", self.get("error_type"), self.get("error")),
            Some("ok") if matches!(attribute, "agent_message" | "iteration" | "llm_turn" | "llm_request") => {
                Ok(())
            }
            Some(status) => write!(f, " {}", shown(status)),
            None => Ok(()),
        }
    }

    /// The tokens used, in whatever form the model's provider gives them: `tokens=12+5`.
    fn tokens(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let usage = self.event.metadata().get("usage").map(|value| value.to_json());
        let Some(usage) = usage.as_ref().and_then(Usage::read) else { return Ok(()) };
        match (usage.input, usage.output) {
            (None, None) => {}
            (input, output) => write!(f, " tokens={}+{}", input.unwrap_or(0), output.unwrap_or(0))?,
        }
        match self.cost(&usage) {
            Some(cost) => write!(f, " ${cost:.4}"),
            None => Ok(()),
        }
    }

    /// What the call cost: the provider's figure, else by the logger's prices.
    fn cost(&self, usage: &Usage) -> Option<f64> {
        usage.cost.or_else(|| self.priced(usage))
    }

    #[cfg(feature = "prices")]
    fn priced(&self, usage: &Usage) -> Option<f64> {
        let text = |key| self.event.metadata().get_str(key);
        let model = text("response_model").or_else(|| text("model"))?;
        Some(self.logger.prices.as_ref()?.cost(text("provider"), model, usage, SystemTime::now())?.total)
    }

    #[cfg(not(feature = "prices"))]
    #[allow(clippy::unused_self, reason = "as with prices")]
    fn priced(&self, _: &Usage) -> Option<f64> {
        None
    }

    /// Why the model stopped: the provider's string, or the meaning of another form.
    fn finish_reason(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(value) = self.event.metadata().get("finish_reason") else { return Ok(()) };
        let reason = match value.to_json() {
            Json::String(word) => word,
            other => FinishReason::read(&other).map_or_else(|| other.to_string(), |read| read.to_string()),
        };
        write!(f, " {}", shown(&reason))
    }

    fn single(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let measured = |key| {
            self.event.measurements().get(key).map_or_else(String::new, |value| shown(&value.to_text()))
        };
        match self.event.name() {
            "legion.agent.started" => write!(f, "agent:started {}", self.short("agent")),
            "legion.agent.stopped" => write!(f, "agent:stopped {}", self.short("agent")),
            "condukt.secrets.resolve" => write!(f, "secrets:resolve {}", self.get("names")),
            "condukt.secrets.access" => {
                write!(f, "secrets:access {} {}", self.get("tool"), self.get("names"))
            }
            "condukt.compact.stop" => {
                write!(f, "compact {} → {} messages", measured("before"), measured("after"))?;
                self.duration(f)
            }
            "telemetry.evaluation.result" => {
                write!(f, "evaluation {}", self.get("name"))?;
                for part in [measured("score"), self.get("label"), self.get("error_type")] {
                    if !part.is_empty() {
                        write!(f, " {part}")?;
                    }
                }
                Ok(())
            }
            name => write!(f, "{name}"),
        }
    }

    fn duration(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.event.measurements().duration() {
            Some(duration) => write!(f, " {}ms", duration.as_millis()),
            None => Ok(()),
        }
    }

    /// A value as text, shortened and escaped; empty if the key is absent.
    fn get(&self, key: &str) -> String {
        self.event.metadata().get(key).map_or_else(String::new, |value| shown(&value.to_text()))
    }

    fn quoted(&self, key: &str) -> String {
        match self.event.metadata().get(key) {
            Some(value) => match value.as_str() {
                Some(text) => format!("\"{}\"", shown_as(text, push_quoted)),
                None => self.get(key),
            },
            None => String::new(),
        }
    }

    /// The last segment of a type's or a module's path.
    fn short(&self, key: &str) -> String {
        let name = self.event.metadata().get(key).map_or_else(String::new, |value| value.to_text());
        let end = name.find('<').unwrap_or(name.len());
        let start = name[..end].rfind("::").map_or(0, |at| at + 2);
        shown(&name[start..])
    }
}

fn shown(text: &str) -> String {
    shown_as(text, push_escaped)
}

fn shown_as(text: &str, push: impl Fn(&mut String, char)) -> String {
    let mut out = String::new();
    let mut characters = text.chars();
    for c in characters.by_ref().take(SHOWN) {
        push(&mut out, c);
    }
    if characters.next().is_some() {
        out.push('…');
    }
    out
}

/// Within quotes.
fn push_quoted(out: &mut String, c: char) {
    if matches!(c, '"' | '\\') {
        out.push('\\');
    }
    push_escaped(out, c);
}

/// What would move the cursor or turn text around is written as an escape.
fn push_escaped(out: &mut String, c: char) {
    let turns =
        matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if c.is_control() || turns || matches!(c, '\u{2028}' | '\u{2029}') {
        let _ = write!(out, "{}", c.escape_default());
    } else {
        out.push(c);
    }
}
