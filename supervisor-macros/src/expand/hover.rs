//! What an editor shows about the words of the attributes.
//!
//! Nothing is there that could be hovered: a word in an attribute is no name of anything. So
//! rust-analyzer, and nobody else, is given a documented type for each word and a use of it that
//! stands where the word was written.

use std::ffi::OsStr;
use std::path::Path;
use std::sync::OnceLock;

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{format_ident, quote};

/// What is around the word, the word, and what there is to know.
///
/// The words of an option stand under it wherever the option is; those of `#[child]` hold on
/// functions and fields, in `defaults`, and for a supervisor as a child.
const WORDS: &[(&str, &str, &str)] = &[
    ("child", "restart", "After which exits it is started again. Default: `permanent`."),
    ("restart", "permanent", "After every exit."),
    ("restart", "transient", "After a failure, a panic, a timeout, or when it was lost."),
    ("restart", "temporary", "Never; when it has ended it is forgotten."),
    ("child", "backoff", "How long is waited before a restart."),
    ("backoff", "initial", "Before the first restart."),
    ("backoff", "max", "The longest wait."),
    ("backoff", "factor", "How much longer each wait is than the one before; at least 1."),
    ("backoff", "jitter", "The share of the wait that is random, from 0 to 1."),
    ("backoff", "reset_after", "A run of this length makes the next wait the first again."),
    ("child", "restart_limit", "How often it is restarted before `on_limit` applies."),
    ("restart_limit", "max", "So many restarts are tolerated."),
    ("restart_limit", "within", "Within this time."),
    ("child", "on_limit", "What follows when its restart limit is spent, or a failure is fatal."),
    ("on_limit", "quarantine", "It is kept down until an operator resumes it."),
    ("on_limit", "escalate", "Its supervisor melts down."),
    ("on_limit", "stop", "It is down, as after a stop."),
    ("on_limit", "shutdown_tree", "The whole tree is shut down."),
    ("child", "on_failure", "A wait and a limit of its own for a class of failure."),
    ("on_failure", "recoverable", "It may well work the next time."),
    ("on_failure", "external_dependency", "Something outside this process is not there."),
    ("on_failure", "timeout", "Something took too long."),
    ("on_failure", "panic", "The run panicked."),
    ("child", "probe_after", "After this long in quarantine it is tried again."),
    ("child", "criticality", "How much the program needs it; decides `on_limit`."),
    ("criticality", "critical", "Without it the supervisor is no use: escalate."),
    ("criticality", "standard", "The others can go on without it: quarantine."),
    ("criticality", "best_effort", "Nice to have: stop it."),
    ("child", "role", "A set of defaults, and nothing else."),
    ("role", "service", "Permanent and critical."),
    ("role", "worker", "Permanent and standard: what a child without a role is."),
    ("role", "job", "Transient and standard: to return means to be done."),
    ("role", "sidecar", "Permanent and best effort, and restarted with what it depends on."),
    ("child", "enabled", "`false`: it is never started, and its handle answers so."),
    ("child", "tags", "Words to find it by, in states and events."),
    ("child", "readiness", "When it is up."),
    ("readiness", "immediate", "As soon as it is spawned."),
    ("readiness", "explicit", "When it calls `ctx.ready()`; its younger siblings wait for that."),
    ("child", "start_timeout", "How long it may take to become ready."),
    ("child", "health", "That it sends heartbeats, and when it is stuck."),
    ("health", "heartbeat", "How often it promises to send one."),
    ("health", "stale_after", "Without one for this long it is stopped and has timed out."),
    ("child", "shutdown", "How it is stopped."),
    ("shutdown", "grace", "From the request to the abort; or `infinite`."),
    ("shutdown", "abort_wait", "From the abort until it is given up as unjoinable."),
    ("shutdown", "budget", "How long the shutdown of the whole tree may take."),
    ("shutdown", "infinite", "It is never aborted."),
    (
        "child",
        "on_dependency_restart",
        "What it does while something it depends on is not ready. Default: `keep`.",
    ),
    ("on_dependency_restart", "keep", "It goes on."),
    ("on_dependency_restart", "restart", "It is stopped, and starts when that is ready again."),
    ("child", "significant", "Its end counts for `auto_shutdown` of its supervisor."),
    ("child", "after", "It starts after these fields of the same struct, and means those."),
    ("child", "args", "What it is given, made anew for every run."),
    ("child", "count", "How many there are in this `Many`."),
    (
        "child",
        "from_config",
        "A configuration can name members of this `Pool`, and an operator can add some.",
    ),
    ("child", "max_children", "How many there can be in this `Pool`."),
    ("child", "intensity", "How many restarts this `Pool` or `Many` takes before it melts down."),
    ("child", "meltdown", "How the end of this `Pool` or `Many` after too many counts."),
    ("child", "depends_on", "Children or supervisors that have to be ready before it starts."),
    ("child", "multiple", "It may stand in several places, also of one supervisor."),
    ("child", "instance", "Tells the instances of a generic child apart."),
    ("child", "blocking", "A plain `fn` with a thread of its own."),
    ("child", "classify", "Errors whose class is looked for in what its error was caused by."),
    ("supervisor", "strategy", "Who is restarted with a child. Default: `one_for_one`."),
    ("strategy", "one_for_one", "Nobody else."),
    ("strategy", "one_for_all", "All its siblings."),
    ("strategy", "rest_for_one", "The siblings that were declared after it."),
    ("supervisor", "start", "How its children are started, and stopped. Default: `sequential`."),
    ("start", "sequential", "One after the other, in the order of declaration."),
    ("start", "parallel", "Each as soon as what it depends on is ready."),
    ("supervisor", "intensity", "How many restarts it takes before it melts down."),
    ("intensity", "max", "So many restarts are tolerated."),
    ("intensity", "within", "Within this time."),
    ("supervisor", "meltdown", "How its own end after too many restarts counts."),
    ("meltdown", "abnormal", "As a failure."),
    ("meltdown", "shutdown", "As a shutdown: a transient supervisor stays down."),
    ("supervisor", "auto_shutdown", "Whether it ends when its significant children have ended."),
    ("auto_shutdown", "never", "No."),
    ("auto_shutdown", "any_significant", "When one of them has."),
    ("auto_shutdown", "all_significant", "When all of them have."),
    ("supervisor", "defaults", "Policies for everything below that says nothing itself."),
    (
        "supervisor",
        "requires",
        "Children that the supervisor above provides; see `depends_on` and `Handle`.",
    ),
    (
        "supervisor",
        "state",
        "The state of the application; what is missing in it is reported here.",
    ),
];

/// Adds what is shown about the options of `#[child]` on a function.
pub(crate) fn show_words_of_child(options: TokenStream, expansion: &mut TokenStream) {
    if is_shown() {
        expansion.extend(words_of_child(options));
    }
}

/// Adds what is shown about the options of `#[supervisor]`, and of `#[child]` on its fields.
pub(crate) fn show_words_of_supervisor(
    options: TokenStream,
    item: TokenStream,
    expansion: &mut TokenStream,
) {
    if is_shown() {
        expansion.extend(words_of_supervisor(options, item));
    }
}

/// Whoever compiles would throw it away again: it is not made for a compiler.
fn is_shown() -> bool {
    static IS_COMPILED: OnceLock<bool> = OnceLock::new();
    let is_compiled = || std::env::current_exe().is_ok_and(|program| is_compiler(&program));
    !*IS_COMPILED.get_or_init(is_compiled)
}

/// Whether clippy's words mean anything to whoever compiles: rustc would look each of them up.
pub(super) fn is_for_clippy() -> bool {
    static IS_RUSTC: OnceLock<bool> = OnceLock::new();
    !*IS_RUSTC.get_or_init(|| {
        let program = std::env::current_exe();
        program.is_ok_and(|program| program.file_stem() == Some(OsStr::new("rustc")))
    })
}

/// Whether somebody looks up names in the expansion. These tests look at what a compiler gets.
pub(super) fn is_for_an_editor() -> bool {
    is_shown() && !cfg!(test)
}

/// Whether it reads the expansion as rustc does, and no editor asks it.
fn is_compiler(program: &Path) -> bool {
    let name = program.file_stem().and_then(OsStr::to_str);
    name.is_some_and(|name| ["rustc", "clippy-driver", "rustdoc", "miri"].contains(&name))
}

fn words_of_child(options: TokenStream) -> TokenStream {
    let mut found = Vec::new();
    find("child", options, &mut found);
    uses(&found)
}

fn words_of_supervisor(options: TokenStream, item: TokenStream) -> TokenStream {
    let mut found = Vec::new();
    find("supervisor", options, &mut found);
    // The fields are in the last group.
    if let Some(TokenTree::Group(body)) = item.into_iter().last() {
        let mut tokens = body.stream().into_iter();
        while let Some(token) = tokens.next() {
            let is_hash = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == '#');
            let attribute = if is_hash { tokens.next() } else { None };
            let Some(TokenTree::Group(attribute)) = attribute else { continue };
            find_in_attribute(attribute.stream(), &mut found);
        }
    }
    uses(&found)
}

/// What stands in `[child(…)]`, by any path.
fn find_in_attribute(attribute: TokenStream, found: &mut Vec<(Ident, &'static str)>) {
    let tokens: Vec<_> = attribute.into_iter().collect();
    if let [.., TokenTree::Ident(name), TokenTree::Group(options)] = &tokens[..]
        && name == "child"
    {
        find("child", options.stream(), found);
    }
}

fn uses(found: &[(Ident, &'static str)]) -> TokenStream {
    if found.is_empty() {
        return TokenStream::new();
    }
    let uses = found.iter().enumerate().map(|(index, (word, doc))| {
        let module = format_ident!("word{index}");
        let mut declared = word.clone();
        declared.set_span(Span::call_site());
        quote! {
            mod #module {
                #[doc = #doc]
                pub(super) struct #declared;
            }
            use self::#module::#word as _;
        }
    });
    quote! {
        #[allow(unexpected_cfgs)]
        const _: () = {
            #[cfg(rust_analyzer)]
            mod words {
                #(#uses)*
            }
        };
    }
}

fn find(around: &str, tokens: TokenStream, found: &mut Vec<(Ident, &'static str)>) {
    let mut key: Option<String> = None;
    let mut is_value = false;
    for token in tokens {
        match token {
            TokenTree::Ident(word) => {
                let name = word.to_string();
                // `restart = transient`: a word of its key.
                let around = if is_value { key.as_deref() } else { Some(around) };
                let doc = around.and_then(|around| doc(around, &name));
                if let Some(doc) = doc {
                    found.push((word, doc));
                }
                if !is_value {
                    key = Some(name);
                }
            }
            TokenTree::Punct(punct) if punct.as_char() == '=' => is_value = true,
            TokenTree::Punct(punct) if punct.as_char() == ',' => is_value = false,
            TokenTree::Group(group) if !is_value => {
                if let Some(key) = &key {
                    find(key, group.stream(), found);
                }
            }
            TokenTree::Group(_) | TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}

fn doc(around: &str, word: &str) -> Option<&'static str> {
    let of = |around: &str| {
        WORDS.iter().find(|(of, known, _)| (*of, *known) == (around, word)).map(|(_, _, doc)| *doc)
    };
    let holds_policies = match around {
        "supervisor" | "defaults" => true,
        class => WORDS.iter().any(|(of, word, _)| (*of, *word) == ("on_failure", class)),
    };
    of(around).or_else(|| holds_policies.then(|| of("child")).flatten())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hovered(attribute: &str, options: TokenStream) -> Vec<String> {
        let mut found = Vec::new();
        find(attribute, options, &mut found);
        found.into_iter().map(|(word, _)| word.to_string()).collect()
    }

    #[test]
    fn every_option_that_is_read_is_documented() {
        for option in crate::parse::child_options_read() {
            let is_keyword = ["type", "crate"].contains(&option);
            assert!(is_keyword || doc("child", option).is_some(), "`{option}` says nothing");
        }
        for option in crate::parse::SUPERVISOR_OPTIONS {
            assert!(option == "crate" || doc("supervisor", option).is_some(), "`{option}`");
        }
        for option in crate::parse::FIELD_OPTIONS {
            assert!(doc("child", option).is_some(), "`{option}`");
        }
    }

    #[test]
    fn every_option_that_is_read_is_in_the_tables_of_the_documentation() {
        let tables = [
            include_str!("../options/policies.md"),
            include_str!("../options/function.md"),
            include_str!("../options/field.md"),
            include_str!("../options/supervisor.md"),
        ];
        let rows: Vec<_> = tables.into_iter().flat_map(str::lines).collect();
        let words = WORDS.iter().filter(|(around, ..)| ["child", "supervisor"].contains(around));
        let options = words.map(|(_, option, _)| *option).chain(["type", "crate"]);
        for option in options {
            let is_its_row = |row: &&&str| {
                let first = row.trim_start_matches("| ").split(" | ").next().unwrap_or_default();
                first.split(['`', '(', ' ']).any(|word| word == option)
            };
            assert!(rows.iter().any(|row| is_its_row(&row)), "`{option}` is in no table");
        }
    }

    #[test]
    fn words_are_found_in_the_attributes_of_fields() {
        let words = words_of_supervisor(
            quote!(strategy(one_for_all)),
            quote! {
                /// Docs.
                pub struct App {
                    #[cfg(all(restart))]
                    #[child(restart(temporary), after(b))]
                    pub a: a,
                    #[rust_supervisor::child(max_children = 3)]
                    b: Pool<b>,
                }
            },
        );
        let words = words.to_string();
        for word in ["strategy", "one_for_all", "restart", "temporary", "after", "max_children"] {
            assert_eq!(words.matches(&format!(":: {word} as _")).count(), 1, "{word}: {words}");
        }
        assert!(
            words_of_supervisor(
                quote!(),
                quote!(
                    struct App {
                        a: a,
                    }
                )
            )
            .is_empty()
        );
    }

    #[test]
    fn words_are_shown_to_editors_and_not_to_compilers() {
        for compiler in ["/bin/rustc", "clippy-driver", "rustdoc"] {
            assert!(is_compiler(Path::new(compiler)), "{compiler}");
        }
        assert!(!is_compiler(Path::new("/bin/rust-analyzer-proc-macro-srv")));
        // These tests are no compiler.
        let mut expansion = TokenStream::new();
        show_words_of_child(quote!(restart(transient)), &mut expansion);
        assert!(expansion.to_string().contains("transient"), "{expansion}");
    }

    #[test]
    fn words_are_found_where_they_mean_something() {
        let found = hovered(
            "child",
            quote!(restart(transient), backoff(initial = max, max = "1s"), readiness = explicit, x),
        );
        // The first `max` is a constant of the user's.
        let expected =
            ["restart", "transient", "backoff", "initial", "max", "readiness", "explicit"];
        assert_eq!(found, expected);
        let found = hovered(
            "supervisor",
            quote!(defaults(restart(temporary), on_failure(timeout(backoff(max = "1s"))))),
        );
        let expected =
            ["defaults", "restart", "temporary", "on_failure", "timeout", "backoff", "max"];
        assert_eq!(found, expected);
    }
}
