//! Rules about fields with many of one kind, and about what a field gives its child.

use crate::errors::Errors;
use crate::model::{ArgsValue, Field, Supervisor};

/// The most children of a many that the runtime takes.
const MAX_COUNT: f64 = 65_536.0;

/// Whether it says that it is a pool or a many, or is called one.
pub(super) fn is_group(field: &Field) -> bool {
    let options = &field.options;
    options.max_children.is_some()
        || options.from_config.is_some()
        || options.count.is_some()
        || field.is_called_a_group()
}

pub(super) fn is_one_kind(supervisor: &Supervisor, errors: &mut Errors) {
    for field in &supervisor.fields {
        let options = &field.options;
        if let (Some(count), Some(_)) = (&options.count, &options.max_children) {
            errors.at(
                count.span,
                "`count` is for a `Many` and `max_children` for a `Pool`, and nothing is both",
            );
        }
        if let (Some(_), Some(from_config)) = (&options.count, options.from_config) {
            errors.at(
                from_config,
                "what is in a `Many` is given its index: `from_config` is for a `Pool`",
            );
        }
        let Some(args) = &options.args else { continue };
        if options.count.is_some() {
            errors.at(
                args.key,
                "what is in a `Many` is given its index, as an `Args<usize>`: `args` means nothing \
                 here",
            );
        } else if options.max_children.is_some() || options.from_config.is_some() {
            errors.at(
                args.key,
                "the members of a `Pool` are given their `Args` when they are spawned: `args` means \
                 nothing here",
            );
        }
    }
}

pub(super) fn has_room(supervisor: &Supervisor, errors: &mut Errors) {
    for field in &supervisor.fields {
        let known = |number: &crate::model::Number| number.known;
        let (count, max) = (&field.options.count, &field.options.max_children);
        if let Some(count) = count
            && known(count).is_some_and(|count| !(1.0..=MAX_COUNT).contains(&count))
        {
            errors.at(count.span, "`count` is from 1 to 65536");
        }
        if let Some(max) = max
            && known(max) == Some(0.0)
        {
            errors.at(max.span, "`max_children` is 0: the pool could hold nobody");
        }
    }
}

pub(super) fn is_not_significant(supervisor: &Supervisor, errors: &mut Errors) {
    for field in supervisor.fields.iter().filter(|field| is_group(field)) {
        if let Some(span) = field.options.policy.significant {
            errors.at(
                span,
                "those in a `Pool` or a `Many` are all alike, so none of them can be `significant`",
            );
        }
    }
}

pub(super) fn args_know_the_state(supervisor: &Supervisor, errors: &mut Errors) {
    let all = supervisor.fields.iter().filter_map(|field| field.options.args.as_ref());
    for args in all {
        let ArgsValue::OfState(closure) = &args.value else { continue };
        if closure.inputs.len() != 1 {
            errors.at(args.key, "the closure takes the state: `|state: &AppState| …`");
        } else if supervisor.options.state.is_none() {
            errors.on(
                &closure.inputs,
                "this runs under any state: say which one it is, `#[supervisor(state = …)]`",
            );
        }
    }
}
