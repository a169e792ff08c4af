//! A receiver with a lifetime, on a type with another.

struct Reader<'text> {
    text: &'text str,
}

impl<'text> Reader<'text> {
    #[instrumented]
    fn split<'a>(&'a self, at: usize) -> (&'a Self, &'text str) {
        (self, &self.text[at..])
    }
}

pub(super) fn check() {
    let rest = {
        let reader = Reader { text: "abc" };
        reader.split(1).1
    };
    assert_eq!(rest, "bc");
}
