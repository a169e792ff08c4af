//! An `async unsafe fn`.

use futures::executor::block_on;

/// # Safety
///
/// `at` is within `bytes`.
#[instrumented]
async unsafe fn byte(bytes: &[u8], at: usize) -> u8 {
    let at = std::future::ready(at).await;
    // SAFETY: promised by the caller.
    unsafe { *bytes.get_unchecked(at) }
}

pub(super) fn check() {
    // SAFETY: one is within two.
    assert_eq!(block_on(unsafe { byte(&[1, 2], 1) }), 2);
}
