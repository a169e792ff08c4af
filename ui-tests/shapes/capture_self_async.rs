//! Fields of `self`, while the body changes them, `async` and `Send`.

use futures::executor::block_on;

struct Assistant {
    model: String,
    turns: u8,
}

impl Assistant {
    #[instrumented(fields(model_name = self.model.as_str(), turns = self.turns))]
    async fn rename(&mut self, to: &str) -> u8 {
        self.model = std::future::ready(to.to_owned()).await;
        self.turns += 1;
        self.turns
    }
}

fn assert_send<T: Send>(value: T) -> T {
    value
}

pub(super) fn check() {
    let mut assistant = Assistant { model: "m".to_owned(), turns: 1 };
    assert_eq!(block_on(assert_send(assistant.rename("n"))), 2);
    assert_eq!(assistant.model, "n");
}
