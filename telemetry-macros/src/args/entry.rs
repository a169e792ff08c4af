//! `KEY = EXPR`: a key and the value to record.

use proc_macro2::{Ident, Span, TokenStream};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::spanned::Spanned;
use syn::{Error, Expr, LitStr, Pat, Result, Token, token};

use super::list::{comma, item, list, parens};
use crate::ctxt::Ctxt;

/// How a value is recorded: the traits of `serde` and `std::fmt`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// `EXPR`: through `Serialize`.
    Serialize,
    /// `%EXPR`: its `Display` text.
    Display,
    /// `?EXPR`: its `Debug` text.
    Debug,
}

/// A value and how it is recorded.
pub(crate) struct Recorded {
    pub(crate) format: Format,
    pub(crate) expr: Expr,
}

impl Parse for Recorded {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let format = if input.parse::<Option<Token![%]>>()?.is_some() {
            Format::Display
        } else if input.parse::<Option<Token![?]>>()?.is_some() {
            Format::Debug
        } else {
            Format::Serialize
        };
        if input.is_empty() || input.peek(Token![,]) {
            return Err(Error::new(input.span(), "expected a value after `=`"));
        }
        Ok(Self { format, expr: input.parse()? })
    }
}

/// A key, and its value unless that is the variable of its name.
pub(crate) struct Entry {
    pub(crate) key: Key,
    /// `KEY += EXPR`: the value is put behind what the key has.
    pub(crate) appends: Option<Span>,
    pub(crate) value: Option<Recorded>,
}

/// A key as an identifier, or as a string where it is not one.
#[derive(Clone)]
pub(crate) enum Key {
    Ident(Ident),
    Text(LitStr),
}

impl Key {
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Ident(ident) => ident.unraw().to_string(),
            Self::Text(text) => text.value(),
        }
    }
}

impl ToTokens for Key {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Self::Ident(ident) => ident.to_tokens(tokens),
            Self::Text(text) => text.to_tokens(tokens),
        }
    }
}

impl Parse for Key {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        if input.peek(LitStr) {
            return input.parse().map(Self::Text);
        }
        if input.peek(Ident::peek_any) {
            return input.call(Ident::parse_any).map(Self::Ident);
        }
        Err(Error::new(input.span(), "expected a key, as in `KEY = EXPR`"))
    }
}

/// The identifier of a field that has this name: raw where the name is a keyword. `None` where no field can have it.
pub(crate) fn field_named(name: &str, span: Span) -> Option<Ident> {
    let name = Ident::parse_any.parse_str(name).ok()?.unraw().to_string();
    match &*name {
        "_" | "Self" | "crate" | "self" | "super" => None,
        _ if syn::parse_str::<Ident>(&name).is_ok() => Some(Ident::new(&name, span)),
        _ => Some(Ident::new_raw(&name, span)),
    }
}

/// The field for a key of the user's own span.
pub(crate) fn field_of(key: &Ident, cx: &mut Ctxt) -> Option<Ident> {
    let field = field_named(&key.to_string(), key.span());
    if field.is_none() {
        cx.error(key, format_args!("`{key}` cannot be the name of a key"));
    }
    field
}

impl Parse for Entry {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let key: Key = input.parse()?;
        let appends = input.parse::<Option<Token![+=]>>()?.map(|sign| sign.span());
        let value = if appends.is_some() || input.parse::<Option<Token![=]>>()?.is_some() {
            Some(input.parse()?)
        } else {
            None
        };
        match (&key, &value) {
            (Key::Text(text), None) => Err(Error::new(
                text.span(),
                format_args!("a key in quotes needs a value: `{} = EXPR`", quoted(text)),
            )),
            (Key::Ident(word), None) if syn::parse2::<Expr>(word.to_token_stream()).is_err() => {
                Err(Error::new(
                    word.span(),
                    format_args!(
                        "`{word}` is a keyword, so no variable has that name: write `{word} = EXPR`"
                    ),
                ))
            }
            _ => Ok(Self { key, appends, value }),
        }
    }
}

impl Entry {
    /// The value, which may be the variable that the key names.
    pub(crate) fn recorded(self) -> Option<Recorded> {
        self.value.or_else(|| match self.key {
            Key::Ident(ident) => {
                let path = syn::ExprPath { attrs: Vec::new(), qself: None, path: ident.into() };
                Some(Recorded { format: Format::Serialize, expr: Expr::Path(path) })
            }
            // It does not parse.
            Key::Text(_) => None,
        })
    }
}

pub(super) fn quoted(text: &LitStr) -> String {
    format!("{:?}", text.value())
}

/// Keys, and the user's own among them: `KEY = EXPR, .., fields(KEY = EXPR, ..)`.
#[derive(Default)]
pub(crate) struct Entries {
    pub(crate) keys: Vec<Entry>,
    pub(crate) fields: Vec<Entry>,
}

impl Entries {
    fn parse(input: ParseStream<'_>, cx: &mut Ctxt) -> Self {
        let mut entries = Self::default();
        while !input.is_empty() {
            if is_fields(input) {
                match parens(input) {
                    Ok((_, content)) => entries.fields.extend(list::<Entry>(&content, cx)),
                    Err(error) => cx.push(error),
                }
            } else if let Some(entry) = item(input, cx) {
                entries.keys.push(entry);
            }
            comma(input, cx);
        }
        entries
    }
}

/// Whether `fields(..)` comes next.
pub(super) fn is_fields(input: ParseStream<'_>) -> bool {
    input.peek(Ident::peek_any)
        && input.peek2(token::Paren)
        && input.fork().call(Ident::parse_any).is_ok_and(|word| word == "fields")
}

/// `|PATTERN| KEY = EXPR, ..`: keys computed from a value.
pub(crate) struct Rule {
    pub(crate) pat: Pat,
    pub(crate) entries: Entries,
}

impl Rule {
    pub(super) fn parse(input: ParseStream<'_>, keyword: &Ident, cx: &mut Ctxt) -> Result<Self> {
        let pat = closure_head(input, keyword, "KEY = EXPR, ..")?;
        let entries = Entries::parse(input, cx);
        Ok(Self { pat, entries })
    }
}

/// `|PATTERN|`.
fn closure_head(input: ParseStream<'_>, keyword: &Ident, body: &str) -> Result<Pat> {
    if !input.peek(Token![|]) {
        let value = match &*keyword.to_string() {
            "err" => "error",
            "item" => "item",
            "response" => "reply",
            _ => "value",
        };
        return Err(input.error(format_args!("expected `{keyword}(|{value}| {body})`")));
    }
    input.parse::<Token![|]>()?;
    let pat = Pat::parse_single(input)?;
    if input.peek(Token![,]) {
        return Err(Error::new(
            input.span(),
            format_args!("one name for the value: `{keyword}(|value| ..)`"),
        ));
    }
    input.parse::<Token![|]>()?;
    Ok(pat)
}

/// `|PATTERN| EXPR`: the part of a value that is a model's answer.
pub(crate) struct Projection {
    pub(crate) pat: Pat,
    pub(crate) expr: Expr,
}

impl Projection {
    pub(super) fn parse(input: ParseStream<'_>, keyword: &Ident) -> Result<Self> {
        let pat = closure_head(input, keyword, "EXPR")?;
        if input.is_empty() {
            return Err(input.error(format_args!("expected the answer: `{keyword}(|reply| &reply.raw)`")));
        }
        let projection = Self { pat, expr: input.parse()? };
        if !input.is_empty() {
            return Err(input.error("unexpected tokens after the answer"));
        }
        Ok(projection)
    }
}
