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

#[test]
fn what_is_right_builds_and_runs() {
    TestCases::new().pass("pass/*.rs");
}
