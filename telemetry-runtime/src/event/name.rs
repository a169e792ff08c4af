//! Event names and the patterns that select them.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use telemetry_catalogue::name::{check_name, check_pattern, matches, reaches};

/// A name or pattern that does not follow the grammar, or that is under `condukt.`, `legion.` or
/// `telemetry.` and matches nothing documented.
pub type NameError = telemetry_catalogue::name::Error;

/// The name of an event: two or more segments `[a-z][a-z0-9_]*` with dots between.
///
/// Made at compile time by [`event_name!`](crate::event_name), at run time by [`EventName::parse`].
///
/// ```
/// use telemetry_runtime::{EventName, event_name};
///
/// const PAID: EventName = event_name!("shop.order.paid");
/// assert_eq!(PAID, EventName::parse("shop.order.paid")?);
/// assert!(EventName::parse("Shop").is_err());
/// # Ok::<(), telemetry_runtime::NameError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventName(Cow<'static, str>);

impl EventName {
    /// Checks a name made at run time.
    ///
    /// # Errors
    /// If it does not follow the grammar, or is under a reserved prefix and not documented.
    pub fn parse(name: impl Into<String>) -> Result<Self, NameError> {
        let name = name.into();
        check_name(&name)?;
        Ok(Self(Cow::Owned(name)))
    }

    #[doc(hidden)]
    pub const fn __checked(name: &'static str) -> Self {
        Self(Cow::Borrowed(name))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A pattern over event names: `*` stands for any one segment, `**` at the end for the rest.
///
/// Made at compile time by [`event_names!`](crate::event_names), at run time by
/// [`Pattern::parse`].
///
/// ```
/// use telemetry_runtime::Pattern;
///
/// assert_eq!(Pattern::parse("condukt.*.stop")?.as_str(), "condukt.*.stop");
/// assert!(Pattern::parse("my_app.**.stop").is_err());
/// # Ok::<(), telemetry_runtime::NameError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pattern(Cow<'static, str>);

impl Pattern {
    /// Checks a pattern made at run time.
    ///
    /// # Errors
    /// When it does not follow the grammar, or is under a reserved prefix and matches nothing
    /// documented.
    pub fn parse(pattern: impl Into<String>) -> Result<Self, NameError> {
        let pattern = pattern.into();
        check_pattern(&pattern)?;
        Ok(Self(Cow::Owned(pattern)))
    }

    #[doc(hidden)]
    pub const fn __checked(pattern: &'static str) -> Self {
        Self(Cow::Borrowed(pattern))
    }

    /// The pattern as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it selects the event of that name.
    pub fn matches(&self, name: &str) -> bool {
        matches(&self.0, name)
    }

    pub(crate) fn reaches(&self, prefix: &str) -> bool {
        reaches(&self.0, prefix)
    }
}

impl From<EventName> for Pattern {
    fn from(name: EventName) -> Self {
        Self(name.0)
    }
}

impl PartialEq<str> for EventName {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl PartialEq<&str> for EventName {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

macro_rules! textual {
    ($($ty:ident),+) => { $(
        impl fmt::Display for $ty {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.pad(&self.0) }
        }
        impl fmt::Debug for $ty {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { fmt::Debug::fmt(&self.0, f) }
        }
        impl AsRef<str> for $ty {
            fn as_ref(&self) -> &str { &self.0 }
        }
        impl FromStr for $ty {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> { Self::parse(text) }
        }
    )+ };
}

textual!(EventName, Pattern);

/// Converts into the patterns that select the events of a handler: one name or pattern, or many.
///
/// ```
/// use telemetry_runtime::{IntoPatterns, event_name, event_names};
///
/// assert_eq!(event_name!("my_app.saved").into_patterns().len(), 1);
/// assert_eq!(event_names!["my_app.saved", "condukt.**"].into_patterns().len(), 2);
/// ```
pub trait IntoPatterns {
    /// The patterns, repetitions included.
    fn into_patterns(self) -> Vec<Pattern>;
}

impl IntoPatterns for EventName {
    fn into_patterns(self) -> Vec<Pattern> {
        vec![self.into()]
    }
}

impl IntoPatterns for Pattern {
    fn into_patterns(self) -> Vec<Pattern> {
        vec![self]
    }
}

impl<P: Into<Pattern>, const N: usize> IntoPatterns for [P; N] {
    fn into_patterns(self) -> Vec<Pattern> {
        self.into_iter().map(Into::into).collect()
    }
}

impl<P: Into<Pattern>> IntoPatterns for Vec<P> {
    fn into_patterns(self) -> Vec<Pattern> {
        self.into_iter().map(Into::into).collect()
    }
}

impl<P: Into<Pattern> + Clone> IntoPatterns for &[P] {
    fn into_patterns(self) -> Vec<Pattern> {
        self.iter().cloned().map(Into::into).collect()
    }
}
