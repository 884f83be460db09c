//! Rules about `#[derive(Failure)]`.

use super::{Rule, Ruled};
use crate::errors::Errors;
use crate::model::{Class, FailingVariant, FailureDerive, Source};
use crate::nearest::list;
use crate::parse::class_words;

impl Ruled for FailureDerive {
    const RULES: &'static [Rule<Self>] =
        rules![an_enum_has_no_source, all_have_a_class, sources_exist];
}

fn an_enum_has_no_source(failure: &FailureDerive, errors: &mut Errors) {
    let is_enum = failure.variants.iter().all(|variant| variant.name.is_some());
    if let (true, Some(Class::OfSource(span))) = (is_enum, &failure.class) {
        errors.at(*span, "only a variant has a `source`: say it there, or name a class here");
    }
}

fn all_have_a_class(failure: &FailureDerive, errors: &mut Errors) {
    for variant in &failure.variants {
        if variant.class.is_some() || failure.class.is_some() {
            continue;
        }
        let words = list(class_words());
        let elsewhere = match variant.name {
            Some(_) => "; on the enum it holds for every variant that says nothing",
            None => "",
        };
        errors.on(
            &variant.at,
            format!(
                "`{}` does not say what kind of failure it is: write `#[failure(…)]` with one of \
                 {words}{elsewhere}",
                variant.at
            ),
        );
    }
}

fn sources_exist(failure: &FailureDerive, errors: &mut Errors) {
    for variant in &failure.variants {
        let Some(Class::OfSource(span)) = failure.class_of(variant) else { continue };
        if variant.name.is_some() && variant.class.is_none() {
            continue;
        }
        let FailingVariant { at, source, .. } = variant;
        match source {
            Source::Field(..) => {}
            Source::None => errors.at(*span, format!("`{at}` has no field that could be asked")),
            Source::Unclear => errors.at(
                *span,
                format!(
                    "`{at}` has several fields: mark the inner error with `#[source]`, or call it \
                     `source`"
                ),
            ),
        }
    }
}
