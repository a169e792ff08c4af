//! Models of what takes no lock: the interleavings of a few threads, and every order in which they may see
//! memory. The steps are those of `registry`, `callsite.rs` and `dispatch`; the lists of handlers, which
//! `arc-swap` swaps there, are swapped under a lock here.

use std::sync::Arc as StdArc;

use loom::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use loom::sync::{Arc, Mutex};
use loom::thread;

const UNREGISTERED: u8 = 1;
const HANDLED: u8 = 2;

/// One callsite, and the registry that knows it once it was used.
struct World {
    interest: AtomicU8,
    /// How many handlers the callsite's list has.
    list: Mutex<StdArc<usize>>,
    registry: Mutex<Registry>,
}

#[derive(Default)]
struct Registry {
    handlers: usize,
    knows_site: bool,
}

impl World {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            interest: AtomicU8::new(UNREGISTERED),
            list: Mutex::new(StdArc::new(0)),
            registry: Mutex::new(Registry::default()),
        })
    }

    fn publish(&self, registry: &Registry) {
        if registry.knows_site {
            *self.list.lock().unwrap() = StdArc::new(registry.handlers);
            self.interest.store(if registry.handlers > 0 { HANDLED } else { 0 }, Ordering::Release);
        }
    }

    fn change(&self, change: impl FnOnce(&mut usize)) {
        let mut registry = self.registry.lock().unwrap();
        change(&mut registry.handlers);
        self.publish(&registry);
    }

    /// How many handlers an event is given to.
    fn emit(&self) -> usize {
        // The one load of a callsite without a handler.
        let mut interest = self.interest.load(Ordering::Relaxed);
        if interest == 0 {
            return 0;
        }
        if interest & UNREGISTERED != 0 {
            let mut registry = self.registry.lock().unwrap();
            registry.knows_site = true;
            self.publish(&registry);
            drop(registry);
            interest = self.interest.load(Ordering::Relaxed);
        }
        if interest & HANDLED == 0 { 0 } else { *self.list.lock().unwrap().clone() }
    }
}

/// With up to three switches that no thread asked for: enough for what is known to go wrong, in a second.
fn check(model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(model);
}

/// However a thread learns that a handler was attached, what it emits then is seen.
#[test]
fn an_event_after_an_attachment_is_seen() {
    check(|| {
        let world = World::new();
        let attached = Arc::new(AtomicBool::new(false));
        let attaching = {
            let (world, attached) = (world.clone(), attached.clone());
            thread::spawn(move || {
                world.change(|handlers| *handlers += 1);
                attached.store(true, Ordering::Release);
            })
        };
        let first_use = {
            let world = world.clone();
            thread::spawn(move || assert!(world.emit() <= 1))
        };
        let must_be_seen = attached.load(Ordering::Acquire);
        assert!(world.emit() == 1 || !must_be_seen);
        attaching.join().unwrap();
        first_use.join().unwrap();
        assert_eq!(world.emit(), 1);
    });
}

/// Nor is it given to one that was detached before.
#[test]
fn an_event_after_a_detachment_is_not_given() {
    check(|| {
        let world = World::new();
        world.change(|handlers| *handlers += 1);
        assert_eq!(world.emit(), 1);
        let detached = Arc::new(AtomicBool::new(false));
        let detaching = {
            let (world, detached) = (world.clone(), detached.clone());
            thread::spawn(move || {
                world.change(|handlers| *handlers -= 1);
                detached.store(true, Ordering::Release);
            })
        };
        let must_not_be_given = detached.load(Ordering::Acquire);
        assert!(world.emit() == 0 || !must_not_be_given);
        detaching.join().unwrap();
        assert_eq!(world.emit(), 0);
    });
}

/// A handler that fails in several threads at once is reported once.
#[test]
fn a_failure_is_reported_once() {
    check(|| {
        let (failed, told) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let fails = || {
            let (failed, told) = (failed.clone(), told.clone());
            move || {
                if !failed.load(Ordering::Relaxed) && !failed.swap(true, Ordering::Relaxed) {
                    told.fetch_add(1, Ordering::Relaxed);
                }
            }
        };
        let other = thread::spawn(fails());
        fails()();
        other.join().unwrap();
        assert_eq!(told.load(Ordering::Relaxed), 1);
    });
}

/// A span that ends releases its ancestors that have ended, in every thread's view: what is open around the
/// one inside is found whenever it is looked for.
#[test]
fn ancestors_are_found_while_one_of_them_ends() {
    struct Node {
        ended: AtomicBool,
        parent: Mutex<Option<Arc<Node>>>,
    }
    fn within(parent: Option<&Arc<Node>>) -> Arc<Node> {
        Arc::new(Node { ended: AtomicBool::new(false), parent: Mutex::new(parent.cloned()) })
    }
    fn parent(node: &Node) -> Option<Arc<Node>> {
        node.parent.lock().unwrap().clone()
    }
    fn still_open(mut node: Arc<Node>) -> Arc<Node> {
        while node.ended.load(Ordering::Relaxed)
            && let Some(parent) = parent(&node)
        {
            node = parent;
        }
        node
    }
    fn close(node: &Node) {
        node.ended.store(true, Ordering::Relaxed);
        if let Some(parent) = parent(node) {
            let open = still_open(parent);
            let before = node.parent.lock().unwrap().replace(open);
            drop(before);
        }
    }
    check(|| {
        let outer = within(None);
        let middle = within(Some(&outer));
        let between = within(Some(&middle));
        let inner = within(Some(&between));
        let closing = {
            let (middle, between) = (middle.clone(), between.clone());
            thread::spawn(move || {
                close(&middle);
                close(&between);
            })
        };
        let mut around = std::iter::successors(Some(inner.clone()), |node| parent(node));
        assert!(around.any(|node| Arc::ptr_eq(&node, &outer)), "the open one is still there");
        closing.join().unwrap();
        assert!(Arc::ptr_eq(&parent(&between).unwrap(), &outer), "what has ended is let go of");
    });
}
