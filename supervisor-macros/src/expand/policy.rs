//! Policies as constant expressions.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{ToTokens, quote};

use super::runtime::{Place, Runtime};
use crate::model::{
    Backoff, Grace, Health, Limit, Number, OnFailure, Policy, Time, TimeValue, Words,
};

/// An expression of type `PolicyPatch` with only what was written.
fn patch(policy: &Policy, runtime: &Runtime) -> TokenStream {
    let calls = calls(policy, &Told::default(), runtime);
    quote!(#runtime::PolicyPatch::NONE #calls)
}

/// The same, where anything was written.
pub(super) fn written(policy: &Policy, runtime: &Runtime) -> Option<TokenStream> {
    let calls = calls(policy, &Told::default(), runtime);
    (!calls.is_empty()).then(|| quote!(#runtime::PolicyPatch::NONE #calls))
}

/// What is declared of a child: what most say as values, the rest as a patch.
pub(super) struct Said {
    pub(super) restart: String,
    /// `(initial, max)`, in nanoseconds.
    pub(super) backoff: String,
    /// `(max, within)`.
    pub(super) restart_limit: String,
    /// A reference to a patch.
    pub(super) rest: Option<TokenStream>,
}

/// What was written about a child.
pub(super) fn said(policy: &Policy, runtime: &Runtime) -> Said {
    let backoff = policy.backoff.as_ref().and_then(ends_in_nanos);
    let limit = policy.restart_limit.as_ref().and_then(span_in_nanos);
    let told = Told { restart: true, backoff: backoff.is_some(), restart_limit: limit.is_some() };
    let rest = calls(policy, &told, runtime);
    let rest = (!rest.is_empty()).then(|| quote!(&#runtime::PolicyPatch::NONE #rest));
    Said {
        restart: option(policy.restart.map(|said| format!("__rt::Restart::{}", said.variant()))),
        backoff: option(backoff.map(|(initial, max)| format!("({initial}, {max})"))),
        restart_limit: option(limit.map(|(max, within)| format!("({max}, {within})"))),
        rest,
    }
}

fn option(value: Option<String>) -> String {
    value.map_or_else(|| "__rt::None".to_owned(), |value| format!("__rt::Some({value})"))
}

/// What stands apart, and so in no patch.
#[derive(Default)]
struct Told {
    restart: bool,
    backoff: bool,
    restart_limit: bool,
}

/// `.restart(…)` and so on.
fn calls(policy: &Policy, told: &Told, runtime: &Runtime) -> TokenStream {
    let role = call("role", choice(policy.role, runtime));
    let enabled = policy.enabled.as_ref().map(|condition| condition.tokens.clone());
    let enabled = call("enabled_if", enabled);
    let restart = policy.restart.filter(|_| !told.restart);
    let restart = call("restart", choice(restart, runtime));
    let backoff = policy.backoff.as_ref().filter(|_| !told.backoff);
    let backoff = call("backoff", backoff.map(|said| backoff_patch(said, runtime)));
    let limit = policy.restart_limit.as_ref().filter(|_| !told.restart_limit);
    let limit = call("restart_limit", limit_of(limit, runtime));
    let on_limit = call("on_limit", choice(policy.on_limit, runtime));
    let on_failure =
        call("on_failure", policy.on_failure.as_ref().map(|said| on_failure(said, runtime)));
    let probe_after = call("probe_after", time(policy.probe_after.as_ref(), runtime));
    let criticality = call("criticality", choice(policy.criticality, runtime));
    let readiness = call("readiness", choice(policy.readiness, runtime));
    let start_timeout = call("start_timeout", time(policy.start_timeout.as_ref(), runtime));
    let health = call("health", policy.health.as_ref().map(|said| health(said, runtime)));
    let on_dependency_restart =
        call("on_dependency_restart", choice(policy.on_dependency_restart, runtime));
    let grace = call("grace", policy.grace.as_ref().map(|said| grace(said, runtime)));
    let abort_wait = call("abort_wait", time(policy.abort_wait.as_ref(), runtime));
    let significant = call("significant", policy.significant.map(|_| quote!()));
    quote! {
        #role #enabled #restart #backoff #limit #on_limit #on_failure #probe_after #criticality #readiness
        #start_timeout #health #on_dependency_restart #grace #abort_wait #significant
    }
}

/// A check of what only the compiler knows, apart from the spec: an error there would be repeated
/// by everything that uses the spec.
pub(super) fn check(policy: &Policy, runtime: &Runtime) -> Option<TokenStream> {
    let place = Place::at(policy.expression()?);
    let check = runtime.call(&place, &quote!(check), patch(policy, runtime));
    Some(quote!(const _: () = #check;))
}

/// `initial, max` as numbers, where both are, and nothing else is said.
fn ends_in_nanos(backoff: &Backoff) -> Option<(u64, u64)> {
    let Backoff { initial, max, factor: None, jitter: None, reset_after: None, .. } = backoff
    else {
        return None;
    };
    Some((in_nanos(initial.as_ref()?)?, in_nanos(max.as_ref()?)?))
}

/// `max, within` as numbers, where both are.
fn span_in_nanos(limit: &Limit) -> Option<(&TokenStream, u64)> {
    limit.max.known?;
    Some((&limit.max.tokens, in_nanos(&limit.within)?))
}

/// A time as a number, where it is one.
fn in_nanos(time: &Time) -> Option<u64> {
    u64::try_from(time.nanos()?).ok()
}

fn backoff_patch(backoff: &Backoff, runtime: &Runtime) -> TokenStream {
    let number = |number: Option<&Number>| number.map(|number| number.tokens.clone());
    let initial = call("initial", time(backoff.initial.as_ref(), runtime));
    let max = call("max", time(backoff.max.as_ref(), runtime));
    let factor = call("factor", number(backoff.factor.as_ref()));
    let jitter = call("jitter", number(backoff.jitter.as_ref()));
    let reset_after = call("reset_after", time(backoff.reset_after.as_ref(), runtime));
    quote!(#runtime::BackoffPatch::NONE #initial #max #factor #jitter #reset_after)
}

fn on_failure(said: &OnFailure, runtime: &Runtime) -> TokenStream {
    let classes = said.classes.iter().map(|said| {
        let class = choice(Some(said.class), runtime);
        let backoff =
            call("backoff", said.backoff.as_ref().map(|said| backoff_patch(said, runtime)));
        let limit = call("restart_limit", limit_of(said.restart_limit.as_ref(), runtime));
        quote!(.on(#class, #runtime::ClassPatch::NONE #backoff #limit))
    });
    quote!(#runtime::OnFailurePatch::NONE #(#classes)*)
}

/// `&["…"]`, where any were written.
pub(super) fn tags(policy: &Policy) -> Option<TokenStream> {
    let words = &policy.tags.as_ref()?.words;
    Some(quote!(&[#(#words),*]))
}

fn health(health: &Health, runtime: &Runtime) -> TokenStream {
    let heartbeat = call("heartbeat", time(health.heartbeat.as_ref(), runtime));
    let stale_after = call("stale_after", time(health.stale_after.as_ref(), runtime));
    quote!(#runtime::HealthPatch::NONE #heartbeat #stale_after)
}

fn grace(grace: &Grace, runtime: &Runtime) -> TokenStream {
    match grace {
        Grace::Infinite => quote!(#runtime::Grace::Infinite),
        Grace::After(after) => {
            let after = time(Some(after), runtime);
            quote!(#runtime::Grace::After(#after))
        }
    }
}

/// `.method(arguments)` for what was written.
pub(super) fn call(method: &str, arguments: Option<TokenStream>) -> Option<TokenStream> {
    let method = Ident::new(method, Span::call_site());
    arguments.map(|arguments| quote!(.#method(#arguments)))
}

/// `max, within`.
pub(super) fn limit_of(limit: Option<&Limit>, runtime: &Runtime) -> Option<TokenStream> {
    let limit = limit?;
    let (max, within) = (&limit.max.tokens, time(Some(&limit.within), runtime));
    Some(quote!(#max, #within))
}

pub(super) fn choice<T: Words>(choice: Option<T>, runtime: &Runtime) -> Option<TokenStream> {
    let words = Ident::new(T::ENUM, Span::call_site());
    let variant = Ident::new(choice?.variant(), Span::call_site());
    Some(quote!(#runtime::#words::#variant))
}

pub(super) fn time(time: Option<&Time>, runtime: &Runtime) -> Option<TokenStream> {
    Some(match &time?.value {
        TimeValue::Expression(expression) => expression.to_token_stream(),
        TimeValue::Known(nanos) => {
            let (method, arguments) = in_a_unit(*nanos);
            let method = Ident::new(method, Span::call_site());
            quote!(#runtime::Duration::#method(#arguments))
        }
    })
}

/// The method that makes it out of the largest unit in which it is a whole number.
fn in_a_unit(nanos: u128) -> (&'static str, TokenStream) {
    let units = [
        ("from_secs", 1_000_000_000),
        ("from_millis", 1_000_000),
        ("from_micros", 1_000),
        ("from_nanos", 1),
    ];
    for (method, unit) in units {
        if let (0, Ok(number)) = (nanos % unit, u64::try_from(nanos / unit)) {
            return (method, Literal::u64_unsuffixed(number).into_token_stream());
        }
    }
    // Below 2^64 s: that is checked where it is read.
    let seconds = u64::try_from(nanos / 1_000_000_000).unwrap_or(u64::MAX);
    let nanos = u32::try_from(nanos % 1_000_000_000).unwrap_or_default();
    ("new", quote!(#seconds, #nanos))
}

#[cfg(test)]
mod tests {
    use super::in_a_unit;

    #[test]
    fn a_duration_is_written_in_the_largest_unit_that_is_whole() {
        for (nanos, written) in [
            (0, "from_secs(0)"),
            (5_000_000_000, "from_secs(5)"),
            (1_500_000_000, "from_millis(1500)"),
            (2_000, "from_micros(2)"),
            (1_000_000_001, "from_nanos(1000000001)"),
            (u128::from(u64::MAX) + 1_000_000_000, "new(18446744074u64 , 709551615u32)"),
        ] {
            let (method, arguments) = in_a_unit(nanos);
            assert_eq!(format!("{method}({arguments})"), written);
        }
    }
}
