//! What each thread keeps: the current context, spans to use again, ids to come, and which handlers
//! are running.
//!
//! Everything here goes through `try_with`: events may be emitted while a thread's locals are being
//! destroyed, and then find no context.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use crate::context::Context;
use crate::span::ActiveSpan;

thread_local! {
    static CONTEXT: Cell<Context> = const { Cell::new(Context::NONE) };
    static SPARE: RefCell<Vec<Arc<ActiveSpan>>> = const { RefCell::new(Vec::new()) };
    static RUNS: Cell<Runs> = const { Cell::new(Runs::NONE) };
    /// The serial numbers of the handlers that run now, but for the last, outermost first.
    static RUNNING: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
    /// The state of the generator of ids; zero before it is seeded.
    static SEED: Cell<u64> = const { Cell::new(0) };
}

/// How many ended spans a thread keeps for use again.
const SPARES: usize = 16;

/// Reads the current context. The closure runs no code of the user's.
pub(crate) fn with_context<R>(read: impl FnOnce(&Context) -> R) -> Option<R> {
    CONTEXT
        .try_with(|cell| {
            let context = cell.take();
            let result = read(&context);
            // What is there is nothing, and drops as such.
            cell.set(context);
            result
        })
        .ok()
}

/// Makes a context the current one, and puts the one before in its place. False, and nothing happens,
/// in a thread whose locals are gone.
#[inline]
pub(crate) fn swap_context(context: &mut Context) -> bool {
    CONTEXT.try_with(|cell| *context = cell.replace(std::mem::take(context))).is_ok()
}

/// An ended span's node, to be used again.
pub(crate) fn take_spare() -> Option<Arc<ActiveSpan>> {
    SPARE.try_with(|spare| spare.try_borrow_mut().ok()?.pop()).ok().flatten()
}

/// Keeps an ended span's node for use again.
pub(crate) fn keep_spare(node: Arc<ActiveSpan>) {
    let _ = SPARE.try_with(|spare| {
        if let Ok(mut spare) = spare.try_borrow_mut()
            && spare.len() < SPARES
        {
            spare.push(node);
        }
    });
}

/// The next random number of this thread; its generator is seeded by the operating system.
#[inline]
pub(crate) fn random() -> u64 {
    SEED.try_with(|seed| {
        let mut generator = match seed.get() {
            0 => seeded(),
            state => fastrand::Rng::with_seed(state),
        };
        let number = generator.u64(..);
        seed.set(generator.get_seed());
        number
    })
    .unwrap_or_else(|_| seeded().u64(..))
}

#[cold]
fn seeded() -> fastrand::Rng {
    let (high, low) = uuid::Uuid::new_v4().as_u64_pair();
    fastrand::Rng::with_seed(high.rotate_left(17) ^ low)
}

/// Which handlers run now in a thread.
#[derive(Clone, Copy)]
struct Runs {
    /// One bit for each, of `serial % 64`: a quick no.
    busy: u64,
    /// The serial number of the last; zero for none.
    last: u64,
}

impl Runs {
    const NONE: Self = Self { busy: 0, last: 0 };
}

/// Notes that a handler runs until the returned mark is dropped; none if it runs already on this
/// thread, further out.
#[inline]
pub(crate) fn running(serial: u64) -> Option<Running> {
    let before = RUNS.try_with(Cell::get).unwrap_or(Runs::NONE);
    let bit = 1 << (serial % 64);
    if before.last != 0 && !nests(before, bit, serial) {
        return None;
    }
    let _ = RUNS.try_with(|runs| runs.set(Runs { busy: before.busy | bit, last: serial }));
    Some(Running { before })
}

/// Whether a handler may run within the last, which is then listed. Where the list is gone with the
/// thread's other locals, it may not if its bit is taken: better one event not seen than a handler
/// that calls itself without end.
#[cold]
fn nests(before: Runs, bit: u64, serial: u64) -> bool {
    let listed = || RUNNING.try_with(|running| running.borrow().contains(&serial)).unwrap_or(true);
    if before.busy & bit != 0 && (before.last == serial || listed()) {
        return false;
    }
    let _ = RUNNING.try_with(|running| running.borrow_mut().push(before.last));
    true
}

/// A handler that runs. See [`running`].
pub(crate) struct Running {
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
