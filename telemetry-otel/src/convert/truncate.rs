//! Cutting text and JSON to a size, so that what is left is still text and JSON.

use serde_json::{Map, Value as Json};

use crate::convert::messages;

/// What stands where something was cut off.
const MARK: &str = "…";

/// The text, cut to that many bytes. Half a picture is useless: of bytes written as text, their number stands in their place.
pub(crate) fn text(text: &str, max_bytes: usize) -> String {
    if text.len() <= max_bytes {
        return text.to_owned();
    }
    if is_binary(text) {
        let instead = left_out(text);
        return head(&instead, max_bytes).to_owned();
    }
    match max_bytes.checked_sub(MARK.len()) {
        Some(room) => format!("{}{MARK}", before_data(head(text, room))),
        None => head(text, max_bytes).to_owned(),
    }
}

/// The most whole characters that fit.
pub(crate) fn head(text: &str, max_bytes: usize) -> &str {
    let mut end = max_bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// Words of a form, such as a role or a type, are no longer than this, and are never cut.
const WORD: usize = 24;
/// A text cut shorter than this is of no use.
const LEGIBLE: usize = 64;

/// The tree as JSON of at most that many bytes; none where nothing fits.
///
/// Its strings are cut first, all to one length, as long as that leaves them legible. Then elements
/// of its lists are left out: of a conversation the first message and the latest ones are what
/// matters most, so those in between go.
pub(crate) fn json(mut tree: Json, max_bytes: usize) -> Option<String> {
    let whole = tree.to_string();
    if whole.len() <= max_bytes {
        return Some(whole);
    }
    // No string can stay longer than this; what follows then costs little, however long they are.
    cut_strings(&mut tree, max_bytes.max(WORD));
    loop {
        if let Some(cut) = with_cut_strings(&tree, LEGIBLE, max_bytes) {
            return Some(cut);
        }
        if !thin_out(&mut tree) {
            break;
        }
    }
    with_cut_strings(&tree, WORD, max_bytes).or_else(|| {
        let empty = match tree {
            Json::Array(_) => "[]",
            Json::Object(_) => "{}",
            _ => "\"\"",
        };
        (empty.len() <= max_bytes).then(|| empty.to_owned())
    })
}

/// The tree with its strings cut to the greatest length that fits, if that is at least `least`.
fn with_cut_strings(tree: &Json, least: usize, max_bytes: usize) -> Option<String> {
    let whole = tree.to_string();
    if whole.len() <= max_bytes {
        return Some(whole);
    }
    let mut lengths = Vec::new();
    for_each_string(tree, &mut |string| lengths.push(escaped_len(string)));
    let fixed = whole.len() - lengths.iter().sum::<usize>();
    let length = level(lengths, max_bytes.checked_sub(fixed)?);
    if length < least {
        return None;
    }
    let mut cut = tree.clone();
    cut_strings(&mut cut, length);
    Some(cut.to_string()).filter(|json| json.len() <= max_bytes)
}

/// The greatest length to which all can be cut so that they take no more than `room` together.
fn level(mut lengths: Vec<usize>, room: usize) -> usize {
    lengths.sort_unstable();
    let mut left = room;
    for (index, length) in lengths.iter().enumerate() {
        let each = left / (lengths.len() - index);
        if *length > each {
            return each;
        }
        left -= length;
    }
    usize::MAX
}

fn for_each_string(tree: &Json, visit: &mut impl FnMut(&str)) {
    match tree {
        Json::String(string) => visit(string),
        Json::Array(items) => items.iter().for_each(|item| for_each_string(item, visit)),
        Json::Object(map) => map.values().for_each(|value| for_each_string(value, visit)),
        _ => {}
    }
}

/// How many bytes a character takes inside a JSON string.
fn escaped(c: char) -> usize {
    match c {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        c if c < ' ' => 6,
        c => c.len_utf8(),
    }
}

fn escaped_len(string: &str) -> usize {
    string.chars().map(escaped).sum()
}

/// Cuts all strings so that none takes more bytes than that.
fn cut_strings(tree: &mut Json, length: usize) {
    match tree {
        Json::String(string) => cut(string, length),
        Json::Array(items) => items.iter_mut().for_each(|item| cut_strings(item, length)),
        Json::Object(map) => {
            // Half a picture is of no use, nor is half of an address.
            if let Some(mut words) = too_long(map, length) {
                cut(&mut words, length);
                *tree = serde_json::json!({"type": "text", "content": words});
                return;
            }
            map.values_mut().for_each(|value| cut_strings(value, length));
        }
        _ => {}
    }
}

/// The words in the place of a picture or the like, if it would be cut.
fn too_long(part: &Map<String, Json>, length: usize) -> Option<String> {
    let (data, words) = messages::media(part)?;
    is_cut(data, length).then_some(words)
}

/// Whether a string is too long; a word of a form is not.
fn is_cut(string: &str, length: usize) -> bool {
    if string.len() <= WORD || string.len() * 6 <= length {
        return false;
    }
    let mut taken = 0;
    string.chars().any(|c| {
        taken += escaped(c);
        taken > length
    })
}

fn cut(string: &mut String, length: usize) {
    if !is_cut(string, length) {
        return;
    }
    // Half a picture is of no use.
    if string.len() > length && is_binary(string) {
        *string = left_out(string);
        return;
    }
    let room = length.saturating_sub(MARK.len());
    let mut taken = 0;
    let past_room = string.char_indices().find(|(_, c)| {
        taken += escaped(*c);
        taken > room
    });
    let end = past_room.map_or(string.len(), |(index, _)| index);
    string.truncate(before_data(&string[..end]).len());
    string.push_str(MARK);
    string.shrink_to_fit();
}

fn left_out(string: &str) -> String {
    format!("[{} bytes left out]", string.len())
}

/// What is kept of a text that was cut, without the beginning of a picture that stands in it.
fn before_data(kept: &str) -> &str {
    let Some(start) = kept.rfind("data:") else { return kept };
    let data = &kept[start..];
    let is_data = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=-_:;,.".contains(&byte);
    if data.contains(";base64,") && data.bytes().all(is_data) { &kept[..start] } else { kept }
}

/// Whether it looks like bytes written as text: an address that holds its data, or base64.
fn is_binary(string: &str) -> bool {
    const ENOUGH: usize = 256;
    if string.starts_with("data:") && string.get(..ENOUGH).is_some_and(|head| head.contains(";base64,")) {
        return true;
    }
    let is_base64 =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'-' | b'_');
    // One letter repeated is text, though it would decode as base64.
    string.len() >= ENOUGH
        && string.bytes().all(is_base64)
        && string.bytes().any(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
        && string.bytes().any(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

/// What stands where elements were left out: in a conversation a message, else a text.
fn mark(left_out: usize, like: Option<&Json>) -> Json {
    let text = format!("[{left_out} left out]");
    match like {
        Some(Json::Object(map)) if map.contains_key("role") && map.contains_key("parts") => {
            serde_json::json!({"role": "system", "parts": [{"type": "text", "content": text}]})
        }
        _ => text.into(),
    }
}

/// How many elements a mark stands for.
fn marked(element: &Json) -> Option<usize> {
    let text = element.as_str().or_else(|| element["parts"][0]["content"].as_str())?;
    text.strip_prefix('[')?.strip_suffix(" left out]")?.parse().ok()
}

/// Leaves out half of its longest list, or of what is left of an object; false when all is gone.
fn thin_out(tree: &mut Json) -> bool {
    match tree {
        Json::Array(items) if items.len() > 2 || items.len() == 2 && marked(&items[1]).is_none() => {
            let before = marked(&items[1]);
            // Behind the first, and behind a mark that stands there already.
            let from = if before.is_some() { 2 } else { 1 };
            let count = (items.len() - from).div_ceil(2);
            items.drain(from..from + count);
            let mark = mark(before.unwrap_or(0) + count, items.first());
            match before {
                Some(_) => items[1] = mark,
                None => items.insert(1, mark),
            }
            true
        }
        Json::Array(items) => items.first_mut().is_some_and(thin_out),
        Json::Object(map) => {
            let longest = map.values_mut().max_by_key(|value| match value {
                Json::Array(items) => 1 + items.len(),
                Json::Object(map) => 1 + map.len(),
                _ => 0,
            });
            if longest.is_some_and(thin_out) {
                return true;
            }
            // A map of many scalars, with nothing inside to leave out.
            let many = map.len() > 8;
            if many {
                let keys = map.keys().filter(|key| *key != MARK).skip(map.len() / 2);
                let keys: Vec<String> = keys.cloned().collect();
                for key in &keys {
                    map.remove(key);
                }
                let before = map.get(MARK).and_then(marked).unwrap_or(0);
                map.insert(MARK.to_owned(), mark(before + keys.len(), None));
            }
            many
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn a_picture_in_a_text_is_whole_or_left_out() {
        let data = "QUJDRGFi".repeat(500);
        assert_eq!(text(&data, 1000), "[4000 bytes left out]");
        let page = format!("Look: <img src=\"data:image/png;base64,{data}\"> and then more");
        assert_eq!(text(&page, 1000), "Look: <img src=\"…");
        assert_eq!(text(&page, 4050), format!("{}…", &page[..4047]));
        let cut = json(serde_json::json!([page, "x"]), 1000).unwrap();
        assert_eq!(cut, r#"["Look: <img src=\"…","x"]"#);
        // An end of one is none.
        assert_eq!(text("metadata: one, two, three", 20), "metadata: one, tw…");
    }

    #[test]
    fn a_picture_in_a_message_is_whole_or_left_out_among_much_text() {
        let data = "QUJDRGFi12".repeat(300);
        let lines = format!("{}\r\n", &data[..76]).repeat(40);
        let address = format!("https://example.com/a.png?signature={}", "ab12".repeat(150));
        let part = |kind: &str, key: &str, held: &str| json!({"type": kind, "modality": "image", "mime_type": "image/png", key: held});
        let text = |n: usize| json!({"type": "text", "content": format!("{n} {}", "word ".repeat(200))});
        for (part, words) in [
            (part("blob", "content", &data), "[image/png of 3000 bytes left out]"),
            (part("blob", "content", &lines), "[image/png of 3120 bytes left out]"),
            (part("uri", "uri", &address), "[image left out]"),
            (part("file", "file_id", &"f".repeat(300)), "[image left out]"),
        ] {
            let parts: Vec<Json> = std::iter::once(part.clone()).chain((0..30).map(text)).collect();
            let message = json!([{"role": "user", "parts": parts}]);
            let read = |max_bytes: usize| -> Json {
                let cut = json(message.clone(), max_bytes).unwrap();
                assert!(cut.len() <= max_bytes);
                serde_json::from_str(&cut).unwrap()
            };
            assert_eq!(read(8000)[0]["parts"][0], json!({"type": "text", "content": words}));
            assert_eq!(read(100_000)[0]["parts"][0], part);
            for max_bytes in (100..8000).step_by(50) {
                let first = read(max_bytes)[0]["parts"][0].clone();
                assert!(first == part || first["type"] == "text" || first.is_null(), "{max_bytes}: {first}");
            }
        }
        // What only looks like one keeps its keys.
        let own = json!({"type": "uri", "uri": address, "size": 7});
        let cut: Json = serde_json::from_str(&json(own, 200).unwrap()).unwrap();
        assert_eq!((&cut["type"], &cut["size"]), (&json!("uri"), &json!(7)));
    }

    #[test]
    fn text_is_cut_between_characters() {
        assert_eq!(text("hello", 5), "hello");
        assert_eq!(text("hello!", 5), "he…");
        assert_eq!(text("ééééé", 8), "éé…");
        assert_eq!(text("ééééé", 2), "é");
        assert_eq!(text("é", 1), "");
    }

    #[test]
    fn long_strings_are_cut_before_messages_are_left_out() {
        let messages = json!([
            {"role": "system", "parts": [{"type": "text", "content": "s".repeat(2000)}]},
            {"role": "user", "parts": [{"type": "text", "content": "hello"}]},
        ]);
        let cut = json(messages, 600).unwrap();
        assert!(cut.len() <= 600 && cut.len() > 500, "{}", cut.len());
        let read: Json = serde_json::from_str(&cut).unwrap();
        assert_eq!(read[1]["parts"][0]["content"], "hello");
        assert!(read[0]["parts"][0]["content"].as_str().unwrap().ends_with('…'));
    }

    #[test]
    fn of_many_messages_the_first_and_the_latest_stay() {
        let message =
            |n: usize| json!({"role": "user", "parts": [{"type": "text", "content": n.to_string()}]});
        let messages: Json = (0..1000).map(message).collect();
        let cut = json(messages, 2000).unwrap();
        let read: Vec<Json> = serde_json::from_str(&cut).unwrap();
        assert_eq!(read[0], message(0));
        assert_eq!(*read.last().unwrap(), message(999));
        assert!(read.len() > 10, "{}", read.len());
    }

    fn trees() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::from),
            any::<i64>().prop_map(Json::from),
            "\\PC{0,80}".prop_map(Json::from),
        ];
        leaf.prop_recursive(4, 64, 8, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..12).prop_map(Json::from),
                prop::collection::hash_map("\\PC{0,6}", inner, 0..12)
                    .prop_map(|map| Json::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn whatever_is_cut_fits_and_is_json(tree in trees(), max_bytes in 0_usize..400) {
            if let Some(cut) = json(tree.clone(), max_bytes) {
                prop_assert!(cut.len() <= max_bytes);
                prop_assert!(serde_json::from_str::<Json>(&cut).is_ok());
                if tree.to_string().len() <= max_bytes {
                    prop_assert_eq!(cut, tree.to_string());
                }
            } else {
                prop_assert!(max_bytes < 2);
            }
        }

        #[test]
        fn whatever_text_is_cut_fits(whole in "\\PC{0,80}", max_bytes in 0_usize..100) {
            let cut = text(&whole, max_bytes);
            prop_assert!(cut.len() <= max_bytes);
            prop_assert!(whole.starts_with(cut.trim_end_matches('…')) || cut == whole);
        }
    }
}
