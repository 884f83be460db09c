//! Which word was meant.

/// `, did you mean `x`?` for the known word that differs least, if one is close.
pub(crate) fn did_you_mean<'a>(got: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let distance = |word: &str| strsim::damerau_levenshtein(got, word);
    match known.into_iter().min_by_key(|word| distance(word)) {
        Some(word) if distance(word) <= (got.len().max(word.len()) / 3).max(1) => {
            format!(", did you mean `{word}`?")
        }
        _ => String::new(),
    }
}

/// `` `a`, `b` ``: what is allowed.
pub(crate) fn list<'a>(known: impl IntoIterator<Item = &'a str>) -> String {
    known.into_iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}
