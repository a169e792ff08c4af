//! `-> impl Future`: an `async` tail after statements that have run before the first poll.

use std::cell::Cell;

use futures::executor::block_on;

#[instrumented]
fn count<'a>(calls: &'a Cell<u8>, name: &str) -> impl Future<Output = u8> + use<'a> {
    calls.set(calls.get() + 1);
    let length = u8::try_from(name.len()).unwrap_or(u8::MAX);
    async move {
        crate::in_the_span();
        calls.get() + length
    }
}

pub(super) fn check() {
    let calls = Cell::new(0);
    let future = count(&calls, "ab");
    assert_eq!(calls.get(), 1);
    assert_eq!(block_on(future), 3);
}
