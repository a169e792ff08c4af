//! `mut self`.

struct Builder {
    parts: Vec<u8>,
}

impl Builder {
    #[instrumented]
    fn with(mut self, part: u8) -> Self {
        self.parts.push(part);
        self
    }
}

pub(super) fn check() {
    assert_eq!(Builder { parts: vec![] }.with(1).parts, [1]);
}
