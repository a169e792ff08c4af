//! A builder: `&mut self` in, `&mut Self` out.
// ends: ok ok

#[derive(Default)]
struct Builder(Vec<&'static str>);

impl Builder {
    #[instrumented]
    fn with(&mut self, part: &'static str) -> &mut Self {
        self.0.push(part);
        self
    }
}

pub(super) fn check() {
    let mut builder = Builder::default();
    builder.with("a").with("b");
    assert_eq!(builder.0, ["a", "b"]);
}
