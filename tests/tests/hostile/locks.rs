use super::*;

type Shared = Arc<Mutex<Vec<u8>>>;

#[derive(Serialize)]
struct Cell {
    cell: RefCell<u8>,
}

#[tool_call]
fn tool(cell: &Cell, number: u8) -> u8 {
    let _ = cell;
    number
}

/// What cannot be borrowed now is not waited for.
#[test]
fn a_cell_that_is_borrowed_is_recorded_as_such() {
    let capture = testing::capture();
    let cell = Cell { cell: RefCell::new(1) };
    let held = cell.cell.borrow_mut();
    capture.scope(|| tool(&cell, 2));
    drop(held);
    capture.scope(|| tool(&cell, 3));
    let args: Vec<Json> = capture
        .named("condukt.tool_call.start")
        .iter()
        .map(|start| start.get("args").unwrap().clone())
        .collect();
    assert_eq!(args[0], json!({"cell": marker("Cell"), "number": 2}));
    assert_eq!(args[1], json!({"cell": {"cell": 1}, "number": 3}));
}

#[tool_call]
async fn waits(shared: Arc<Mutex<Vec<u8>>>, other: Option<&RwLock<u8>>, number: u8) -> u8 {
    let _ = (shared, other);
    number
}

#[tokio::test]
async fn a_lock_in_an_argument_is_left_out() {
    let shared: Shared = Arc::default();
    let lock = RwLock::new(1);
    let held = (shared.lock().unwrap(), lock.write().unwrap());
    let capture = testing::capture();
    let work = capture.follow(waits(shared.clone(), Some(&lock), 3));
    assert_eq!(futures::executor::block_on(work), 3);
    drop(held);
    assert_eq!(capture.events()[0].get("args").unwrap(), &json!({"number": 3}));
}

#[test]
fn a_lock_that_is_poisoned_fails_to_be_recorded() {
    let lock = Mutex::new(1_u8);
    let poisons = || {
        let _held = lock.lock().unwrap();
        std::panic::resume_unwind(Box::new("poison"));
    };
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(poisons)).is_err());
    assert!(lock.is_poisoned());
    assert_eq!(recorded(&lock), marker("Mutex<u8>"));
    assert_eq!(*lock.lock().unwrap_or_else(PoisonError::into_inner), 1);
}
