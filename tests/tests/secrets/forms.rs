//! How a secret may be written.

use super::*;

fn hidden(text: impl Serialize) -> Json {
    shown(&[("KEY", KEY)], text)
}

#[test]
fn as_it_is() {
    assert_eq!(hidden(KEY), "[REDACTED:KEY]");
    assert_eq!(hidden(format!("<{KEY}{KEY}>")), "<[REDACTED:KEY][REDACTED:KEY]>");
    assert_eq!(hidden(json!({KEY: {KEY: 1}})), json!({"[REDACTED:KEY]": {"[REDACTED:KEY]": 1}}));
}

#[test]
fn in_debug_text() {
    #[derive(Debug)]
    #[allow(dead_code, reason = "for its `Debug`")]
    struct Config {
        key: &'static str,
        bytes: Vec<u8>,
        chars: Vec<char>,
    }
    let config = Config { key: KEY, bytes: KEY.as_bytes().to_vec(), chars: KEY.chars().collect() };
    let expected = "Config { key: \"[REDACTED:KEY]\", bytes: [[REDACTED:KEY]], chars: [[REDACTED:KEY]] }";
    assert_eq!(hidden(format!("{config:?}")), expected);
    let pretty = hidden(format!("{config:#?}"));
    assert_eq!(pretty.as_str().unwrap().matches("[REDACTED:KEY]").count(), 3, "{pretty}");
    assert_eq!(hidden(format!("b\"{}\"", KEY.as_bytes().escape_ascii())), "b\"[REDACTED:KEY]\"");
    assert_eq!(hidden(KEY.escape_unicode().to_string()), "[REDACTED:KEY]");
    assert_eq!(shown(&[("E", "pässwörd😀")], "p\\u{e4}ssw\\u{f6}rd\\u{1f600}"), "[REDACTED:E]");
    assert_eq!(shown(&[("E", "pässwörd")], "b\"p\\xc3\\xa4ssw\\xc3\\xb6rd\""), "b\"[REDACTED:E]\"");
}

#[test]
fn in_json_in_a_string() {
    let once = json!({"key": KEY, "more": [1]}).to_string();
    assert_eq!(hidden(&once), "{\"key\":\"[REDACTED:KEY]\",\"more\":[1]}");
    let twice = json!({"body": once}).to_string();
    assert_eq!(hidden(&twice), r#"{"body":"{\"key\":\"[REDACTED:KEY]\",\"more\":[1]}"}"#);
    let thrice = json!([twice]).to_string();
    assert!(hidden(&thrice).as_str().unwrap().contains(r#":\\\"[REDACTED:KEY]\\\","#), "{thrice}");
    let ascii = r#""p\u00e4ssw\u00f6rd\ud83d\ude00""#;
    assert_eq!(shown(&[("E", "pässwörd😀")], ascii), "\"[REDACTED:E]\"");
    assert_eq!(shown(&[("URL", "https://u:p@h/")], r#""https:\/\/u:p@h\/""#), "\"[REDACTED:URL]\"");
    assert_eq!(hidden(json!({"key": KEY.as_bytes()}).to_string()), "{\"key\":[[REDACTED:KEY]]}");
}

#[test]
fn as_bytes_and_characters() {
    let spelled: Vec<u8> = b"[REDACTED:KEY]".to_vec();
    assert_eq!(hidden(KEY.as_bytes()), json!(spelled));
    let chars: Vec<char> = "<[REDACTED:KEY]>".chars().collect();
    assert_eq!(hidden(format!("<{KEY}>").chars().collect::<Vec<_>>()), json!(chars));
    // Among others that are no bytes, or no single characters.
    let mut among = vec![json!(1000), json!(null)];
    among.extend(KEY.bytes().map(Json::from));
    among.push(json!("end"));
    let mut expected = vec![json!(1000), json!(null)];
    expected.extend(spelled.iter().copied().map(Json::from));
    expected.push(json!("end"));
    assert_eq!(hidden(among), json!(expected));
    // As `i8`, and where it is no ASCII.
    let signed: Vec<i8> = "é: pässwörd".bytes().map(u8::cast_signed).collect();
    let text = shown(&[("E", "pässwörd")], signed).to_string();
    assert_eq!(
        text,
        json!([-61, -87, 58, 32]).to_string().replace(']', ",91,82,69,68,65,67,84,69,68,58,69,93]")
    );
    // A secret that is one character.
    assert_eq!(shown(&[("E", "😀")], ["a", "😀"]).to_string().matches('😀').count(), 0);
}

#[test]
fn as_characters_whatever_the_first_is() {
    for first in " ,\"'\\[](){}+-%=/:0aé\n\u{0}".chars() {
        let secret = format!("{first}{first}a0aAA");
        let chars: Vec<char> = secret.chars().collect();
        for written in [format!("{chars:?}"), format!("{chars:#?}"), json!(chars).to_string()] {
            let text = format!("x, {written}");
            let shown = shown(&[("E", &secret)], &text);
            assert!(shown.as_str().unwrap().contains("[REDACTED:E]"), "{text}: {shown}");
        }
    }
}

#[test]
fn made_of_what_looks_encoded() {
    const PARTS: [&str; 10] = ["%A0", "%41", "\\'", "\\n", "\\u0041", "\\", "%", "+", ",", "ab"];
    for first in PARTS {
        for second in PARTS {
            for third in PARTS {
                let secret = format!("0{first}{second}{third}~");
                let json = json!(secret).to_string();
                let percent = utf8_percent_encode(&secret, NON_ALPHANUMERIC);
                for written in [secret.clone(), json, format!("{secret:?}"), percent.to_string()] {
                    let shown = shown(&[("E", &secret)], &written);
                    assert!(shown.as_str().unwrap().contains("[REDACTED:E]"), "{written}: {shown}");
                }
            }
        }
    }
}

#[test]
fn in_base64_at_each_alignment() {
    for (engine, name) in
        [(STANDARD, "std"), (STANDARD_NO_PAD, "no pad"), (URL_SAFE, "url"), (URL_SAFE_NO_PAD, "url no pad")]
    {
        for before in ["", "u", "us", "use", "user:"] {
            for after in ["", "!", "!!", "!!!", "\n"] {
                let text = format!("Basic {}", engine.encode(format!("{before}{KEY}{after}")));
                let shown = hidden(&text);
                let shown = shown.as_str().unwrap();
                assert!(shown.starts_with("Basic "), "{name} {before:?} {after:?}: {shown}");
                assert!(shown.contains("[REDACTED:KEY]"), "{name} {before:?} {after:?}: {shown}");
                assert!(shown.len() < 14 + 6 + 12, "{name} {before:?} {after:?}: {shown}");
            }
        }
    }
    // As short as may be.
    for before in ["", "u", "us"] {
        let shown = shown(&[("PIN", "9876")], URL_SAFE_NO_PAD.encode(format!("{before}9876")));
        assert!(shown.as_str().unwrap().contains("[REDACTED:PIN]"), "{shown}");
    }
}

/// As in mail and in PEM files.
#[test]
fn in_base64_of_several_lines() {
    for end in ["\n", "\r\n", "\n    "] {
        let mut text = String::from("data: |\n    ");
        for line in STANDARD.encode(format!("before {KEY} after")).as_bytes().chunks(24) {
            write!(text, "{}{end}", std::str::from_utf8(line).unwrap()).unwrap();
        }
        let shown = hidden(&text);
        assert!(shown.as_str().unwrap().contains("[REDACTED:KEY]"), "{shown}");
        assert!(shown.as_str().unwrap().len() < 80, "{shown}");
    }
}

#[test]
fn percent_encoded() {
    let all: String = KEY.bytes().fold(String::new(), |mut all, byte| {
        write!(all, "%{byte:02x}").unwrap();
        all
    });
    let encoded = utf8_percent_encode(KEY, NON_ALPHANUMERIC).to_string();
    for text in [&encoded, &encoded.to_lowercase(), &all, &all.to_uppercase()] {
        // Lower-casing is not only that of the digits.
        if text == &encoded.to_lowercase() {
            continue;
        }
        assert_eq!(hidden(format!("https://h/?k={text}&x=1")), "https://h/?k=[REDACTED:KEY]&x=1");
    }
    let form = shown(&[("WORDS", "pass word&more")], "k=pass+word%26more&x=a+b");
    assert_eq!(form, "k=[REDACTED:WORDS]&x=a+b");
    let twice = utf8_percent_encode(&encoded, NON_ALPHANUMERIC).to_string();
    assert_eq!(hidden(twice), "[REDACTED:KEY]");
}

#[test]
fn in_one_within_another() {
    let basic = STANDARD.encode(format!("user:{KEY}"));
    let query = format!("auth={}", utf8_percent_encode(&basic, NON_ALPHANUMERIC));
    assert!(!hidden(json!({"url": query}).to_string()).to_string().contains("TUlJ"));
    let token = URL_SAFE_NO_PAD.encode(json!({"sub": 1, "key": KEY}).to_string());
    let shown = hidden(format!("Bearer e30.{token}.c2ln"));
    assert!(shown.as_str().unwrap().contains("[REDACTED:KEY]"), "{shown}");
}

#[test]
fn as_a_number() {
    let secrets = [("PIN", "123456")];
    assert_eq!(shown(&secrets, 123_456), "[REDACTED:PIN]");
    assert_eq!(shown(&secrets, 91_234_560_u64), "9[REDACTED:PIN]0");
    assert_eq!(shown(&secrets, -123_456.5), "-[REDACTED:PIN].5");
    assert_eq!(shown(&secrets, u128::MAX), u128::MAX.to_string());
    assert_eq!(shown(&secrets, BTreeMap::from([(123_456, 1)])), json!({"[REDACTED:PIN]": 1}));
}

/// These are documented as not recognised.
#[test]
fn but_not_cut_recased_or_hashed() {
    assert_eq!(shown(&[("T", "abcdefgh")], json!(["abcd", "efgh"])), json!(["abcd", "efgh"]));
    assert_eq!(shown(&[("T", "abcdefgh")], "ABCDEFGH"), "ABCDEFGH");
    assert_eq!(shown(&[("T", "abcdefgh")], "hgfedcba"), "hgfedcba");
}

#[test]
fn other_text_is_left_alone() {
    for text in [
        "nothing to hide, 100% of it + \\n and \\u{zz} %zz %4 \\x4 \\ud800 \\",
        "aGVsbG8gd29ybGQ= and 1, 2, 3 and 'a', 'b' and [104, 300]",
        "naïve 😀 \u{0}",
    ] {
        assert_eq!(hidden(text), text);
    }
    let values = json!({"a": [1, 2.5, null, true, "x"], "b": {"c": [104, 101], "d": ["a", "b"]}});
    assert_eq!(hidden(values.clone()), values);
}

#[test]
fn keys_that_become_one_are_kept_apart() {
    let map = json!({"ab-12345": 1, "cd-12345": 2, "[REDACTED:K]": 3, "x": 4});
    let shown = shown(&[("K", "ab-12345"), ("K", "cd-12345")], map.clone());
    assert_eq!(shown.as_object().unwrap().len(), 4, "{shown}");
    let one_name = testing::capture().with_context(|context| {
        let secret = |value: &str| Secrets::resolve([("K", value)]).unwrap();
        context.with_secrets(secret("ab-12345")).with_secrets(secret("cd-12345"))
    });
    one_name.scope(|| in_span!(operation, operation = "op", fields("text" = map); || ()));
    let stop = &one_name.named("condukt.operation.stop")[0];
    let shown = stop.get("text").unwrap();
    assert_eq!(shown.as_object().unwrap().len(), 4, "{shown}");
    assert!(!shown.to_string().contains("12345"), "{shown}");
}
