//! The annotated function, as it was written: its body stays tokens.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::{
    Attribute, Expr, ExprLit, FnArg, Item, Lit, Meta, Pat, Result, ReturnType, Signature, Token, Type,
    Visibility,
};

use crate::ctxt::Ctxt;

/// A function with a body.
pub(crate) struct Function {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) defaultness: Option<Ident>,
    pub(crate) sig: Signature,
    pub(crate) inner_attrs: Vec<Attribute>,
    /// The body without its inner attributes.
    pub(crate) body: Group,
}

struct Parsed {
    attrs: Vec<Attribute>,
    vis: Visibility,
    defaultness: Option<Ident>,
    sig: Signature,
    rest: TokenStream,
}

impl Parse for Parsed {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let attrs = input.call(Attribute::parse_outer)?;
        let vis = input.parse()?;
        let is_default = input.peek(Ident::peek_any)
            && input.fork().call(Ident::parse_any)? == "default"
            && !input.peek2(Token![!]);
        let defaultness = if is_default { Some(input.call(Ident::parse_any)?) } else { None };
        Ok(Self { attrs, vis, defaultness, sig: input.parse()?, rest: input.parse()? })
    }
}

impl Function {
    /// Parses an item that should be a function with a body; any other is an error.
    pub(crate) fn parse(item: TokenStream, attribute: &str, cx: &mut Ctxt) -> Option<Self> {
        let parsed: Parsed = match syn::parse2(item.clone()) {
            Ok(parsed) => parsed,
            Err(error) => {
                match syn::parse2::<Item>(item) {
                    Ok(other) => cx.error(
                        keyword(&other),
                        format_args!("`#[{attribute}]` goes on a function, not on {}", article(&other)),
                    ),
                    Err(_) => cx.push(error),
                }
                return None;
            }
        };
        let mut rest = ungrouped(parsed.rest).into_iter();
        let body = match (rest.next(), rest.next()) {
            (Some(TokenTree::Group(body)), None) if body.delimiter() == Delimiter::Brace => body,
            _ => {
                cx.error(&parsed.sig, format_args!(
                    "`#[{attribute}]` needs a function with a body; put it on each implementation of this one",
                ));
                return None;
            }
        };
        let (inner_attrs, body) = split_inner_attributes(body);
        let function = Self {
            attrs: parsed.attrs,
            vis: parsed.vis,
            defaultness: parsed.defaultness,
            sig: parsed.sig,
            inner_attrs,
            body,
        };
        function.check(attribute, cx).then_some(function)
    }

    /// Whether it can be instrumented at all.
    fn check(&self, attribute: &str, cx: &mut Ctxt) -> bool {
        if let Some(constness) = &self.sig.constness {
            cx.error(constness, format_args!(
                "`#[{attribute}]` cannot go on a `const fn`: emitting events is not possible in constants",
            ));
            return false;
        }
        let tracks = |attr: &&Attribute| attr.path().is_ident("track_caller");
        if let Some(attr) = self.attrs.iter().find(tracks) {
            cx.error(attr, format_args!(
                "`#[track_caller]` and `#[{attribute}]` cannot go on one function: the caller's location would be \
                 lost; put `#[{attribute}]` on a function that this one calls",
            ));
            return false;
        }
        true
    }

    /// The doc comment as an expression of type `&'static str`: its lines, pieces that a macro such as `concat!` makes
    /// among them. Without one, the `description = ..` of a tool attribute beside ours.
    pub(crate) fn description(&self) -> Option<TokenStream> {
        let mut pieces: Vec<DocPiece> = Vec::new();
        for attr in self.attrs.iter().chain(&self.inner_attrs) {
            if let Meta::NameValue(meta) = &attr.meta
                && meta.path.is_ident("doc")
            {
                pieces.push(DocPiece::of(&meta.value));
            }
        }
        match joined(pieces) {
            Some(text) => Some(text),
            None => self.tool_option("description").map(ToTokens::into_token_stream),
        }
    }

    /// The value of `KEY = EXPR` in a tool attribute of another crate that stands beside ours, such as rmcp's
    /// `#[tool(name = "..", description = "..")]`.
    pub(crate) fn tool_option(&self, key: &str) -> Option<Expr> {
        let tools = self.attrs.iter().filter(|attr| {
            let last = attr.path().segments.last();
            last.is_some_and(|last| last.ident == "tool" || last.ident == "rig_tool")
        });
        let mut options = tools.filter_map(|attr| match &attr.meta {
            Meta::List(list) => option_of(list.tokens.clone(), key),
            _ => None,
        });
        options.next()
    }

    /// The return type, where one is written, [`bare`].
    pub(crate) fn output(&self) -> Option<&Type> {
        match &self.sig.output {
            ReturnType::Default => None,
            ReturnType::Type(_, ty) => Some(bare(ty)),
        }
    }

    /// The parameters, without `self`.
    pub(crate) fn params(&self) -> Vec<Param> {
        let typed = self.sig.inputs.iter().filter_map(|arg| match arg {
            FnArg::Typed(arg) => Some(arg),
            FnArg::Receiver(_) => None,
        });
        typed
            .map(|arg| {
                let mut bindings = Vec::new();
                bindings_of(&arg.pat, &mut bindings);
                let cfgs = arg.attrs.iter().filter(|attr| attr.path().is_ident("cfg")).cloned().collect();
                let attrs = arg.attrs.iter().filter(|attr| !attr.path().is_ident("doc")).cloned().collect();
                Param { bindings, pat: (*arg.pat).clone(), ty: bare(&arg.ty).clone(), cfgs, attrs }
            })
            .collect()
    }

    /// Whether the function is known to be in an `impl` or a trait.
    pub(crate) fn is_method(&self) -> bool {
        self.sig.receiver().is_some() || mentions(self.sig.to_token_stream(), &|ident| ident == "Self")
    }
}

/// One `#[doc = ..]`.
enum DocPiece {
    Lines(Vec<String>),
    Computed(Expr),
}

impl DocPiece {
    fn of(value: &Expr) -> Self {
        match value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Self::Lines(comment_lines(&text.value())),
            other => Self::Computed(other.clone()),
        }
    }
}

/// The lines of a comment as rustdoc takes them: without the space behind `///`, and of a `/** .. */` without the stars
/// before its lines and the indentation that they share.
fn comment_lines(text: &str) -> Vec<String> {
    let mut lines: Vec<&str> = text.split('\n').map(str::trim_end).collect();
    if let [line] = lines[..] {
        return vec![line.strip_prefix(' ').unwrap_or(line).to_owned()];
    }
    let star_of = |line: &&str| line.find('*').filter(|at| *at > 0 && line[..*at].trim().is_empty());
    let mut stars = lines[1..].iter().filter(|line| !line.is_empty()).map(star_of);
    // A list in a text that is no comment has its stars at the beginning of the line.
    if let Some(Some(at)) = stars.next()
        && stars.all(|star| star == Some(at))
    {
        for line in lines[1..].iter_mut().filter(|line| !line.is_empty()) {
            *line = &line[at + 1..];
        }
    }
    let indentation = shared_indentation(lines.iter().copied());
    lines.into_iter().map(|line| line.get(indentation..).unwrap_or_default().to_owned()).collect()
}

/// How far all lines are indented that are not empty.
fn shared_indentation<'l>(lines: impl Iterator<Item = &'l str>) -> usize {
    let indentations = lines
        .filter(|line| !line.is_empty())
        .map(|line| line.len() - line.trim_start_matches([' ', '\t']).len());
    indentations.min().unwrap_or(0)
}

/// The pieces as lines of one text.
fn joined(pieces: Vec<DocPiece>) -> Option<TokenStream> {
    let lines = pieces.iter().flat_map(|piece| match piece {
        DocPiece::Lines(lines) => &lines[..],
        DocPiece::Computed(_) => &[],
    });
    let indentation = shared_indentation(lines.map(|line| &**line));
    let mut parts: Vec<TokenStream> = Vec::new();
    let mut text = String::new();
    for (index, piece) in pieces.into_iter().enumerate() {
        if index > 0 {
            text.push('\n');
        }
        match piece {
            DocPiece::Lines(lines) => {
                let lines = lines.iter().map(|line| line.get(indentation..).unwrap_or_default());
                text.push_str(&lines.collect::<Vec<_>>().join("\n"));
            }
            DocPiece::Computed(expr) => {
                parts.push(text.to_token_stream());
                parts.push(expr.to_token_stream());
                text.clear();
            }
        }
    }
    if parts.is_empty() {
        let text = text.trim();
        return (!text.is_empty()).then(|| text.to_token_stream());
    }
    parts.push(text.to_token_stream());
    Some(quote::quote!(::core::concat!(#(#parts),*).trim()))
}

/// The expression behind `KEY =` among options with commas between.
fn option_of(options: TokenStream, key: &str) -> Option<Expr> {
    let parser = |input: ParseStream<'_>| {
        let mut found = None;
        while !input.is_empty() {
            let is_key = input.peek(Ident::peek_any)
                && input.peek2(Token![=])
                && input.fork().call(Ident::parse_any)? == key;
            if is_key {
                input.call(Ident::parse_any)?;
                input.parse::<Token![=]>()?;
                found = Some(input.parse()?);
                continue;
            }
            input.parse::<TokenTree>()?;
        }
        Ok(found)
    };
    parser.parse2(options).ok()?
}

/// One parameter.
pub(crate) struct Param {
    /// The variables that its pattern binds.
    pub(crate) bindings: Vec<Binding>,
    pub(crate) pat: Pat,
    /// Its type, [`bare`].
    pub(crate) ty: Type,
    /// The conditions it is there under.
    pub(crate) cfgs: Vec<Attribute>,
    /// The same and the lints it has, for where it is made anew.
    pub(crate) attrs: Vec<Attribute>,
}

/// A variable that a pattern binds.
#[derive(Clone)]
pub(crate) struct Binding {
    pub(crate) ident: Ident,
    pub(crate) mutability: Option<Token![mut]>,
}

fn bindings_of(pat: &Pat, out: &mut Vec<Binding>) {
    match pat {
        Pat::Ident(pat) => {
            // A lone capital letter or CONSTANT is a path, not a binding; rustc decides by resolution,
            // and parameters are bindings in all but contrived cases.
            out.push(Binding {
                ident: pat.ident.clone(),
                mutability: if pat.by_ref.is_some() { None } else { pat.mutability },
            });
            if let Some((_, sub)) = &pat.subpat {
                bindings_of(sub, out);
            }
        }
        Pat::Reference(pat) => bindings_of(&pat.pat, out),
        Pat::Paren(pat) => bindings_of(&pat.pat, out),
        Pat::Type(pat) => bindings_of(&pat.pat, out),
        Pat::Tuple(pat) => pat.elems.iter().for_each(|pat| bindings_of(pat, out)),
        Pat::TupleStruct(pat) => pat.elems.iter().for_each(|pat| bindings_of(pat, out)),
        Pat::Slice(pat) => pat.elems.iter().for_each(|pat| bindings_of(pat, out)),
        Pat::Struct(pat) => pat.fields.iter().for_each(|field| bindings_of(&field.pat, out)),
        // The alternatives bind the same variables.
        Pat::Or(pat) => pat.cases.iter().take(1).for_each(|pat| bindings_of(pat, out)),
        _ => {}
    }
}

/// Takes `mut` off the variables of a pattern: they are made anew, with theirs, inside.
pub(crate) fn without_mut(pat: &mut Pat) {
    match pat {
        Pat::Ident(pat) => {
            if pat.by_ref.is_none() {
                pat.mutability = None;
            }
            if let Some((_, sub)) = &mut pat.subpat {
                without_mut(sub);
            }
        }
        Pat::Reference(pat) => without_mut(&mut pat.pat),
        Pat::Paren(pat) => without_mut(&mut pat.pat),
        Pat::Type(pat) => without_mut(&mut pat.pat),
        Pat::Tuple(pat) => pat.elems.iter_mut().for_each(without_mut),
        Pat::TupleStruct(pat) => pat.elems.iter_mut().for_each(without_mut),
        Pat::Slice(pat) => pat.elems.iter_mut().for_each(without_mut),
        Pat::Struct(pat) => pat.fields.iter_mut().for_each(|field| without_mut(&mut field.pat)),
        Pat::Or(pat) => pat.cases.iter_mut().for_each(without_mut),
        _ => {}
    }
}

/// The type without the parentheses around it, and without the group that a fragment such as `$t:ty` of a `macro_rules!`
/// macro is.
pub(crate) fn bare(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => bare(&group.elem),
        Type::Paren(paren) => bare(&paren.elem),
        _ => ty,
    }
}

/// Whether some identifier anywhere in the tokens is such a one.
pub(crate) fn mentions(tokens: TokenStream, is: &dyn Fn(&Ident) -> bool) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => is(&ident),
        TokenTree::Group(group) => mentions(group.stream(), is),
        _ => false,
    })
}

/// Whether the tokens name that variable, be it within a format string.
pub(crate) fn names_variable(tokens: TokenStream, variable: &Ident) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == *variable,
        TokenTree::Group(group) => names_variable(group.stream(), variable),
        TokenTree::Literal(literal) => {
            let (text, name) = (literal.to_string(), variable.unraw().to_string());
            let mut words = text.split(|char: char| !char.is_alphanumeric() && char != '_');
            text.contains('{') && words.any(|word| word == name)
        }
        TokenTree::Punct(_) => false,
    })
}

fn split_inner_attributes(body: Group) -> (Vec<Attribute>, Group) {
    let split =
        |input: ParseStream<'_>| Ok((input.call(Attribute::parse_inner)?, input.parse::<TokenStream>()?));
    let begins_with_one = {
        let mut tokens = body.stream().into_iter();
        matches!(tokens.next(), Some(TokenTree::Punct(punct)) if punct.as_char() == '#')
            && matches!(tokens.next(), Some(TokenTree::Punct(punct)) if punct.as_char() == '!')
    };
    match begins_with_one.then(|| split.parse2(body.stream())) {
        Some(Ok((attrs, rest))) => {
            let mut group = Group::new(Delimiter::Brace, rest);
            group.set_span(body.span());
            (attrs, group)
        }
        _ => (Vec::new(), body),
    }
}

/// What a fragment of a `macro_rules!` macro, such as `$body:block`, stands for.
fn ungrouped(tokens: TokenStream) -> TokenStream {
    let mut all = tokens.clone().into_iter();
    match (all.next(), all.next()) {
        (Some(TokenTree::Group(group)), None) if group.delimiter() == Delimiter::None => {
            ungrouped(group.stream())
        }
        _ => tokens,
    }
}

fn keyword(item: &Item) -> TokenStream {
    let first = item.to_token_stream().into_iter().find(
        |token| matches!(token, TokenTree::Ident(ident) if !matches!(&*ident.to_string(), "pub" | "unsafe")),
    );
    first.map_or_else(|| item.to_token_stream(), ToTokens::into_token_stream)
}

fn article(item: &Item) -> &'static str {
    match item {
        Item::Struct(_) => "a struct; a struct is made an event by `#[derive(EventMetadata)]`",
        Item::Enum(_) => "an enum",
        Item::Impl(_) => "an `impl`: put it on the functions inside",
        Item::Trait(_) => "a trait: put it on the functions inside, or on their implementations",
        Item::Mod(_) => "a module: put it on the functions inside",
        Item::Const(_) | Item::Static(_) => "a constant",
        Item::Type(_) => "a type alias",
        Item::Use(_) => "an import",
        _ => "this",
    }
}

/// Where the macro was called.
pub(crate) fn here() -> Span {
    Span::mixed_site()
}
