//! The keys of a span's stop.

use proc_macro2::Span;
use telemetry_catalogue::{self as catalogue, STOP, Type as KeyType};

use super::checks::check_format;
use crate::args::{Entries, Entry, Key, Rule, field_of};
use crate::ctxt::{Ctxt, did_you_mean, one_of};
use crate::model::{SpanKind, StopKey, StopKeyName, StopRule};

/// Checks `stop(..)`, `err(..)` or `item(..)`.
pub(super) fn stop_rule(span: Span, rule: Rule, kind: &SpanKind, appends: Append, cx: &mut Ctxt) -> StopRule {
    StopRule { span, pat: rule.pat, keys: stop_keys(rule.entries, kind, appends, cx) }
}

/// Whether `KEY += EXPR` has a meaning.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Append {
    Allowed,
    Refused,
}

/// A stop key, and the type of its value where that is documented.
type Named = Option<(StopKeyName, Option<KeyType>)>;

/// Checks the keys of a stop.
pub(crate) fn stop_keys(entries: Entries, kind: &SpanKind, append: Append, cx: &mut Ctxt) -> Vec<StopKey> {
    let named = |key: &Key, is_field: bool, cx: &mut Ctxt| {
        if is_field { own_stop_key(key, kind, cx) } else { stop_key(key, kind, cx) }
    };
    checked(entries, append, &named, cx)
}

/// Checks the keys of a span whose kind is known by its type alone.
pub(crate) fn stop_keys_by_hand(entries: Entries, cx: &mut Ctxt) -> Vec<StopKey> {
    let named = |key: &Key, is_field: bool, cx: &mut Ctxt| {
        let text = key.text();
        if let Some(field) = STOP.iter().find(|field| field.is(&text)).filter(|_| !is_field) {
            return Some((StopKeyName::Documented(field.key), Some(field.ty)));
        }
        match key {
            Key::Ident(ident) if !is_field => {
                let mut documented = catalogue::SPANS.iter().filter_map(|span| span.stop_field(&text));
                let ty = documented.next().map(|field| field.ty);
                Some((StopKeyName::Own(field_of(ident, cx)?), ty))
            }
            _ => Some((StopKeyName::User(text), None)),
        }
    };
    checked(entries, Append::Refused, &named, cx)
}

fn checked(
    entries: Entries,
    append: Append,
    named: &dyn Fn(&Key, bool, &mut Ctxt) -> Named,
    cx: &mut Ctxt,
) -> Vec<StopKey> {
    let mut seen: Vec<String> = Vec::new();
    let mut keys = Vec::new();
    let fields = entries.fields.into_iter().map(|entry| (entry, true));
    for (entry, is_field) in entries.keys.into_iter().map(|entry| (entry, false)).chain(fields) {
        let text = entry.key.text();
        if seen.contains(&text) {
            cx.error(&entry.key, format_args!("`{text}` is given twice"));
            continue;
        }
        seen.push(text.clone());
        let appends = check_append(&entry, append, cx);
        let Some((name, ty)) = named(&entry.key, is_field, cx) else { continue };
        let Some(value) = entry.recorded() else { continue };
        if let Some(ty) = ty {
            check_format(&value, &text, ty, cx);
        }
        keys.push(StopKey { key: name, value, ty, appends });
    }
    keys
}

/// Reports a `+=` where it has no meaning. Returns whether there is one.
pub(crate) fn check_append(entry: &Entry, append: Append, cx: &mut Ctxt) -> bool {
    if let (Some(sign), Append::Refused) = (entry.appends, append) {
        cx.error_at(
            sign,
            format_args!(
                "`+=` joins the texts of stream items, inside `item(..)` only: here, write `{} = ..`",
                entry.key.text()
            ),
        );
    }
    entry.appends.is_some()
}

/// A key of `fields(..)` inside of a rule.
fn own_stop_key(key: &Key, kind: &SpanKind, cx: &mut Ctxt) -> Named {
    let text = key.text();
    let documented = STOP.iter().find(|field| field.is(&text));
    let documented = documented.or_else(|| kind.spec()?.stop_field(&text));
    if let Some(field) = documented {
        cx.error(
            key,
            format_args!(
                "`{text}` is a documented key of the stop of `{}`: write `{} = ..` outside of `fields(..)`",
                kind.name(),
                field.name(),
            ),
        );
        return None;
    }
    Some((StopKeyName::User(text), None))
}

/// A key that a span's stop may have.
fn stop_key(key: &Key, kind: &SpanKind, cx: &mut Ctxt) -> Named {
    let text = key.text();
    if let Some(field) = STOP.iter().find(|field| field.is(&text)) {
        return Some((StopKeyName::Documented(field.key), Some(field.ty)));
    }
    // A dotted name, such as one of the OpenTelemetry conventions, is no documented key and no slip of the pen.
    if matches!(key, Key::Text(_)) && text.contains('.') {
        return Some((StopKeyName::User(text), None));
    }
    let Some(spec) = kind.spec() else {
        return match key {
            Key::Ident(ident) => Some((StopKeyName::Own(field_of(ident, cx)?), None)),
            Key::Text(text) => {
                cx.error(text, "a stop key of your own span is written as its name, without quotes");
                None
            }
        };
    };
    if let Some(field) = spec.stop_field(&text) {
        return Some((StopKeyName::Documented(field.key), Some(field.ty)));
    }
    if let Some(field) = spec.start_field(&text) {
        cx.error(
            key,
            format_args!(
                "`{text}` is a start key of `{}`: give it in the attribute, as `{} = ..`",
                spec.short_name,
                field.name(),
            ),
        );
        return None;
    }
    let own = spec.stop.iter().map(telemetry_catalogue::FieldSpec::name);
    let all: Vec<&str> = own.chain(STOP.iter().map(|field| field.key)).collect();
    let near = did_you_mean(&text, all.iter().copied());
    let known = if near.is_empty() {
        let all = one_of(all).replace(" or ", " and ");
        format!("; it has {all}. A key of your own goes into `fields({text} = ..)`")
    } else {
        near
    };
    cx.error(key, format_args!("the stop of `{}` has no key `{text}`{known}", spec.short_name));
    None
}
