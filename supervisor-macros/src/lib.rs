//! The attribute macros of rust-tokio-supervisor.
//!
//! ```text
//!  tokens ── parse ──▶ model ── validate ──▶ Valid<model> ── expand ──▶ tokens
//!               │                   │
//!               └───── errors ──────┴──────▶ what was written, the errors, a stub
//! ```
//!
//! `parse` reads tokens and goes on after an error; `model` is what was written, with its tokens;
//! `validate` runs every rule; `expand` takes only what is valid and cannot fail.

mod errors;
mod expand;
mod model;
mod nearest;
mod parse;
mod validate;

use proc_macro::TokenStream;

/// Makes a child of a function.
///
/// The function stays as it is. Beside it there is a type of the same name, which stands for the
/// child in the fields of a `#[supervisor]` struct.
///
/// Options: `restart(permanent | transient | temporary)`,
/// `backoff(initial, max, factor, jitter, reset_after)`, `restart_limit(max, within)`,
/// `on_limit(quarantine | escalate | stop | shutdown_tree)`, `probe_after = "5m"`,
/// `criticality(critical | standard | best_effort)`, `readiness(immediate | explicit)`,
/// `start_timeout = "30s"`, `health(heartbeat, stale_after)`, `shutdown(grace, abort_wait)`,
/// `on_dependency_restart(keep | restart)`, `significant`, `blocking`, `type = Name`, `crate = path`.
#[proc_macro_attribute]
pub fn child(options: TokenStream, item: TokenStream) -> TokenStream {
    let options = proc_macro2::TokenStream::from(options);
    let mut expansion = expand::child(options.clone(), &item.into());
    expand::show_words("child", options, &mut expansion);
    expansion.into()
}

/// Makes a supervisor of a struct: the name of a field is a child's id, its type is the child.
///
/// The struct becomes the handle of the running tree.
///
/// Options: `strategy(one_for_one | one_for_all | rest_for_one)`, `start(sequential | parallel)`,
/// `intensity(max, within)`,
/// `meltdown(abnormal | shutdown)`, `auto_shutdown(never | any_significant | all_significant)`,
/// `defaults(…)` with the policies of a child, `shutdown(grace, budget)`, `state = Type`,
/// `crate = path`; and as a child of the supervisor above: `restart`, `backoff`, `restart_limit`,
/// `on_limit`, `probe_after`, `criticality`, `on_dependency_restart`, `significant`.
///
/// `#[child(…)]` on a field lays policies over those of the child itself.
#[proc_macro_attribute]
pub fn supervisor(options: TokenStream, item: TokenStream) -> TokenStream {
    let options = proc_macro2::TokenStream::from(options);
    let mut expansion = expand::supervisor(options.clone(), &item.into());
    expand::show_words("supervisor", options, &mut expansion);
    expansion.into()
}

/// Lets children take the type of each field as `State<T>`, as a clone.
///
/// `#[state(skip)]` keeps a field out; `#[state(crate = path)]` on the struct names this crate.
#[proc_macro_derive(SharedState, attributes(state))]
pub fn shared_state(item: TokenStream) -> TokenStream {
    expand::shared_state(item.into()).into()
}

/// Says for every variant of an error what kind of failure it is.
///
/// `#[failure(class)]` stands on each variant, or on the enum for those that say nothing, or on a
/// struct; a class is `recoverable`, `external_dependency`, `timeout`, `fatal_config`, `fatal_bug`
/// or `cancelled`. `#[failure(source)]` asks the inner error: the field that is marked `#[source]`
/// or `#[from]`, that is named `source`, or that is alone. A variant without a class does not
/// build. `#[failure(crate = path)]` on the type names this crate.
#[proc_macro_derive(Failure, attributes(failure))]
pub fn failure(item: TokenStream) -> TokenStream {
    expand::failure(item.into()).into()
}
