//! Writing a recording.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use telemetry_runtime::{Event, OwnedEvent};

use crate::attached::Attached;
use crate::compact::compact;
use crate::follow::is_same;
use telemetry_runtime::recording::{EventLine, Hash, Header, Line, VERSION};

/// How many names of shared values a writer remembers. Beyond that they are written again.
const MAX_KNOWN: usize = 1 << 20;

/// Records every event into a file, until the [`Recorder`] is dropped. See [`RecordOptions`].
///
/// ```
/// use telemetry_runtime::tool_call;
///
/// #[tool_call]
/// fn add(a: i32, b: i32) -> i32 {
///     a + b
/// }
///
/// # let path = std::env::temp_dir().join(format!("telemetry-view-record-{}.jsonl", std::process::id()));
/// let recorder = telemetry_view::record(&path)?;
/// add(1, 2);
/// drop(recorder); // writes what waits
///
/// let names: Vec<_> = telemetry_view::read(&path)?.map(|event| event.unwrap().name).collect();
/// assert_eq!(names, ["condukt.tool_call.start", "condukt.tool_call.stop"]);
/// # std::fs::remove_file(&path)?;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// When the file cannot be opened for appending, or the worker thread cannot be started.
pub fn record(path: impl AsRef<Path>) -> io::Result<Recorder> {
    RecordOptions::default().record(path)
}

/// How to record.
///
/// ```
/// # let path = std::env::temp_dir().join(format!("telemetry-view-options-{}.jsonl", std::process::id()));
/// use telemetry_view::RecordOptions;
///
/// let recorder = RecordOptions::default().with_max_bytes(10_000_000).with_files(3).record(&path)?;
/// # drop(recorder);
/// # std::fs::remove_file(&path)?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct RecordOptions {
    max_bytes: u64,
    files: usize,
    capacity: usize,
}

impl Default for RecordOptions {
    fn default() -> Self {
        Self { max_bytes: 256 * 1024 * 1024, files: 4, capacity: 65_536 }
    }
}

impl RecordOptions {
    /// Returns options with the size at which a file is full: it is renamed to `FILE.1`, `FILE.1` to `FILE.2` and so
    /// on, and a new one is begun. 256 MiB by default.
    pub fn with_max_bytes(self, max_bytes: u64) -> Self {
        Self { max_bytes, ..self }
    }

    /// Returns options with how many files there are at most, the current one included. The oldest is deleted. 4 by
    /// default; at least 1.
    pub fn with_files(self, files: usize) -> Self {
        Self { files: files.max(1), ..self }
    }

    /// Returns options with how many events may wait for the writer. One more is dropped and counted. 65,536 by
    /// default.
    pub fn with_capacity(self, capacity: usize) -> Self {
        Self { capacity, ..self }
    }

    /// Records every event into `path`, after what it holds already.
    ///
    /// # Errors
    /// When the file cannot be opened for appending, or the worker thread cannot be started.
    pub fn record(self, path: impl AsRef<Path>) -> io::Result<Recorder> {
        let capacity = self.capacity;
        let writer = Arc::new(Mutex::new(Writer::open(path.as_ref(), self)?));
        let sink = writer.clone();
        let attached = Attached::new("telemetry-view record", capacity, move |event: &Event<'_>| {
            lock(&sink).event(OwnedEvent::from(event).into());
        })?;
        Ok(Recorder { attached, writer })
    }
}

/// A recording that goes on until this is dropped. See [`record`].
pub struct Recorder {
    attached: Attached,
    writer: Arc<Mutex<Writer>>,
}

impl Recorder {
    /// Waits until every event so far is in the file. False when the time is up before, or writing failed.
    pub fn flush(&self, timeout: Duration) -> bool {
        self.attached.flush(timeout) && self.error().is_none()
    }

    /// Stops recording and waits for what is not written yet.
    ///
    /// # Errors
    /// When events were lost, or writing failed.
    pub fn finish(self) -> io::Result<()> {
        self.attached.detach();
        match (self.error(), self.dropped()) {
            (Some(error), _) => Err(io::Error::other(error)),
            (None, 0) => Ok(()),
            (None, dropped) => Err(io::Error::other(format!("{dropped} events came too fast"))),
        }
    }

    /// How many events were lost because they came faster than they could be written.
    pub fn dropped(&self) -> u64 {
        self.attached.dropped()
    }

    /// Why the last write failed, if it did. The next event is tried again.
    pub fn error(&self) -> Option<String> {
        lock(&self.writer).failure.as_ref().map(ToString::to_string)
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.attached.detach();
        let dropped = self.attached.dropped();
        if dropped > 0 {
            lock(&self.writer).append(&[Line::Dropped(dropped)]);
        }
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").field("dropped", &self.dropped()).finish_non_exhaustive()
    }
}

fn lock(writer: &Mutex<Writer>) -> MutexGuard<'_, Writer> {
    writer.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Appends lines to a file that others may append to as well.
struct Writer {
    path: PathBuf,
    options: RecordOptions,
    file: File,
    /// The shared values that this writer has put into the current file.
    known: HashSet<Hash>,
    buffer: Vec<u8>,
    /// Whether the file may end within a line.
    torn: bool,
    failure: Option<io::Error>,
}

impl Writer {
    fn open(path: &Path, options: RecordOptions) -> io::Result<Self> {
        let file = open(path)?;
        let torn = ends_within_a_line(path)?;
        let mut writer = Self {
            path: path.to_owned(),
            options,
            file,
            known: HashSet::new(),
            buffer: Vec::new(),
            torn,
            failure: None,
        };
        writer.append(&[header()]);
        match writer.failure.take() {
            Some(failure) => Err(failure),
            None => Ok(writer),
        }
    }

    fn event(&mut self, event: EventLine) {
        self.rotate();
        if self.known.len() > MAX_KNOWN {
            self.known.clear();
        }
        let mut event = event;
        let known = &self.known;
        let new = compact(&mut event, |hash| known.contains(&hash));
        let hashes: Vec<Hash> = new.iter().map(|(hash, _)| *hash).collect();
        let mut lines: Vec<Line> =
            new.into_iter().map(|(hash, content)| Line::Content(hash, content)).collect();
        lines.push(Line::Event(event));
        if self.append(&lines) {
            self.known.extend(hashes);
        }
    }

    /// Appends all lines in one write, which other writers and a crash leave whole.
    fn append(&mut self, lines: &[Line]) -> bool {
        self.buffer.clear();
        if self.torn {
            self.buffer.push(b'\n');
        }
        for line in lines {
            line.write(&mut self.buffer);
        }
        let written = self.file.write_all(&self.buffer);
        self.torn = written.is_err();
        self.failure = written.err();
        if self.buffer.capacity() > 1 << 20 {
            self.buffer = Vec::new();
        }
        self.failure.is_none()
    }

    /// Begins a new file where this one is full. Where that fails, the full one goes on.
    fn rotate(&mut self) {
        let full = self.file.metadata().is_ok_and(|metadata| metadata.len() >= self.options.max_bytes);
        if full && let Err(error) = self.begin_next() {
            self.failure = Some(error);
        }
    }

    fn begin_next(&mut self) -> io::Result<()> {
        self.file = loop {
            let current = open(&self.path)?;
            // Of several writers one renames; the others wait for it here. Where locks are not to be had, as on some network
            // file systems, two that rename at once may put files into another order.
            let _ = current.lock();
            let metadata = current.metadata()?;
            if !fs::metadata(&self.path).is_ok_and(|there| is_same(&there, &metadata)) {
                // It was renamed before it could be locked.
                continue;
            }
            if metadata.len() < self.options.max_bytes {
                let _ = current.unlock();
                break current;
            }
            if self.options.files == 1 {
                fs::remove_file(&self.path)?;
            }
            for number in (1..self.options.files).rev() {
                let from = if number == 1 { self.path.clone() } else { numbered(&self.path, number - 1) };
                match fs::rename(from, numbered(&self.path, number)) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                    _ => {}
                }
            }
        };
        self.torn = ends_within_a_line(&self.path)?;
        self.known.clear();
        self.append(&[header()]);
        Ok(())
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).open(path)
}

/// Whether the file ends within a line, as after a crash.
fn ends_within_a_line(path: &Path) -> io::Result<bool> {
    let mut last = [b'\n'];
    let metadata = fs::metadata(path)?;
    // A pipe or device has no end to look at.
    if metadata.is_file() && metadata.len() > 0 {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
    }
    Ok(last != *b"\n")
}

/// `runs.jsonl.1`.
fn numbered(path: &Path, number: usize) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(format!(".{number}"));
    name.into()
}

fn header() -> Line {
    let program = std::env::args_os().next().map(PathBuf::from);
    let name = program.as_deref().and_then(Path::file_name).unwrap_or_default();
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Line::Header(Header {
        telemetry: VERSION,
        program: name.to_string_lossy().into_owned(),
        pid: std::process::id(),
        system_time: u64::try_from(since.as_nanos()).unwrap_or(u64::MAX),
    })
}
