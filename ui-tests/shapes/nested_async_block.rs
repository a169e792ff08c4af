//! `async` blocks and closures in the body, with returns and `?` of their own.

use futures::executor::block_on;

#[instrumented]
async fn total(words: &[&str]) -> u32 {
    let first = async {
        let word = words.first()?;
        if word.is_empty() {
            return None;
        }
        word.parse::<u32>().ok()
    };
    let parse = async |word: &str| word.parse::<u32>().ok();
    first.await.unwrap_or(0) + parse(words[1]).await.unwrap_or(0)
}

pub(super) fn check() {
    assert_eq!(block_on(total(&["1", "2"])), 3);
}
