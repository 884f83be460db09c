//! What each rule says, and that what is right passes.

pub(super) mod one_by_one;

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

fn failure(item: TokenStream) -> Vec<String> {
    let mut errors = Errors::default();
    if let Some(failure) = parse::failure(item, &mut errors) {
        assert_eq!(validate(failure, &mut errors).is_ok(), errors.is_empty());
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
                shutdown(grace = "1s", abort_wait = "2s", budget = "1m"),
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
                shutdown(grace = "0s", abort_wait = "0s", budget = "0s"),
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
            "`abort_wait` is at least",
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
            quote!(blocking, readiness(explicit), whatever),
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

#[test]
fn what_returns_a_future_is_an_async_child() {
    for returned in [
        quote!(impl Future<Output = ()> + Send),
        quote!(impl Send + core::future::Future<Output = Result<(), E>>),
        quote!(Pin<Box<dyn Future<Output = ()> + Send>>),
        quote!(futures::future::BoxFuture<'static, ()>),
    ] {
        says(&function(quote!(), quote!(fn f(c: TaskContext) -> #returned {})), &[]);
    }
    for returned in [quote!(impl Send), quote!(Vec<Future>), quote!(())] {
        let messages = function(quote!(), quote!(fn f(c: TaskContext) -> #returned {}));
        says(&messages, &["or returns `impl Future`"]);
    }
}

#[test]
fn a_child_takes_the_context_of_its_kind_and_is_generic_if_it_likes() {
    says(
        &function(
            quote!(),
            quote!(
                async fn f(c: a::BlockingContext) {}
            ),
        ),
        &["an async child takes a `TaskContext`"],
    );
    says(
        &function(
            quote!(blocking),
            quote!(
                fn f(c: (TaskContext)) {}
            ),
        ),
        &["a blocking child takes a `BlockingContext`"],
    );
    says(
        &function(
            quote!(),
            quote!(
                async fn f<T: A, const N: usize>(c: TaskContext)
                where
                    T: B,
                {
                }
            ),
        ),
        &[],
    );
    says(
        &function(
            quote!(),
            quote!(
                async fn f(#[cfg(a)] c: TaskContext) {}
            ),
        ),
        &["a function for each `cfg`"],
    );
}

#[test]
fn only_an_error_is_classified() {
    let f = |returned| function(quote!(classify(A, b::B)), quote!(async fn f(c: C) #returned {}));
    says(&f(quote!(-> Result<(), E>)), &[]);
    says(&f(quote!(-> anyhow::Result<TaskResult>)), &[]);
    for nothing in [quote!(), quote!(-> ()), quote!(-> !)] {
        says(&f(nothing), &["this one returns none"]);
    }
    says(&child(quote!(classify())), &["takes types: `classify(DbError)`"]);
    says(&child(quote!(classify(1 + 1))), &["takes types"]);
}

#[test]
fn a_misspelt_infinity_is_no_constant() {
    says(&child(quote!(shutdown(grace = infinte))), &["did you mean `infinite`"]);
    says(&child(quote!(shutdown(grace = PATIENCE))), &[]);
}

#[test]
fn a_setting_that_is_misspelt_is_not_missing_too() {
    says(&child(quote!(restart_limit(max = 1, witin = "1s"))), &["did you mean `within`"]);
}

#[test]
fn every_variant_of_an_error_has_one_class() {
    says(
        &failure(quote!(
            #[failure(timeout, crate = a::b)]
            enum E<T: A> {
                A,
                #[failure(fatal_bug)]
                B(T),
                #[failure(source)]
                C(T),
                #[failure(source)]
                D {
                    a: A,
                    source: T,
                },
                #[failure(source)]
                E(A, #[from] T),
            }
        )),
        &[],
    );
    says(
        &failure(quote!(
            enum E {}
        )),
        &[],
    );
    says(
        &failure(quote!(
            enum E {
                A,
                #[failure(timeout)]
                B,
                C,
            }
        )),
        &["`A` does not", "`C` does not"],
    );
    says(
        &failure(quote!(
            struct E;
        )),
        &["`E` does not say"],
    );
    says(
        &failure(quote!(
            enum E {
                #[failure(fatal_confg)]
                A,
                #[failure(timeout, cancelled)]
                B,
                #[failure]
                C,
                #[failure(panic)]
                D,
                #[failure(timeout(1))]
                E,
            }
        )),
        &[
            "did you mean `fatal_config`",
            "this is a second one",
            "takes a class: one of `recoverable`",
            "unknown class `panic`",
            "`timeout` takes no value",
        ],
    );
}

#[test]
fn a_source_is_one_field() {
    says(
        &failure(quote!(
            #[failure(source)]
            enum E {
                A(B),
            }
        )),
        &["only a variant has a `source`"],
    );
    says(
        &failure(quote!(
            enum E {
                #[failure(source)]
                A,
            }
        )),
        &["no field that could be asked"],
    );
    says(
        &failure(quote!(
            enum E {
                #[failure(source)]
                A(B, C),
            }
        )),
        &["several fields"],
    );
    says(
        &failure(quote!(
            #[failure(source)]
            struct E {
                a: A,
                source: B,
            }
        )),
        &[],
    );
    says(&failure(quote!(#[failure(timeout)] union E { a: A })), &["for enums and structs"]);
}
