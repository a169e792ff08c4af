//! Bodies whose type only the return type gives, `async`.
// ends: ok ok ok

use futures::executor::block_on;

#[instrumented]
async fn collected(words: &[&str]) -> Vec<String> {
    std::future::ready(words).await.iter().copied().map(Into::into).collect()
}

#[instrumented]
async fn fine() -> Result<(), String> {
    Ok(())
}

#[instrumented]
async fn default() -> (u8, String) {
    Default::default()
}

pub(super) fn check() {
    assert_eq!(block_on(collected(&["a"])), ["a"]);
    assert_eq!(block_on(fine()), Ok(()));
    assert_eq!(block_on(default()), (0, String::new()));
}
