//! A trait implemented for a reference and for a box of a trait object.
// ends: ok ok

trait Speak {
    fn speak(self) -> usize;
}

impl Speak for &str {
    #[instrumented]
    fn speak(self) -> usize {
        self.len()
    }
}

impl<F: ?Sized + Fn() -> usize> Speak for Box<F> {
    #[instrumented]
    fn speak(self) -> usize {
        self()
    }
}

pub(super) fn check() {
    assert_eq!("abc".speak(), 3);
    let boxed: Box<dyn Fn() -> usize> = Box::new(|| 4);
    assert_eq!(boxed.speak(), 4);
}
