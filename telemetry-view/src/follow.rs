//! Reading recordings into a model, and what is written to them later.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::format::{Header, Line};
use crate::model::Model;

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

/// What a line was read as. `None` where it could not be.
type Read1 = Option<Line>;

impl Splitter {
    fn push(&mut self, bytes: &[u8], lines: &mut Vec<Read1>) {
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

    fn end(&mut self, lines: &mut Vec<Read1>) {
        let line = self.partial.trim_ascii();
        if self.overlong {
            lines.push(None);
        } else if !line.is_empty() {
            lines.push(Line::parse(line));
        }
        self.overlong = false;
        self.partial.clear();
    }
}

/// Puts lines into a model.
fn take(model: &mut Model, lines: Vec<Read1>) {
    for line in lines {
        match line {
            Some(line) => model.line(line),
            None => model.unreadable(),
        }
    }
}

/// Reads all that a source has, as it comes.
pub(crate) fn read_all(
    mut source: impl Read,
    mut change: impl FnMut(&mut dyn FnMut(&mut Model)),
) -> io::Result<()> {
    let mut splitter = Splitter::default();
    let mut buffer = vec![0; CHUNK];
    change(&mut |model| model.line(another_run()));
    loop {
        let count = match source.read(&mut buffer) {
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let mut lines = Vec::new();
        splitter.push(&buffer[..count], &mut lines);
        if count == 0 {
            splitter.end(&mut lines);
        }
        if !lines.is_empty() {
            let mut lines = Some(lines);
            change(&mut |model| take(model, lines.take().unwrap_or_default()));
        }
        if count == 0 {
            return Ok(());
        }
    }
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

    /// Reads what is new. False when there was nothing.
    pub(crate) fn read(&mut self, mut change: impl FnMut(&mut dyn FnMut(&mut Model))) -> io::Result<bool> {
        let mut buffer = vec![0; CHUNK];
        let count = self.file.read(&mut buffer)?;
        if count == 0 {
            return self.reopen();
        }
        self.offset += count as u64;
        let mut lines = Vec::new();
        if !std::mem::replace(&mut self.began, true) {
            lines.push(Some(another_run()));
        }
        self.splitter.push(&buffer[..count], &mut lines);
        let mut lines = Some(lines);
        change(&mut |model| take(model, lines.take().unwrap_or_default()));
        Ok(true)
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

#[cfg(unix)]
fn is_same(a: &Metadata, b: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    (a.dev(), a.ino()) == (b.dev(), b.ino())
}

#[cfg(not(unix))]
fn is_same(_: &Metadata, _: &Metadata) -> bool {
    true
}

/// What a file begins with: its clock is not that of the one before.
fn another_run() -> Line {
    Line::Header(Header { telemetry: crate::VERSION, program: String::new(), pid: 0, system_time: 0 })
}
