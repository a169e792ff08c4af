//! Finding secrets in what events hold, however they are written, and putting their names there.
//!
//! A text is searched as it is and as each of several readings of it: backslash escapes undone,
//! percent-encoding undone, base64 decoded at each alignment, and readings of readings. A reading
//! knows for each of its bytes where in the text it came from, so what is found there is replaced
//! here. All places are found before any is replaced.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use memchr::memmem;
use serde_json::Number;

use crate::secrets::Secret;
use crate::value::Json;

/// How many readings deep a text is searched: JSON within a query string within JSON.
const MAX_READINGS: u32 = 3;

/// Replaces secrets by their names.
pub(crate) struct Redactor<'s> {
    /// Longest first, each with what finds it.
    secrets: Vec<(&'s Secret, memmem::Finder<'s>)>,
}

/// A place in a text and the secret that stands there.
struct Hit {
    place: Range<usize>,
    secret: usize,
}

impl<'s> Redactor<'s> {
    pub(crate) fn new(secrets: &'s [Arc<Secret>]) -> Self {
        let mut secrets: Vec<&Secret> = secrets.iter().map(|secret| &**secret).collect();
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.value.len()));
        let with_finder = |secret: &'s Secret| (secret, memmem::Finder::new(secret.value.as_bytes()));
        Self { secrets: secrets.into_iter().map(with_finder).collect() }
    }

    /// Scrubs a whole map, keys too.
    pub(crate) fn map(&self, map: &mut serde_json::Map<String, Json>) {
        let scrubbed: Vec<(String, String)> =
            map.keys().filter_map(|key| Some((key.clone(), self.text(key)?))).collect();
        for (key, scrubbed) in scrubbed {
            if let Some(value) = map.remove(&key) {
                let mut free = scrubbed.clone();
                let mut count = 1;
                while map.contains_key(&free) {
                    count += 1;
                    free = format!("{scrubbed}#{count}");
                }
                map.insert(free, value);
            }
        }
        for value in map.values_mut() {
            self.value(value);
        }
    }

    /// Scrubs a tree.
    pub(crate) fn value(&self, value: &mut Json) {
        match value {
            Json::Null | Json::Bool(_) => {}
            Json::Number(number) => {
                if let Some(scrubbed) = self.text(&number.to_string()) {
                    *value = Json::String(scrubbed);
                }
            }
            Json::String(text) => {
                if let Some(scrubbed) = self.text(text) {
                    *text = scrubbed;
                }
            }
            Json::Array(items) => {
                self.sequence(items);
                for item in items {
                    self.value(item);
                }
            }
            Json::Object(map) => self.map(map),
        }
    }

    /// Scrubs a text; none if there is nothing to scrub.
    pub(crate) fn text(&self, text: &str) -> Option<String> {
        let scrubbed = self.bytes(text.as_bytes())?;
        Some(
            String::from_utf8(scrubbed)
                .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()),
        )
    }

    /// Scrubs a list that spells a text out: bytes, or single characters.
    fn sequence(&self, items: &mut Vec<Json>) {
        if items.is_empty() {
            return;
        }
        let bytes: Option<Vec<u8>> =
            items.iter().map(|item| item.as_u64().and_then(|number| u8::try_from(number).ok())).collect();
        if let Some(bytes) = bytes {
            if let Some(scrubbed) = self.bytes(&bytes) {
                *items = scrubbed.into_iter().map(|byte| Json::Number(Number::from(byte))).collect();
            }
            return;
        }
        let is_char = |text: &&str| text.chars().nth(1).is_none();
        let text: Option<String> = items.iter().map(|item| item.as_str().filter(is_char)).collect();
        if let Some(scrubbed) = text.and_then(|text| self.text(&text)) {
            *items = scrubbed.chars().map(|c| Json::String(c.to_string())).collect();
        }
    }

    fn bytes(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let mut hits = Vec::new();
        self.search(&Reading::of(bytes), 0, &mut hits);
        if hits.is_empty() {
            return None;
        }
        hits.sort_by_key(|hit| (hit.place.start, std::cmp::Reverse(hit.place.end)));
        let mut scrubbed = Vec::with_capacity(bytes.len());
        let mut done = 0;
        let mut hits = hits.into_iter().peekable();
        while let Some(mut hit) = hits.next() {
            // Secrets that overlap are one place, so that no part of any is left.
            while let Some(next) = hits.next_if(|next| next.place.start < hit.place.end) {
                hit.place.end = hit.place.end.max(next.place.end);
                hit.secret = hit.secret.min(next.secret);
            }
            scrubbed.extend_from_slice(&bytes[done..hit.place.start]);
            scrubbed.extend_from_slice(b"[REDACTED:");
            scrubbed.extend_from_slice(self.secrets[hit.secret].0.name.as_bytes());
            scrubbed.push(b']');
            done = hit.place.end;
        }
        scrubbed.extend_from_slice(&bytes[done..]);
        Some(scrubbed)
    }

    /// The fewest digits of base64 that a secret takes, wherever it begins in them.
    fn shortest(&self) -> usize {
        self.secrets.last().map_or(usize::MAX, |(secret, _)| secret.value.len() * 8 / 6)
    }

    fn search(&self, reading: &Reading<'_>, depth: u32, hits: &mut Vec<Hit>) {
        for (index, (secret, finder)) in self.secrets.iter().enumerate() {
            for start in finder.find_iter(&reading.bytes) {
                let place = reading.place(start..start + secret.value.len());
                hits.push(Hit { place, secret: index });
            }
        }
        if depth < MAX_READINGS {
            let readings =
                [unescaped(reading), percent_decoded(reading, false), percent_decoded(reading, true)];
            for reading in readings.into_iter().flatten().chain(base64_decoded(reading, self.shortest())) {
                self.search(&reading, depth + 1, hits);
            }
        }
    }
}

/// One way to read a text.
struct Reading<'t> {
    bytes: Cow<'t, [u8]>,
    /// Where in the text each byte is written; none for the text itself.
    places: Option<Vec<Range<usize>>>,
}

impl<'t> Reading<'t> {
    fn of(bytes: &'t [u8]) -> Self {
        Self { bytes: Cow::Borrowed(bytes), places: None }
    }

    fn decoded(bytes: Vec<u8>, places: Vec<Range<usize>>) -> Self {
        Self { bytes: Cow::Owned(bytes), places: Some(places) }
    }

    /// Where in the text a part of this reading is written.
    fn place(&self, part: Range<usize>) -> Range<usize> {
        match &self.places {
            None => part,
            Some(places) => places[part.start].start..places[part.end - 1].end,
        }
    }
}

/// A reading while it is made.
#[derive(Default)]
struct Decoded {
    bytes: Vec<u8>,
    places: Vec<Range<usize>>,
}

impl Decoded {
    fn push(&mut self, bytes: &[u8], place: Range<usize>) {
        self.bytes.extend_from_slice(bytes);
        self.places.extend(std::iter::repeat_n(place, bytes.len()));
    }
}

/// Backslash escapes undone, as of JSON and of Rust's `Debug`.
fn unescaped(reading: &Reading<'_>) -> Option<Reading<'static>> {
    memchr::memchr(b'\\', &reading.bytes)?;
    let bytes = &reading.bytes;
    let mut out = Decoded::default();
    let mut at = 0;
    while at < bytes.len() {
        let (length, read) = match bytes[at..] {
            [b'\\', kind, ..] => escape(&bytes[at..], kind),
            _ => (1, Escaped::Byte(bytes[at])),
        };
        match read {
            Escaped::Byte(byte) => out.push(&[byte], reading.place(at..at + length)),
            Escaped::Char(c) => {
                out.push(c.encode_utf8(&mut [0; 4]).as_bytes(), reading.place(at..at + length));
            }
        }
        at += length;
    }
    Some(Reading::decoded(out.bytes, out.places))
}

enum Escaped {
    Byte(u8),
    Char(char),
}

/// What an escape that begins with a backslash and `kind` stands for, and how long it is.
fn escape(bytes: &[u8], kind: u8) -> (usize, Escaped) {
    let simple = |byte| (2, Escaped::Byte(byte));
    match kind {
        b'n' => simple(b'\n'),
        b'r' => simple(b'\r'),
        b't' => simple(b'\t'),
        b'b' => simple(8),
        b'f' => simple(12),
        b'0' => simple(0),
        b'"' | b'\\' | b'/' | b'\'' => simple(kind),
        b'x' => match hex(bytes.get(2..4)) {
            Some(byte) => (4, Escaped::Byte(u8::try_from(byte).unwrap_or(b'?'))),
            None => (1, Escaped::Byte(b'\\')),
        },
        b'u' => unicode_escape(bytes).unwrap_or((1, Escaped::Byte(b'\\'))),
        _ => (1, Escaped::Byte(b'\\')),
    }
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
fn percent_decoded(reading: &Reading<'_>, form: bool) -> Option<Reading<'static>> {
    let bytes = &reading.bytes;
    if form {
        memchr::memchr(b'+', bytes)?;
    } else {
        memchr::memchr(b'%', bytes)?;
    }
    let mut out = Decoded::default();
    let mut at = 0;
    while at < bytes.len() {
        let (length, byte) = match bytes[at] {
            b'%' => match hex(bytes.get(at + 1..at + 3)).and_then(|byte| u8::try_from(byte).ok()) {
                Some(byte) => (3, byte),
                None => (1, b'%'),
            },
            b'+' if form => (1, b' '),
            byte => (1, byte),
        };
        out.push(&[byte], reading.place(at..at + length));
        at += length;
    }
    Some(Reading::decoded(out.bytes, out.places))
}

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_allow_trailing_bits(true)
    .with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::STANDARD, LENIENT);

/// Each run of base64 decoded, at each of its four alignments: what stands before it may belong to
/// it or not. Both alphabets are read as one.
fn base64_decoded(reading: &Reading<'_>, shortest: usize) -> Vec<Reading<'static>> {
    let mut readings = Vec::new();
    let bytes = &reading.bytes;
    let is_digit = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_');
    let mut at = 0;
    while at < bytes.len() {
        let length = bytes[at..].iter().take_while(|byte| is_digit(**byte)).count();
        if length >= shortest {
            for skipped in 0..4.min(length) {
                readings.extend(base64_run(reading, at + skipped..at + length));
            }
        }
        at += length.max(1);
    }
    readings
}

fn base64_run(reading: &Reading<'_>, mut run: Range<usize>) -> Option<Reading<'static>> {
    if run.len() % 4 == 1 {
        // One digit alone holds no byte.
        run.end -= 1;
    }
    let digits: Vec<u8> = reading.bytes[run.clone()]
        .iter()
        .map(|digit| match digit {
            b'-' => b'+',
            b'_' => b'/',
            digit => *digit,
        })
        .collect();
    let bytes = STANDARD.decode(digits).ok()?;
    // Byte n is in the bits from 8n up to 8(n + 1), so it is written in the digits that have them.
    let digits_of = |n: usize| run.start + n * 8 / 6..run.start + ((n + 1) * 8).div_ceil(6);
    let places = (0..bytes.len()).map(|n| reading.place(digits_of(n))).collect();
    Some(Reading::decoded(bytes, places))
}

impl Reading<'_> {
    #[cfg(test)]
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readings_undo_what_encoders_do() {
        fn read(text: &str) -> Reading<'_> {
            Reading::of(text.as_bytes())
        }
        assert_eq!(unescaped(&read(r#"a\"b\n\u00e9\u{e9}\x41"#)).unwrap().text(), "a\"b\néé\u{41}");
        assert_eq!(percent_decoded(&read("a%20b%2Fc%2f%zz"), false).unwrap().text(), "a b/c/%zz");
        assert!(base64_decoded(&read("aGVsbG8gd29ybGQ="), 5).iter().any(|r| r.text() == "hello world"));
    }
}
