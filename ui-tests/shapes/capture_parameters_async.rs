//! Parameters recorded as they are, `async`, and moved by the body after.

use futures::executor::block_on;

#[instrumented(fields(n = n, word = word, words = words))]
async fn consume(n: u8, word: &str, words: Vec<String>) -> usize {
    let words = std::future::ready(words).await;
    words.len() + word.len() + usize::from(n)
}

pub(super) fn check() {
    assert_eq!(block_on(consume(1, "a", vec![String::new()])), 3);
}
