//! What each rule says, and that what is right passes.

use proc_macro2::TokenStream;
use quote::quote;

use super::validate;
use crate::errors::Errors;
use crate::parse;

fn child(options: TokenStream) -> Vec<String> {
    function(
        options,
        quote!(
            async fn ledger(ctx: TaskContext) {}
        ),
    )
}

fn function(options: TokenStream, item: TokenStream) -> Vec<String> {
    let mut errors = Errors::default();
    if let Some(child) = parse::child(options, item, &mut errors) {
        assert_eq!(validate(child, &mut errors).is_ok(), errors.is_empty());
    }
    errors.messages()
}

fn supervisor(options: TokenStream, item: TokenStream) -> Vec<String> {
    let mut errors = Errors::default();
    if let Some(supervisor) = parse::supervisor(options, item, &mut errors) {
        assert_eq!(validate(supervisor, &mut errors).is_ok(), errors.is_empty());
    }
    errors.messages()
}

fn state(item: TokenStream) -> Vec<String> {
    let mut errors = Errors::default();
    if let Some(state) = parse::shared_state(item, &mut errors) {
        assert_eq!(validate(state, &mut errors).is_ok(), errors.is_empty());
    }
    errors.messages()
}

/// Exactly these, in this order, each by a part of it.
#[track_caller]
fn says(messages: &[String], parts: &[&str]) {
    let fits = messages.len() == parts.len()
        && messages.iter().zip(parts).all(|(message, part)| message.contains(part));
    assert!(fits, "{messages:#?}\n{parts:#?}");
}

#[test]
fn what_is_right_passes() {
    says(&child(quote!()), &[]);
    says(
        &child(quote!(
            restart = transient,
            backoff(initial = "1s", max = SOME, factor = 1, jitter = 1.0, reset_after = "0s"),
            restart_limit(max = 0, within = "0s"),
            on_limit = "stop",
            criticality(critical),
            readiness(explicit),
            start_timeout("1ms"),
            shutdown(grace = infinite, abort_wait = "1ms"),
            significant,
            type = Ledger,
            crate = a::b,
        )),
        &[],
    );
    says(
        &function(
            quote!(blocking),
            quote!(
                pub(crate) fn f(c: BlockingContext) {}
            ),
        ),
        &[],
    );
    says(
        &supervisor(
            quote!(
                strategy(rest_for_one),
                intensity(max = 0, within = "0s"),
                meltdown = abnormal,
                auto_shutdown(all_significant),
                defaults(restart(temporary), significant),
                shutdown(grace = "1s", budget = "1m"),
                state = HashMap<String, Vec<u8>>,
                restart(transient),
                significant
            ),
            quote!(
                struct App {
                    #[cfg(a)]
                    a: a,
                    #[cfg(not(a))]
                    a: b,
                    #[child(significant)]
                    c: c,
                }
            ),
        ),
        &[],
    );
    says(
        &state(quote!(
            struct S {
                a: A,
                #[state(skip)]
                b: A,
                c: C<A>,
            }
        )),
        &[],
    );
}

#[test]
fn all_errors_are_reported_at_once() {
    says(
        &child(quote!(
            restart(permanant),
            bakoff(),
            backoff(factor = 0.5, jitter = 2),
            restart_limit(max = 1, within = "0s"),
            start_timeout = "0s"
        )),
        &[
            "did you mean `permanent`",
            "did you mean `backoff`",
            "`factor` is at least 1",
            "`jitter` is a share",
            "no time at all",
            "`start_timeout` is zero",
        ],
    );
}

#[test]
fn a_child_is_async_or_blocking_and_not_both() {
    says(
        &function(
            quote!(),
            quote!(
                fn f(c: TaskContext) {}
            ),
        ),
        &["`#[child(blocking)]`"],
    );
    says(
        &function(
            quote!(blocking),
            quote!(
                async fn f(c: BlockingContext) {}
            ),
        ),
        &["it is a plain `fn`"],
    );
}

#[test]
fn a_child_is_a_plain_function_that_owns_what_it_takes() {
    let f = |item| function(quote!(), item);
    says(
        &f(quote!(
            async unsafe fn f(c: TaskContext) {}
        )),
        &["cannot be `unsafe`"],
    );
    says(
        &f(quote!(
            const async fn f(c: TaskContext) {}
        )),
        &["cannot be `const`"],
    );
    says(
        &f(quote!(
            async fn f<'a, T, const N: u8>(c: C) {}
        )),
        &["borrow"],
    );
    says(
        &f(quote!(
            async fn f(&self) {}
        )),
        &["free function"],
    );
    says(
        &f(quote!(
            async fn f() {}
        )),
        &["takes nothing"],
    );
    says(
        &f(quote!(
            async fn f(c: &C, d: impl D) {}
        )),
        &["without `&`", "hides"],
    );
    says(
        &f(quote!(
            async fn u8(c: TaskContext) {}
        )),
        &["would hide `u8`"],
    );
    says(
        &f(quote!(
            struct S;
        )),
        &["goes on a function"],
    );
}

#[test]
fn policies_that_contradict_each_other_are_refused() {
    says(
        &child(quote!(restart(temporary), backoff(max = "1s"), restart_limit(max = A, within = B))),
        &["`backoff` means nothing", "`restart_limit` means nothing"],
    );
    says(&child(quote!(backoff(initial = "2s", max = "1s"))), &["(2s) is above `max` (1s)"]);
    says(&child(quote!(significant)), &["permanent by default"]);
    says(&child(quote!(restart(permanent), significant)), &["this is permanent:"]);
    says(&child(quote!(readiness(immediate), start_timeout = "1s")), &["nothing to time out"]);
    says(&child(quote!(shutdown(grace = "999us"))), &["at least 1ms"]);
    says(&child(quote!(shutdown(abort_wait = "0s"))), &["`abort_wait` is at least 1ms"]);
    says(&child(quote!(probe_after = "0s")), &["`probe_after` is zero"]);
    says(&child(quote!(probe_after = "1s", on_limit(stop))), &["`on_limit` is something else"]);
    says(&child(quote!(probe_after = "1s", criticality(critical))), &["`critical` escalates"]);
    says(&child(quote!(probe_after = "1s", criticality(best_effort))), &["is stopped"]);
    says(&child(quote!(probe_after = A, criticality(critical), on_limit(quarantine))), &[]);
    says(
        &child(quote!(probe_after = "1s", restart(temporary))),
        &["`probe_after` means nothing here"],
    );
}

#[test]
fn a_supervisor_is_a_struct_whose_fields_have_names_of_their_own() {
    let s = |item| supervisor(quote!(), item);
    says(
        &s(quote!(
            struct A {
                a: a,
                a: b,
                A: c,
            }
        )),
        &["declared twice", "only in capitals"],
    );
    says(
        &s(quote!(
            struct A<T> {
                a: T,
            }
        )),
        &["cannot be generic"],
    );
    says(
        &s(quote!(
            struct A(a);
        )),
        &["needs named fields"],
    );
    says(
        &s(quote!(
            enum A {
                B,
            }
        )),
        &["goes on a struct"],
    );
    says(&s(quote!(struct A { a: a, b c: d, e: e })), &["expected `name: child`"]);
}

#[test]
fn the_rules_of_policies_hold_wherever_they_stand() {
    let item = quote!(
        struct A {
            #[child(restart(temporary), backoff(initial = "1s"))]
            a: a,
            #[child(significant)]
            b: b,
        }
    );
    says(
        &supervisor(
            quote!(
                intensity(max = 1, within = "0s"),
                defaults(backoff(factor = 0)),
                shutdown(grace = "0s", budget = "0s"),
                restart(permanent),
                significant
            ),
            item,
        ),
        &[
            "`significant` counts for nothing",
            "`intensity` has a window",
            "`budget` is zero",
            "`grace` is at least",
            "this is permanent:",
            "`factor` is at least 1",
            "`backoff` means nothing",
        ],
    );
}

#[test]
fn one_type_has_one_field_in_the_state() {
    says(
        &state(quote!(
            struct S {
                a: Vec<A>,
                b: B,
                c: Vec<A>,
            }
        )),
        &["`a` and `c` have the same type"],
    );
    says(
        &state(quote!(
            struct S(A, A);
        )),
        &["`0` and `1`"],
    );
    says(&state(quote!(union S { a: A })), &["is for structs"]);
    says(
        &state(quote!(
            struct S {
                #[state]
                a: A,
                #[state(skip = 1)]
                b: A,
            }
        )),
        &["takes an option", "takes no value"],
    );
}

#[test]
fn what_is_half_of_an_option_says_the_whole() {
    says(
        &child(quote!(transient, grace = "1s", restart_limit(3, "30s"), one_for_all)),
        &[
            "; write `restart(transient)`",
            "; write `shutdown(grace = …)`",
            "`restart_limit(max = 5, within = \"30s\")`",
            "known are",
        ],
    );
    says(
        &supervisor(
            quote!(rest_for_one),
            quote!(
                struct A {
                    a: a,
                }
            ),
        ),
        &["; write `strategy(rest_for_one)`"],
    );
}

#[test]
fn what_belongs_elsewhere_says_where() {
    says(
        &supervisor(
            quote!(blocking, readiness(explicit), depends),
            quote!(
                struct A {
                    #[child(blocking, state = u8)]
                    a: a,
                }
            ),
        ),
        &[
            "on the function",
            "`defaults(readiness…)`",
            "known are",
            "on the function",
            "to `#[supervisor",
        ],
    );
}
