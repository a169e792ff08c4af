//! A field moved out of `self`.

struct Message {
    role: &'static str,
    text: String,
}

impl Message {
    #[instrumented]
    fn into_text(self) -> String {
        let text = self.text;
        text + self.role
    }
}

pub(super) fn check() {
    assert_eq!(Message { role: "r", text: "t".to_owned() }.into_text(), "tr");
}
