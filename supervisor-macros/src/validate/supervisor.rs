//! Rules about `#[supervisor]` on a struct.

use std::collections::BTreeMap;

use proc_macro2::Ident;
use syn::ext::IdentExt;

use super::{Rule, Ruled, check, groups, policy};
use crate::errors::Errors;
use crate::model::{AutoShutdown, Supervisor};
use crate::nearest::did_you_mean;

impl Ruled for Supervisor {
    const RULES: &'static [Rule<Self>] = rules![
        not_generic,
        names_are_unique,
        names_fit_in_variables,
        after_names_another_field,
        after_ends,
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

/// A variable of the environment names a child by its path, joined by `__`.
fn names_fit_in_variables(supervisor: &Supervisor, errors: &mut Errors) {
    for field in &supervisor.fields {
        let name = field.name.unraw().to_string();
        if name.contains("__") {
            errors.on(
                &field.name,
                format!(
                    "`{name}` has two underscores in a row, which stand between the ids of a path in the name of a \
                     variable (`RUST_SUPERVISOR__A__B`): rename the field"
                ),
            );
        }
    }
}

fn after_names_another_field(supervisor: &Supervisor, errors: &mut Errors) {
    let names: Vec<_> =
        supervisor.fields.iter().map(|field| field.name.unraw().to_string()).collect();
    for field in &supervisor.fields {
        for after in &field.options.after {
            let name = after.unraw().to_string();
            if after.unraw() == field.name.unraw() {
                errors.on(after, format!("`{name}` cannot start after itself"));
            } else if !names.contains(&name) {
                let hint = did_you_mean(&name, names.iter().map(String::as_str));
                let supervisor = &supervisor.name;
                errors.on(after, format!("`{supervisor}` has no field `{name}`{hint}"));
            }
        }
    }
}

/// Here all names are at hand, so the message can point at one of them.
fn after_ends(supervisor: &Supervisor, errors: &mut Errors) {
    let fields = &supervisor.fields;
    let named = |name: &Ident| fields.iter().position(|field| field.name.unraw() == name.unraw());
    // Whose turn it is to be looked at, and whether it is on the way or done with.
    let mut seen = vec![None; fields.len()];
    for first in 0..fields.len() {
        let mut way = vec![(first, fields[first].options.after.iter())];
        if seen[first].is_some() {
            continue;
        }
        seen[first] = Some(true);
        while let Some((field, rest)) = way.last_mut() {
            let field = *field;
            let Some(name) = rest.next() else {
                seen[field] = Some(false);
                way.pop();
                continue;
            };
            let Some(next) = named(name).filter(|next| *next != field) else { continue };
            match seen[next] {
                Some(false) => {}
                Some(true) => {
                    let from = way.iter().position(|(on, _)| *on == next).unwrap_or_default();
                    let mut circle: Vec<_> =
                        way[from..].iter().map(|(on, _)| fields[*on].id()).collect();
                    circle.push(fields[next].id());
                    let circle = circle.join("` after `");
                    errors.on(name, format!("none of these could be the first: `{circle}`"));
                }
                None => {
                    seen[next] = Some(true);
                    way.push((next, fields[next].options.after.iter()));
                }
            }
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
    check(&options.policy, policy::OF_ONE_CHILD, errors);
    check(&options.defaults, policy::OF_DEFAULTS, errors);
    let fields = supervisor.fields.iter().map(|field| &field.options.policy);
    for written in [&options.policy, &options.defaults].into_iter().chain(fields) {
        check(written, policy::RULES, errors);
    }
}
