//! The grammar of event names and of the patterns that select them.
//!
//! A name is two or more segments `[a-z][a-z0-9_]*` with dots between. A pattern may have `*` for
//! any one segment, and `**` at its end for one or more.

use crate::events::RESERVED;
use crate::lookup::event_names;
use crate::suggest::nearest;

/// What is wrong with a name or a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// It has fewer than two segments.
    TooShort(String),
    /// One of its segments is not `[a-z][a-z0-9_]*`.
    Segment {
        /// The whole text.
        text: String,
        /// The segment, perhaps empty.
        segment: String,
    },
    /// `**` stands before the end, or a wildcard stands in a name.
    Wildcard(String),
    /// It is under a reserved prefix and matches nothing documented.
    Undocumented {
        /// The whole text.
        text: String,
        /// The documented name most like it.
        nearest: Option<String>,
    },
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TooShort(text) => write!(
                f,
                "event name `{text}` needs two or more segments with dots between, such as `shop.checkout`"
            ),
            Self::Segment { text, segment } => write!(
                f,
                "event name `{text}`: segment `{segment}` is not a lower-case letter followed by \
                 lower-case letters, digits or `_`"
            ),
            Self::Wildcard(text) if text.contains("**") => {
                write!(
                    f,
                    "`{text}`: `**` stands for the rest, so it can only be the last segment of a pattern"
                )
            }
            Self::Wildcard(text) => write!(f, "`{text}` is a pattern; one event's name has no `*`"),
            Self::Undocumented { text, nearest } => {
                write!(f, "there is no documented event `{text}`")?;
                match nearest {
                    Some(nearest) => write!(f, "; did you mean `{nearest}`?"),
                    None => write!(f, ", and its prefix is reserved for documented ones"),
                }
            }
        }
    }
}

impl std::error::Error for Error {}

/// Checks the name of one event.
///
/// # Errors
/// When it does not follow the grammar, or is under a reserved prefix and not documented.
pub fn check_name(text: &str) -> Result<(), Error> {
    if text.split('.').any(|segment| segment == "*" || segment == "**") {
        return Err(Error::Wildcard(text.to_owned()));
    }
    check_pattern(text)
}

/// Checks a pattern; every name is one.
///
/// # Errors
/// When it does not follow the grammar, or is under a reserved prefix and matches nothing
/// documented.
pub fn check_pattern(text: &str) -> Result<(), Error> {
    if text == "**" {
        return Ok(());
    }
    check_segments(text)?;
    if is_reserved(text) && !event_names().any(|name| matches(text, name)) {
        return Err(Error::Undocumented { text: text.to_owned(), nearest: nearest_pattern(text) });
    }
    Ok(())
}

/// The documented name most like a pattern, with the pattern's own wildcards in it.
fn nearest_pattern(pattern: &str) -> Option<String> {
    let deeper = pattern.strip_suffix(".*").map(|prefix| format!("{prefix}.**"));
    if let Some(deeper) = deeper.filter(|deeper| event_names().any(|name| matches(deeper, name))) {
        return Some(deeper);
    }
    let like = |name: &str| {
        let mut segments = name.split('.');
        let parts = pattern.split('.').map(|part| {
            let segment = segments.next().unwrap_or_default();
            if part.starts_with('*') { part } else { segment }
        });
        let parts: Vec<&str> = parts.collect();
        let rest: Vec<&str> = if pattern.ends_with('*') { Vec::new() } else { segments.collect() };
        [parts, rest].concat().join(".")
    };
    let candidates: Vec<String> = event_names().map(like).collect();
    nearest(pattern, candidates.iter().map(|candidate| &**candidate)).map(str::to_owned)
}

/// Checks the prefix of a user's own span: the grammar, and that it is not a reserved one.
///
/// # Errors
/// When it does not follow the grammar or is under a reserved prefix.
pub fn check_own(text: &str) -> Result<(), Error> {
    check_name(text)?;
    if is_reserved(text) {
        return Err(Error::Undocumented { text: text.to_owned(), nearest: None });
    }
    Ok(())
}

fn is_reserved(text: &str) -> bool {
    RESERVED.iter().any(|prefix| text.split('.').next() == Some(prefix))
}

fn check_segments(text: &str) -> Result<(), Error> {
    let segments: Vec<&str> = text.split('.').collect();
    for (index, segment) in segments.iter().enumerate() {
        match *segment {
            "*" => {}
            "**" if index + 1 == segments.len() => {}
            "**" => return Err(Error::Wildcard(text.to_owned())),
            segment if is_segment(segment) => {}
            segment => {
                return Err(Error::Segment { text: text.to_owned(), segment: segment.to_owned() });
            }
        }
    }
    if segments.len() < 2 { Err(Error::TooShort(text.to_owned())) } else { Ok(()) }
}

fn is_segment(segment: &str) -> bool {
    segment.starts_with(|c: char| c.is_ascii_lowercase())
        && segment.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// Whether a pattern selects a name.
///
/// ```
/// use telemetry_catalogue::name::matches;
///
/// assert!(matches("condukt.tool_call.*", "condukt.tool_call.stop"));
/// assert!(matches("legion.**", "legion.agent.message.start"));
/// assert!(!matches("condukt.*", "condukt.tool_call.stop"));
/// ```
pub fn matches(pattern: &str, name: &str) -> bool {
    let mut segments = name.split('.');
    for part in pattern.split('.') {
        match (part, segments.next()) {
            ("**", Some(_)) => return true,
            ("*", Some(_)) => {}
            (part, Some(segment)) if part == segment => {}
            _ => return false,
        }
    }
    segments.next().is_none()
}

/// Whether a pattern could select some name that equals `prefix` or lies under it.
///
/// ```
/// use telemetry_catalogue::name::reaches;
///
/// assert!(reaches("condukt.tool_call.stop", "condukt.tool_call"));
/// assert!(reaches("condukt.**", "condukt.tool_call"));
/// assert!(!reaches("condukt.tool_call.stop", "condukt.tool_call.stop.more"));
/// ```
pub fn reaches(pattern: &str, prefix: &str) -> bool {
    let mut parts = pattern.split('.');
    for segment in prefix.split('.').filter(|segment| !segment.is_empty()) {
        match parts.next() {
            Some("**") => return true,
            Some(part) if part == "*" || part == segment => {}
            _ => return false,
        }
    }
    true
}
