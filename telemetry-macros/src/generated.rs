//! What the runtime has for each documented event, made from the catalogue: callsites, types of
//! typed handlers, and the names of spans as types.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};
use telemetry_catalogue::{
    self as catalogue, ContextKey, END, EVENTS, EXCEPTION, FieldSpec, Phase, SPANS, START, STOP, StopKeys,
    Type,
};

fn ident(name: &str) -> Ident {
    Ident::new(name, Span::call_site())
}

/// A static for each documented span and event, and lists of them.
pub(crate) fn sites() -> TokenStream {
    let spans: Vec<Ident> = SPANS.iter().map(|span| ident(span.short_name)).collect();
    let events: Vec<Ident> = EVENTS.iter().map(|event| ident(event.emit)).collect();
    let (span_indices, event_indices) = (0..SPANS.len(), 0..EVENTS.len());
    let span_docs = SPANS.iter().map(|span| format!("`{}`: {}.", span.prefix, span.doc));
    let event_docs = EVENTS.iter().map(|event| format!("`{}`: {}.", event.name, event.doc));
    quote! {
        #(
            #[doc = #span_docs]
            #[allow(non_upper_case_globals)]
            pub static #spans: SpanSite = SpanSite::documented(&telemetry_catalogue::SPANS[#span_indices]);
        )*
        #(
            #[doc = #event_docs]
            #[allow(non_upper_case_globals)]
            pub static #events: EventSite = EventSite::documented(&telemetry_catalogue::EVENTS[#event_indices]);
        )*
        pub(crate) static SPANS: &[&SpanSite] = &[#(&#spans),*];
        pub(crate) static EVENTS: &[&EventSite] = &[#(&#events),*];
    }
}

/// A type for each documented event with a method for each key, in a module for each first segment;
/// and a type for each documented span.
pub(crate) fn typed_events() -> TokenStream {
    let mut modules: Vec<(&str, Vec<TokenStream>)> = Vec::new();
    let mut add = |name: &'static str, event: TokenStream| {
        let module = name.split('.').next().unwrap_or(name);
        match modules.iter_mut().find(|(known, _)| *known == module) {
            Some((_, events)) => events.push(event),
            None => modules.push((module, vec![event])),
        }
    };
    for span in SPANS {
        for phase in Phase::ALL {
            add(span.event(phase), of_span(span, phase));
        }
    }
    for event in EVENTS {
        let keys = context(event.context).chain(event.metadata.iter().map(|field| method(field, false)));
        let keys = keys.chain(event.measurements.iter().map(|field| method(field, true)));
        add(event.name, typed(event.name, event.doc, keys.collect()));
    }
    let modules = modules.into_iter().map(|(name, events)| {
        let doc =
            format!("The documented events under `{name}.`, for [`attach_typed`](crate::attach_typed).");
        let name = ident(name);
        quote! {
            #[doc = #doc]
            pub mod #name {
                use crate::event::Event;
                use crate::value::Value;
                #(#events)*
            }
        }
    });
    let spans = SPANS.iter().map(|span| {
        let (name, doc) = (ident(span.short_name), format!("`{}`: {}.", span.prefix, span.doc));
        let keys = stop_keys(span, &name);
        quote! {
            #[doc = #doc]
            #[allow(non_camel_case_types)]
            #[derive(Clone, Copy, Debug)]
            pub struct #name;

            #keys
        }
    });
    quote! {
        #(#modules)*

        /// The documented spans as types, each of the name that it has in an attribute: what
        /// [`StopMetadata`](trait@crate::StopMetadata) is generic over.
        pub mod spans { #(#spans)* }
    }
}

/// The stop keys of a documented span as fields, so that the compiler checks `record!(span; KEY = ..)`.
fn stop_keys(span: &'static catalogue::SpanSpec, name: &Ident) -> TokenStream {
    let keys_type = format_ident!("{}Keys", type_name(&format!("{}.stop", span.prefix)));
    let fields: Vec<Ident> = span.stop.iter().map(|field| ident(field.name())).collect();
    let keys = span.stop.iter().map(|field| field.key);
    let mode = match span.stop_keys {
        StopKeys::Value => quote!(Value),
        StopKeys::Derived => quote!(Derived),
        StopKeys::None | StopKeys::Derivable => quote!(NothingToDerive),
    };
    quote! {
        #[doc(hidden)]
        #[derive(Clone, Copy, Debug)]
        pub struct #keys_type { #(pub #fields: &'static str),* }

        impl crate::span::SpanKind for #name {
            type Keys = #keys_type;
            type Mode = crate::span::mode::#mode;
            const KEYS: #keys_type = #keys_type { #(#fields: #keys),* };
        }
    }
}

fn of_span(span: &'static catalogue::SpanSpec, phase: Phase) -> TokenStream {
    let (measurements, own, common): (_, &[FieldSpec], &[FieldSpec]) = match phase {
        Phase::Start => (START, &[], &[]),
        Phase::Stop => (END, span.stop, STOP),
        // What was known of the stop when the work was cut short is there too.
        Phase::Exception => (END, span.stop, EXCEPTION),
    };
    let mut keys: Vec<(&str, TokenStream)> = Vec::new();
    let context_keys = span.context.iter().map(|key| key.as_str()).zip(context(span.context));
    let fields = span.start.iter().chain(own).chain(common);
    let fields = fields.map(|field| (field.key, method(field, false)));
    let measured = measurements.iter().map(|field| (field.key, method(field, true)));
    for (key, method) in context_keys.chain(fields).chain(measured) {
        if !keys.iter().any(|(known, _)| *known == key) {
            keys.push((key, method));
        }
    }
    let doc = match phase {
        Phase::Start => format!("{}: it begins.", span.doc),
        Phase::Stop => format!("{}: it has returned.", span.doc),
        Phase::Exception => format!("{}: it panicked or was cancelled.", span.doc),
    };
    typed(span.event(phase), &doc, keys.into_iter().map(|(_, method)| method).collect())
}

fn typed(name: &'static str, doc: &str, methods: Vec<TokenStream>) -> TokenStream {
    let ty = ident(&type_name(name));
    let doc = format!("`{name}`: {}.", doc.trim_end_matches('.'));
    quote! {
        #[doc = #doc]
        #[derive(Clone, Copy, Debug)]
        pub struct #ty<'e>(Event<'e>);

        impl<'e> #ty<'e> {
            /// The full name of the event.
            pub const NAME: &'static str = #name;

            /// The event itself.
            pub fn event(&self) -> &Event<'e> {
                &self.0
            }

            #(#methods)*
        }

        impl<H> crate::typed::TypedHandler<#ty<'static>> for H
        where
            H: Fn(&#ty<'_>) + Send + Sync + 'static,
        {
            const NAME: &'static str = #name;

            fn handle_typed(&self, event: &Event<'_>) {
                self(&#ty(*event));
            }
        }
    }
}

/// `LlmTurnStop` for `condukt.llm_turn.stop`.
fn type_name(name: &str) -> String {
    let words = name.split(['.', '_']).skip(1);
    words
        .map(|word| {
            let mut letters = word.chars();
            letters
                .next()
                .map(|first| first.to_ascii_uppercase())
                .into_iter()
                .chain(letters)
                .collect::<String>()
        })
        .collect()
}

fn context(keys: &'static [ContextKey]) -> impl Iterator<Item = TokenStream> {
    keys.iter().map(|key| accessor(key.as_str(), key.ty(), "From the context", false))
}

fn method(field: &FieldSpec, is_measurement: bool) -> TokenStream {
    accessor(field.key, field.ty, field.doc, is_measurement)
}

fn accessor(key: &str, ty: Type, doc: &str, is_measurement: bool) -> TokenStream {
    let name = format_ident!("{}", key.trim_end_matches('?'));
    let doc = format!("`{key}`: {doc}.");
    let (returned, read) = match ty {
        Type::Text => (quote!(&'e str), quote!(.and_then(|value| value.as_str()))),
        Type::Integer => (quote!(u64), quote!(.and_then(|value| value.as_u64()))),
        Type::Number => (quote!(f64), quote!(.and_then(|value| value.as_f64()))),
        Type::Flag => (quote!(bool), quote!(.and_then(|value| value.as_bool()))),
        Type::Duration => {
            let nanos = quote!(.and_then(|value| value.as_u64()).map(::core::time::Duration::from_nanos));
            (quote!(::core::time::Duration), nanos)
        }
        Type::Texts | Type::Any => (quote!(Value<'e>), quote!()),
    };
    let get = if is_measurement {
        quote!(self.0.measurements().get(#key))
    } else {
        quote!(self.0.metadata().get(#key))
    };
    quote! {
        #[doc = #doc]
        pub fn #name(&self) -> ::core::option::Option<#returned> {
            #get #read
        }
    }
}
