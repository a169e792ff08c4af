//! Finding secrets however they are written: in a text, and in what can be read out of it.
//!
//! A text is searched as it is and as each of several readings: backslash escapes undone, percent-encoding undone,
//! base64 decoded at each alignment, lists of bytes and characters put together; and readings of readings. A
//! reading is made anew with a map when something is found in it, so that what is found there is replaced here.
//! Most texts have nothing to decode and are searched once.

use std::ops::Range;

use super::decode::{Decoded, Escaping, base64, base64_place, digits, list, lists, runs};
use super::search::{Hit, Searcher};

/// How many readings deep a text is searched: JSON within a query string within JSON.
const MAX_READINGS: usize = 3;
/// How many bytes one byte of a secret may take where it is encoded: `%5Cu0061`, and more.
const EXPANSION: usize = 24;
/// How many bytes are read out of a text, for each of its own, before it is given up.
const MAX_READ: usize = 16;

/// What a search of a text found.
pub(super) enum Found {
    /// No secret.
    Nothing,
    /// Places in order and apart, at least one.
    Places(Vec<Hit>),
    /// More readings within readings than there is time for. No encoder writes such a text.
    TooMuch,
}

/// What one search has left to do.
struct Work {
    /// How many bytes may still be read.
    left: usize,
    given_up: bool,
    /// A buffer for each depth.
    buffers: [Vec<u8>; MAX_READINGS],
}

impl Work {
    fn on(text: &[u8]) -> Self {
        let left = text.len().saturating_mul(MAX_READ).saturating_add(64 * 1024);
        Self { left, given_up: false, buffers: Default::default() }
    }

    /// Notes that so many bytes are read. False if that is too many.
    fn may_read(&mut self, bytes: usize) -> bool {
        match self.left.checked_sub(bytes) {
            Some(left) if !self.given_up => {
                self.left = left;
                true
            }
            _ => {
                self.given_up = true;
                false
            }
        }
    }
}

/// Looks for secrets in a text and in its readings.
pub(super) fn find(searcher: &Searcher, text: &[u8]) -> Found {
    // No way to write a secret is shorter than the secret.
    if text.len() < searcher.shortest {
        return Found::Nothing;
    }
    let mut hits = Vec::new();
    searcher.search(text, &mut hits);
    let mut work = Work::on(text);
    Readings { searcher, work: &mut work, depth: 0 }.of(text, &mut hits);
    if work.given_up {
        return Found::TooMuch;
    }
    let places = apart(searcher, hits);
    if places.is_empty() { Found::Nothing } else { Found::Places(places) }
}

/// Secrets that overlap are one place, so that no part of any is left. The longest gives the name.
fn apart(searcher: &Searcher, mut hits: Vec<Hit>) -> Vec<Hit> {
    hits.sort_by_key(|hit| (hit.place.start, std::cmp::Reverse(hit.place.end)));
    let length = |hit: &Hit| searcher.secret(hit.secret).value.len();
    let mut apart: Vec<Hit> = Vec::new();
    for hit in hits {
        match apart.last_mut() {
            Some(last) if hit.place.start < last.place.end => {
                last.place.end = last.place.end.max(hit.place.end);
                if length(&hit) > length(last) {
                    last.secret = hit.secret;
                }
            }
            _ => apart.push(hit),
        }
    }
    apart
}

/// The readings of one text.
struct Readings<'s> {
    searcher: &'s Searcher,
    work: &'s mut Work,
    depth: usize,
}

impl Readings<'_> {
    /// Adds what is found in each, as places in the text.
    fn of(&mut self, text: &[u8], hits: &mut Vec<Hit>) {
        if self.depth == MAX_READINGS {
            return;
        }
        // What stands further from an escape than one secret can reach reads the same without it.
        let around = self.searcher.longest.saturating_mul(EXPANSION).saturating_add(64);
        for escaping in [Escaping::Backslash, Escaping::Percent] {
            escaping.parts(text, around, |part| {
                self.look(hits, |out| escaping.undo(text, part.clone(), out));
            });
        }
        lists(text, |start| {
            let mut end = start;
            self.look(hits, |out| end = list(text, start, out));
            end
        });
        runs(text, self.shortest_run(), |run| self.look_at_run(text, &run, hits));
    }

    /// How many digits of base64 hold the shortest secret.
    fn shortest_run(&self) -> usize {
        (self.searcher.shortest * 8).div_ceil(6)
    }

    /// Looks into what `read` makes.
    fn look(&mut self, hits: &mut Vec<Hit>, mut read: impl FnMut(&mut Decoded)) {
        let mut out = Decoded::default();
        out.bytes = self.buffer();
        read(&mut out);
        let found = if self.work.may_read(out.bytes.len()) { self.within(&out.bytes) } else { Vec::new() };
        self.put_back(out.bytes);
        if !found.is_empty() {
            let mut mapped = Decoded::mapped();
            read(&mut mapped);
            let place = |hit: Hit| Some(Hit { place: mapped.place(&hit.place)?, secret: hit.secret });
            hits.extend(found.into_iter().filter_map(place));
        }
    }

    /// Looks into a run of base64, at each of its four alignments: what stands before it may belong to it or not.
    fn look_at_run(&mut self, text: &[u8], run: &Range<usize>, hits: &mut Vec<Hit>) {
        if !self.work.may_read(3 * run.len()) {
            return;
        }
        let values: Vec<u8> = digits(text, run).map(|(digit, _)| digit).collect();
        let mut places = Vec::new();
        for skipped in 0..4 {
            let mut out = self.buffer();
            base64(&values[skipped..], &mut out);
            let found = self.within(&out);
            self.put_back(out);
            for Hit { place, secret } in found {
                if places.is_empty() {
                    places.extend(digits(text, run).map(|(_, place)| place));
                }
                hits.push(Hit { place: base64_place(&places[skipped..], &place), secret });
            }
        }
    }

    /// What is found in a reading, as places in it.
    fn within(&mut self, bytes: &[u8]) -> Vec<Hit> {
        let mut found = Vec::new();
        if bytes.len() >= self.searcher.shortest {
            self.searcher.search(bytes, &mut found);
            Readings { searcher: self.searcher, work: self.work, depth: self.depth + 1 }
                .of(bytes, &mut found);
        }
        found
    }

    fn buffer(&mut self) -> Vec<u8> {
        let mut buffer = std::mem::take(&mut self.work.buffers[self.depth]);
        buffer.clear();
        buffer
    }

    fn put_back(&mut self, buffer: Vec<u8>) {
        self.work.buffers[self.depth] = buffer;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use zeroize::Zeroizing;

    use super::super::secret::Secret;
    use super::*;

    fn searcher(values: &[&str]) -> Searcher {
        let secret = |value: &&str| Arc::new(Secret::new("KEY", Zeroizing::new((*value).to_owned())));
        Searcher::new(&values.iter().map(secret).collect::<Vec<_>>())
    }

    /// How many bytes are read out of a text, for each of its own.
    fn read_of(searcher: &Searcher, text: &[u8]) -> f64 {
        let mut work = Work::on(text);
        let before = work.left;
        Readings { searcher, work: &mut work, depth: 0 }.of(text, &mut Vec::new());
        assert!(!work.given_up);
        #[allow(clippy::cast_precision_loss, reason = "a ratio")]
        let ratio = (before - work.left) as f64 / text.len() as f64;
        ratio
    }

    fn base64_of(bytes: &[u8]) -> Vec<u8> {
        const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut out = Vec::new();
        for three in bytes.chunks_exact(3) {
            let bits = u32::from(three[0]) << 16 | u32::from(three[1]) << 8 | u32::from(three[2]);
            out.extend([18, 12, 6, 0].map(|shift| DIGITS[(bits >> shift & 63) as usize]));
        }
        out
    }

    /// Texts that a model or a web page can write to make searching slow.
    fn hostile(size: usize) -> Vec<(&'static str, Vec<u8>)> {
        let repeated = |part: &str| part.as_bytes().iter().copied().cycle().take(size).collect::<Vec<u8>>();
        let mut random = fastrand::Rng::with_seed(1);
        let noise: Vec<u8> = (0..size).map(|_| random.u8(..)).collect();
        let letters = b"\\%+,0123456789abcdef[]'\" n";
        let mixed = (0..size).map(|_| letters[random.usize(..letters.len())]).collect();
        let json = (0..3).fold("{\"a\": \"b\\n\"}, ".repeat(size / 64), |text, _| {
            serde_json::to_string(&text).unwrap_or_default()
        });
        let listed = format!("{:#?}", &noise[..size / 8]);
        let once = base64_of(&noise);
        let (twice, thrice) = (base64_of(&once), base64_of(&base64_of(&once)));
        let mut blanks = repeated(" ");
        blanks[0] = b'\\';
        vec![
            ("plus signs", repeated("+")),
            ("percent signs", repeated("%")),
            ("escaped percent signs", repeated("%25")),
            ("backslashes", repeated("\\")),
            ("escaped quotes", repeated("\\\"")),
            ("a backslash and blanks", blanks),
            ("blanks and lines", repeated("a \n ")),
            ("digits", repeated("0123456789")),
            ("bytes", repeated("1,")),
            ("bytes with blanks", repeated("104, ")),
            ("short lists", repeated("1,2,3;")),
            ("characters", repeated("','")),
            ("quotes", repeated("'")),
            ("commas", repeated(",")),
            ("commas with blanks", repeated(",         ")),
            ("prose", repeated("The quick brown fox jumps over the lazy dog. ")),
            ("base64", once),
            ("base64 of base64", twice),
            ("base64 of base64 of base64", thrice),
            ("JSON in JSON in JSON", json.into_bytes()),
            ("a pretty list", listed.into_bytes()),
            ("special bytes by chance", mixed),
        ]
    }

    #[test]
    fn the_bytes_that_are_read_grow_as_the_text_does() {
        for values in [&["ghp_0123456789abcdef"][..], &["++++", "\\\\\\\\", "%%%%", "    ", ",,,,"]] {
            let searcher = searcher(values);
            for ((name, small), (_, large)) in hostile(1 << 12).into_iter().zip(hostile(1 << 16)) {
                let (small, large) = (read_of(&searcher, &small), read_of(&searcher, &large));
                assert!(large < small * 1.2 + 0.5, "{name}: {small} bytes a byte, then {large}");
                assert!(large < 12.0, "{name}: {large} bytes a byte");
            }
        }
    }

    /// The budget of the design: `cargo test --release -p telemetry-runtime --lib -- --ignored --nocapture megabyte`.
    #[test]
    #[ignore = "measures time, in a release build"]
    fn a_megabyte_of_anything_takes_fifty_milliseconds() {
        for values in [&["ghp_0123456789abcdef"][..], &["++++", "\\\\\\\\", "%%%%", "    ", ",,,,"]] {
            let searcher = searcher(values);
            for (name, text) in hostile(1 << 20) {
                let text = &text[..text.len().min(1 << 20)];
                let mut found = Found::Nothing;
                let timed = (0..5).map(|_| {
                    let begun = std::time::Instant::now();
                    found = find(&searcher, text);
                    begun.elapsed()
                });
                let took = timed.min().unwrap_or_default();
                let places = if let Found::Places(places) = found { places.len() } else { 0 };
                println!("{name}: {} bytes, {places} places, {took:?}", text.len());
                assert!(places > 1000 || took.as_millis() <= 50, "{name}: {took:?}");
            }
        }
    }

    #[test]
    fn a_secret_at_the_end_of_a_hostile_text_is_found() {
        let searcher = searcher(&["ghp_0123456789abcdef"]);
        for (name, mut text) in hostile(1 << 14) {
            text.extend_from_slice(b" ghp_0123456789abcdef");
            assert!(matches!(find(&searcher, &text), Found::Places(places) if places.len() == 1), "{name}");
        }
    }

    #[test]
    fn a_text_that_takes_too_long_is_given_up_whole() {
        let text = b"ghp_0123456789abcdef ".repeat(8);
        let searcher = searcher(&["ghp_0123456789abcdef"]);
        let mut work = Work { left: 10, given_up: false, buffers: Default::default() };
        let mut hits = Vec::new();
        let encoded = base64_of(&text);
        Readings { searcher: &searcher, work: &mut work, depth: 0 }.of(&encoded, &mut hits);
        assert!(work.given_up && hits.is_empty());
    }

    #[test]
    fn of_many_secrets_the_longest_gives_the_name() {
        let searcher = searcher(&["secret", "secret-and-more", "and-more-yet", "other"]);
        let Found::Places(places) = find(&searcher, b"a secret-and-more-yet b other") else {
            panic!("nothing")
        };
        let found: Vec<_> =
            places.iter().map(|hit| (hit.place.clone(), &*searcher.secret(hit.secret).value)).collect();
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].0.clone(), found[0].1.as_str()), (2..21, "secret-and-more"));
    }
}
