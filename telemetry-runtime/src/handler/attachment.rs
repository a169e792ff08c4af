//! What attaching returns: a handle that can be kept or forgotten.

use std::fmt;

use super::AttachError;

/// A handler or a hook that was attached.
///
/// Dropping it keeps the handler attached: a program attaches once and forgets it. [`detach`](Self::detach)
/// detaches, as [`detach(id)`](crate::detach) does; [`detach_on_drop`](Self::detach_on_drop) makes a guard of it.
///
/// ```
/// use telemetry_runtime::{Event, attach, detach, event_names, list_handlers};
///
/// let attachment = attach("audit", event_names!["condukt.**"], |event: &Event<'_>| println!("{event:?}"))?;
/// assert_eq!(attachment.id(), "audit");
/// attachment.detach()?;
///
/// {
///     let _guard = attach("audit", event_names!["condukt.**"], |_: &Event<'_>| {})?.detach_on_drop();
///     // .. `audit` is attached to the end of this block
/// }
/// assert!(detach("audit").is_err());
/// # Ok::<(), telemetry_runtime::AttachError>(())
/// ```
#[derive(Clone)]
pub struct Attachment {
    id: Box<str>,
    serial: u64,
    remove: fn(u64) -> bool,
}

impl Attachment {
    /// `remove` detaches the handler with that serial number, and returns whether it was attached.
    pub(crate) fn new(id: &str, serial: u64, remove: fn(u64) -> bool) -> Self {
        Self { id: id.into(), serial, remove }
    }

    /// The id that was given to [`attach`](crate::attach).
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Detaches it from all its events. A dispatch that is under way still calls it.
    ///
    /// # Errors
    /// If it is not attached any more: it was detached, or it panicked. Another handler that was attached
    /// under the same id since then stays.
    pub fn detach(&self) -> Result<(), AttachError> {
        if (self.remove)(self.serial) { Ok(()) } else { Err(AttachError::NotAttached(self.id.to_string())) }
    }

    /// A guard that detaches it when dropped.
    pub fn detach_on_drop(self) -> AttachGuard {
        AttachGuard(self)
    }
}

/// By what was attached, not only by the id.
impl PartialEq for Attachment {
    fn eq(&self, other: &Self) -> bool {
        self.serial == other.serial && self.id == other.id
    }
}

impl fmt::Debug for Attachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Attachment").field(&self.id).finish()
    }
}

/// Detaches a handler or a hook when dropped. See [`Attachment::detach_on_drop`].
#[derive(Debug)]
#[must_use = "the handler is detached when this is dropped"]
pub struct AttachGuard(Attachment);

impl AttachGuard {
    /// The id that was given to [`attach`](crate::attach).
    pub fn id(&self) -> &str {
        self.0.id()
    }
}

impl Drop for AttachGuard {
    fn drop(&mut self) {
        // It may have been detached before.
        let _ = self.0.detach();
    }
}
