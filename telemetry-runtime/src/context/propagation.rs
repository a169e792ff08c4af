//! Context across processes: W3C `traceparent`, `tracestate` and `baggage`.
//!
//! What comes in is untrusted. A header that does not follow its grammar, or is larger than it may
//! be, is ignored as if it had not come; nothing here fails or panics.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::hash::BuildHasher;
use std::sync::Arc;

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use telemetry_catalogue::{documented_keys, is_documented_key};

use super::Context;
use crate::ids::{SpanId, TraceId};
use crate::value::Json;

const TRACEPARENT: &str = "traceparent";
const TRACESTATE: &str = "tracestate";
const BAGGAGE: &str = "baggage";
/// The member of the baggage that holds the session's id.
const SESSION_ID: &str = "session_id";

/// The most bytes and members of a trace state that are passed on, as W3C asks to support.
const MAX_TRACESTATE: usize = 512;
const MAX_STATES: usize = 32;
/// The most bytes of a baggage header that are read or written, as W3C asks to support.
const MAX_BAGGAGE: usize = 8192;
/// The most members of a baggage header that are read or written.
const MAX_MEMBERS: usize = 64;
/// The most bytes of one member's key, and of its value.
const MAX_KEY: usize = 128;
const MAX_VALUE: usize = 1024;

/// What may not stand in a baggage value as it is.
const ENCODED: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b',').add(b';').add(b'\\').add(b'%');

/// Carries a context between processes: headers, or the metadata of a message. Keys are lower-case.
///
/// Implemented for maps of strings, for a JSON object (such as the `_meta` of an MCP request), and with the feature
/// `http` for `http::HeaderMap`.
///
/// ```
/// use std::borrow::Cow;
/// use telemetry_runtime::{Carrier, Context};
///
/// /// The properties of a message.
/// #[derive(Default)]
/// struct Properties(Vec<(String, String)>);
///
/// impl Carrier for Properties {
///     fn get(&self, key: &str) -> Option<Cow<'_, str>> {
///         self.0.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str().into())
///     }
///
///     fn set(&mut self, key: &'static str, value: String) {
///         self.0.push((key.to_owned(), value));
///     }
/// }
///
/// let mut properties = Properties::default();
/// Context::new().with_session_id("s-1").inject(&mut properties);
/// assert_eq!(Context::extract(&properties).session_id(), Some("s-1"));
/// ```
pub trait Carrier {
    /// The value of a key.
    fn get(&self, key: &str) -> Option<Cow<'_, str>>;

    /// Sets the value of a key.
    fn set(&mut self, key: &'static str, value: String);
}

impl<S: BuildHasher> Carrier for HashMap<String, String, S> {
    fn get(&self, key: &str) -> Option<Cow<'_, str>> {
        HashMap::get(self, key).map(|value| value.as_str().into())
    }

    fn set(&mut self, key: &'static str, value: String) {
        self.insert(key.to_owned(), value);
    }
}

impl Carrier for BTreeMap<String, String> {
    fn get(&self, key: &str) -> Option<Cow<'_, str>> {
        BTreeMap::get(self, key).map(|value| value.as_str().into())
    }

    fn set(&mut self, key: &'static str, value: String) {
        self.insert(key.to_owned(), value);
    }
}

/// Such as the `_meta` of an MCP request.
impl Carrier for serde_json::Map<String, Json> {
    fn get(&self, key: &str) -> Option<Cow<'_, str>> {
        serde_json::Map::get(self, key).and_then(Json::as_str).map(Into::into)
    }

    fn set(&mut self, key: &'static str, value: String) {
        self.insert(key.to_owned(), value.into());
    }
}

#[cfg(feature = "http")]
impl Carrier for http::HeaderMap {
    fn get(&self, key: &str) -> Option<Cow<'_, str>> {
        // Baggage may be spread over several headers of the name.
        let mut values = self.get_all(key).iter().filter_map(|value| value.to_str().ok());
        let mut all = Cow::Borrowed(values.next()?);
        for value in values {
            // Whatever is too much is ignored, and need not be put together first.
            if all.len() > MAX_BAGGAGE {
                break;
            }
            let all = all.to_mut();
            all.push(',');
            all.push_str(value);
        }
        Some(all)
    }

    fn set(&mut self, key: &'static str, value: String) {
        if let Ok(value) = value.try_into() {
            self.insert(key, value);
        }
    }
}

impl Context {
    /// Writes the current span, the session's id and the keys of your own into headers.
    ///
    /// Without a span there is no `traceparent`. Secrets are taken out of values. Left out are documented
    /// keys, keys that show a secret, values that are not scalars, and what does not fit.
    ///
    /// ```
    /// use std::collections::HashMap;
    /// use telemetry_runtime::Context;
    ///
    /// let mut headers = HashMap::new();
    /// Context::new().with("user_id", "u 1").inject(&mut headers);
    /// assert_eq!(headers["baggage"], "user_id=u%201");
    ///
    /// let there = Context::extract(&headers);
    /// assert_eq!(there.get("user_id").unwrap(), "u 1");
    /// ```
    pub fn inject(&self, carrier: &mut impl Carrier) {
        if let Some((trace_id, span_id)) = self.parent() {
            let sampled = self.sampled().unwrap_or(true);
            carrier.set(TRACEPARENT, format!("00-{trace_id}-{span_id}-{:02x}", u8::from(sampled)));
            // The state of other vendors is passed on with their trace.
            if let Some(state) = self.trace_state().filter(|_| self.remote_trace() == Some(trace_id)) {
                carrier.set(TRACESTATE, state.to_owned());
            }
        }
        let baggage = self.baggage();
        if !baggage.is_empty() {
            carrier.set(BAGGAGE, baggage);
        }
    }

    /// Returns the W3C `tracestate` that other vendors sent with the trace of this context.
    pub fn trace_state(&self) -> Option<&str> {
        self.state.as_ref()?.trace_state.as_deref()
    }

    fn remote_trace(&self) -> Option<TraceId> {
        Some(self.state.as_ref()?.remote?.0)
    }

    fn baggage(&self) -> String {
        let secrets = self.known_secrets();
        let session = self.session_id().map(|id| (SESSION_ID, Json::from(id)));
        let scrubbed = |text: &str| secrets.as_ref().and_then(|secrets| secrets.scrubbed(text));
        let own = self.iter().filter(|(key, _)| !is_documented_key(key) && scrubbed(key).is_none());
        let own = own.map(|(key, value)| (key, value.to_json()));
        let scalars = session.into_iter().chain(own).filter_map(|(key, value)| match value {
            Json::String(text) => Some((key, text)),
            Json::Bool(_) | Json::Number(_) => Some((key, value.to_string())),
            _ => None,
        });
        let mut baggage = String::new();
        let mut members = 0;
        for (key, text) in scalars {
            let text = scrubbed(&text).unwrap_or(text);
            let member = format!("{key}={}", utf8_percent_encode(&text, ENCODED));
            let fits = baggage.len() + member.len() < MAX_BAGGAGE && members < MAX_MEMBERS;
            if fits && is_token(key) && text.len() <= MAX_VALUE {
                if !baggage.is_empty() {
                    baggage.push(',');
                }
                baggage.push_str(&member);
                members += 1;
            }
        }
        baggage
    }

    /// Reads a context out of headers that came from outside.
    ///
    /// New spans in it are children of the span that sent it, whose `tracestate` is passed on. Its session goes on, and the keys of
    /// its baggage are added to every event, but for those that are documented keys.
    pub fn extract(carrier: &impl Carrier) -> Self {
        let remote = carrier.get(TRACEPARENT).and_then(|header| parse_traceparent(&header));
        let mut context = Self::new();
        if let Some((trace_id, span_id, sampled)) = remote {
            let trace_state = carrier
                .get(TRACESTATE)
                .filter(|header| is_trace_state(header))
                .map(|header| header.as_ref().into());
            context = context.change(|state| {
                state.remote = Some((trace_id, span_id));
                state.trace_state = trace_state;
                state.sampled = Some(sampled);
                state.caller_secrets = Some(Arc::default());
            });
        }
        for (key, value) in carrier.get(BAGGAGE).iter().flat_map(|header| parse_baggage(header)) {
            if key == SESSION_ID {
                if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_graphic()) {
                    context = context.with_session_id(value);
                }
            } else if !is_reserved(&key) {
                context = context.with(key, value);
            }
        }
        context
    }
}

/// Whether a `tracestate` follows its grammar: members `key=value`, with no more of them than there may be.
fn is_trace_state(header: &str) -> bool {
    let is_key = |key: &str| {
        key.starts_with(|first: char| first.is_ascii_lowercase() || first.is_ascii_digit())
            && key.bytes().all(|byte| {
                byte.is_ascii_lowercase()
                    || byte.is_ascii_digit()
                    || matches!(byte, b'_' | b'-' | b'*' | b'/' | b'@')
            })
    };
    let is_value = |value: &str| {
        !value.is_empty()
            && value.bytes().all(|byte| matches!(byte, b' '..=b'~') && !matches!(byte, b',' | b'='))
    };
    let members = || header.split(',').map(str::trim).filter(|member| !member.is_empty());
    header.len() <= MAX_TRACESTATE
        && (1..=MAX_STATES).contains(&members().count())
        && members()
            .all(|member| member.split_once('=').is_some_and(|(key, value)| is_key(key) && is_value(value)))
}

/// What the keys of conventions begin with, that exporters give a meaning to.
const RESERVED: &[&str] = &[
    "agent",
    "ai",
    "code",
    "condukt",
    "deployment",
    "document",
    "embedding",
    "enduser",
    "error",
    "event",
    "exception",
    "fields",
    "gen_ai",
    "graph",
    "host",
    "http",
    "image",
    "input",
    "jsonrpc",
    "langfuse",
    "langsmith",
    "legion",
    "llm",
    "log",
    "mcp",
    "message",
    "metadata",
    "openinference",
    "otel",
    "output",
    "process",
    "prompt",
    "reranker",
    "retrieval",
    "server",
    "service",
    "session",
    "tag",
    "telemetry",
    "thread",
    "tool",
    "trace",
    "traceloop",
    "user",
];

/// Whether a key that comes from outside could be taken for a documented one, or for one of the OpenTelemetry or
/// OpenInference conventions, however it is spelled: with other case, other separators or a question mark.
fn is_reserved(key: &str) -> bool {
    let plain = |text: &str| -> String {
        text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
    };
    let lower = key.to_ascii_lowercase().replace('-', "_");
    let namespace = lower.split(['.', '/', ':']).next().unwrap_or_default();
    let is_dotted = namespace.len() < lower.len();
    let word = plain(key);
    is_dotted && RESERVED.contains(&namespace) || documented_keys().any(|known| plain(known) == word)
}

/// Version, trace id, parent id and flags; a later version may have more.
fn parse_traceparent(header: &str) -> Option<(TraceId, SpanId, bool)> {
    let header = header.trim_matches([' ', '\t']);
    let version = header.get(..2)?;
    let is_hex = |text: &str| text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    if !is_hex(version) || version == "ff" || header.len() > 512 {
        return None;
    }
    let mut parts = header.get(2..)?.strip_prefix('-')?.split('-');
    let (trace_id, span_id, flags) = (parts.next()?, parts.next()?, parts.next()?);
    if flags.len() != 2 || !is_hex(flags) || version == "00" && parts.next().is_some() {
        return None;
    }
    let sampled = u8::from_str_radix(flags, 16).ok()? & 1 == 1;
    Some((TraceId::parse(trace_id)?, SpanId::parse(span_id)?, sampled))
}

/// The members that follow the grammar. Empty if the header is too large.
fn parse_baggage(header: &str) -> Vec<(String, String)> {
    if header.len() > MAX_BAGGAGE {
        return Vec::new();
    }
    let members = header.split(',').take(MAX_MEMBERS).filter_map(|member| {
        let (key, rest) = member.split_once('=')?;
        // What follows a semicolon are properties, which are not used.
        let (key, value) = (key.trim(), rest.split(';').next()?.trim());
        let value = percent_decode_str(value).decode_utf8().ok()?;
        let fits = value.len() <= MAX_VALUE && !value.chars().any(char::is_control);
        (is_token(key) && fits).then(|| (key.to_owned(), value.into_owned()))
    });
    members.collect()
}

/// A token of HTTP's grammar, the form of a key.
fn is_token(key: &str) -> bool {
    let is_token_byte = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    (1..=MAX_KEY).contains(&key.len()) && key.bytes().all(is_token_byte)
}
