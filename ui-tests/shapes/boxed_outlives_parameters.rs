//! What is returned outlives the parameters: futures and streams that are `'static`, made of borrows.
// ends: ok ok ok

use futures::executor::block_on;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use futures::{StreamExt, stream};

#[instrumented]
fn tail(word: &str, times: &usize) -> BoxFuture<'static, String> {
    let word = word.repeat(*times);
    Box::pin(async move { word + "!" })
}

#[instrumented(future)]
fn elsewhere(word: &str) -> BoxFuture<'static, usize> {
    Box::pin(std::future::ready(word.len()))
}

#[instrumented(stream)]
fn all(words: &[&str]) -> BoxStream<'static, usize> {
    let lengths: Vec<usize> = words.iter().map(|word| word.len()).collect();
    stream::iter(lengths).boxed()
}

pub(super) fn check() {
    let (tail, elsewhere, all) = {
        let (word, times) = ("a".to_owned(), 2);
        (tail(&word, &times), elsewhere(&word), all(&[&word, &word]))
    };
    assert_eq!(block_on(tail), "aa!");
    assert_eq!(block_on(elsewhere), 1);
    assert_eq!(block_on(all.collect::<Vec<_>>()), [1, 1]);
}
