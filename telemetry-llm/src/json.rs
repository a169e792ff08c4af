//! Looking into JSON by paths whose spelling does not matter.
//!
//! Libraries write the same key as `input_tokens`, `inputTokens` or `InputTokens`. A path finds them
//! all: case, `_` and `-` make no difference, unless a key is there exactly as written.

use serde_json::{Map, Value as Json};

/// A map with more keys than this is no provider's: its keys are only found as they are written.
const MANY: usize = 64;

fn letters(text: &str) -> impl Iterator<Item = u8> {
    text.bytes().filter(|byte| !matches!(byte, b'_' | b'-'))
}

/// Whether two keys are the same but for their spelling.
pub(crate) fn same(a: &str, b: &str) -> bool {
    let (mut a, mut b) = (letters(a), letters(b));
    loop {
        match (a.next(), b.next()) {
            (None, None) => return true,
            (Some(a), Some(b)) if a.eq_ignore_ascii_case(&b) => {}
            _ => return false,
        }
    }
}

/// Whether the first bytes of two keys are equal: a fast check that rules out most keys.
fn may_be_same(a: &str, b: &str) -> bool {
    match (a.as_bytes().first(), b.as_bytes().first()) {
        (Some(a), Some(b)) => {
            a.eq_ignore_ascii_case(b) || matches!(a, b'_' | b'-') || matches!(b, b'_' | b'-')
        }
        _ => true,
    }
}

/// The value of a key that is there and is not null.
pub(crate) fn get<'j>(map: &'j Map<String, Json>, key: &str) -> Option<&'j Json> {
    if map.len() > MANY {
        return map.get(key).filter(|value| !value.is_null());
    }
    let mut found = None;
    for (known, value) in map {
        if may_be_same(known, key) {
            if known == key {
                found = Some(value);
                break;
            }
            if found.is_none() && same(known, key) {
                found = Some(value);
            }
        }
    }
    found.filter(|value| !value.is_null())
}

/// The value at a path such as `choices.0.message`.
pub(crate) fn at<'j>(mut value: &'j Json, mut path: &str) -> Option<&'j Json> {
    loop {
        let end = path.bytes().position(|byte| byte == b'.');
        let step = end.map_or(path, |end| &path[..end]);
        value = match value {
            Json::Object(map) => get(map, step)?,
            Json::Array(items) => items.get(step.parse::<usize>().ok()?).filter(|item| !item.is_null())?,
            _ => return None,
        };
        match end {
            Some(end) => path = &path[end + 1..],
            None => return Some(value),
        }
    }
}

/// The first of several paths that leads anywhere.
pub(crate) fn first<'j>(value: &'j Json, paths: &[&str]) -> Option<&'j Json> {
    paths.iter().find_map(|path| at(value, path))
}

/// The first of several paths that leads to a text which is not empty.
pub(crate) fn text<'j>(value: &'j Json, paths: &[&str]) -> Option<&'j str> {
    paths.iter().find_map(|path| at(value, path)?.as_str().filter(|text| !text.is_empty()))
}

/// The longest word that is known, with room.
const MAX_WORD: usize = 64;

/// A string in the one spelling that this crate compares: `ToolUse`, `tool-use` and `tool_use` are
/// `tooluse`. Empty if it is longer than every known string, or not of ASCII.
pub(crate) struct Word {
    letters: [u8; MAX_WORD],
    len: usize,
}

impl std::ops::Deref for Word {
    type Target = str;

    fn deref(&self) -> &str {
        std::str::from_utf8(&self.letters[..self.len]).unwrap_or_default()
    }
}

/// The word in its one spelling.
pub(crate) fn word(text: &str) -> Word {
    let mut word = Word { letters: [0; MAX_WORD], len: 0 };
    if text.len() > MAX_WORD || !text.is_ascii() {
        return word;
    }
    for byte in text.bytes().filter(|byte| !matches!(byte, b'_' | b'-' | b' ')) {
        word.letters[word.len] = byte.to_ascii_lowercase();
        word.len += 1;
    }
    word
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_spelling_of_a_key_makes_no_difference() {
        assert!(same("input_tokens", "inputTokens") && same("Input-Tokens", "input_tokens"));
        assert!(!same("input", "input_tokens") && !same("input_tokens", "input"));
        let value = json!({"usageMetadata": {"promptTokenCount": 3}, "list": [null, {"a": 1}]});
        assert_eq!(at(&value, "usage_metadata.prompt_token_count"), Some(&json!(3)));
        assert_eq!(at(&value, "list.1.a"), Some(&json!(1)));
        assert_eq!(at(&value, "list.0"), None);
        assert_eq!(at(&value, "list.x"), None);
    }

    #[test]
    fn a_key_that_is_there_as_written_comes_first() {
        assert_eq!(at(&json!({"A": 1, "a": 2}), "a"), Some(&json!(2)));
    }
}
