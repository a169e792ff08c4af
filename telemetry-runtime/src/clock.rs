//! The time: a monotonic clock that is cheap to read, and wall time from an anchor beside it.

use std::cell::Cell;
use std::sync::OnceLock;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

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
