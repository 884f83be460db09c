//! Programs that must not build, with what the compiler says, and programs that must build clean.
//!
//! The messages change with the compiler, so they hold for the toolchain that the repository pins.
//! `TRYBUILD=overwrite cargo test -p supervisor-ui-tests` writes them anew. Programs of one kind are
//! built in one go, so the two kinds are two tests.

use trybuild::TestCases;

#[test]
fn what_is_wrong_does_not_build_and_the_message_says_why() {
    TestCases::new().compile_fail("fail/*.rs");
}

/// What is generic over the state is looked at when the state is known, and `cargo check` goes not so
/// far. A program that is right makes this a real build.
#[test]
fn what_is_wrong_with_a_state_that_the_tree_does_not_name_is_found_by_a_build() {
    let programs = TestCases::new();
    programs.pass("pass/main.rs");
    programs.compile_fail("build/*.rs");
}

#[test]
fn what_is_right_builds_and_runs() {
    TestCases::new().pass("pass/*.rs");
}
