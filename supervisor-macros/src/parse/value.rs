//! Values: words, durations, numbers, paths.

use proc_macro2::{Literal, Span, TokenTree};
use quote::ToTokens;
use syn::parse::{Parse, Parser};
use syn::punctuated::Punctuated;
use syn::{Expr, ExprLit, ExprUnary, Lit, LitStr, Token, Type, UnOp};

use super::entry::{Entry, Value};
use crate::errors::Errors;
use crate::model::{Condition, Grace, Number, Time, TimeValue, Words};
use crate::nearest::{did_you_mean, list};

const UNITS: [(&str, f64); 6] =
    [("ns", 1.0), ("us", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 60e9), ("h", 3_600e9)];

impl Entry {
    /// One word of a few: `key(word)`, `key = word` or `key = "word"`.
    pub(super) fn choice<T: Words>(&self, errors: &mut Errors) -> Option<T> {
        let known = || T::ALL.iter().map(|(word, _)| *word);
        let key = &self.key;
        let Some((written, span)) = self.single_word() else {
            errors.at(self.span(), format!("`{key}` takes one of {}", list(known())));
            return None;
        };
        if let Some(&(_, value)) = T::ALL.iter().find(|(word, _)| *word == written) {
            return Some(value);
        }
        let hint = match did_you_mean(&written, known()) {
            hint if hint.is_empty() => format!("; it takes one of {}", list(known())),
            hint => hint,
        };
        errors.at(span, format!("`{key}` cannot be `{written}`{hint}"));
        None
    }

    fn single_word(&self) -> Option<(String, Span)> {
        if let Value::Literal(literal) = &self.value {
            return Some((text(literal)?, literal.span()));
        }
        let mut tokens = self.tokens().into_iter();
        let written = match tokens.next()? {
            TokenTree::Ident(word) => (word.to_string(), word.span()),
            TokenTree::Literal(literal) => (text(&literal)?, literal.span()),
            _ => return None,
        };
        tokens.next().is_none().then_some(written)
    }

    /// `"100ms"`, or an expression of type `Duration`.
    pub(super) fn time(&self, errors: &mut Errors) -> Option<Time> {
        let span = self.span();
        let value = match self.expression("a duration such as `\"100ms\"`", errors)? {
            Expr::Lit(ExprLit { lit, .. }) => TimeValue::Known(self.nanos(&lit, errors)?),
            expression => TimeValue::Expression(expression),
        };
        Some(Time { span, value })
    }

    fn nanos(&self, literal: &Lit, errors: &mut Errors) -> Option<u128> {
        let written = match literal {
            Lit::Str(text) => text.value(),
            other => other.to_token_stream().to_string(),
        };
        match nanos(&written) {
            Ok(nanos) => Some(nanos),
            Err(why) => {
                errors.at(literal.span(), format!("`{}` {why}", self.key));
                None
            }
        }
    }

    /// As [`time`](Self::time), or the word `infinite`.
    pub(super) fn grace(&self, errors: &mut Errors) -> Option<Grace> {
        if let Some((word, span)) = self.single_word() {
            if word == "infinite" {
                return Some(Grace::Infinite);
            }
            let hint = did_you_mean(&word, ["infinite"]);
            if !hint.is_empty() {
                errors.at(span, format!("`{}` cannot be `{word}`{hint}", self.key));
                return None;
            }
        }
        self.time(errors).map(Grace::After)
    }

    /// A count: an integer, or an expression of type `u32`.
    pub(super) fn count(&self, errors: &mut Errors) -> Option<Number> {
        let (span, key) = (self.span(), &self.key);
        let expression = self.expression("a whole number", errors)?;
        let known = literal_value(&expression);
        let is_count = match &expression {
            Expr::Lit(literal) => match &literal.lit {
                Lit::Int(int) => int.base10_parse::<u32>().is_ok(),
                _ => false,
            },
            _ => known.is_none(),
        };
        if !is_count {
            errors.at(span, format!("`{key}` takes a whole number from 0 to 4294967295"));
            return None;
        }
        Some(Number { span, known, tokens: expression.into_token_stream() })
    }

    /// A number, whole or not, or an expression of type `f64`.
    pub(super) fn number(&self, errors: &mut Errors) -> Option<Number> {
        let (span, key) = (self.span(), &self.key);
        let expression = self.expression("a number", errors)?;
        let known = literal_value(&expression);
        let tokens = match (known, &expression) {
            (Some(value), _) => {
                let mut literal = Literal::f64_suffixed(value.abs());
                literal.set_span(span);
                let minus = (value < 0.0).then(|| syn::Token![-](span));
                let mut tokens = minus.into_token_stream();
                literal.to_tokens(&mut tokens);
                tokens
            }
            (None, Expr::Lit(_)) => {
                errors.at(span, format!("`{key}` takes a number"));
                return None;
            }
            (None, expression) => expression.to_token_stream(),
        };
        Some(Number { span, known, tokens })
    }

    /// `true` or `false`, or an expression that is one of them.
    pub(super) fn condition(&self, errors: &mut Errors) -> Option<Condition> {
        let span = self.span();
        let what = "`true` or `false`";
        match self.expression(what, errors)? {
            Expr::Lit(literal) if !matches!(literal.lit, Lit::Bool(_)) => {
                errors.at(span, format!("`{}` takes {what}", self.key));
                None
            }
            expression => Some(Condition { span, tokens: expression.into_token_stream() }),
        }
    }

    /// One or more texts: `tags("a", "b")`.
    pub(super) fn texts(&self, errors: &mut Errors) -> Option<Vec<LitStr>> {
        let texts = Punctuated::<LitStr, Token![,]>::parse_terminated.parse2(self.tokens());
        match texts {
            Ok(texts) if !texts.is_empty() => Some(texts.into_iter().collect()),
            _ => {
                let key = &self.key;
                errors.at(self.span(), format!("`{key}` takes texts: `{key}(\"money\", \"eu\")`"));
                None
            }
        }
    }

    /// Types, separated by commas.
    pub(super) fn types(&self, errors: &mut Errors) -> Vec<Type> {
        let types = Punctuated::<Type, Token![,]>::parse_terminated;
        match types.parse2(self.tokens()) {
            Ok(types) if !types.is_empty() => types.into_iter().collect(),
            _ => {
                errors.at(self.span(), format!("`{0}` takes types: `{0}(DbError)`", self.key));
                Vec::new()
            }
        }
    }

    /// A type, a path or a name.
    pub(super) fn parsed<T: Parse>(&self, what: &str, errors: &mut Errors) -> Option<T> {
        let parsed = syn::parse2(self.tokens());
        if parsed.is_err() {
            errors.at(self.span(), format!("`{}` takes {what}", self.key));
        }
        parsed.ok()
    }

    fn expression(&self, what: &str, errors: &mut Errors) -> Option<Expr> {
        match &self.value {
            Value::Literal(literal) => {
                let lit = Lit::new(literal.clone());
                Some(Expr::Lit(ExprLit { attrs: Vec::new(), lit }))
            }
            _ => self.parsed(what, errors),
        }
    }
}

/// The text of a string literal.
fn text(literal: &Literal) -> Option<String> {
    match Lit::new(literal.clone()) {
        Lit::Str(text) => Some(text.value()),
        _ => None,
    }
}

fn literal_value(expression: &Expr) -> Option<f64> {
    match expression {
        Expr::Lit(ExprLit { lit: Lit::Int(int), .. }) => int.base10_parse().ok(),
        Expr::Lit(ExprLit { lit: Lit::Float(float), .. }) => float.base10_parse().ok(),
        Expr::Unary(ExprUnary { op: UnOp::Neg(_), expr, .. }) => literal_value(expr).map(|v| -v),
        _ => None,
    }
}

/// Reads `1.5s` and the like, or says why it cannot.
fn nanos(written: &str) -> Result<u128, String> {
    let written = written.trim();
    let cut = written
        .find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '_'))
        .unwrap_or(written.len());
    let (number, unit) = (written[..cut].replace('_', ""), written[cut..].trim());
    if unit.is_empty() && !number.is_empty() {
        return Err(format!("needs a unit: `\"{number}ms\"`, `\"{number}s\"` or `\"{number}m\"`"));
    }
    if written.is_empty() {
        return Err("takes a duration such as `\"100ms\"`".to_owned());
    }
    let Ok(number) = number.parse::<f64>() else {
        return Err(format!("takes a duration such as `\"100ms\"`, and `{written}` is none"));
    };
    let units = || UNITS.iter().map(|(unit, _)| *unit);
    let Some((_, factor)) = UNITS.iter().find(|(known, _)| *known == unit) else {
        let units = list(units());
        return Err(format!("has an unknown unit, `{unit}`; the units are {units}"));
    };
    let nanos = (number * factor).round();
    // What a `Duration` holds, roughly: 2^64 s.
    if nanos > 1.8e28 {
        return Err(format!("takes a duration, and `{written}` is longer than one can be"));
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "rounded, positive and below 2^94"
    )]
    Ok(nanos as u128)
}

#[cfg(test)]
mod tests {
    use super::nanos;

    #[test]
    fn a_duration_is_read_with_its_unit() {
        for (written, expected) in [
            ("0ns", 0),
            ("100ms", 100_000_000),
            ("1.5s", 1_500_000_000),
            ("2 m", 120_000_000_000),
            ("1_000us", 1_000_000),
            ("1h", 3_600_000_000_000),
        ] {
            assert_eq!(nanos(written), Ok(expected), "{written}");
        }
    }

    #[test]
    fn what_is_no_duration_says_why() {
        for (written, why) in [
            ("10", "needs a unit"),
            ("", "takes a duration"),
            ("fast", "is none"),
            ("-1s", "is none"),
            ("1.2.3s", "is none"),
            ("3 days", "unknown unit, `days`"),
            ("99999999999999999999999999h", "longer than"),
        ] {
            let error = nanos(written).unwrap_err();
            assert!(error.contains(why), "{written}: {error}");
        }
    }
}
