//! What the macros make of the main forms, as files that are read like code. `BLESS=1 cargo test -p
//! rust-tokio-supervisor-macros` writes them anew.

use std::fs;
use std::path::Path;

use proc_macro2::TokenStream;
use quote::quote;

/// Compares an expansion with `snapshots/name.rs`.
#[track_caller]
fn is(name: &str, expansion: TokenStream) {
    let file = syn::parse2(expansion).expect("an expansion is a list of items");
    let text = prettyplease::unparse(&file);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots").join(name);
    let path = path.with_extension("rs");
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, text).expect("the folder of the snapshots");
        return;
    }
    let known = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(known, text, "{} says something else; BLESS=1 takes this", path.display());
}

#[track_caller]
fn child(name: &str, options: TokenStream, item: &TokenStream) {
    is(name, super::child(options, item));
}

#[test]
fn an_async_child() {
    child(
        "async_child",
        quote!(restart(transient), backoff(initial = "100ms", max = "5s")),
        &quote! {
            /// Writes the ledger.
            pub async fn ledger(ctx: TaskContext, State(db): State<Db>) -> Result<(), LedgerError> {
                write(ctx, db).await
            }
        },
    );
}

#[test]
fn a_blocking_child() {
    child(
        "blocking_child",
        quote!(blocking, shutdown(grace = "2s")),
        &quote! {
            fn compact(ctx: BlockingContext) {
                while ctx.sleep(WAIT) {}
            }
        },
    );
}

#[test]
fn a_child_without_anything() {
    child(
        "plain_child",
        quote!(),
        &quote! {
            async fn poller(ctx: TaskContext) {
                ctx.stopped().await;
            }
        },
    );
}

#[test]
fn a_child_with_constants() {
    child(
        "child_with_constants",
        quote!(start_timeout = LIMITS.start, restart_limit(max = MAX, within = "1m")),
        &quote! {
            async fn poller(ctx: TaskContext) {
                ctx.stopped().await;
            }
        },
    );
}

#[test]
fn a_generic_child() {
    child(
        "generic_child",
        quote!(backoff(initial = T::WAIT)),
        &quote! {
            async fn consumer<T: Topic, const N: usize>(
                ctx: TaskContext,
                jobs: Lease<Receiver<T::Job>>,
            ) -> Result<(), T::Error>
            where
                T: Send,
            {
                T::consume(jobs, ctx).await
            }
        },
    );
}

#[test]
fn a_child_that_depends_on_others() {
    child(
        "depending_child",
        quote!(depends_on(storage::pool, warm)),
        &quote! {
            async fn ledger(ctx: TaskContext) {
                ctx.stopped().await;
            }
        },
    );
}

#[test]
fn a_child_that_classifies() {
    child(
        "classifying_child",
        quote!(classify(DbError, io::Error)),
        &quote! {
            async fn import(ctx: TaskContext) -> anyhow::Result<()> {
                run(ctx).await
            }
        },
    );
}

#[test]
fn a_child_that_never_ends() {
    child(
        "never_ending_child",
        quote!(type = Forever),
        &quote! {
            async fn forever(_: TaskContext) -> ! {
                pending().await
            }
        },
    );
}

#[test]
fn a_child_with_a_mistake() {
    let item = quote! {
        async fn poller(ctx: TaskContext) {
            ctx.stopped().await;
        }
    };
    child("mistaken_child", quote!(restart(permanant)), &item);
}

#[test]
fn a_supervisor() {
    let item = quote! {
        /// The payments.
        pub struct Payments {
            /// The ledger.
            pub ledger: ledger,
            #[child(restart(permanent))]
            pub fraud: fraud::scorer,
            orders: consumer<Orders>,
            #[cfg(windows)]
            service: win::service,
        }
    };
    is(
        "supervisor",
        super::supervisor(
            quote!(strategy(rest_for_one), intensity(max = 3, within = "10s"), state = AppState),
            &item,
        ),
    );
}

#[test]
fn a_state() {
    is(
        "shared_state",
        super::shared_state(quote! {
            struct AppState<T> {
                db: Db<T>,
                #[state(skip)]
                secret: String,
            }
        }),
    );
}

#[test]
fn an_error() {
    is(
        "failure",
        super::failure(quote! {
            #[failure(timeout)]
            enum LedgerError<E> {
                Slow { table: u8 },
                #[failure(fatal_config)]
                NoSchema,
                #[failure(source)]
                Inner(E),
            }
        }),
    );
}

#[test]
fn no_file_is_left_over() {
    let source = include_str!("snapshots.rs");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots");
    for file in fs::read_dir(folder).expect("the folder of the snapshots") {
        let path = file.expect("a snapshot").path();
        let name = path.file_stem().and_then(|name| name.to_str()).expect("a name");
        assert!(source.contains(&format!("\"{name}\"")), "{name} belongs to no test");
    }
}
