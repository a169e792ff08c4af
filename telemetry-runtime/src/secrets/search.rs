//! Finding secrets in bytes, as they are and with any of their bytes escaped or percent-encoded.
//!
//! The secrets are sorted, so that those with a common beginning are neighbours: walking along a text narrows the
//! range of those that may stand there. The cost of a position does not depend on how many secrets there are.

use std::ops::Range;
use std::sync::Arc;

use zeroize::Zeroize;

use super::decode::{escape, percent_escape};
use super::secret::Secret;

/// A place in a text, or in a list, and the secret that stands there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hit {
    pub(super) place: Range<usize>,
    pub(super) secret: usize,
}

/// Looks for a set of secrets.
pub(super) struct Searcher {
    /// Sorted by their bytes.
    secrets: Vec<Arc<Secret>>,
    /// For two bytes, hashed: whether a secret may begin with them. Most positions are passed by after this look.
    beginnings: Box<[bool; BEGINNINGS]>,
    /// The most and the fewest bytes of one.
    pub(super) longest: usize,
    pub(super) shortest: usize,
    /// Whether one may stand in the text of a number.
    pub(super) numeric: bool,
}

const BEGINNINGS: usize = 1 << 13;

/// How the special bytes of a text are read on one walk.
#[derive(Clone, Copy)]
struct Mode {
    escapes: bool,
    percents: bool,
}

/// How far a walk has come: the secrets that may stand here, and how many of their bytes did.
#[derive(Clone, Copy)]
struct Step {
    at: usize,
    low: usize,
    high: usize,
    depth: usize,
}

/// The special bytes that a walk met.
#[derive(Default)]
struct Met {
    backslash: bool,
    percent: bool,
}

fn pair(first: u8, second: u8) -> usize {
    usize::from(first) << 5 ^ usize::from(second)
}

/// The beginnings of secrets are wiped with them.
impl Drop for Searcher {
    fn drop(&mut self) {
        self.beginnings.zeroize();
    }
}

impl Searcher {
    pub(super) fn new(secrets: &[Arc<Secret>]) -> Self {
        let mut secrets = secrets.to_vec();
        secrets.sort_by(|one, other| one.value.as_bytes().cmp(other.value.as_bytes()));
        let lengths = || secrets.iter().map(|secret| secret.value.len());
        let is_numeric = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E');
        let numeric = secrets.iter().any(|secret| secret.value.bytes().all(is_numeric));
        let (longest, shortest) = (lengths().max().unwrap_or(0), lengths().min().unwrap_or(0));
        let mut searcher =
            Self { secrets, beginnings: Box::new([false; BEGINNINGS]), longest, shortest, numeric };
        searcher.note_beginnings();
        searcher
    }

    fn note_beginnings(&mut self) {
        let beginnings = &mut self.beginnings;
        let mut note = |first, second| beginnings[pair(first, second)] = true;
        for secret in &self.secrets {
            let &[first, second, ..] = secret.value.as_bytes() else { continue };
            // What follows may be written as it is, or begin an escape.
            let mut followed = |first| {
                note(first, second);
                note(first, b'\\');
                note(first, b'%');
                if second == b' ' {
                    note(first, b'+');
                }
            };
            followed(first);
            if first == b' ' {
                followed(b'+');
            }
            for kind in b"nrtbf0\"\\/'" {
                if let Some((_, escaped)) = escape(&[b'\\', *kind])
                    && escaped.bytes(&mut [0; 4])[0] == first
                {
                    note(b'\\', *kind);
                }
            }
            note(b'\\', b'x');
            note(b'\\', b'u');
            let high = first >> 4;
            let digit = |letters: u8| if high < 10 { b'0' + high } else { letters + high - 10 };
            note(b'%', digit(b'a'));
            note(b'%', digit(b'A'));
        }
    }

    pub(super) fn secret(&self, index: usize) -> &Secret {
        &self.secrets[index]
    }

    /// Adds the places where secrets stand.
    pub(super) fn search(&self, bytes: &[u8], hits: &mut Vec<Hit>) {
        if bytes.len() < self.shortest {
            return;
        }
        for (start, two) in bytes.windows(2).enumerate() {
            if self.beginnings[pair(two[0], two[1])] {
                self.search_at(bytes, start, hits);
            }
        }
    }

    /// Real encoders escape all of a secret or nothing of it, but which is not known: a backslash or a percent
    /// sign may be one of the secret's own.
    fn search_at(&self, bytes: &[u8], start: usize, hits: &mut Vec<Hit>) {
        let begin = Step { at: start, low: 0, high: self.secrets.len(), depth: 0 };
        // What any of the walks met: one that ends at the first sign does not reach the second.
        let mut met = Met::default();
        let mut walk = |escapes, percents, met: &mut Met| {
            let mut hit = |end, secret| hits.push(Hit { place: start..end, secret });
            self.walk(bytes, begin, Mode { escapes, percents }, met, &mut hit);
        };
        walk(true, true, &mut met);
        if met.backslash {
            walk(false, true, &mut met);
        }
        if met.percent {
            walk(true, false, &mut met);
        }
        if met.backslash && met.percent {
            walk(false, false, &mut met);
        }
    }

    fn walk(
        &self,
        bytes: &[u8],
        mut step: Step,
        mode: Mode,
        met: &mut Met,
        hit: &mut impl FnMut(usize, usize),
    ) {
        loop {
            while step.low < step.high && self.secrets[step.low].value.len() == step.depth {
                hit(step.at, step.low);
                step.low += 1;
            }
            let Some(&byte) = bytes.get(step.at) else { return };
            if step.low == step.high {
                return;
            }
            let here = &bytes[step.at..];
            let mut length = 1;
            let known = match byte {
                b'\\' => {
                    met.backslash = true;
                    match escape(here).filter(|_| mode.escapes) {
                        Some((escaped, text)) => {
                            length = escaped;
                            text.bytes(&mut [0; 4]).iter().all(|byte| self.narrow(&mut step, *byte))
                        }
                        None => self.narrow(&mut step, byte),
                    }
                }
                b'%' => {
                    met.percent = true;
                    match percent_escape(here).filter(|_| mode.percents) {
                        Some(byte) => {
                            length = 3;
                            self.narrow(&mut step, byte)
                        }
                        None => self.narrow(&mut step, byte),
                    }
                }
                b'+' => {
                    let mut as_blank = Step { at: step.at + 1, ..step };
                    if self.narrow(&mut as_blank, b' ') {
                        self.walk(bytes, as_blank, mode, met, hit);
                    }
                    self.narrow(&mut step, byte)
                }
                _ => self.narrow(&mut step, byte),
            };
            if !known {
                return;
            }
            step.at += length;
        }
    }

    /// Goes on to the secrets whose next byte is this one; false if no secret goes on so.
    fn narrow(&self, step: &mut Step, byte: u8) -> bool {
        let next = |secret: &Arc<Secret>| secret.value.as_bytes().get(step.depth).copied();
        let range = &self.secrets[step.low..step.high];
        if let [one] = range {
            if next(one) != Some(byte) {
                return false;
            }
        } else {
            let low = range.partition_point(|secret| next(secret) < Some(byte));
            let high = range.partition_point(|secret| next(secret) <= Some(byte));
            if low == high {
                return false;
            }
            (step.low, step.high) = (step.low + low, step.low + high);
        }
        step.depth += 1;
        true
    }
}
