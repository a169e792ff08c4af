//! The time: a monotonic clock that is cheap to read, and wall time from an anchor beside it.

use std::cell::Cell;
use std::hash::{Hash as _, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use uuid::Uuid;

/// How long an anchor serves. A system clock is slewed by 500 ppm at most, so within this time wall
/// time strays by 0.05 ms; a step of the clock is followed after this time at the latest.
const ANCHOR_NANOS: u64 = 100_000_000;

/// The wall time at a monotonic time.
#[derive(Clone, Copy)]
struct Anchor {
    monotonic: u64,
    wall: u64,
}

thread_local! {
    static ANCHOR: Cell<Anchor> = const { Cell::new(Anchor { monotonic: 0, wall: 0 }) };
}

/// A moment as a clock showed it. Nanoseconds are made of it when a handler reads them.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Moment {
    /// Of the time stamp counter, where the kernel vouches for it.
    Cycles(fastant::Instant),
    /// Nanoseconds of the standard clock.
    Nanos(u64),
    /// Nanoseconds of a clock for tests.
    Fake(u64),
}

/// Turns cycles into nanoseconds by one multiplication, counting from a time before the counter was at zero.
fn cycles() -> &'static (fastant::Anchor, u64) {
    static CYCLES: OnceLock<(fastant::Anchor, u64)> = OnceLock::new();
    CYCLES.get_or_init(|| {
        let anchor = fastant::Anchor::new();
        (anchor, fastant::Instant::ZERO.as_unix_nanos(&anchor))
    })
}

impl Moment {
    /// No moment: where the time is not asked for.
    pub(crate) const NONE: Self = Self::Nanos(0);

    #[inline]
    pub(crate) fn now() -> Self {
        if fastant::is_tsc_available() { Self::Cycles(fastant::Instant::now()) } else { Self::standard() }
    }

    #[cold]
    fn standard() -> Self {
        static ORIGIN: OnceLock<Instant> = OnceLock::new();
        let since = ORIGIN.get_or_init(Instant::now).elapsed();
        Self::Nanos(since.as_secs() * 1_000_000_000 + u64::from(since.subsec_nanos()))
    }

    /// Nanoseconds since some moment of this process; never goes back.
    pub(crate) fn nanos(self) -> u64 {
        match self {
            Self::Cycles(instant) => {
                let (anchor, zero) = cycles();
                instant.as_unix_nanos(anchor).saturating_sub(*zero)
            }
            Self::Nanos(nanos) | Self::Fake(nanos) => nanos,
        }
    }

    /// Nanoseconds since an earlier moment of the same clock.
    pub(crate) fn since(self, earlier: Self) -> u64 {
        self.nanos().saturating_sub(earlier.nanos())
    }

    /// Nanoseconds since the Unix epoch.
    pub(crate) fn wall(self) -> u64 {
        let nanos = self.nanos();
        if let Self::Fake(_) = self {
            return FAKE_EPOCH + nanos;
        }
        ANCHOR.try_with(|cell| wall(cell, nanos)).unwrap_or_else(|_| wall(&Cell::new(Anchor::now()), nanos))
    }

    /// A number that differs from one moment to the next.
    #[inline]
    pub(crate) fn entropy(self) -> u64 {
        match self {
            Self::Cycles(instant) => {
                let mut counter = Counter(0);
                instant.hash(&mut counter);
                counter.0
            }
            Self::Nanos(nanos) | Self::Fake(nanos) => nanos,
        }
    }
}

/// The counter's number, which an instant gives to a hasher alone.
struct Counter(u64);

impl Hasher for Counter {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    #[inline]
    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
}

fn wall(cell: &Cell<Anchor>, nanos: u64) -> u64 {
    let mut anchor = cell.get();
    // A moment is read after it was: it may lie before the anchor.
    if anchor.wall == 0 || nanos.abs_diff(anchor.monotonic) >= ANCHOR_NANOS {
        anchor = Anchor::now();
        cell.set(anchor);
    }
    anchor.wall.wrapping_add(nanos.wrapping_sub(anchor.monotonic))
}

impl Anchor {
    #[cold]
    fn now() -> Self {
        Self { monotonic: Moment::now().nanos(), wall: system() }
    }
}

#[cold]
fn system() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

/// A clock that stands still until it is advanced.
///
/// ```
/// use std::time::Duration;
/// use telemetry_runtime::testing::{self, FakeClock};
/// use telemetry_runtime::tool_call;
///
/// #[tool_call(skip(clock))]
/// fn wait(clock: &FakeClock) {
///     clock.advance(Duration::from_millis(5));
/// }
///
/// let clock = FakeClock::new();
/// let capture = testing::capture().deterministic(&clock, 1);
/// capture.scope(|| wait(&clock));
/// assert_eq!(capture.spans().only().duration(), Some(Duration::from_millis(5)));
/// ```
#[derive(Clone, Debug, Default)]
pub struct FakeClock {
    nanos: Arc<AtomicU64>,
}

impl FakeClock {
    /// A clock at 2024-01-01 00:00:00 UTC.
    pub fn new() -> Self {
        Self::default()
    }

    /// Moves it on.
    pub fn advance(&self, by: Duration) {
        self.nanos.fetch_add(u64::try_from(by.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// The wall-clock time it shows.
    pub fn system_time(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_nanos(FAKE_EPOCH + self.nanos.load(Ordering::Relaxed))
    }
}

/// 2024-01-01 00:00:00 UTC, in nanoseconds since the Unix epoch.
const FAKE_EPOCH: u64 = 1_704_067_200_000_000_000;

/// A clock and ids without chance.
#[derive(Debug)]
pub(crate) struct Deterministic {
    clock: FakeClock,
    state: AtomicU64,
}

impl Deterministic {
    pub(crate) fn new(clock: &FakeClock, seed: u64) -> Self {
        Self { clock: clock.clone(), state: AtomicU64::new(seed) }
    }

    pub(crate) fn now(&self) -> Moment {
        Moment::Fake(self.clock.nanos.load(Ordering::Relaxed))
    }

    /// `SplitMix64`.
    pub(crate) fn random(&self) -> u64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut z = self.state.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn uuid(&self) -> Uuid {
        let mut random = [0; 10];
        random[..8].copy_from_slice(&self.random().to_be_bytes());
        random[8..].copy_from_slice(&self.random().to_be_bytes()[..2]);
        uuid::Builder::from_unix_timestamp_millis(self.now().wall() / 1_000_000, &random).into_uuid()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wall_time_stays_with_the_system_clock() {
        for _ in 0..1000 {
            let strayed = Moment::now().wall().abs_diff(system());
            assert!(strayed < 50_000_000, "{strayed} ns");
        }
    }

    #[test]
    fn a_moment_is_the_same_whenever_it_is_read() {
        let moment = Moment::now();
        assert_eq!(moment.wall(), moment.wall());
    }

    #[test]
    fn monotonic_time_never_goes_back() {
        let mut last = 0;
        for _ in 0..10_000 {
            let now = Moment::now().nanos();
            assert!(now >= last);
            last = now;
        }
    }
}
