//! Closures of a function's, behind pointers: what calls them is compiled once, not for each function.

/// Makes a closure that is called once one that a pointer can call. A second call does nothing.
#[inline]
pub(super) fn one_call<T>(work: impl FnOnce(&mut T)) -> impl FnMut(&mut T) {
    let mut work = Some(work);
    move |argument| {
        if let Some(work) = work.take() {
            work(argument);
        }
    }
}
