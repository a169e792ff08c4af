//! A generic associated type in the return type.

trait Lend {
    type Lent<'a>
    where
        Self: 'a;

    fn lend(&mut self, at: usize) -> Option<Self::Lent<'_>>;
}

struct Words(Vec<String>);

impl Lend for Words {
    type Lent<'a> = &'a mut String;

    #[instrumented]
    fn lend(&mut self, at: usize) -> Option<Self::Lent<'_>> {
        self.0.get_mut(at)
    }
}

pub(super) fn check() {
    let mut words = Words(vec!["a".to_owned()]);
    words.lend(0).expect("it is there").push('!');
    assert_eq!(words.0, ["a!"]);
}
