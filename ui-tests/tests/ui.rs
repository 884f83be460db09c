//! Programs that must not build, with what the compiler says, and programs that must build clean.
//!
//! The messages change with the compiler, so they hold for the toolchain that the repository pins.
//! `TRYBUILD=overwrite cargo test -p supervisor-ui-tests` writes them anew.

#[test]
fn ui() {
    let programs = trybuild::TestCases::new();
    programs.compile_fail("fail/*.rs");
    programs.pass("pass/*.rs");
}
