//! Whole events out of a recording.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use serde_json::value::RawValue;

use super::line::{Content, EventLine, Hash, Line};
use crate::event::OwnedEvent;
use crate::value::Json;

/// The longest line that is read. A longer one is passed over.
const MAX_LINE: usize = 256 * 1024 * 1024;

/// Reads the events of a recording, whole: values that are shared in the file are put back.
///
/// Torn and unknown lines are passed over; [`Reader::unreadable`] counts them. A file of plain event lines, one JSON
/// object each as [`Event`](crate::Event) serialises, is a recording too.
///
/// ```
/// # let path = std::env::temp_dir().join(format!("telemetry-read-{}.jsonl", std::process::id()));
/// std::fs::write(&path, "{\"event\":\"shop.paid\",\"metadata\":{\"by\":\"card\"}}\n{\"event\":\"shop.pa")?;
/// let mut reader = telemetry_runtime::recording::read(&path)?;
/// let event = reader.next().expect("one event")?;
/// assert_eq!(event.get("by").unwrap(), "card");
/// assert!(reader.next().is_none());
/// assert_eq!(reader.unreadable(), 1);
/// # std::fs::remove_file(&path)?;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// When the file cannot be opened. Each item is an error where reading failed.
pub fn read(path: impl AsRef<Path>) -> io::Result<Reader<BufReader<File>>> {
    Ok(Reader::new(BufReader::new(File::open(path)?)))
}

/// The events of a recording. See [`read()`].
#[derive(Debug)]
pub struct Reader<R> {
    lines: Lines<R>,
    contents: HashMap<Hash, Content>,
    unreadable: u64,
    dropped: u64,
}

impl<R: BufRead> Reader<R> {
    /// Reads from anything that has lines.
    pub fn new(source: R) -> Self {
        Self { lines: Lines::new(source), contents: HashMap::new(), unreadable: 0, dropped: 0 }
    }

    /// How many lines so far were not readable.
    pub fn unreadable(&self) -> u64 {
        self.unreadable
    }

    /// How many events were lost so far, by the recording's own count.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }
}

impl<R: BufRead> Iterator for Reader<R> {
    type Item = io::Result<OwnedEvent>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.lines.next()? {
                Err(error) => return Some(Err(error)),
                Ok(Ok(Line::Event(event))) => match whole_event(event, |hash| self.contents.get(&hash)) {
                    Some(event) => return Some(Ok(event)),
                    None => self.unreadable += 1,
                },
                Ok(Ok(Line::Content(hash, content))) => {
                    // What a list goes on from stands before it, so there is no circle.
                    let placed = content.after().is_none_or(|after| self.contents.contains_key(&after));
                    if placed {
                        self.contents.entry(hash).or_insert(content);
                    } else {
                        self.unreadable += 1;
                    }
                }
                Ok(Ok(Line::Header(_))) => {}
                Ok(Ok(Line::Dropped(dropped))) => self.dropped = self.dropped.saturating_add(dropped),
                Ok(Err(Unreadable)) => self.unreadable += 1,
            }
        }
    }
}

/// A line that is torn or of an unknown kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable;

/// The lines of a source. Empty ones are left out.
#[derive(Debug)]
pub struct Lines<R> {
    source: R,
    buffer: Vec<u8>,
}

impl<R: BufRead> Lines<R> {
    /// The lines of `source`.
    pub fn new(source: R) -> Self {
        Self { source, buffer: Vec::new() }
    }
}

impl<R: BufRead> Iterator for Lines<R> {
    type Item = io::Result<Result<Line, Unreadable>>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            self.buffer.clear();
            match read_line(&mut self.source, &mut self.buffer) {
                Err(error) => return Some(Err(error)),
                Ok(false) => return None,
                Ok(true) => {}
            }
            let line = self.buffer.trim_ascii();
            if !line.is_empty() {
                return Some(Ok(Line::parse(line).ok_or(Unreadable)));
            }
        }
    }
}

/// Reads up to the next line break. Of a line that is too long only the beginning is kept, which no line is.
fn read_line(source: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    let mut any = false;
    loop {
        let available = match source.fill_buf() {
            Ok(available) => available,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if available.is_empty() {
            return Ok(any);
        }
        any = true;
        let end = available.iter().position(|byte| *byte == b'\n');
        let length = end.unwrap_or(available.len());
        if line.len() <= MAX_LINE {
            line.extend_from_slice(&available[..length]);
        }
        source.consume(length + usize::from(end.is_some()));
        if end.is_some() {
            return Ok(true);
        }
    }
}

/// Returns the event with every shared value put back. A missing one reads as a placeholder text. `None` if the
/// event is not one.
pub fn whole_event<'c>(
    event: EventLine,
    content: impl Fn(Hash) -> Option<&'c Content>,
) -> Option<OwnedEvent> {
    let EventLine { event, measurements, mut metadata, refs, span, description } = event;
    for (key, hash) in refs {
        let value = value_of(hash, &content).unwrap_or_else(|| format!("<missing content {hash}>").into());
        metadata.insert(key, value);
    }
    let mut object = serde_json::Map::new();
    object.insert("event".to_owned(), event.into());
    object.insert("measurements".to_owned(), measurements.into());
    object.insert("metadata".to_owned(), metadata.into());
    object.insert("span".to_owned(), serde_json::to_value(span).ok()?);
    object.insert("description".to_owned(), description.into());
    serde_json::from_value(Json::Object(object)).ok()
}

/// Returns a shared value as a tree. `None` if a part of it is missing.
pub fn value_of<'c>(hash: Hash, content: &impl Fn(Hash) -> Option<&'c Content>) -> Option<Json> {
    let mut parts: Vec<&RawValue> = Vec::new();
    let mut next = Some(hash);
    while let Some(hash) = next {
        match content(hash)? {
            Content::Value(value) if parts.is_empty() => return serde_json::from_str(value.get()).ok(),
            Content::Value(_) => return None,
            Content::List { after, items } => {
                parts.push(items);
                next = *after;
            }
        }
    }
    let mut list: Vec<Json> = Vec::new();
    for part in parts.into_iter().rev() {
        list.append(&mut serde_json::from_str(part.get()).ok()?);
    }
    Some(Json::Array(list))
}
