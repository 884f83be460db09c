//! Every rule about what was written. All of them run, also after one is broken.

mod child;
mod failure;
mod groups;
mod policy;
mod shared_state;
mod supervisor;
#[cfg(test)]
mod tests;

use crate::errors::Errors;

/// A model that breaks no rule. Only [`validate`] makes one, and `expand` takes nothing else.
pub(crate) struct Valid<T>(T);

impl<T> Valid<T> {
    pub(crate) fn get(&self) -> &T {
        &self.0
    }
}

pub(crate) type Rule<T> = fn(&T, &mut Errors);

/// A model with rules about it.
pub(crate) trait Ruled: Sized + 'static {
    const RULES: &'static [Rule<Self>];
}

/// Checks every rule.
///
/// # Errors
///
/// The model as it is, when a rule is broken now or something could not be read before.
pub(crate) fn validate<T: Ruled>(model: T, errors: &mut Errors) -> Result<Valid<T>, T> {
    check(&model, T::RULES, errors);
    if errors.is_empty() { Ok(Valid(model)) } else { Err(model) }
}

fn check<T>(model: &T, rules: &[Rule<T>], errors: &mut Errors) {
    for rule in rules {
        rule(model, errors);
    }
}
