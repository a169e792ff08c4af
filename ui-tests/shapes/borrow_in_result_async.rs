//! A mutable borrow of `self`, in a `Result`, `async`.
// ends: ok error

use futures::executor::block_on;

struct Words(Vec<String>);

impl Words {
    #[instrumented]
    async fn at(&mut self, index: usize) -> Result<&mut String, String> {
        let index = std::future::ready(index).await;
        self.0.get_mut(index).ok_or_else(|| "no such word".to_owned())
    }
}

pub(super) fn check() {
    let mut words = Words(vec!["a".to_owned()]);
    block_on(words.at(0)).expect("it is there").push('!');
    assert!(block_on(words.at(1)).is_err());
}
