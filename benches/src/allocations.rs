//! An allocator that counts.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

/// The system's allocator, counting what each thread asks of it.
#[derive(Debug)]
pub struct Counting;

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

/// Whether bytes are counted, too: all threads would wait for each other to do so.
static WEIGHS: AtomicBool = AtomicBool::new(false);
static LIVE: AtomicI64 = AtomicI64::new(0);
static PEAK: AtomicI64 = AtomicI64::new(0);

fn weigh(size: usize) {
    let size = i64::try_from(size).unwrap_or(i64::MAX);
    let live = LIVE.fetch_add(size, Ordering::Relaxed) + size;
    PEAK.fetch_max(live, Ordering::Relaxed);
}

// SAFETY: everything is passed on to `System`; counting allocates nothing.
#[allow(unsafe_code, reason = "an allocator cannot be written without")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = COUNT.try_with(|count| count.set(count.get() + 1));
        if WEIGHS.load(Ordering::Relaxed) {
            weigh(layout.size());
        }
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        if WEIGHS.load(Ordering::Relaxed) {
            LIVE.fetch_sub(i64::try_from(layout.size()).unwrap_or(i64::MAX), Ordering::Relaxed);
        }
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// How often this thread has allocated.
pub fn count() -> u64 {
    COUNT.with(Cell::get)
}

/// How often `run` allocates.
pub fn of<R>(run: impl FnOnce() -> R) -> u64 {
    let before = count();
    let returned = run();
    let allocations = count() - before;
    drop(returned);
    allocations
}

/// Begins to count bytes, from none.
pub fn weigh_from_now() {
    LIVE.store(0, Ordering::Relaxed);
    PEAK.store(0, Ordering::Relaxed);
    WEIGHS.store(true, Ordering::Relaxed);
}

/// The most bytes that all threads together had allocated at once, beyond those at [`weigh_from_now`].
pub fn peak_bytes() -> u64 {
    PEAK.load(Ordering::Relaxed).max(0).unsigned_abs()
}

/// The bytes that all threads together have allocated now, beyond those at [`weigh_from_now`].
pub fn live_bytes() -> i64 {
    LIVE.load(Ordering::Relaxed)
}
