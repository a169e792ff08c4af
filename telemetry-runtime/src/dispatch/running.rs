//! Which handlers run now in a thread: what a handler emits is not delivered to that handler.

use std::cell::{Cell, RefCell};

thread_local! {
    static RUNS: Cell<Runs> = const { Cell::new(Runs::NONE) };
    /// The serial numbers of the handlers that run now, but for the last, outermost first.
    static RUNNING: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
}

/// Which handlers run now in a thread.
#[derive(Clone, Copy)]
struct Runs {
    /// One bit for each, of `serial % 64`: a quick no.
    busy: u64,
    /// The serial number of the last; zero if no handler runs.
    last: u64,
}

impl Runs {
    const NONE: Self = Self { busy: 0, last: 0 };
}

/// Notes that a handler runs until the returned mark is dropped. `None` if it runs already on this thread, further
/// out.
#[inline]
pub(super) fn enter(serial: u64) -> Option<Running> {
    let before = RUNS.try_with(Cell::get).unwrap_or(Runs::NONE);
    let bit = 1 << (serial % 64);
    if before.last != 0 && !nests(before, bit, serial) {
        return None;
    }
    let _ = RUNS.try_with(|runs| runs.set(Runs { busy: before.busy | bit, last: serial }));
    Some(Running { before })
}

/// Whether a nested handler call is allowed. If thread-local state is already destroyed, refuse on a bit collision:
/// losing one event is better than recursing forever.
#[cold]
fn nests(before: Runs, bit: u64, serial: u64) -> bool {
    let listed = || RUNNING.try_with(|running| running.borrow().contains(&serial)).unwrap_or(true);
    if before.busy & bit != 0 && (before.last == serial || listed()) {
        return false;
    }
    let _ = RUNNING.try_with(|running| running.borrow_mut().push(before.last));
    true
}

/// A handler that runs. See [`enter`].
pub(super) struct Running {
    before: Runs,
}

impl Drop for Running {
    #[inline]
    fn drop(&mut self) {
        if self.before.last != 0 {
            let _ = RUNNING.try_with(|running| running.borrow_mut().pop());
        }
        let _ = RUNS.try_with(|runs| runs.set(self.before));
    }
}
