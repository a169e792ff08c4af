//! A mutable borrow of `self`, in a `Result`.
// ends: ok error

struct Words(Vec<String>);

impl Words {
    #[instrumented]
    fn at(&mut self, index: usize) -> Result<&mut String, String> {
        let count = self.0.len();
        self.0.get_mut(index).ok_or_else(|| format!("only {count}"))
    }
}

pub(super) fn check() {
    let mut words = Words(vec!["a".to_owned()]);
    words.at(0).expect("it is there").push('!');
    assert_eq!(words.at(1).expect_err("there is one"), "only 1");
}
