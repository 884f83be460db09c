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
/// The function stays as it is, so that a test can call it. Beside it there is a type of the same
/// name, which stands for the child in the fields of a `#[supervisor]` struct, in `depends_on` and
/// in `Handle<…>`.
///
/// ```ignore
/// #[child(restart(transient), backoff(initial = "100ms", max = "5s"), depends_on(storage::pool))]
/// async fn ledger(ctx: TaskContext, State(db): State<Db>) -> Result<(), LedgerError> { /* … */ }
/// ```
///
/// It is an `async fn`, a function that returns a future which is `Send`, or with `blocking` a
/// plain one. It takes, in any order, a `TaskContext` (a blocking one a `BlockingContext`),
/// `State<T>`, `Lease<T>`, `Args<T>`, `Settings<T>`, `Handle<T>`, `Pool<T>` and `Many<T>`. It returns `()`,
/// `TaskResult`, a `Result` of one of them with any error, or never.
///
/// `key(value)` and `key = value` are the same. Where a duration or a number goes, a constant goes
/// too. Durations are on the monotonic clock and have a unit: `ns`, `us`, `ms`, `s`, `m`, `h`.
///
/// # Policies
///
/// For what is not said, the field in the supervisor may say something else, and the supervisor
/// `defaults`.
///
#[doc = include_str!("options/policies.md")]
///
/// # The function itself
///
#[doc = include_str!("options/function.md")]
#[proc_macro_attribute]
pub fn child(options: TokenStream, item: TokenStream) -> TokenStream {
    let options = proc_macro2::TokenStream::from(options);
    let mut expansion = expand::child(options.clone(), &item.into());
    expand::show_words_of_child(options, &mut expansion);
    expansion.into()
}

/// Makes a supervisor of a struct: the name of a field is a child's id, its type is the child.
///
/// The struct becomes the handle of the running tree; see `SupervisionTree` for what it can do.
/// Each field has a constant with its place, named like it in capitals. Derives go below this
/// attribute; `Clone`, `Debug`, `PartialEq` and `Eq` are there without.
///
/// ```ignore
/// #[supervisor(strategy(rest_for_one), intensity(max = 3, within = "10s"))]
/// pub struct Payments {
///     pub ledger: ledger,
///     #[child(after(ledger), restart(permanent))]
///     pub fraud: fraud::scorer,
/// }
/// ```
///
/// # The supervisor
///
#[doc = include_str!("options/supervisor.md")]
///
/// And as a child of the supervisor above: `role`, `enabled`, `tags`, `restart`, `backoff`,
/// `restart_limit`, `on_limit`, `on_failure`, `probe_after`, `criticality`, `depends_on`,
/// `on_dependency_restart` and `significant`, as of [`child`](macro@child).
///
/// # A field
///
/// `#[child(…)]` on a field lays [policies](macro@child#policies) over those of the child itself, and says:
///
#[doc = include_str!("options/field.md")]
#[proc_macro_attribute]
pub fn supervisor(options: TokenStream, item: TokenStream) -> TokenStream {
    let options = proc_macro2::TokenStream::from(options);
    let item = proc_macro2::TokenStream::from(item);
    let mut expansion = expand::supervisor(options.clone(), &item);
    expand::show_words_of_supervisor(options, item, &mut expansion);
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
