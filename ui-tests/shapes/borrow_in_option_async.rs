//! A mutable borrow of the argument, in an `Option`, `async`.

use futures::executor::block_on;

#[instrumented]
async fn find<'a>(words: &'a mut [String], wanted: &str) -> Option<&'a mut String> {
    let wanted = std::future::ready(wanted).await;
    words.iter_mut().find(|word| *word == wanted)
}

pub(super) fn check() {
    let mut words = ["a".to_owned()];
    block_on(find(&mut words, "a")).expect("it is there").push('!');
    assert_eq!(words, ["a!"]);
}
