//! Finding secrets in what events hold, however they are written, and putting their names there.
//!
//! A text is searched as it is and as each of several readings of it: backslash escapes undone,
//! percent-encoding undone, base64 decoded at each alignment, lists of bytes and characters put
//! together; and readings of readings. A reading knows for each of its bytes where in the text it
//! came from, so what is found there is replaced here. All places are found before any is replaced.
//!
//! Most text has nothing to decode and is only searched as it is. What has is decoded piece by
//! piece, so that a text of any size takes little memory.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use memchr::memmem::Finder;

use crate::secrets::Secret;
use crate::value::{Json, Lazy, Tree, Value};

type Map = serde_json::Map<String, Json>;

/// How many readings deep a text is searched: JSON within a query string within JSON.
const MAX_READINGS: u32 = 3;
/// How many bytes are decoded at a time, at least.
const PIECE: usize = 64 * 1024;
/// How many bytes one byte of a secret may take where it is encoded: `%5Cu0061`, and more.
const EXPANSION: usize = 24;

/// Replaces secrets by their names.
pub(crate) struct Redactor<'s> {
    /// Longest first.
    secrets: Vec<(&'s str, Finder<'s>)>,
    /// The most bytes of one.
    longest: usize,
    /// The fewest bytes of one.
    shortest: usize,
    /// The fewest characters of one.
    fewest: usize,
}

/// A place in a text, or in a list, and the secret that stands there.
struct Hit {
    place: Range<usize>,
    secret: usize,
}

impl<'s> Redactor<'s> {
    pub(crate) fn new(secrets: &'s [Arc<Secret>]) -> Self {
        let mut secrets: Vec<&Secret> = secrets.iter().map(|secret| &**secret).collect();
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.value.len()));
        let length = |secret: Option<&&Secret>| secret.map_or(0, |secret| secret.value.len());
        let (longest, shortest) = (length(secrets.first()), length(secrets.last()));
        let fewest = secrets.iter().map(|secret| secret.value.chars().count()).min().unwrap_or(0);
        let secrets = secrets.into_iter().map(|secret| (&*secret.name, Finder::new(secret.value.as_bytes())));
        Self { secrets: secrets.collect(), longest, shortest, fewest }
    }

    /// Scrubs a text; none if there is nothing to scrub.
    pub(crate) fn text(&self, text: &str) -> Option<String> {
        let mut scrubbed = Vec::new();
        let mut done = 0;
        for Hit { place, secret } in self.find(DecodedText::of(text.as_bytes()))? {
            scrubbed.extend_from_slice(&text.as_bytes()[done..place.start]);
            scrubbed.extend_from_slice(self.placeholder(secret).as_bytes());
            done = place.end;
        }
        scrubbed.extend_from_slice(&text.as_bytes()[done..]);
        // It is UTF-8: what is replaced begins and ends where characters do.
        Some(
            String::from_utf8(scrubbed)
                .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()),
        )
    }

    /// Scrubs a tree; none if there is nothing to scrub.
    pub(crate) fn tree(&self, tree: &Json) -> Option<Json> {
        match tree {
            Json::Null | Json::Bool(_) => None,
            Json::Number(number) => self.text(&number.to_string()).map(Json::String),
            Json::String(text) => self.text(text).map(Json::String),
            Json::Array(items) => self.array(items).map(Json::Array),
            Json::Object(map) => self.map(map).map(Json::Object),
        }
    }

    /// Scrubs a map, keys too. Keys that become one are numbered.
    fn map(&self, map: &Map) -> Option<Map> {
        let mut changed = false;
        let mut note = |scrubbed: bool| changed |= scrubbed;
        let entries: Vec<(Cow<'_, str>, Cow<'_, Json>)> = map
            .iter()
            .map(|(key, value)| {
                let key = self.text(key).map_or(Cow::Borrowed(&**key), Cow::Owned);
                let value = self.tree(value).map_or(Cow::Borrowed(value), Cow::Owned);
                note(matches!(key, Cow::Owned(_)) || matches!(value, Cow::Owned(_)));
                (key, value)
            })
            .collect();
        if !changed {
            return None;
        }
        let mut scrubbed = Map::new();
        let mut numbers = KeyDedup::default();
        for (key, value) in entries {
            let is_taken = |key: &str| scrubbed.contains_key(key) || map.contains_key(key);
            let key = match key {
                Cow::Borrowed(key) => key.to_owned(),
                Cow::Owned(key) => numbers.free(key, is_taken),
            };
            scrubbed.insert(key, value.into_owned());
        }
        Some(scrubbed)
    }

    /// Scrubs a list, of which a part may spell a text out: in bytes, or single characters.
    fn array(&self, items: &[Json]) -> Option<Vec<Json>> {
        let mut scrubbed: Option<Vec<Json>> = None;
        let mut at = 0;
        while at < items.len() {
            let spelled = CharList::at(items, at);
            let end = at + spelled.length.max(1);
            let hits = if spelled.length == 0 { None } else { self.find(spelled.reading) };
            if let Some(hits) = hits {
                let out = scrubbed.get_or_insert_with(|| items[..at].to_vec());
                let mut done = at;
                for Hit { place, secret } in hits {
                    out.extend_from_slice(&items[done..at + place.start]);
                    let placeholder = self.placeholder(secret);
                    if spelled.as_bytes {
                        out.extend(placeholder.bytes().map(Json::from));
                    } else {
                        out.extend(placeholder.chars().map(|c| Json::String(c.into())));
                    }
                    done = at + place.end;
                }
                out.extend_from_slice(&items[done..end]);
            } else if spelled.length == 0
                && let Some(item) = self.tree(&items[at])
            {
                scrubbed.get_or_insert_with(|| items[..at].to_vec()).push(item);
            } else if let Some(out) = &mut scrubbed {
                out.extend_from_slice(&items[at..end]);
            }
            at = end;
        }
        scrubbed
    }

    fn placeholder(&self, secret: usize) -> String {
        format!("[REDACTED:{}]", self.secrets[secret].0)
    }

    /// Where secrets stand, in order and apart; none if nowhere.
    fn find(&self, text: DecodedText<'_>) -> Option<Vec<Hit>> {
        // No way to write a secret is shorter than the secret.
        if text.bytes.len() < self.shortest {
            return None;
        }
        let mut hits = Vec::new();
        self.search(&text, &mut hits);
        if self.may_be_encoded(&text.bytes) {
            let overlap = self.longest.saturating_mul(EXPANSION) + 64;
            let size = PIECE.max(overlap.saturating_mul(2));
            let mut start = 0_usize;
            loop {
                let end = text.bytes.len().min(start.saturating_add(size));
                self.decode(&text.piece(start..end), 0, &mut hits);
                if end == text.bytes.len() {
                    break;
                }
                start = end - overlap;
            }
        }
        if hits.is_empty() {
            return None;
        }
        hits.sort_by_key(|hit| (hit.place.start, std::cmp::Reverse(hit.place.end)));
        let mut apart: Vec<Hit> = Vec::new();
        for hit in hits {
            match apart.last_mut() {
                // Secrets that overlap are one place, so that no part of any is left.
                Some(last) if hit.place.start < last.place.end => {
                    last.place.end = last.place.end.max(hit.place.end);
                    last.secret = last.secret.min(hit.secret);
                }
                _ => apart.push(hit),
            }
        }
        Some(apart)
    }

    /// Looks for secrets as they are, and with any of their bytes escaped or percent-encoded.
    ///
    /// The latter needs no reading, in which an escape may be taken for another by what stands before
    /// it: `\\u0061` is a backslash and five characters, or a backslash and an `a`.
    fn search(&self, reading: &DecodedText<'_>, hits: &mut Vec<Hit>) {
        let bytes = &*reading.bytes;
        let is_escaped = memchr::memchr3(b'\\', b'%', b'+', bytes).is_some();
        for (secret, (_, finder)) in self.secrets.iter().enumerate() {
            let value = finder.needle();
            let mut hit = |part| hits.push(Hit { place: reading.place(part), secret });
            finder.find_iter(bytes).for_each(|start| hit(start..start + value.len()));
            if is_escaped {
                let starts = |byte| byte == value[0] || matches!(byte, b'\\' | b'%' | b'+');
                for start in (0..bytes.len()).filter(|start| starts(bytes[*start])) {
                    if let Some(length) = escaped_length(&bytes[start..], value) {
                        hit(start..start + length);
                    }
                }
            }
        }
    }

    /// Looks for secrets in what can be read here, and in what can be read there.
    fn decode(&self, reading: &DecodedText<'_>, depth: u32, hits: &mut Vec<Hit>) {
        if depth == MAX_READINGS {
            return;
        }
        let mut look = |found: DecodedText<'_>| {
            if found.bytes.len() >= self.shortest {
                self.search(&found, hits);
                self.decode(&found, depth + 1, hits);
            }
        };
        unescaped(reading).map(&mut look);
        percent_decoded(reading, false).map(&mut look);
        percent_decoded(reading, true).map(&mut look);
        listed(reading, self.shortest, &mut look);
        base64_decoded(reading, self.digits(), &mut look);
    }

    /// How many digits of base64 hold the shortest secret.
    fn digits(&self) -> usize {
        (self.shortest * 8).div_ceil(6)
    }

    /// Whether there is anything to decode: most text has nothing.
    fn may_be_encoded(&self, bytes: &[u8]) -> bool {
        // Digits of base64 may stand in lines.
        let longest_run = || {
            let (mut run, mut longest, mut new_line) = (0, 0, false);
            for byte in bytes {
                match byte {
                    _ if digit(*byte).is_some() => (run, new_line) = (run + 1, false),
                    b'\r' => {}
                    b'\n' => new_line = true,
                    b' ' | b'\t' if new_line => {}
                    _ => run = 0,
                }
                longest = usize::max(longest, run);
            }
            longest
        };
        memchr::memchr3(b'\\', b'%', b'+', bytes).is_some()
            || memchr::memchr_iter(b',', bytes).nth(self.fewest.saturating_sub(2)).is_some()
            || longest_run() >= self.digits()
    }
}

/// KeyDedup for keys that have become one.
#[derive(Default)]
struct KeyDedup(HashMap<String, u64>);

impl KeyDedup {
    /// The key, with a number if it is taken.
    fn free(&mut self, key: String, is_taken: impl Fn(&str) -> bool) -> String {
        if !is_taken(&key) {
            return key;
        }
        let number = self.0.entry(key.clone()).or_insert(1);
        loop {
            *number += 1;
            let free = format!("{key}#{number}");
            if !is_taken(&free) {
                return free;
            }
        }
    }
}

/// Keys and values without secrets, which scrub a lazy value when somebody looks at it.
pub(crate) struct RedactedFields<'e>(Vec<(Cow<'e, str>, RedactedValue<'e>)>);

enum RedactedValue<'e> {
    Clean(Value<'e>),
    Scrubbed(Json),
    Lazy(LazyRedacted<'e>),
}

impl<'e> RedactedFields<'e> {
    /// `is_name` says which keys are names of ours rather than content.
    pub(crate) fn of(
        entries: impl Iterator<Item = (&'e str, Value<'e>)>,
        redactor: &'e Redactor<'e>,
        is_name: impl Fn(&str) -> bool,
    ) -> Self {
        let mut hidden: Vec<(Cow<'e, str>, RedactedValue<'e>)> = Vec::new();
        let mut numbers = KeyDedup::default();
        for (key, value) in entries {
            let key = match redactor.text(key).filter(|_| !is_name(key)) {
                None => Cow::Borrowed(key),
                Some(scrubbed) => {
                    Cow::Owned(numbers.free(scrubbed, |key| hidden.iter().any(|(known, _)| known == key)))
                }
            };
            let value = match value {
                Value::Null | Value::Bool(_) => RedactedValue::Clean(value),
                Value::Lazy(value) => {
                    RedactedValue::Lazy(LazyRedacted { value, redactor, scrubbed: OnceCell::new() })
                }
                Value::Str(text) => match redactor.text(text) {
                    Some(scrubbed) => RedactedValue::Scrubbed(Json::String(scrubbed)),
                    None => RedactedValue::Clean(value),
                },
                Value::Json(tree) => {
                    redactor.tree(tree).map_or(RedactedValue::Clean(value), RedactedValue::Scrubbed)
                }
                Value::I64(_) | Value::U64(_) | Value::F64(_) => redactor
                    .tree(&value.to_json())
                    .map_or(RedactedValue::Clean(value), RedactedValue::Scrubbed),
            };
            hidden.push((key, value));
        }
        Self(hidden)
    }

    pub(crate) fn entries(&self) -> Vec<(&str, Value<'_>)> {
        let value = |value| match value {
            &RedactedValue::Clean(value) => value,
            RedactedValue::Scrubbed(tree) => Value::Json(tree),
            RedactedValue::Lazy(later) => Value::Lazy(Lazy(later)),
        };
        self.0.iter().map(|(key, hidden)| (&**key, value(hidden))).collect()
    }
}

/// A lazy value, scrubbed when it is looked at, once.
struct LazyRedacted<'e> {
    value: Lazy<'e>,
    redactor: &'e Redactor<'e>,
    scrubbed: OnceCell<Option<Json>>,
}

impl Tree for LazyRedacted<'_> {
    fn tree(&self) -> Option<Json> {
        let scrub = || {
            let tree = self.value.0.tree()?;
            Some(self.redactor.tree(&tree).unwrap_or(tree))
        };
        self.scrubbed.get_or_init(scrub).clone()
    }
}

/// One way to read a text.
struct DecodedText<'t> {
    bytes: Cow<'t, [u8]>,
    places: SourceMap,
}

/// Where in the text each byte is written.
enum SourceMap {
    /// As it stands, from there on.
    From(usize),
    /// Each in a place of its own, counted from there on.
    Table(usize, Vec<(u32, u32)>),
}

impl<'t> DecodedText<'t> {
    fn of(bytes: &'t [u8]) -> Self {
        Self { bytes: Cow::Borrowed(bytes), places: SourceMap::From(0) }
    }

    /// Nothing yet, of what is near the place of another reading.
    fn near(other: &DecodedText<'_>) -> Self {
        let base = match other.places {
            SourceMap::From(base) | SourceMap::Table(base, _) => base,
        };
        Self { bytes: Cow::Owned(Vec::new()), places: SourceMap::Table(base, Vec::new()) }
    }

    /// Where in the text a part of this reading is written.
    fn place(&self, part: Range<usize>) -> Range<usize> {
        match &self.places {
            SourceMap::From(base) => base + part.start..base + part.end,
            SourceMap::Table(base, table) => {
                base + table[part.start].0 as usize..base + table[part.end - 1].1 as usize
            }
        }
    }

    fn piece(&self, part: Range<usize>) -> DecodedText<'_> {
        let bytes = Cow::Borrowed(&self.bytes[part.clone()]);
        let places = match &self.places {
            SourceMap::From(base) => SourceMap::From(base + part.start),
            SourceMap::Table(base, table) => SourceMap::Table(*base, table[part].to_vec()),
        };
        DecodedText { bytes, places }
    }

    /// Adds what is written at a part of another reading.
    fn push(&mut self, bytes: &[u8], from: &DecodedText<'_>, part: Range<usize>) {
        let place = from.place(part);
        if let SourceMap::Table(base, table) = &mut self.places {
            // A piece is small, and so are places within it.
            let within = |at: usize| u32::try_from(at - *base).unwrap_or(u32::MAX);
            table.extend(bytes.iter().map(|_| (within(place.start), within(place.end))));
        }
        self.bytes.to_mut().extend_from_slice(bytes);
    }

    /// The same reading, if anything was undone.
    fn if_new(self, from: &DecodedText<'_>) -> Option<Self> {
        (self.bytes.len() < from.bytes.len()).then_some(self)
    }
}

/// How long a value is that stands here with any of its bytes escaped.
fn escaped_length(bytes: &[u8], value: &[u8]) -> Option<usize> {
    // Where in the bytes and in the value: nearly always one way to go on, or none.
    let mut ways = vec![(0, 0)];
    let mut tried = 0;
    while let Some((at, done)) = ways.pop() {
        if done == value.len() {
            return Some(at);
        }
        tried += 1;
        if tried > 4 * value.len() {
            break;
        }
        let (here, rest) = (bytes.get(at..).unwrap_or_default(), &value[done..]);
        match here.first() {
            Some(b'\\') => {
                if let Some((length, escaped)) = escape(here)
                    && rest.starts_with(escaped.bytes(&mut [0; 4]))
                {
                    ways.push((at + length, done + escaped.bytes(&mut [0; 4]).len()));
                }
            }
            Some(b'%') if percent_escape(here) == Some(rest[0]) => ways.push((at + 3, done + 1)),
            Some(b'+') if rest[0] == b' ' => ways.push((at + 1, done + 1)),
            _ => {}
        }
        if here.first() == Some(&rest[0]) {
            ways.push((at + 1, done + 1));
        }
    }
    None
}

/// Backslash escapes undone, as of JSON and of Rust's `Debug`.
fn unescaped<'t>(reading: &DecodedText<'_>) -> Option<DecodedText<'t>> {
    memchr::memchr(b'\\', &reading.bytes)?;
    let bytes = &reading.bytes;
    let mut out = DecodedText::near(reading);
    let mut at = 0;
    while at < bytes.len() {
        let (length, escaped) = escape(&bytes[at..]).unwrap_or((1, Escaped::Byte(bytes[at])));
        out.push(escaped.bytes(&mut [0; 4]), reading, at..at + length);
        at += length;
    }
    out.if_new(reading)
}

enum Escaped {
    Byte(u8),
    Char(char),
}

impl Escaped {
    fn bytes<'b>(&self, buffer: &'b mut [u8; 4]) -> &'b [u8] {
        match self {
            Self::Byte(byte) => {
                buffer[0] = *byte;
                &buffer[..1]
            }
            Self::Char(c) => c.encode_utf8(buffer).as_bytes(),
        }
    }
}

/// What the escape that begins here stands for, and how long it is.
fn escape(bytes: &[u8]) -> Option<(usize, Escaped)> {
    let [b'\\', kind, ..] = *bytes else { return None };
    let byte = match kind {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'b' => 8,
        b'f' => 12,
        b'0' => 0,
        b'"' | b'\\' | b'/' | b'\'' => kind,
        b'x' => return Some((4, Escaped::Byte(u8::try_from(hex(bytes.get(2..4))?).ok()?))),
        b'u' => return unicode_escape(bytes),
        _ => return None,
    };
    Some((2, Escaped::Byte(byte)))
}

/// `\u{1f600}` as Rust writes it; `\u00e9` and `\ud83d\ude00` as JSON does.
fn unicode_escape(bytes: &[u8]) -> Option<(usize, Escaped)> {
    if bytes.get(2) == Some(&b'{') {
        let close = bytes.iter().take(12).position(|byte| *byte == b'}')?;
        let c = char::from_u32(hex(bytes.get(3..close))?)?;
        return Some((close + 1, Escaped::Char(c)));
    }
    let first = hex(bytes.get(2..6))?;
    if let Some(c) = char::from_u32(first) {
        return Some((6, Escaped::Char(c)));
    }
    if bytes.get(6..8) != Some(b"\\u") {
        return None;
    }
    let second = hex(bytes.get(8..12))?;
    let units = [u16::try_from(first).ok()?, u16::try_from(second).ok()?];
    let c = char::decode_utf16(units).next()?.ok()?;
    Some((12, Escaped::Char(c)))
}

fn hex(digits: Option<&[u8]>) -> Option<u32> {
    let digits = std::str::from_utf8(digits?).ok()?;
    let all = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    if all { u32::from_str_radix(digits, 16).ok() } else { None }
}

/// Percent-encoding undone; in a form a space may be a plus.
fn percent_decoded<'t>(reading: &DecodedText<'_>, form: bool) -> Option<DecodedText<'t>> {
    let bytes = &reading.bytes;
    memchr::memchr(if form { b'+' } else { b'%' }, bytes)?;
    let mut out = DecodedText::near(reading);
    let mut at = 0;
    while at < bytes.len() {
        let (length, byte) = match bytes[at] {
            b'%' => percent_escape(&bytes[at..]).map_or((1, b'%'), |byte| (3, byte)),
            b'+' if form => (1, b' '),
            byte => (1, byte),
        };
        out.push(&[byte], reading, at..at + length);
        at += length;
    }
    if form { Some(out) } else { out.if_new(reading) }
}

/// The byte that a percent sign and two digits stand for.
fn percent_escape(bytes: &[u8]) -> Option<u8> {
    u8::try_from(hex(bytes.get(1..3))?).ok()
}

/// What a digit of base64 stands for, in either alphabet.
fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

/// Each run of base64 decoded, at each of its four alignments: what stands before it may belong to
/// it or not. A run may go on in the next line.
fn base64_decoded(reading: &DecodedText<'_>, shortest: usize, look: &mut impl FnMut(DecodedText<'_>)) {
    let bytes = &reading.bytes;
    // The digits of a run, and where each stands.
    let mut run: Vec<(u8, usize)> = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        run.clear();
        while at < bytes.len() {
            if let Some(digit) = digit(bytes[at]) {
                run.push((digit, at));
                at += 1;
                continue;
            }
            let blank = bytes[at..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n' | b' ' | b'\t'));
            let blank = blank.count();
            if run.is_empty() || !bytes[at..at + blank].contains(&b'\n') {
                break;
            }
            at += blank;
        }
        if run.len() >= shortest {
            for skipped in 0..4.min(run.len()) {
                look(base64_run(reading, &run[skipped..]));
            }
        }
        at += usize::from(run.is_empty());
    }
}

fn base64_run<'t>(reading: &DecodedText<'_>, digits: &[(u8, usize)]) -> DecodedText<'t> {
    let mut out = DecodedText::near(reading);
    for four in digits.chunks(4) {
        let bits = four.iter().fold(0_u32, |bits, (digit, _)| bits << 6 | u32::from(*digit));
        // Two digits hold a byte, three two, four three; byte n is in digits n and n + 1.
        let bits = bits << (6 * (4 - four.len()));
        for n in 0..four.len().saturating_sub(1) {
            let byte = bits.to_be_bytes()[n + 1];
            out.push(&[byte], reading, four[n].1..four[n + 1].1 + 1);
        }
    }
    out
}

/// Each list of bytes, as `Debug` and JSON write it, `[104, 105]`, and each of characters, `['h', 'i']`.
fn listed(reading: &DecodedText<'_>, shortest: usize, look: &mut impl FnMut(DecodedText<'_>)) {
    let bytes = &reading.bytes;
    if memchr::memchr(b',', bytes).is_none() {
        return;
    }
    let mut at = 0;
    while at < bytes.len() {
        let Some((mut length, first)) = element(&bytes[at..]) else {
            // No part of a number is one.
            at += bytes[at..].iter().take_while(|byte| byte.is_ascii_digit()).count().max(1);
            continue;
        };
        let mut out = DecodedText::near(reading);
        let (start, mut kept) = (at, first);
        loop {
            out.push(kept.bytes(&mut [0; 4]), reading, at..at + length);
            at += length;
            let Some(gap) = separator(&bytes[at..]) else { break };
            let Some((next, element)) = element(&bytes[at + gap..]) else { break };
            at += gap;
            (length, kept) = (next, element);
        }
        if out.bytes.len() >= shortest {
            look(out);
        } else {
            // What looked like the quote of one may be that of the next.
            at = start + 1;
        }
    }
}

/// A byte in decimal digits, or a character in quotes, and its length.
fn element(bytes: &[u8]) -> Option<(usize, Escaped)> {
    match *bytes.first()? {
        quote @ (b'"' | b'\'') => {
            let (length, c) = match escape(&bytes[1..]) {
                Some(escaped) => escaped,
                None => {
                    let text = bytes[1..].get(..4).unwrap_or(&bytes[1..]);
                    let c = text.utf8_chunks().next()?.valid().chars().next()?;
                    (c.len_utf8(), Escaped::Char(c))
                }
            };
            (bytes.get(1 + length) == Some(&quote)).then_some((length + 2, c))
        }
        b'-' | b'0'..=b'9' => {
            let sign = usize::from(bytes[0] == b'-');
            let digits = bytes[sign..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            let text = std::str::from_utf8(&bytes[..sign + digits]).ok()?;
            byte_of(text.parse().ok()?).map(|byte| (sign + digits, Escaped::Byte(byte)))
        }
        _ => None,
    }
}

/// The length of a comma with blanks around it.
fn separator(bytes: &[u8]) -> Option<usize> {
    let blank = |bytes: &[u8]| bytes.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    let before = blank(bytes);
    (bytes.get(before) == Some(&b',')).then(|| before + 1 + blank(&bytes[before + 1..]))
}

/// The byte that a number is, as a `u8` or an `i8`.
fn byte_of(number: i64) -> Option<u8> {
    u8::try_from(number).ok().or_else(|| i8::try_from(number).ok().map(i8::cast_unsigned))
}

/// The part of a list that spells a text out.
struct CharList {
    reading: DecodedText<'static>,
    /// How many items; none if the first is nothing of that kind.
    length: usize,
    as_bytes: bool,
}

impl CharList {
    fn at(items: &[Json], start: usize) -> Self {
        let (mut bytes, mut table) = (Vec::new(), Vec::new());
        let as_bytes = items[start].is_number();
        let mut length = 0;
        for item in &items[start..] {
            let place = u32::try_from(length).unwrap_or(u32::MAX - 1);
            let before = bytes.len();
            match item {
                Json::Number(number) if as_bytes => {
                    let Some(byte) = number.as_i64().and_then(byte_of) else { break };
                    bytes.push(byte);
                }
                Json::String(text) if !as_bytes && text.chars().nth(1).is_none() => {
                    bytes.extend_from_slice(text.as_bytes());
                }
                _ => break,
            }
            table.resize(table.len() + bytes.len() - before, (place, place + 1));
            length += 1;
        }
        let reading = DecodedText { bytes: Cow::Owned(bytes), places: SourceMap::Table(0, table) };
        Self { reading, length, as_bytes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(reading: &DecodedText<'_>) -> String {
        String::from_utf8_lossy(&reading.bytes).into_owned()
    }

    fn each(read: impl FnOnce(&mut dyn FnMut(DecodedText<'_>))) -> Vec<String> {
        let mut found = Vec::new();
        read(&mut |reading| found.push(text(&reading)));
        found
    }

    #[test]
    fn readings_undo_what_encoders_do() {
        let read = |text: &'static str| DecodedText::of(text.as_bytes());
        assert_eq!(text(&unescaped(&read(r#"a\"b\n\u00e9\u{e9}\x41"#)).unwrap()), "a\"b\néé\u{41}");
        assert_eq!(text(&percent_decoded(&read("a%20b%2Fc%2f%zz"), false).unwrap()), "a b/c/%zz");
        let decoded = each(|mut look| base64_decoded(&read("aGVsbG8gd2\n9ybGQ="), 6, &mut look));
        assert!(decoded.iter().any(|text| text == "hello world"), "{decoded:?}");
        let listed_in = |text| each(|mut look| listed(&read(text), 2, &mut look));
        assert_eq!(listed_in("x [104, 105,\n 33] ['h', '\\'', 'é'] [300, 104]"), ["hi!", "h'é"]);
    }

    #[test]
    fn what_has_nothing_to_decode_is_left_alone() {
        for plain in ["", "plain text", "\\", "\\q", "%", "%zz", "\\u{110000}", "\\ud800", "\\x4"] {
            let reading = DecodedText::of(plain.as_bytes());
            assert!(unescaped(&reading).is_none() && percent_decoded(&reading, false).is_none(), "{plain}");
        }
    }
}
