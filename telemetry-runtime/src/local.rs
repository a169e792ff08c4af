//! What each thread keeps: the current context, spans to use again, ids to come, and which handlers
//! are running.
//!
//! Everything here goes through `try_with`: events may be emitted while a thread's locals are being
//! destroyed, and then find no context.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use crate::context::Context;
use crate::span::Node;

struct Local {
    context: RefCell<Context>,
    spare: RefCell<Vec<Arc<Node>>>,
    ids: RefCell<Option<fastrand::Rng>>,
    /// The serial numbers of the handlers that run now, outermost first.
    running: RefCell<Vec<u64>>,
    /// Handlers that run now, one for each bit of `serial % 64`: a quick no.
    busy: Cell<u64>,
}

thread_local! {
    static LOCAL: Local = const {
        Local {
            context: RefCell::new(Context::NONE),
            spare: RefCell::new(Vec::new()),
            ids: RefCell::new(None),
            running: RefCell::new(Vec::new()),
            busy: Cell::new(0),
        }
    };
}

/// How many ended spans a thread keeps for use again.
const SPARE: usize = 16;

/// Reads the current context. The closure runs no code of the user's.
pub(crate) fn with_context<R>(read: impl FnOnce(&Context) -> R) -> Option<R> {
    let mut read = Some(read);
    LOCAL
        .try_with(|local| {
            let context = local.context.try_borrow().ok()?;
            read.take().map(|read| read(&context))
        })
        .ok()
        .flatten()
}

/// Makes a context the current one and returns the one before, for the caller to drop or put back.
pub(crate) fn replace_context(context: Context) -> Context {
    let mut context = Some(context);
    LOCAL
        .try_with(|local| {
            local.context.try_borrow_mut().ok().and_then(|mut current| {
                context.take().map(|context| std::mem::replace(&mut *current, context))
            })
        })
        .ok()
        .flatten()
        .unwrap_or(Context::NONE)
}

/// An ended span's node, to be used again.
pub(crate) fn take_spare() -> Option<Arc<Node>> {
    LOCAL.try_with(|local| local.spare.try_borrow_mut().ok()?.pop()).ok().flatten()
}

/// Keeps an ended span's node for use again.
pub(crate) fn keep_spare(node: Arc<Node>) {
    let mut node = Some(node);
    let _ = LOCAL.try_with(|local| {
        if let Ok(mut spare) = local.spare.try_borrow_mut()
            && spare.len() < SPARE
        {
            spare.extend(node.take());
        }
    });
}

/// The next random number of this thread; its generator is seeded by the operating system.
pub(crate) fn random() -> u64 {
    fn seeded() -> fastrand::Rng {
        let (high, low) = uuid::Uuid::new_v4().as_u64_pair();
        fastrand::Rng::with_seed(high.rotate_left(17) ^ low)
    }
    LOCAL
        .try_with(|local| {
            let mut ids = local.ids.try_borrow_mut().ok()?;
            Some(ids.get_or_insert_with(seeded).u64(..))
        })
        .ok()
        .flatten()
        .unwrap_or_else(|| seeded().u64(..))
}

/// Whether that handler runs on this thread now, further out.
#[inline]
pub(crate) fn is_running(serial: u64) -> bool {
    LOCAL
        .try_with(|local| {
            local.busy.get() & bit(serial) != 0
                && local.running.try_borrow().is_ok_and(|running| running.contains(&serial))
        })
        .unwrap_or(false)
}

/// Notes that a handler runs until the returned mark is dropped.
#[inline]
pub(crate) fn running(serial: u64) -> Running {
    let busy = LOCAL
        .try_with(|local| {
            if let Ok(mut running) = local.running.try_borrow_mut() {
                running.push(serial);
            }
            local.busy.replace(local.busy.get() | bit(serial))
        })
        .unwrap_or(0);
    Running { busy }
}

fn bit(serial: u64) -> u64 {
    1 << (serial % 64)
}

/// A handler that runs. See [`running`].
pub(crate) struct Running {
    busy: u64,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = LOCAL.try_with(|local| {
            if let Ok(mut running) = local.running.try_borrow_mut() {
                running.pop();
            }
            local.busy.set(self.busy);
        });
    }
}
