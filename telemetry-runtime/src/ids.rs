//! The ids of spans and traces, in W3C form.

use std::cell::Cell;
use std::fmt;
use std::num::NonZero;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use uuid::Uuid;

use crate::clock::{Deterministic, Moment};

macro_rules! hex_id {
    ($(#[$doc:meta])* $name:ident($ty:ty), $digits:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(NonZero<$ty>);

        impl $name {
            /// Returns the id of that number. `None` for zero, which W3C calls invalid.
            pub const fn new(number: $ty) -> Option<Self> {
                match NonZero::new(number) {
                    Some(number) => Some(Self(number)),
                    None => None,
                }
            }

            /// Reads exactly
            #[doc = concat!(stringify!($digits), " lower-case hex digits, not all zero.")]
            pub fn parse(hex: &str) -> Option<Self> {
                let lower = hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
                if hex.len() != $digits || !lower {
                    return None;
                }
                <$ty>::from_str_radix(hex, 16).ok().and_then(Self::new)
            }

            /// Returns the id as a number.
            pub const fn get(self) -> $ty {
                self.0.get()
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(hex: &str) -> Result<Self, ParseIdError> {
                Self::parse(hex).ok_or(ParseIdError(()))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!("{:0", $digits, "x}"), self.get())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                Self::parse(&text).ok_or_else(|| de::Error::custom("not a W3C id"))
            }
        }
    };
}

hex_id! {
    /// The id of a span: 16 hex digits.
    SpanId(u64), 16
}

hex_id! {
    /// The id of a trace: 32 hex digits.
    TraceId(u128), 32
}

/// A text that is not an id in W3C form: lower-case hex digits, 16 of a span and 32 of a trace, not all zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseIdError(());

impl fmt::Display for ParseIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an id of lower-case hex digits")
    }
}

impl std::error::Error for ParseIdError {}

/// Which span an event belongs to: the same on its start and its stop.
///
/// ```
/// use telemetry_runtime::{SpanId, SpanIds, TraceId};
///
/// let trace_id = TraceId::parse("0af7651916cd43dd8448eb211c80319c").unwrap();
/// let ids = SpanIds::new(trace_id, SpanId::parse("b7ad6b7169203331").unwrap(), None);
/// assert_eq!(ids.parent_id, None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SpanIds {
    /// The span's own id.
    pub id: SpanId,
    /// The id of the span around it, perhaps in another process.
    pub parent_id: Option<SpanId>,
    /// The id of the trace.
    pub trace_id: TraceId,
}

impl SpanIds {
    /// The ids of a span, for events made by hand.
    pub const fn new(trace_id: TraceId, id: SpanId, parent_id: Option<SpanId>) -> Self {
        Self { id, parent_id, trace_id }
    }
}

thread_local! {
    /// The state of the generator of ids; zero before it is seeded.
    static SEED: Cell<u64> = const { Cell::new(0) };
}

/// The next random number of this thread; its generator is seeded by the operating system.
///
/// The time is mixed in: after a fork both processes have the same state, and must not make the same ids.
#[inline]
pub(crate) fn random(now: Moment) -> u64 {
    SEED.try_with(|seed| {
        let mut generator = match seed.get() {
            0 => seeded(),
            state => fastrand::Rng::with_seed(state ^ now.entropy()),
        };
        let number = generator.u64(..);
        seed.set(generator.get_seed());
        number
    })
    .unwrap_or_else(|_| seeded().u64(..))
}

#[cold]
fn seeded() -> fastrand::Rng {
    let (high, low) = Uuid::new_v4().as_u64_pair();
    fastrand::Rng::with_seed(high.rotate_left(17) ^ low)
}

/// A new `UUIDv7` in its canonical form.
pub(crate) fn new_uuid(deterministic: Option<&Deterministic>) -> Arc<str> {
    let uuid = deterministic.map_or_else(Uuid::now_v7, Deterministic::uuid);
    uuid.hyphenated().encode_lower(&mut Uuid::encode_buffer()).to_owned().into()
}
