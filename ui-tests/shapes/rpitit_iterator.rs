//! A trait's method that returns `impl Iterator`, borrowing `self`.

trait Words {
    fn words(&self) -> impl Iterator<Item = &str>;
}

struct Text(String);

impl Words for Text {
    #[instrumented]
    fn words(&self) -> impl Iterator<Item = &str> {
        self.0.split(' ')
    }
}

pub(super) fn check() {
    assert_eq!(Text("a b".to_owned()).words().count(), 2);
}
