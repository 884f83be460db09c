//! Each rule by itself: something that breaks it and no other. With the rule taken out nothing is
//! left to complain about it.

use std::cell::Cell;
use std::collections::BTreeSet;

use proc_macro2::TokenStream;
use quote::quote;

use super::super::{Ruled, policy};
use super::{child, failure, function, says, state, supervisor};
use crate::model::{Child, FailureDerive, SharedState, Supervisor};

thread_local! {
    static TAKEN_OUT: Cell<&'static str> = const { Cell::new("") };
}

/// Whether the rule with this name is out of force for this thread.
pub(in crate::validate) fn is_taken_out(name: &str) -> bool {
    TAKEN_OUT.get() == short(name)
}

/// `child::policies` of the whole path.
fn short(name: &str) -> &str {
    name.rsplit_once("validate::").map_or(name, |(_, name)| name)
}

/// What breaks a rule: its name, a part of what is said, and who says it.
type Case = (&'static str, &'static str, Box<dyn Fn() -> Vec<String>>);

fn of_child(rule: &'static str, said: &'static str, options: TokenStream) -> Case {
    (rule, said, Box::new(move || child(options.clone())))
}

fn of_function(
    rule: &'static str,
    said: &'static str,
    options: TokenStream,
    item: TokenStream,
) -> Case {
    (rule, said, Box::new(move || function(options.clone(), item.clone())))
}

/// A supervisor with these options and fields.
fn of_fields(
    rule: &'static str,
    said: &'static str,
    options: TokenStream,
    fields: TokenStream,
) -> Case {
    let make = move || supervisor(options.clone(), quote!(struct App { #fields }));
    (rule, said, Box::new(make))
}

fn cases() -> Vec<Case> {
    let mut cases = of_children();
    cases.extend(of_policies());
    cases.extend(of_supervisors());
    cases.push((
        "shared_state::types_differ",
        "have the same type",
        Box::new(|| {
            state(quote!(
                struct S {
                    a: A,
                    b: A,
                }
            ))
        }),
    ));
    cases.push((
        "failure::an_enum_has_no_source",
        "only a variant has a `source`",
        Box::new(|| {
            failure(quote!(
                #[failure(source)]
                enum E {
                    A(B),
                }
            ))
        }),
    ));
    cases.push((
        "failure::all_have_a_class",
        "what kind of failure it is",
        Box::new(|| {
            failure(quote!(
                enum E {
                    A,
                }
            ))
        }),
    ));
    cases.push((
        "failure::sources_exist",
        "no field that could be asked",
        Box::new(|| {
            failure(quote!(
                enum E {
                    #[failure(source)]
                    A,
                }
            ))
        }),
    ));
    cases
}

fn of_children() -> Vec<Case> {
    let nothing = || quote!();
    vec![
        of_function(
            "child::async_or_blocking",
            "is an `async fn`",
            nothing(),
            quote!(
                fn f(c: TaskContext) {}
            ),
        ),
        of_function(
            "child::plain_function",
            "cannot be `unsafe`",
            nothing(),
            quote!(
                async unsafe fn f(c: TaskContext) {}
            ),
        ),
        of_function(
            "child::borrows_nothing",
            "no lifetimes here",
            nothing(),
            quote!(
                async fn f<'a>(c: TaskContext) {}
            ),
        ),
        of_function(
            "child::not_a_method",
            "is a free function",
            nothing(),
            quote!(
                async fn f(self, c: TaskContext) {}
            ),
        ),
        of_function(
            "child::takes_something",
            "takes nothing",
            nothing(),
            quote!(
                async fn f() {}
            ),
        ),
        of_function(
            "child::owns_its_parameters",
            "owns its parameters",
            nothing(),
            quote!(
                async fn f(c: &Context) {}
            ),
        ),
        of_function(
            "child::takes_the_context_of_its_kind",
            "an async child takes a `TaskContext`",
            nothing(),
            quote!(
                async fn f(c: BlockingContext) {}
            ),
        ),
        of_child("child::only_a_failure_is_classified", "returns none", quote!(classify(A))),
        of_function(
            "child::name_is_free",
            "would hide `u8`",
            nothing(),
            quote!(
                async fn u8(c: TaskContext) {}
            ),
        ),
        of_child("child::policies", "at least 1ms", quote!(shutdown(grace = "0s"))),
    ]
}

fn of_policies() -> Vec<Case> {
    [
        (
            "policy::backoff_starts_below_its_ceiling",
            "(2s) is above `max` (1s)",
            quote!(backoff(initial = "2s", max = "1s")),
        ),
        ("policy::backoff_does_not_shrink", "at least 1,", quote!(backoff(factor = 0.5))),
        ("policy::jitter_is_a_share", "between 0 and 1", quote!(backoff(jitter = 1.5))),
        (
            "policy::restart_limit_has_a_window",
            "no time at all",
            quote!(restart_limit(max = 1, within = "0s")),
        ),
        ("policy::grace_is_some_time", "`grace` is at least", quote!(shutdown(grace = "0s"))),
        (
            "policy::abort_wait_is_some_time",
            "`abort_wait` is at least",
            quote!(shutdown(abort_wait = "0s")),
        ),
        (
            "policy::start_timeout_is_some_time",
            "`start_timeout` is zero",
            quote!(start_timeout = "0s"),
        ),
        (
            "policy::start_timeout_needs_readiness",
            "nothing to time out",
            quote!(readiness(immediate), start_timeout = "1s"),
        ),
        (
            "policy::stale_after_is_some_time",
            "`stale_after` is zero",
            quote!(health(stale_after = "0s")),
        ),
        (
            "policy::heartbeat_comes_before_it_is_missed",
            "is not below `stale_after`",
            quote!(health(heartbeat = "2s", stale_after = "1s")),
        ),
        ("policy::probe_after_is_some_time", "`probe_after` is zero", quote!(probe_after = "0s")),
        (
            "policy::probe_after_needs_a_quarantine",
            "say `on_limit(quarantine)`",
            quote!(probe_after = "1s", on_limit(stop)),
        ),
        (
            "policy::temporary_is_never_restarted",
            "`backoff` means nothing here",
            quote!(restart(temporary), backoff(max = "1s")),
        ),
        (
            "policy::significant_is_not_permanent",
            "this is permanent:",
            quote!(restart(permanent), significant),
        ),
        ("policy::tags_are_words", "it is there twice", quote!(tags("a", "a"))),
        ("policy::significant_says_its_restart", "permanent by default", quote!(significant)),
    ]
    .map(|(rule, said, options)| of_child(rule, said, options))
    .into_iter()
    .chain([of_fields(
        "policy::is_about_more_than_one_child",
        "cannot be said in `defaults`",
        quote!(defaults(tags("a"))),
        quote!(a: a),
    )])
    .collect()
}

fn of_supervisors() -> Vec<Case> {
    let nothing = || quote!();
    vec![
        (
            "supervisor::not_generic",
            "cannot be generic",
            Box::new(|| {
                supervisor(
                    quote!(),
                    quote!(
                        struct App<T> {
                            a: T,
                        }
                    ),
                )
            }),
        ),
        of_fields(
            "supervisor::names_are_unique",
            "is declared twice",
            nothing(),
            quote!(a: a, a: b),
        ),
        of_fields(
            "supervisor::names_fit_in_variables",
            "two underscores in a row",
            nothing(),
            quote!(a__b: a),
        ),
        of_fields(
            "supervisor::after_names_another_field",
            "has no field `c`",
            nothing(),
            quote!(a: a, #[child(after(c))] b: b),
        ),
        of_fields(
            "supervisor::after_ends",
            "none of these could be the first",
            nothing(),
            quote!(#[child(after(b))] a: a, #[child(after(a))] b: b),
        ),
        of_fields(
            "supervisor::significant_counts",
            "counts for nothing here",
            nothing(),
            quote!(#[child(significant)] a: a),
        ),
        of_fields(
            "supervisor::limits",
            "no time at all",
            quote!(intensity(max = 1, within = "0s")),
            quote!(a: a),
        ),
        of_fields(
            "supervisor::policies",
            "at least 1ms",
            nothing(),
            quote!(#[child(shutdown(grace = "0s"))] a: a),
        ),
        of_fields(
            "supervisor::groups::is_one_kind",
            "nothing is both",
            nothing(),
            quote!(#[child(count = 1, max_children = 1)] a: A),
        ),
        of_fields(
            "supervisor::groups::has_room",
            "from 1 to 65536",
            nothing(),
            quote!(#[child(count = 0)] a: Many<a>),
        ),
        of_fields(
            "supervisor::groups::is_not_significant",
            "none of them can be `significant`",
            nothing(),
            quote!(#[child(significant)] a: Pool<a>),
        ),
        of_fields(
            "supervisor::groups::args_know_the_state",
            "say which one it is",
            nothing(),
            quote!(#[child(args = |state| 1)] a: a),
        ),
    ]
}

#[test]
fn every_rule_alone_sees_what_breaks_it() {
    for (rule, said, broken) in cases() {
        says(&broken(), &[said]);
        TAKEN_OUT.set(rule);
        let without = broken();
        TAKEN_OUT.set("");
        assert!(without.is_empty(), "without `{rule}`: {without:?}");
    }
}

#[test]
fn every_rule_has_something_that_breaks_it() {
    fn names<T: Ruled>() -> impl Iterator<Item = &'static str> {
        T::RULES.iter().map(|rule| rule.name)
    }
    let of_policies = [policy::RULES, policy::OF_ONE_CHILD, policy::OF_DEFAULTS];
    let of_policies = of_policies.into_iter().flatten().map(|rule| rule.name);
    let all = names::<Child>()
        .chain(names::<Supervisor>())
        .chain(names::<SharedState>())
        .chain(names::<FailureDerive>())
        .chain(of_policies);
    let all: BTreeSet<_> = all.map(short).collect();
    let seen: BTreeSet<_> = cases().into_iter().map(|(rule, ..)| rule).collect();
    assert_eq!(all, seen);
}
