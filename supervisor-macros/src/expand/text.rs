//! Code in which no token is the user's.
//!
//! The compiler reads a text many times faster than it takes tokens from a macro one by one, and
//! most of what is generated is the same for every child.

use proc_macro2::TokenStream;

/// The code, with these texts in the place of these words, one after the other: a text with words
/// of the user's comes last, so that nothing in it is taken for such a word.
macro_rules! code {
    ($($word:ident = $text:expr),*; $($code:tt)*) => {{
        let code = stringify!($($code)*);
        $(let code = code.replace(stringify!($word), $text);)*
        $crate::expand::text::read(&code)
    }};
}

pub(super) use code;

/// The tokens of `code`, as if they stood where the macro is called. By the compiler, where there is
/// one: `proc_macro2` would first read it itself.
pub(super) fn read(code: &str) -> TokenStream {
    let read = if proc_macro::is_available() {
        code.parse::<proc_macro::TokenStream>().ok().map(TokenStream::from)
    } else {
        code.parse().ok()
    };
    read.expect("it was made of tokens")
}
