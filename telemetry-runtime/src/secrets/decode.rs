//! Reading a text as what it may encode: escapes, percent-encoding, base64, lists of bytes.

use std::borrow::Cow;
use std::ops::Range;

/// One way to read a text.
pub(super) struct DecodedText<'t> {
    pub(super) bytes: Cow<'t, [u8]>,
    pub(super) places: SourceMap,
}

/// Where in the text each byte is written.
pub(super) enum SourceMap {
    /// As it stands, from there on.
    From(usize),
    /// Each in a place of its own, counted from there on.
    Table(usize, Vec<(u32, u32)>),
}

impl<'t> DecodedText<'t> {
    pub(super) fn of(bytes: &'t [u8]) -> Self {
        Self { bytes: Cow::Borrowed(bytes), places: SourceMap::From(0) }
    }

    /// Nothing yet, of what is near the place of another reading.
    pub(super) fn near(other: &DecodedText<'_>) -> Self {
        let base = match other.places {
            SourceMap::From(base) | SourceMap::Table(base, _) => base,
        };
        Self { bytes: Cow::Owned(Vec::new()), places: SourceMap::Table(base, Vec::new()) }
    }

    /// Where in the text a part of this reading is written.
    pub(super) fn place(&self, part: Range<usize>) -> Range<usize> {
        match &self.places {
            SourceMap::From(base) => base + part.start..base + part.end,
            SourceMap::Table(base, table) => {
                base + table[part.start].0 as usize..base + table[part.end - 1].1 as usize
            }
        }
    }

    pub(super) fn piece(&self, part: Range<usize>) -> DecodedText<'_> {
        let bytes = Cow::Borrowed(&self.bytes[part.clone()]);
        let places = match &self.places {
            SourceMap::From(base) => SourceMap::From(base + part.start),
            SourceMap::Table(base, table) => SourceMap::Table(*base, table[part].to_vec()),
        };
        DecodedText { bytes, places }
    }

    /// Adds what is written at a part of another reading.
    pub(super) fn push(&mut self, bytes: &[u8], from: &DecodedText<'_>, part: Range<usize>) {
        let place = from.place(part);
        if let SourceMap::Table(base, table) = &mut self.places {
            // A piece is small, and so are places within it.
            let within = |at: usize| u32::try_from(at - *base).unwrap_or(u32::MAX);
            table.extend(bytes.iter().map(|_| (within(place.start), within(place.end))));
        }
        self.bytes.to_mut().extend_from_slice(bytes);
    }

    /// The same reading, if anything was undone.
    pub(super) fn if_new(self, from: &DecodedText<'_>) -> Option<Self> {
        (self.bytes.len() < from.bytes.len()).then_some(self)
    }
}

/// How long a value is that stands here with any of its bytes escaped.
pub(super) fn escaped_length(bytes: &[u8], value: &[u8]) -> Option<usize> {
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
pub(super) fn unescaped<'t>(reading: &DecodedText<'_>) -> Option<DecodedText<'t>> {
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

pub(super) enum Escaped {
    Byte(u8),
    Char(char),
}

impl Escaped {
    pub(super) fn bytes<'b>(&self, buffer: &'b mut [u8; 4]) -> &'b [u8] {
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
pub(super) fn escape(bytes: &[u8]) -> Option<(usize, Escaped)> {
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
pub(super) fn unicode_escape(bytes: &[u8]) -> Option<(usize, Escaped)> {
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

pub(super) fn hex(digits: Option<&[u8]>) -> Option<u32> {
    let digits = std::str::from_utf8(digits?).ok()?;
    let all = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    if all { u32::from_str_radix(digits, 16).ok() } else { None }
}

/// Percent-encoding undone; in a form a space may be a plus.
pub(super) fn percent_decoded<'t>(reading: &DecodedText<'_>, form: bool) -> Option<DecodedText<'t>> {
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
pub(super) fn percent_escape(bytes: &[u8]) -> Option<u8> {
    u8::try_from(hex(bytes.get(1..3))?).ok()
}

/// What a digit of base64 stands for, in either alphabet.
pub(super) fn digit(byte: u8) -> Option<u8> {
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
pub(super) fn base64_decoded(
    reading: &DecodedText<'_>,
    shortest: usize,
    look: &mut impl FnMut(DecodedText<'_>),
) {
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

pub(super) fn base64_run<'t>(reading: &DecodedText<'_>, digits: &[(u8, usize)]) -> DecodedText<'t> {
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
pub(super) fn listed(reading: &DecodedText<'_>, shortest: usize, look: &mut impl FnMut(DecodedText<'_>)) {
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
pub(super) fn element(bytes: &[u8]) -> Option<(usize, Escaped)> {
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
pub(super) fn separator(bytes: &[u8]) -> Option<usize> {
    let blank = |bytes: &[u8]| bytes.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    let before = blank(bytes);
    (bytes.get(before) == Some(&b',')).then(|| before + 1 + blank(&bytes[before + 1..]))
}

/// The byte that a number is, as a `u8` or an `i8`.
pub(super) fn byte_of(number: i64) -> Option<u8> {
    u8::try_from(number).ok().or_else(|| i8::try_from(number).ok().map(i8::cast_unsigned))
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
