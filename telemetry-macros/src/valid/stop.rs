//! The keys of a span's stop.

use proc_macro2::Span;
use telemetry_catalogue::{STOP, Type as KeyType};

use super::check_format;
use crate::args::{Key, Rule};
use crate::ctxt::{Ctxt, did_you_mean, one_of};
use crate::model::{SpanKind, StopKey, StopKeyName, StopRule};

/// Checks `stop(..)`, `err(..)` or `item(..)`.
pub(super) fn stop_rule(span: Span, rule: Rule, kind: &SpanKind, cx: &mut Ctxt) -> StopRule {
    let mut seen: Vec<String> = Vec::new();
    let mut keys = Vec::new();
    for entry in rule.entries {
        let text = entry.key.text();
        if seen.contains(&text) {
            cx.error(&entry.key, format_args!("`{text}` is given twice"));
            continue;
        }
        seen.push(text.clone());
        let Some((name, ty)) = stop_key(&entry.key, kind, cx) else { continue };
        let Some(value) = entry.recorded() else { continue };
        if let Some(ty) = ty {
            check_format(&value, &text, ty, cx);
        }
        keys.push(StopKey { key: name, value, ty });
    }
    StopRule { span, pat: rule.pat, keys }
}

/// A key that a span's stop may have.
pub(crate) fn stop_key(key: &Key, kind: &SpanKind, cx: &mut Ctxt) -> Option<(StopKeyName, Option<KeyType>)> {
    let text = key.text();
    if let Some(field) = STOP.iter().find(|field| field.is(&text)) {
        return Some((StopKeyName::Documented(field.key), Some(field.ty)));
    }
    let Some(spec) = kind.spec() else {
        return match key {
            Key::Ident(ident) => Some((StopKeyName::Own(ident.clone()), None)),
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
    let known =
        if near.is_empty() { format!("; it has {}", one_of(all)).replace(" or ", " and ") } else { near };
    cx.error(key, format_args!("the stop of `{}` has no key `{text}`{known}", spec.short_name));
    None
}
