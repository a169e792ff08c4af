//! Values that no event shows.

mod decode;
mod readings;
mod redact;
mod search;
mod secret;
mod set;
mod trace;

use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

use self::secret::Secret;

pub(crate) use redact::KeyDedup;
pub(crate) use secret::any_alive;
pub(crate) use set::SecretSet;
pub(crate) use trace::TraceSecrets;

/// The fewest bytes a secret may have. Shorter values occur in harmless text by chance.
pub const MIN_SECRET_BYTES: usize = 4;

/// Named values that code may use and no event shows.
///
/// Put into a context by [`Context::with_secrets`](crate::Context::with_secrets), they are replaced by
/// `[REDACTED:NAME]` in everything that handlers, the logger and failure events of the trace read: strings, map
/// keys, bytes and numbers; as they are, escaped as in JSON or `Debug`, percent-encoded, or in base64. When matches
/// overlap, the longest secret's name is used. Replacement text is not searched again.
///
/// A value that is cut in two, re-cased, hashed or encrypted is not recognised.
///
/// The values are overwritten when the last copy is dropped.
///
/// ```
/// use telemetry_runtime::{Context, Secrets};
///
/// let secrets = Secrets::resolve([("GH_TOKEN", "ghp_0123456789")])?;
/// assert_eq!(secrets.get("GH_TOKEN"), Some("ghp_0123456789"));
/// let context = Context::current().with_secrets(secrets);
/// # Ok::<(), telemetry_runtime::SecretsError>(())
/// ```
#[derive(Clone, Default)]
pub struct Secrets(Arc<SecretSet>);

impl Secrets {
    /// Checks names and values. Of two with one name the later is kept.
    ///
    /// # Errors
    /// If a name is not `[A-Za-z_][A-Za-z0-9_]*`, or a value has fewer than four bytes.
    pub fn resolve<N, V>(secrets: impl IntoIterator<Item = (N, V)>) -> Result<Self, SecretsError>
    where
        N: AsRef<str>,
        V: Into<String>,
    {
        let mut entries: Vec<Arc<Secret>> = Vec::new();
        for (name, value) in secrets {
            let (name, value) = (name.as_ref(), Zeroizing::new(value.into()));
            if !is_name(name) {
                return Err(SecretsError::Name(name.to_owned()));
            }
            if value.len() < MIN_SECRET_BYTES {
                return Err(SecretsError::TooShort(name.to_owned()));
            }
            entries.retain(|known| *known.name != *name);
            entries.push(Arc::new(Secret::new(name, value)));
        }
        entries.reverse();
        Ok(Self(Arc::new(SecretSet::new(entries))))
    }

    /// Returns the value of that name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.entries.iter().find(|secret| *secret.name == *name).map(|secret| secret.value.as_str())
    }

    /// Returns all names, sorted, each once.
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.0.entries.iter().map(|secret| &*secret.name).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Returns the number of names.
    pub fn len(&self) -> usize {
        self.names().len()
    }

    /// Whether it is empty.
    pub fn is_empty(&self) -> bool {
        self.0.entries.is_empty()
    }

    /// These and the added ones, which come first under a common name.
    pub(crate) fn joined(&self, added: &Self) -> Self {
        if self.is_empty() { added.clone() } else { Self(Arc::new(self.0.joined(&added.0))) }
    }

    /// What events look for.
    pub(crate) fn set(&self) -> &Arc<SecretSet> {
        &self.0
    }
}

/// Names only.
impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Secrets").field(&self.names()).finish()
    }
}

impl From<&Secrets> for Secrets {
    fn from(secrets: &Secrets) -> Self {
        secrets.clone()
    }
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Secrets could not be resolved. The message never shows a value.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SecretsError {
    /// The name is not `[A-Za-z_][A-Za-z0-9_]*`.
    Name(String),
    /// The value of that name has fewer than four bytes.
    TooShort(String),
}

impl fmt::Display for SecretsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => {
                write!(f, "secret name `{name}` is not a letter or `_` followed by letters, digits or `_`")
            }
            Self::TooShort(name) => {
                write!(f, "the value of secret `{name}` has fewer than {MIN_SECRET_BYTES} bytes")
            }
        }
    }
}

impl std::error::Error for SecretsError {}
