//! Every rule about what was written. All of them run, also after one is broken.

macro_rules! rules {
    ($($rule:path),+ $(,)?) => {
        &[$($crate::validate::Rule {
            #[cfg(test)]
            name: concat!(module_path!(), "::", stringify!($rule)),
            look: $rule,
        }),+]
    };
}

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

/// One thing that must hold.
pub(crate) struct Rule<T> {
    /// The tests take each out once, and see that nothing else notices.
    #[cfg(test)]
    name: &'static str,
    look: fn(&T, &mut Errors),
}

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
        #[cfg(test)]
        if tests::one_by_one::is_taken_out(rule.name) {
            continue;
        }
        (rule.look)(model, errors);
    }
}
