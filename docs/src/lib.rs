//! The README and the pages of the book, as documentation tests: what they show compiles, and what
//! can end by itself is run.
//!
//! `docs/tests/book.rs` fails when a page is missing here.

macro_rules! pages {
    ($($page:ident: $file:literal,)*) => {$(
        #[doc = include_str!(concat!("../", $file))]
        #[cfg(doctest)]
        pub mod $page {}
    )*};
}

pages! {
    readme: "../README.md",
    introduction: "en/src/introduction.md",
    quick_start: "en/src/quick-start.md",
    language: "en/src/language.md",
    children: "en/src/children.md",
    pools: "en/src/pools.md",
    strategies: "en/src/strategies.md",
    dependencies: "en/src/dependencies.md",
    shutdown: "en/src/shutdown.md",
    commands: "en/src/commands.md",
    events: "en/src/events.md",
    why: "en/src/why.md",
    metrics: "en/src/metrics.md",
    configuration: "en/src/configuration.md",
    program: "en/src/program.md",
    systemd: "en/src/systemd.md",
    socket: "en/src/socket.md",
    supctl: "en/src/supctl.md",
    audit: "en/src/audit.md",
    replay: "en/src/replay.md",
    testing: "en/src/testing.md",
    trust: "en/src/trust.md",
    mutants: "en/src/mutants.md",
    plants: "en/src/plants.md",
    performance: "en/src/performance.md",
    scaling: "en/src/scaling.md",
    laws: "en/src/laws.md",
    faq: "en/src/faq.md",
}
