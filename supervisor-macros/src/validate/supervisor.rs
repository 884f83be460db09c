//! Rules about `#[supervisor]` on a struct.

use std::collections::BTreeMap;

use syn::ext::IdentExt;

use super::{Rule, Ruled, check, groups, policy};
use crate::errors::Errors;
use crate::model::{AutoShutdown, Supervisor};

impl Ruled for Supervisor {
    const RULES: &'static [Rule<Self>] = &[
        not_generic,
        names_are_unique,
        significant_counts,
        limits,
        policies,
        groups::is_one_kind,
        groups::has_room,
        groups::is_not_significant,
        groups::args_know_the_state,
    ];
}

fn not_generic(supervisor: &Supervisor, errors: &mut Errors) {
    let generics = &supervisor.generics;
    if !generics.params.is_empty() {
        errors.on(generics, "a supervisor cannot be generic: its tree could not be checked here");
    } else if let Some(clause) = &generics.where_clause {
        errors.on(clause, "a supervisor has no type parameters, so there is nothing to restrict");
    }
}

/// Also apart from capitals, because a field's place is a constant named like it in capitals.
fn names_are_unique(supervisor: &Supervisor, errors: &mut Errors) {
    let mut seen = BTreeMap::new();
    for field in supervisor.fields.iter().filter(|field| !field.has_cfg()) {
        let name = field.name.unraw().to_string();
        match seen.insert(name.to_uppercase(), name.clone()) {
            Some(earlier) if earlier == name => errors.on(
                &field.name,
                format!("`{name}` is declared twice: the name of a field is its child's id"),
            ),
            Some(earlier) => errors.on(
                &field.name,
                format!("`{name}` and `{earlier}` differ only in capitals: rename one"),
            ),
            None => {}
        }
    }
}

fn significant_counts(supervisor: &Supervisor, errors: &mut Errors) {
    if !matches!(supervisor.options.auto_shutdown, None | Some(AutoShutdown::Never)) {
        return;
    }
    // About pools and manies there is another rule.
    let single = supervisor.fields.iter().filter(|field| !groups::is_group(field));
    for span in single.filter_map(|field| field.options.policy.significant) {
        errors.at(
            span,
            "`significant` counts for nothing here: the supervisor says no \
             `auto_shutdown(any_significant)` or `auto_shutdown(all_significant)`",
        );
    }
}

fn limits(supervisor: &Supervisor, errors: &mut Errors) {
    let options = &supervisor.options;
    policy::window("intensity", options.intensity.as_ref(), errors);
    policy::some_time("budget", options.budget.as_ref(), errors);
    for field in &supervisor.fields {
        policy::window("intensity", field.options.intensity.as_ref(), errors);
    }
}

fn policies(supervisor: &Supervisor, errors: &mut Errors) {
    let options = &supervisor.options;
    policy::significant_says_its_restart(&options.policy, errors);
    policy::about_one_child(&options.defaults, errors);
    let fields = supervisor.fields.iter().map(|field| &field.options.policy);
    for written in [&options.policy, &options.defaults].into_iter().chain(fields) {
        check(written, policy::RULES, errors);
    }
}
