//! Time, as a ratio to the time of something else that was sampled in between.

use std::hint::black_box;
use std::time::Instant;

/// What a case and its reference took.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// Nanoseconds a call, of the fastest sample.
    pub nanos: f64,
    /// The same of the reference.
    pub reference: f64,
    /// The median of the ratios of the pairs.
    pub median: f64,
}

impl Timing {
    /// The ratio of the fastest samples: what is left when nothing else runs on the machine.
    pub fn ratio(self) -> f64 {
        self.nanos / self.reference
    }
}

/// How long one sample takes: short enough that many are not interrupted.
const SAMPLE_NANOS: f64 = 40_000.0;

/// Samples `case` and `reference` in turn. Both take the number of repetitions.
pub fn measure(samples: usize, mut case: impl FnMut(u64), mut reference: impl FnMut(u64)) -> Timing {
    let case_calls = calls(&mut case);
    let reference_calls = calls(&mut reference);
    let mut timing = Timing { nanos: f64::INFINITY, reference: f64::INFINITY, median: 0.0 };
    let mut ratios = Vec::with_capacity(samples);
    for _ in 0..samples {
        let nanos = time(&mut case, case_calls);
        let reference = time(&mut reference, reference_calls);
        timing.nanos = timing.nanos.min(nanos);
        timing.reference = timing.reference.min(reference);
        ratios.push(nanos / reference);
    }
    ratios.sort_by(f64::total_cmp);
    timing.median = ratios[samples / 2];
    timing
}

/// How many calls make a sample.
fn calls(run: &mut impl FnMut(u64)) -> u64 {
    // What only the first call does is no part of it.
    run(1);
    let mut calls = 1;
    loop {
        let nanos = time(run, calls) * to_f64(calls);
        if nanos > SAMPLE_NANOS / 2.0 {
            return calls;
        }
        calls *= 2;
    }
}

fn time(run: &mut impl FnMut(u64), calls: u64) -> f64 {
    let started = Instant::now();
    run(black_box(calls));
    to_f64(u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX)) / to_f64(calls)
}

#[allow(clippy::cast_precision_loss, reason = "samples are short")]
fn to_f64(number: u64) -> f64 {
    number as f64
}
