//! Every event as a line of JSON in a file, written by a thread of its own so that the agent never waits.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::sync::Mutex;
use std::time::Duration;

use telemetry_runtime::{Event, OwnedEvent, attach, event_names, queue, tool_call};

#[tool_call]
fn add(a: i32, b: i32) -> Option<i32> {
    a.checked_add(b)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::temp_dir().join(format!("queue_jsonl-{}.jsonl", std::process::id()));
    let file = Mutex::new(File::create(&path)?);

    // At most 4,096 events wait. More are dropped and counted, not waited for.
    let lines = queue(4096, move |event: &Event<'_>| {
        let line = serde_json::to_string(event).expect("an event is JSON");
        writeln!(file.lock().expect("one writer"), "{line}").expect("room on the disk");
    })?;
    let attachment = attach("lines", event_names!["condukt.**", "legion.**"], lines.clone())?;
    add(1, 2);
    attachment.detach()?;
    assert!(lines.flush(Duration::from_secs(5)));
    assert_eq!(lines.dropped(), 0);

    // A line reads back as an event, which any handler can be given. `telemetry-view FILE` shows the same lines.
    for line in BufReader::new(File::open(&path)?).lines() {
        let event: OwnedEvent = serde_json::from_str(&line?)?;
        println!("{} {:?}", event.name, event.metadata);
    }
    std::fs::remove_file(path)?;
    Ok(())
}
