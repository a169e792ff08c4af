//! What is left when something is wrong: the errors, and the item as it was, so that the rest of the
//! crate still compiles and the editor goes on working.

use proc_macro2::TokenStream;

use crate::ctxt::Ctxt;

pub(crate) fn item(cx: Ctxt, item: TokenStream) -> TokenStream {
    let mut tokens = cx.into_tokens();
    tokens.extend(item);
    tokens
}
