//! What is left when something is wrong: the errors, and the item as it was, so that the rest of the
//! crate still compiles and the editor goes on working.

use proc_macro2::TokenStream;
use quote::quote;

use crate::ctxt::Ctxt;

pub(crate) fn item(cx: Ctxt, item: TokenStream) -> TokenStream {
    let errors = cx.into_tokens();
    // A parameter that only the annotation uses is not unused.
    quote!(#errors #[allow(unused_variables)] #item)
}
