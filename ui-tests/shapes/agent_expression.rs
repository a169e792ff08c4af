//! The agent's name as an expression.

struct Assistant {
    name: String,
}

impl Assistant {
    #[instrumented(agent = self.name.as_str())]
    fn run(&mut self) -> usize {
        self.name.push('!');
        self.name.len()
    }
}

pub(super) fn check() {
    assert_eq!(Assistant { name: "a".to_owned() }.run(), 2);
}
