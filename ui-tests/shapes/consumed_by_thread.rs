//! Arguments moved into a thread.

#[instrumented]
fn elsewhere(words: Vec<String>, n: &'static u8) -> usize {
    std::thread::spawn(move || words.len() + usize::from(*n)).join().expect("it does not panic")
}

pub(super) fn check() {
    assert_eq!(elsewhere(vec![String::new()], &2), 3);
}
