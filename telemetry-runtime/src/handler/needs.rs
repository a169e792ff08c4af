//! Which keys a handler reads: what no handler needs is not captured.

use super::Handler;
use crate::event::Event;

/// The metadata keys that a handler reads. See [`Handler::needs`].
///
/// ```
/// use telemetry_runtime::{Event, Handler, Needs};
///
/// struct Bill;
///
/// impl Handler for Bill {
///     fn handle(&self, event: &Event<'_>) {
///         println!("{:?}", event.metadata().get("usage"));
///     }
///
///     fn needs(&self) -> Needs {
///         Needs::keys(&["usage"])
///     }
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Needs(u64);

impl Needs {
    /// Every key. The default.
    pub const ALL: Self = Self(u64::MAX);
    /// No key that costs anything to capture.
    pub const NONE: Self = Self(0);

    /// Those keys.
    pub const fn keys(keys: &[&str]) -> Self {
        let (mut bits, mut at) = (0, 0);
        while at < keys.len() {
            bits |= bit_of(keys[at]);
            at += 1;
        }
        Self(bits)
    }

    /// These and those of another.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) const fn bits(self) -> u64 {
        self.0
    }

    pub(crate) const fn of_bits(bits: u64) -> Self {
        Self(bits)
    }
}

/// A key's bit among 64. Keys of one bit are captured together: too much at worst, never too little. The macros know
/// the same function.
const fn bit_of(key: &str) -> u64 {
    let (bytes, mut hash, mut at) = (key.as_bytes(), 0xcbf2_9ce4_8422_2325_u64, 0);
    while at < bytes.len() {
        hash = (hash ^ bytes[at] as u64).wrapping_mul(0x0100_0000_01b3);
        at += 1;
    }
    1 << (hash >> 58)
}

/// Makes a handler that reads those metadata keys alone. What costs something to capture, such as the `messages` of a
/// model call, is captured only while a handler that needs it is attached.
///
/// ```
/// use telemetry_runtime::{Event, attach, event_name, needing};
///
/// let bill = needing(&["usage"], |event: &Event<'_>| println!("{:?}", event.metadata().get("usage")));
/// let _guard = attach("bill", event_name!("condukt.llm_turn.stop"), bill)?.detach_on_drop();
/// # Ok::<(), telemetry_runtime::AttachError>(())
/// ```
pub fn needing<H: Fn(&Event<'_>) + Send + Sync + 'static>(keys: &[&str], handler: H) -> impl Handler {
    Needing { needs: Needs::keys(keys), handler }
}

struct Needing<H> {
    needs: Needs,
    handler: H,
}

impl<H: Fn(&Event<'_>) + Send + Sync + 'static> Handler for Needing<H> {
    fn handle(&self, event: &Event<'_>) {
        (self.handler)(event);
    }

    fn needs(&self) -> Needs {
        self.needs
    }
}
