use telemetry_runtime::{MIN_SECRET_BYTES, SecretsError};

use super::*;

#[test]
fn names_are_those_of_environment_variables() {
    for name in ["A", "_", "gh_token", "GH_TOKEN_2", "__x9"] {
        assert!(Secrets::resolve([(name, "value")]).is_ok(), "{name}");
    }
    for name in ["", "2FA", "GH-TOKEN", "GH TOKEN", "GH.TOKEN", "CLÉ", "A=B", "A\n"] {
        let error = Secrets::resolve([(name, "value")]).unwrap_err();
        assert_eq!(error, SecretsError::Name(name.to_owned()));
    }
}

#[test]
fn values_have_four_bytes_at_least() {
    assert_eq!(MIN_SECRET_BYTES, 4);
    for value in ["", "abc", "é1"] {
        let error = Secrets::resolve([("TOKEN", value)]).unwrap_err();
        assert_eq!(error, SecretsError::TooShort("TOKEN".to_owned()));
        assert!(value.is_empty() || !format!("{error:?} {error}").contains(value));
    }
    // Four bytes, however few characters they are.
    for value in ["abcd", "éé", "🔑"] {
        assert_eq!(Secrets::resolve([("TOKEN", value)]).unwrap().get("TOKEN"), Some(value));
    }
}

#[test]
fn of_one_name_the_later_counts() {
    let secrets = Secrets::resolve([("A", "first"), ("B", "other"), ("A", "second")]).unwrap();
    assert_eq!(secrets.get("A"), Some("second"));
    assert_eq!(secrets.names(), ["A", "B"]);
    assert_eq!(secrets.get("C"), None);
}

#[test]
fn one_bad_entry_resolves_nothing() {
    let capture = testing::capture();
    let resolved = capture.scope(|| Secrets::resolve([("GOOD", "value"), ("BAD NAME", "value")]));
    assert!(resolved.is_err());
    assert_eq!(capture.names(), [""; 0]);
}

#[test]
fn they_print_as_their_names() {
    let secrets = Secrets::resolve([("B", "value-b"), ("A", "value-a")]).unwrap();
    assert_eq!(format!("{secrets:?}"), r#"Secrets(["A", "B"])"#);
    let context = Context::current().with_secrets(secrets);
    assert!(!format!("{context:?}").contains("value-"));
}

#[test]
fn secrets_of_a_session_join_those_around() {
    let capture = testing::capture();
    let outer = capture
        .context()
        .with_secrets(Secrets::resolve([("TOKEN", "outer-token"), ("HOST", "outer-host")]).unwrap());
    let inner = outer.clone().with_secrets(Secrets::resolve([("TOKEN", "inner-token")]).unwrap());
    assert_eq!(inner.secrets().unwrap().get("TOKEN"), Some("inner-token"));
    assert_eq!(inner.secrets().unwrap().get("HOST"), Some("outer-host"));
    assert_eq!(outer.secrets().unwrap().get("TOKEN"), Some("outer-token"));
    let resolves = capture.named("condukt.secrets.resolve");
    let resolved: Vec<&Value> = resolves.iter().map(|event| event.get("names").unwrap()).collect();
    assert_eq!(resolved, [&json!(["HOST", "TOKEN"]), &json!(["TOKEN"])]);
    // Both are kept out of events.
    inner.scope(|| redactor_test::note("inner-token, outer-token and outer-host"));
    assert_eq!(
        capture.events().last().unwrap().get("args").unwrap()["text"],
        "[REDACTED:TOKEN], [REDACTED:TOKEN] and [REDACTED:HOST]"
    );
}

#[test]
fn they_are_seen_where_they_were_put_and_nowhere_else() {
    let context = Context::current().with_secrets(Secrets::resolve([("TOKEN", "value")]).unwrap());
    assert!(context.scope(|| Context::current().secrets().is_some()));
    assert!(Context::current().secrets().is_none());
    // Another trace shows what it likes.
    let capture = testing::capture();
    capture.scope(|| redactor_test::note("value"));
    assert_eq!(capture.events()[0].get("args").unwrap()["text"], "value");
}
