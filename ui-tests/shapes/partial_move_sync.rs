//! A field moved out of an argument, the rest used after.

struct Message {
    role: String,
    text: String,
}

#[instrumented]
fn render(message: Message, suffix: (String, String)) -> String {
    let text = message.text;
    drop(suffix.0);
    text + &message.role + &suffix.1
}

pub(super) fn check() {
    let message = Message { role: "r".to_owned(), text: "t".to_owned() };
    assert_eq!(render(message, (String::new(), "s".to_owned())), "trs");
}
