//! Fields of `self`, while the body changes them.

struct Assistant {
    model: String,
    turns: u8,
}

impl Assistant {
    #[instrumented(fields(model_name = self.model.as_str(), turns = self.turns, all = self.model.len()))]
    fn rename(&mut self, to: &str) -> u8 {
        to.clone_into(&mut self.model);
        self.turns += 1;
        self.turns
    }
}

pub(super) fn check() {
    let mut assistant = Assistant { model: "m".to_owned(), turns: 1 };
    assert_eq!(assistant.rename("n"), 2);
    assert_eq!(assistant.model, "n");
}
