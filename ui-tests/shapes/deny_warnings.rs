//! Under `deny` of every group of lints, sync, async, methods and futures.
// ends: ok ok ok ok

#![deny(
    warnings,
    let_underscore,
    nonstandard_style,
    keyword_idents,
    refining_impl_trait,
    rust_2018_idioms,
    unused
)]
#![deny(clippy::all, clippy::pedantic, clippy::nursery)]
#![allow(clippy::manual_async_fn, clippy::missing_const_for_fn, reason = "the user's")]

use futures::executor::block_on;

/// A counter.
struct Counter(u8);

impl Counter {
    #[instrumented]
    fn value(&self) -> u8 {
        self.0
    }

    #[instrumented]
    async fn later(self, times: u8) -> Result<u8, String> {
        let times = std::future::ready(times).await;
        Ok(self.0 * times)
    }
}

#[instrumented]
fn future(n: &u8) -> impl Future<Output = u8> + Send {
    async move { *n }
}

#[instrumented]
fn unit(words: &mut Vec<String>, word: String) {
    words.push(word);
}

pub(super) fn check() {
    assert_eq!(Counter(1).value(), 1);
    assert_eq!(block_on(Counter(1).later(2)), Ok(2));
    assert_eq!(block_on(future(&1)), 1);
    let mut words = vec![];
    unit(&mut words, String::new());
    assert_eq!(words.len(), 1);
}
