//! A field moved out of an argument, the rest used after an await.

use futures::executor::block_on;

struct Message {
    role: String,
    text: String,
}

#[instrumented]
async fn render(message: Message) -> String {
    let text = std::future::ready(message.text).await;
    text + &message.role
}

pub(super) fn check() {
    let message = Message { role: "r".to_owned(), text: "t".to_owned() };
    assert_eq!(block_on(render(message)), "tr");
}
