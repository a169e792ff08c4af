//! A borrow of a `&mut` argument, returned, `async`.

use futures::executor::block_on;

#[instrumented]
async fn last(words: &mut Vec<String>) -> &mut String {
    words.push(std::future::ready("new".to_owned()).await);
    words.last_mut().expect("one was pushed")
}

pub(super) fn check() {
    let mut words = vec![];
    block_on(last(&mut words)).push('!');
    assert_eq!(words, ["new!"]);
}
