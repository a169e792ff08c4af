//! A function compiled for more of the processor than its caller.
// ends: ok

#[cfg(target_arch = "x86_64")]
#[instrumented]
#[target_feature(enable = "sse2")]
fn sum(left: i64, right: i64) -> i64 {
    use std::arch::x86_64::{_mm_add_epi64, _mm_cvtsi64_si128, _mm_cvtsi128_si64};

    _mm_cvtsi128_si64(_mm_add_epi64(_mm_cvtsi64_si128(left), _mm_cvtsi64_si128(right)))
}

#[cfg(not(target_arch = "x86_64"))]
#[instrumented]
fn sum(left: i64, right: i64) -> i64 {
    left + right
}

pub(super) fn check() {
    // SAFETY: every x86-64 has SSE2.
    #[allow(unused_unsafe, reason = "elsewhere the function is safe")]
    let sum = unsafe { sum(1, 2) };
    assert_eq!(sum, 3);
}
