//! What a span's end takes from what was returned.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use telemetry_catalogue::StopKeys;

use super::{Runtime, ident, recorded};
use crate::valid::{Model, SpanKind, StopKeyName, StopRule, derives};

/// The closure that fills a stop from a reference to what the work returned.
pub(super) fn closure(model: &Model, runtime: &Runtime, output: Span) -> TokenStream {
    let returned = ident("__returned");
    let derived = derived(model, runtime, output);
    let said = rule(model.stop.as_ref(), &ident("__value"), model, runtime);
    filling(model, runtime, &returned, &quote!(#derived #said))
}

/// The closure that looks at each item of a stream.
pub(super) fn item(model: &Model, runtime: &Runtime) -> TokenStream {
    let returned = ident("__returned");
    let said = rule(model.item.as_ref(), &ident("__value"), model, runtime);
    filling(model, runtime, &returned, &said)
}

fn filling(model: &Model, runtime: &Runtime, returned: &Ident, said: &TokenStream) -> TokenStream {
    let stop = ident("__stop");
    let value = ident("__value");
    let split =
        split(model, runtime, &quote!(#returned), &quote!(#value), &quote!(#stop.ok(); #said), &quote!());
    quote!(|#returned, #stop| { #split })
}

/// The closure that says whether what should have been a stream is an `Err`, which ends the span.
pub(super) fn unless(model: &Model, runtime: &Runtime, returned: &Ident) -> TokenStream {
    let stop = ident("__stop");
    let split = split(model, runtime, &quote!(&#returned), &quote!(_), &quote!(false), &quote!(true));
    quote!(|#stop| { #split })
}

/// The closure for a stream's end: what `stop(..)` says.
pub(super) fn end(model: &Model, runtime: &Runtime) -> TokenStream {
    let (stop, value) = (ident("__stop"), ident("__value"));
    let said = rule(model.stop.as_ref(), &value, model, runtime);
    quote!(|#value, #stop| { let _ = (&#value, &#stop); #said })
}

/// Tells values from errors.
fn split(
    model: &Model,
    runtime: &Runtime,
    returned: &TokenStream,
    value: &TokenStream,
    ok: &TokenStream,
    err: &TokenStream,
) -> TokenStream {
    let k = &runtime.private;
    let (stop, error) = (ident("__stop"), ident("__error"));
    let said = rule(model.err.as_ref(), &error, model, runtime);
    quote! {
        #[allow(unused_imports)]
        use #k::{KindOfType as _, KindSaid as _, Plain as _, SaysDebug as _, SaysDisplay as _, SaysType as _};
        #[allow(unused_variables)]
        match #k::Returned(#returned).split() {
            #k::Result::Ok(#value) => { #ok }
            #k::Result::Err(#error) => {
                #stop.fail(((&&&#k::Failed(#error)).text(), (&&#k::Failed(#error)).kind()));
                #said
                #err
            }
        }
    }
}

/// What the value itself says: through its `StopMetadata`, or by being the result.
fn derived(model: &Model, runtime: &Runtime, output: Span) -> TokenStream {
    let (k, krate) = (&runtime.private, &runtime.krate);
    let (stop, value) = (ident("__stop"), ident("__value"));
    let span = output.resolved_at(crate::input::here());
    match &model.span {
        SpanKind::Documented(spec, _) if spec.stop_keys == StopKeys::Value => quote! {
            {
                #[allow(unused_imports)]
                use #k::{
                    WholeDebug as _, WholeDisplay as _, WholeOpaque as _, WholeOption as _, WholeSerialize as _,
                };
                #stop.set("result", (&&&&&#k::Whole(#value)).held());
            }
        },
        kind if !derives(kind) => TokenStream::new(),
        kind => {
            let name = match kind {
                SpanKind::Documented(spec, _) => {
                    let name = ident(spec.attribute);
                    quote!(#krate::spans::#name)
                }
                SpanKind::Own(own) => {
                    let path = &own.path;
                    quote!(#path)
                }
            };
            if model.stop.is_some() {
                quote! {{
                    #[allow(unused_imports)]
                    use #k::{MayDerive as _, MayNotDerive as _};
                    (&#k::May::<#name, _>::new(#value)).fill(#stop);
                }}
            } else if let SpanKind::Own(_) = kind {
                quote_spanned!(span=> #k::derive_own::<#name, _>(#value, #stop);)
            } else {
                quote_spanned!(span=> #k::derive::<#name, _>(#value, #stop);)
            }
        }
    }
}

/// What a rule says of `value`.
fn rule(rule: Option<&StopRule>, value: &Ident, model: &Model, runtime: &Runtime) -> TokenStream {
    let Some(StopRule { pat, keys }) = rule else { return TokenStream::new() };
    let stop = ident("__stop");
    let sets = keys.iter().map(|key| {
        let name = stop_key(&key.key, &model.span, runtime);
        let value = recorded(&key.value, key.ty, runtime);
        quote!(#stop.record(#name, #value);)
    });
    quote!({ let #pat = #value; #(#sets)* })
}

/// A stop key's text; of a user's own span through a field, so that the compiler checks it.
pub(super) fn stop_key(key: &StopKeyName, span: &SpanKind, runtime: &Runtime) -> TokenStream {
    let krate = &runtime.krate;
    match (key, span) {
        (StopKeyName::Own(name), SpanKind::Own(own)) => {
            let path = &own.path;
            quote!(<#path as #krate::SpanMetadata>::STOP_KEYS.#name)
        }
        (StopKeyName::Own(name), _) => {
            let name = name.to_string();
            quote!(#name)
        }
        (StopKeyName::Documented(name), _) => quote!(#name),
    }
}
