//! Rows of restarts, where every run that was ready ends one: a start that failed was not.

use crate::core::tests::player::check;

#[test]
fn a_start_that_fails_ends_no_row_though_a_run_ends_one_at_once() {
    check(
        "one_for_one { a explicit backoff=100ms..10s reset_after=0ms }",
        "start; ready a; exit a error; deadline; wait 100ms; exit a error; deadline; wait 200ms; \
         ready a; exit a error; deadline",
        "
        0ms: start a#1
        0ms: up
        deadline: Some(100ms)
        100ms: start a#2
        deadline: Some(300ms)
        300ms: start a#3
        deadline: Some(400ms)
        ",
    );
}

#[test]
fn a_start_that_is_interrupted_ends_no_row() {
    check(
        "one_for_one { x, a explicit follow needs=x backoff=100ms..10s reset_after=0ms }",
        "start; ready a; exit a error; wait 100ms; exit x error; exit a error; deadline",
        "
        0ms: start x#1, start a#1
        0ms: up
        100ms: start a#2
        100ms: start x#2, cancel a#2, start a#3
        deadline: Some(300ms)
        ",
    );
}

#[test]
fn a_supervisor_that_does_not_come_up_ends_no_row() {
    check(
        "one_for_one { s intensity=0/1s backoff=100ms..10s reset_after=0ms { a } }",
        "start; unborn s/a; exit s/a error; deadline; wait 100ms; deadline; wait 200ms; deadline",
        "
        0ms: start s/a#1, up
        deadline: Some(100ms)
        100ms: start s/a#2
        deadline: Some(300ms)
        300ms: start s/a#3
        deadline: Some(700ms)
        ",
    );
}
