//! Arguments that the body consumes, before and after an await.

use futures::executor::block_on;

#[instrumented]
async fn join(words: Vec<String>, with: String) -> String {
    let words = std::future::ready(words).await;
    words.into_iter().fold(with, |all, word| all + &word)
}

pub(super) fn check() {
    assert_eq!(block_on(join(vec!["a".to_owned()], "-".to_owned())), "-a");
}
