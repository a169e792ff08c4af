//! The time: a monotonic clock that is cheap to read, and wall time from an anchor beside it.

use std::cell::Cell;
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

enum Origin {
    /// The time stamp counter, where the kernel vouches for it. The anchor turns its cycles into
    /// nanoseconds by one multiplication, counting from a time before the counter was at zero.
    Counter {
        anchor: fastant::Anchor,
        zero: u64,
    },
    Standard(Instant),
}

fn origin() -> &'static Origin {
    static ORIGIN: OnceLock<Origin> = OnceLock::new();
    ORIGIN.get_or_init(|| {
        if fastant::is_tsc_available() {
            let anchor = fastant::Anchor::new();
            Origin::Counter { anchor, zero: fastant::Instant::ZERO.as_unix_nanos(&anchor) }
        } else {
            Origin::Standard(Instant::now())
        }
    })
}

/// Nanoseconds since some moment of this process; never goes back.
#[inline]
pub(crate) fn monotonic() -> u64 {
    match origin() {
        Origin::Counter { anchor, zero } => {
            fastant::Instant::now().as_unix_nanos(anchor).saturating_sub(*zero)
        }
        Origin::Standard(origin) => {
            let since = origin.elapsed();
            since.as_secs() * 1_000_000_000 + u64::from(since.subsec_nanos())
        }
    }
}

/// The wall time at a monotonic time just read, in nanoseconds since the Unix epoch.
#[inline]
pub(crate) fn wall(monotonic: u64) -> u64 {
    ANCHOR
        .try_with(|cell| {
            let anchor = cell.get();
            let since = monotonic.wrapping_sub(anchor.monotonic);
            if anchor.wall != 0 && since < ANCHOR_NANOS {
                return anchor.wall + since;
            }
            let wall = system();
            cell.set(Anchor { monotonic, wall });
            wall
        })
        .unwrap_or_else(|_| system())
}

#[cold]
fn system() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

/// A clock that stands still until it is advanced.
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

    pub(crate) fn now(&self) -> u64 {
        self.clock.nanos.load(Ordering::Relaxed)
    }

    #[allow(clippy::unused_self, reason = "the counterpart of `now`")]
    pub(crate) fn wall(&self, now: u64) -> u64 {
        FAKE_EPOCH + now
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
        uuid::Builder::from_unix_timestamp_millis(self.wall(self.now()) / 1_000_000, &random).into_uuid()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wall_time_stays_with_the_system_clock() {
        for _ in 0..1000 {
            let strayed = wall(monotonic()).abs_diff(system());
            assert!(strayed < 50_000_000, "{strayed} ns");
        }
    }

    #[test]
    fn monotonic_time_never_goes_back() {
        let mut last = 0;
        for _ in 0..10_000 {
            let now = monotonic();
            assert!(now >= last);
            last = now;
        }
    }
}
