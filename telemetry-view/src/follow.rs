//! Reading recordings into a model, and what is written to them later.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::Duration;

use crate::model::Model;
use crate::server::Shared;
use telemetry_runtime::recording::{Header, Line, VERSION};

/// How often a file is looked at for what was added.
const LOOK: Duration = Duration::from_millis(150);

/// How much is read at a time.
const CHUNK: usize = 1 << 20;
/// The longest line that is read. A longer one is passed over.
const MAX_LINE: usize = 256 << 20;

/// Takes lines out of bytes as they come.
#[derive(Debug, Default)]
pub(crate) struct Splitter {
    partial: Vec<u8>,
    /// Whether the current line is too long to be read.
    overlong: bool,
}

/// A line with its own text, where that is UTF-8. `None` where it could not be read.
type Parsed = Option<(Line, Option<Box<str>>)>;

impl Splitter {
    fn push(&mut self, bytes: &[u8], lines: &mut Vec<Parsed>) {
        let mut rest = bytes;
        while let Some(at) = memchr::memchr(b'\n', rest) {
            self.extend(&rest[..at]);
            self.end(lines);
            rest = &rest[at + 1..];
        }
        self.extend(rest);
    }

    fn extend(&mut self, bytes: &[u8]) {
        if self.overlong || self.partial.len() + bytes.len() > MAX_LINE {
            self.overlong = true;
            self.partial = Vec::new();
        } else {
            self.partial.extend_from_slice(bytes);
        }
    }

    fn end(&mut self, lines: &mut Vec<Parsed>) {
        let line = self.partial.trim_ascii();
        if self.overlong {
            lines.push(None);
        } else if !line.is_empty() {
            lines.push(
                Line::parse(line).map(|parsed| (parsed, std::str::from_utf8(line).ok().map(Box::from))),
            );
        }
        self.overlong = false;
        self.partial.clear();
    }
}

/// Puts lines into a model.
fn take(model: &mut Model, lines: Vec<Parsed>) {
    for line in lines {
        match line {
            Some((line, text)) => model.written(line, text),
            None => model.unreadable(),
        }
    }
}

/// What a reader passes to the task that puts lines into the model.
type Batch = io::Result<Vec<Parsed>>;

/// How many batches wait at most.
const WAITING: usize = 4;

/// Reads whole sources into a model, one after the other. Lines are parsed on a thread of their own.
pub(crate) fn read_all(
    sources: Vec<(&Path, Box<dyn Read + Send + '_>)>,
    model: &mut Model,
) -> io::Result<()> {
    for (path, mut source) in sources {
        std::thread::scope(|scope| {
            let (sender, receiver) = sync_channel(WAITING);
            scope.spawn(move || {
                let mut splitter = Splitter::default();
                let _ = sender.send(Ok(vec![Some((another_run(), None))]));
                while let Some(batch) = read_batch(&mut source, &mut splitter) {
                    if sender.send(batch).is_err() {
                        return;
                    }
                }
            });
            receiver.into_iter().try_for_each(|batch| {
                take(model, batch.map_err(|error| named(path, &error))?);
                Ok::<(), io::Error>(())
            })
        })?;
    }
    Ok(())
}

/// The next lines of a source; `None` at its end, where what is there of a last line was taken as one.
fn read_batch(source: &mut impl Read, splitter: &mut Splitter) -> Option<Batch> {
    let mut lines = Vec::new();
    match read_chunk(source) {
        Err(error) => return Some(Err(error)),
        Ok(chunk) if chunk.is_empty() => {
            splitter.end(&mut lines);
            if lines.is_empty() {
                return None;
            }
        }
        Ok(chunk) => splitter.push(&chunk, &mut lines),
    }
    Some(Ok(lines))
}

fn read_chunk(source: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut chunk = vec![0; CHUNK];
    loop {
        match source.read(&mut chunk) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
            Ok(count) => {
                chunk.truncate(count);
                return Ok(chunk);
            }
        }
    }
}

/// Reads standard input into a model that others look at, on a thread of its own.
pub(crate) fn follow_stdin(shared: Arc<Shared>) -> io::Result<()> {
    std::thread::Builder::new().name("standard input".to_owned()).spawn(move || {
        let mut splitter = Splitter::default();
        shared.change(|model| model.line(another_run()));
        let mut source = io::stdin().lock();
        while let Some(batch) = read_batch(&mut source, &mut splitter) {
            match batch {
                Ok(lines) => shared.change(|model| take(model, lines)),
                Err(error) => return eprintln!("error: standard input: {error}"),
            }
        }
    })?;
    Ok(())
}

/// Reads files that others write to into a model, for as long as the process lives. Each is parsed on a thread of its
/// own.
pub(crate) fn follow(files: Vec<Followed>, shared: &Shared) -> io::Result<()> {
    let (sender, receiver) = sync_channel(WAITING);
    for mut file in files {
        let sender: SyncSender<Vec<Parsed>> = sender.clone();
        std::thread::Builder::new().name("follow".to_owned()).spawn(move || {
            loop {
                // A file that cannot be read now may be there again later.
                match file.read() {
                    Ok(Some(lines)) => {
                        if sender.send(lines).is_err() {
                            return;
                        }
                    }
                    Ok(None) | Err(_) => std::thread::sleep(LOOK),
                }
            }
        })?;
    }
    drop(sender);
    for lines in receiver {
        shared.change(|model| take(model, lines));
    }
    Ok(())
}

/// A file that others write to.
#[derive(Debug)]
pub(crate) struct Followed {
    path: PathBuf,
    file: File,
    offset: u64,
    splitter: Splitter,
    began: bool,
}

impl Followed {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        if file.metadata()?.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        Ok(Self { path: path.to_owned(), file, offset: 0, splitter: Splitter::default(), began: false })
    }

    /// Reads what is new. `None` when there is nothing.
    fn read(&mut self) -> io::Result<Option<Vec<Parsed>>> {
        let chunk = read_chunk(&mut self.file)?;
        if chunk.is_empty() {
            return Ok(self.reopen()?.then(Vec::new));
        }
        self.offset += chunk.len() as u64;
        let mut lines = Vec::new();
        if !std::mem::replace(&mut self.began, true) {
            lines.push(Some((another_run(), None)));
        }
        self.splitter.push(&chunk, &mut lines);
        Ok(Some(lines))
    }

    /// Goes on in the file that has taken this one's place, if one has.
    fn reopen(&mut self) -> io::Result<bool> {
        let Ok(there) = std::fs::metadata(&self.path) else { return Ok(false) };
        let replaced = there.len() < self.offset || !is_same(&there, &self.file.metadata()?);
        if replaced {
            let Ok(next) = Self::open(&self.path) else { return Ok(false) };
            *self = next;
        }
        Ok(replaced)
    }
}

/// An error that names its file.
pub(crate) fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// Whether two are of one file, where the system gives file ids.
#[cfg(unix)]
pub(crate) fn is_same(a: &Metadata, b: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    (a.dev(), a.ino()) == (b.dev(), b.ino())
}

#[cfg(not(unix))]
pub(crate) fn is_same(_: &Metadata, _: &Metadata) -> bool {
    true
}

/// What a file begins with: its clock is not that of the one before.
fn another_run() -> Line {
    Line::Header(Header { telemetry: VERSION, program: String::new(), pid: 0, system_time: 0 })
}
