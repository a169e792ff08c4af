//! Reading a text as what it may encode: escapes, percent-encoding, base64, lists of bytes and characters.
//!
//! Each reader goes over its text once and forward. What it makes is at most as long as what it reads, base64
//! aside, which is read at four alignments.

use std::ops::Range;

/// A text that was read out of another, and on demand where in the other each of its bytes is written.
#[derive(Default)]
pub(super) struct Decoded {
    pub(super) bytes: Vec<u8>,
    map: Option<Vec<Range<usize>>>,
}

impl Decoded {
    /// One that notes where its bytes are written.
    pub(super) fn mapped() -> Self {
        Self { bytes: Vec::new(), map: Some(Vec::new()) }
    }

    /// Where in the other text a part of this one is written.
    pub(super) fn place(&self, part: &Range<usize>) -> Option<Range<usize>> {
        let map = self.map.as_ref()?;
        Some(map.get(part.start)?.start..map.get(part.end.checked_sub(1)?)?.end)
    }

    /// Adds what is written at a place.
    fn push(&mut self, bytes: &[u8], place: Range<usize>) {
        self.bytes.extend_from_slice(bytes);
        if let Some(map) = &mut self.map {
            map.extend(bytes.iter().map(|_| place.clone()));
        }
    }

    /// Adds a part of the other text as it is.
    fn copy(&mut self, text: &[u8], part: Range<usize>) {
        self.bytes.extend_from_slice(&text[part.clone()]);
        if let Some(map) = &mut self.map {
            map.extend(part.map(|at| at..at + 1));
        }
    }
}

/// What an escape stands for.
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

/// How long the escape is that begins here, as JSON and Rust's `Debug` write it, and what it stands for.
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
    let digits = digits.filter(|digits| (1..=8).contains(&digits.len()))?;
    digits.iter().try_fold(0_u32, |number, digit| {
        let value = HEX[usize::from(*digit)];
        (value != NO_DIGIT).then_some(number << 4 | u32::from(value))
    })
}

/// What each byte stands for as a hexadecimal digit.
const HEX: [u8; 256] = {
    let mut digits = [NO_DIGIT; 256];
    let mut value = 0;
    while value < 16 {
        if value < 10 {
            digits[b'0' as usize + value as usize] = value;
        } else {
            digits[b'a' as usize + value as usize - 10] = value;
            digits[b'A' as usize + value as usize - 10] = value;
        }
        value += 1;
    }
    digits
};

/// The byte that a percent sign and two digits stand for.
pub(super) fn percent_escape(bytes: &[u8]) -> Option<u8> {
    let &[_, high, low, ..] = bytes else { return None };
    let (high, low) = (HEX[usize::from(high)], HEX[usize::from(low)]);
    (high != NO_DIGIT && low != NO_DIGIT).then_some(high << 4 | low)
}

/// A way to write a byte as several.
#[derive(Clone, Copy)]
pub(super) enum Escaping {
    Backslash,
    Percent,
}

impl Escaping {
    /// The next escape at or after that place.
    fn next(self, text: &[u8], mut from: usize) -> Option<(Range<usize>, Escaped)> {
        loop {
            let sign = match self {
                Self::Backslash => b'\\',
                Self::Percent => b'%',
            };
            // Where escapes stand close together the next is here.
            let at = match *text.get(from)? {
                byte if byte == sign => from,
                _ => from + memchr::memchr(sign, &text[from..])?,
            };
            let found = match self {
                Self::Backslash => escape(&text[at..]),
                Self::Percent => percent_escape(&text[at..]).map(|byte| (3, Escaped::Byte(byte))),
            };
            if let Some((length, escaped)) = found {
                return Some((at..at + length, escaped));
            }
            from = at + 1;
        }
    }

    /// The parts of a text that hold escapes, with as much around each as one secret may take: what stands
    /// further away reads the same with escapes and without.
    pub(super) fn parts(self, text: &[u8], around: usize, mut look: impl FnMut(Range<usize>)) {
        let mut open: Option<Range<usize>> = None;
        let mut from = 0;
        while let Some((place, _)) = self.next(text, from) {
            from = place.end;
            let near = place.start.saturating_sub(around)..text.len().min(place.end.saturating_add(around));
            open = Some(match open {
                Some(part) if near.start <= part.end => part.start..near.end,
                Some(part) => {
                    look(part.clone());
                    near.start.max(part.end)..near.end
                }
                None => near,
            });
        }
        if let Some(part) = open {
            look(part);
        }
    }

    /// Undoes the escapes in a part of a text.
    pub(super) fn undo(self, text: &[u8], part: Range<usize>, out: &mut Decoded) {
        let mut at = part.start;
        while let Some((place, escaped)) = self.next(&text[..part.end], at) {
            out.copy(text, at..place.start);
            out.push(escaped.bytes(&mut [0; 4]), place.clone());
            at = place.end;
        }
        out.copy(text, at..part.end);
    }
}

/// What each byte stands for as a digit of base64, in either alphabet.
const DIGITS: [u8; 256] = {
    let mut digits = [NO_DIGIT; 256];
    let mut value = 0;
    while value < 26 {
        digits[b'A' as usize + value as usize] = value;
        digits[b'a' as usize + value as usize] = value + 26;
        if value < 10 {
            digits[b'0' as usize + value as usize] = value + 52;
        }
        value += 1;
    }
    (digits[b'+' as usize], digits[b'-' as usize]) = (62, 62);
    (digits[b'/' as usize], digits[b'_' as usize]) = (63, 63);
    digits
};
const NO_DIGIT: u8 = 255;

/// What each byte may be in a run.
const CLASSES: [u8; 256] = {
    let mut classes = [NEITHER; 256];
    let mut byte = 0;
    while byte < 256 {
        if DIGITS[byte] != NO_DIGIT {
            classes[byte] = DIGIT;
        }
        byte += 1;
    }
    (classes[b'\r' as usize], classes[b'\n' as usize]) = (BLANK, BLANK);
    (classes[b' ' as usize], classes[b'\t' as usize]) = (BLANK, BLANK);
    classes
};
const NEITHER: u8 = 0;
const DIGIT: u8 = 1;
const BLANK: u8 = 2;

/// The runs of at least so many digits of base64. A run may go on in the next line, after blanks.
pub(super) fn runs(text: &[u8], shortest: usize, mut look: impl FnMut(Range<usize>)) {
    let may_be = |at: usize| CLASSES[usize::from(text[at])] != NEITHER;
    let shortest = shortest.max(1);
    // All from `at` to `known` may be of a run. Most text is passed by with a look at every so many bytes.
    let (mut at, mut known) = (0, 0);
    while at + shortest <= text.len() {
        let last = at + shortest;
        if let Some(other) = (known.max(at)..last).rev().find(|at| !may_be(*at)) {
            (at, known) = (other + 1, last);
            continue;
        }
        let end = (last..text.len()).find(|at| !may_be(*at)).unwrap_or(text.len());
        runs_of(text, at..end, shortest, &mut look);
        (at, known) = (end + 1, end + 1);
    }
}

/// The same within a part that holds nothing but digits and blanks.
fn runs_of(text: &[u8], part: Range<usize>, shortest: usize, look: &mut impl FnMut(Range<usize>)) {
    let text = &text[..part.end];
    let is_digit = |byte: &u8| CLASSES[usize::from(*byte)] == DIGIT;
    let mut at = part.start;
    while at < part.end {
        let (mut start, mut count, mut end) = (at, 0, at);
        loop {
            let digits = text[at..].iter().take_while(|byte| is_digit(byte)).count();
            if count == 0 {
                start = at;
            }
            (at, count) = (at + digits, count + digits);
            if digits > 0 {
                end = at;
            }
            let blanks = text[at..].iter().take_while(|byte| !is_digit(byte)).count();
            let goes_on = text[at..at + blanks].contains(&b'\n') && at + blanks < part.end;
            at += blanks;
            if !goes_on {
                break;
            }
        }
        if count >= shortest {
            look(start..end);
        }
    }
}

/// The digits of a run, without what stands between its lines, and where each is written.
pub(super) fn digits<'t>(text: &'t [u8], run: &Range<usize>) -> impl Iterator<Item = (u8, usize)> + 't {
    let start = run.start;
    let values = text[run.clone()].iter().enumerate();
    values.filter_map(move |(at, byte)| {
        let value = DIGITS[usize::from(*byte)];
        (value != NO_DIGIT).then_some((value, start + at))
    })
}

/// Decodes digits that begin with a whole byte.
pub(super) fn base64(digits: &[u8], out: &mut Vec<u8>) {
    let mut fours = digits.chunks_exact(4);
    for four in &mut fours {
        let bits = u32::from(four[0]) << 18
            | u32::from(four[1]) << 12
            | u32::from(four[2]) << 6
            | u32::from(four[3]);
        out.extend_from_slice(&bits.to_be_bytes()[1..]);
    }
    let rest = fours.remainder();
    let bits = rest.iter().fold(0_u32, |bits, digit| bits << 6 | u32::from(*digit));
    let bits = bits << (6 * (4 - rest.len()));
    out.extend_from_slice(&bits.to_be_bytes()[1..][..rest.len().saturating_sub(1)]);
}

/// Where in a text the part of a decoded run is written: byte n of three is in the digits n and n + 1.
pub(super) fn base64_place(places: &[usize], part: &Range<usize>) -> Range<usize> {
    let digit = |byte: usize| byte / 3 * 4 + byte % 3;
    places[digit(part.start)]..places[digit(part.end - 1) + 1] + 1
}

/// The places where lists begin that have at least two elements: of bytes, as `Debug` and JSON write them,
/// `[104, 105]`, or of characters, `['h', 'i']`. `look` returns where the list ends.
pub(super) fn lists(text: &[u8], mut look: impl FnMut(usize) -> usize) {
    // The comma may be an element itself, as in `[',', 'a']`: an element may begin before the last comma.
    let (mut from, mut list_end) = (0, 0);
    while let Some(comma) = memchr::memchr(b',', text.get(from..).unwrap_or_default()) {
        let comma = from + comma;
        let blanks = text[from..comma].iter().rev().take_while(|byte| is_gap(**byte)).count();
        from = comma + 1;
        if let Some(start) = first_element(text, list_end, comma - blanks) {
            list_end = look(start);
            from = from.max(list_end);
        }
    }
}

/// Where an element begins that ends there, after the list before.
fn first_element(text: &[u8], from: usize, end: usize) -> Option<usize> {
    /// The most bytes of one: `'\u{10ffff}'`, or a pair of `\ud83d`.
    const LONGEST: usize = 14;
    let last = *text.get(end.checked_sub(1)?)?;
    let reaches = |start: &usize| element(&text[*start..]).is_some_and(|(length, _)| start + length == end);
    if last.is_ascii_digit() {
        let digits = text[from..end].iter().rev().take(4).take_while(|byte| byte.is_ascii_digit()).count();
        let start = end - digits;
        let signed = start > from && text[start - 1] == b'-';
        return Some(start - usize::from(signed)).filter(reaches);
    }
    if !matches!(last, b'"' | b'\'') {
        return None;
    }
    let nearest = end.saturating_sub(LONGEST).max(from)..end - 1;
    nearest.rev().filter(|start| text[*start] == last).find(reaches)
}

/// Reads a list that begins there, and returns where it ends.
pub(super) fn list(text: &[u8], start: usize, out: &mut Decoded) -> usize {
    let mut at = start;
    while let Some((length, content)) = element(&text[at..]) {
        out.push(content.bytes(&mut [0; 4]), at..at + length);
        let end = at + length;
        let Some(gap) = separator(&text[end..]) else { return end };
        if element(&text[end + gap..]).is_none() {
            return end;
        }
        at = end + gap;
    }
    at
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
            // No byte has more digits, but for zeros in front.
            let digits = bytes[sign..].iter().take(4).take_while(|byte| byte.is_ascii_digit()).count();
            let text = std::str::from_utf8(&bytes[..sign + digits]).ok()?;
            byte_of(text.parse().ok()?).map(|byte| (sign + digits, Escaped::Byte(byte)))
        }
        _ => None,
    }
}

/// What may stand around a comma: in a form a blank may be a plus.
fn is_gap(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == b'+'
}

/// The length of a comma with blanks around it.
fn separator(bytes: &[u8]) -> Option<usize> {
    let blank = |bytes: &[u8]| bytes.iter().take_while(|byte| is_gap(**byte)).count();
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

    fn undone(escaping: Escaping, text: &str) -> Vec<String> {
        let mut parts = Vec::new();
        escaping.parts(text.as_bytes(), 100, |part| {
            let mut out = Decoded::default();
            escaping.undo(text.as_bytes(), part, &mut out);
            parts.push(String::from_utf8_lossy(&out.bytes).into_owned());
        });
        parts
    }

    #[test]
    fn readers_undo_what_encoders_do() {
        assert_eq!(undone(Escaping::Backslash, r#"a\"b\n\u00e9\u{e9}\x41"#), ["a\"b\néé\u{41}"]);
        assert_eq!(undone(Escaping::Percent, "a%20b%2Fc%2f%zz"), ["a b/c/%zz"]);
        let text = "aGVsbG8gd2\n9ybGQ=".as_bytes();
        let mut decoded = Vec::new();
        runs(text, 6, |run| {
            let digits: Vec<u8> = digits(text, &run).map(|(digit, _)| digit).collect();
            base64(&digits, &mut decoded);
        });
        assert_eq!(decoded, b"hello world");
        let mut listed = Vec::new();
        let text = "x [104, 105,\n 33] ['h', '\\'', 'é'] [300, 104] [1,+2] [',' , ',', ' ']".as_bytes();
        lists(text, |start| {
            let mut out = Decoded::default();
            let end = list(text, start, &mut out);
            listed.push(out.bytes);
            end
        });
        assert_eq!(listed, [b"hi!".to_vec(), "h'é".as_bytes().to_vec(), vec![1, 2], b",, ".to_vec()]);
    }

    #[test]
    fn only_what_is_near_an_escape_is_read_again() {
        let text = format!("{}\\n{}\\t{}", "a".repeat(500), "b".repeat(500), "c".repeat(500));
        let mut parts = Vec::new();
        Escaping::Backslash.parts(text.as_bytes(), 10, |part| parts.push(part));
        assert_eq!(parts, [490..512, 992..1014]);
    }

    #[test]
    fn text_without_valid_escapes_is_not_decoded() {
        for plain in ["", "plain text", "\\", "\\q", "%", "%zz", "\\u{110000}", "\\ud800", "\\x4"] {
            let read = [Escaping::Backslash, Escaping::Percent].map(|escaping| undone(escaping, plain));
            assert_eq!(read.concat(), Vec::<String>::new(), "{plain}");
        }
    }

    #[test]
    fn a_part_of_a_decoded_run_is_written_in_the_digits_that_hold_it() {
        let text = b"aGVsbG8gd2\n9ybGQ";
        let places: Vec<usize> = digits(text, &(0..text.len())).map(|(_, place)| place).collect();
        // `lo wo` of `hello world`.
        assert_eq!(base64_place(&places, &(3..8)), 4..12);
    }
}
