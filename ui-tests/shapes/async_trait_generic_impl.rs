//! `#[async_trait]` on the generic implementation of a generic trait.

use async_trait::async_trait;
use futures::executor::block_on;

#[async_trait]
trait Store<K> {
    async fn has(&self, key: K) -> bool;
}

struct Only<K>(K);

#[async_trait]
impl<K> Store<K> for Only<K>
where
    K: PartialEq + Send + Sync + 'static,
{
    #[instrumented]
    async fn has(&self, key: K) -> bool {
        self.0 == key
    }
}

pub(super) fn check() {
    assert!(block_on(Only(1).has(1)));
}
