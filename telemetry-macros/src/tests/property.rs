//! Running property tests: the same cases each time, within a bound of time; or many others.
//!
//! `PROPTEST_CASES=100000` runs that many cases from a seed of chance, however long it takes. The seed
//! is printed where a case fails, and `PROPTEST_RNG_SEED` gives it back.

use std::fmt::Debug;
use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestError, TestRunner};

/// How long the cases of one property may take, by default.
const BOUND: Duration = Duration::from_secs(20);

/// Checks a property on `cases` values, or on as many as were asked for.
///
/// # Panics
/// With the smallest value that was found not to have it.
pub(crate) fn check<S: Strategy>(
    cases: u32,
    strategy: &S,
    property: impl Fn(S::Value) -> Result<(), TestCaseError>,
) where
    S::Value: Debug,
{
    let number = |name: &str| std::env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
    let asked = number("PROPTEST_CASES").and_then(|cases| u32::try_from(cases).ok());
    let chance = || if asked.is_some() { RandomState::new().hash_one(0) } else { SEED };
    let seed = number("PROPTEST_RNG_SEED").unwrap_or_else(chance);
    let begun = Instant::now();
    let within_bound = || asked.is_some() || begun.elapsed() <= BOUND;
    let found = runner(asked.unwrap_or(cases), seed)
        .run(strategy, |value| if within_bound() { property(value) } else { Ok(()) });
    if let Err(smallest) = found {
        panic!("PROPTEST_RNG_SEED={seed}: {smallest}");
    }
}

/// The seed by default.
const SEED: u64 = 4;

fn runner(cases: u32, seed: u64) -> TestRunner {
    TestRunner::new(Config {
        cases,
        rng_seed: RngSeed::Fixed(seed),
        failure_persistence: None,
        max_shrink_iters: 4096,
        ..Config::default()
    })
}

/// The smallest value without a property that is not true: for tests of how small values become.
///
/// # Panics
/// When no value without it is found.
#[allow(dead_code, reason = "not all that share this file do that")]
pub(crate) fn smallest<S: Strategy>(
    strategy: &S,
    property: impl Fn(S::Value) -> Result<(), TestCaseError>,
) -> S::Value
where
    S::Value: Debug,
{
    match runner(1000, SEED).run(strategy, property) {
        Err(TestError::Fail(_, smallest)) => smallest,
        other => panic!("{other:?}"),
    }
}
