//! `#[async_trait(?Send)]`, holding an `Rc` over an await.

use std::rc::Rc;

use async_trait::async_trait;
use futures::executor::block_on;

#[async_trait(?Send)]
trait Speak {
    async fn speak(&self, word: Rc<str>) -> String;
}

struct Dog;

#[async_trait(?Send)]
impl Speak for Dog {
    #[instrumented]
    async fn speak(&self, word: Rc<str>) -> String {
        let times = std::future::ready(2).await;
        word.repeat(times)
    }
}

pub(super) fn check() {
    let dog: Box<dyn Speak> = Box::new(Dog);
    assert_eq!(block_on(dog.speak("wuff".into())), "wuffwuff");
}
