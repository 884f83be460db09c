//! What is to go for good goes, whatever comes before it has ended.

use crate::core::tests::player::check;

#[test]
fn what_is_to_go_goes_though_its_supervisor_ends_meanwhile() {
    check(
        "one_for_one { s { a, b }, c }",
        "stubborn s/a; start; remove s/a; stop s; wait 5s; start s; state",
        "
        0ms: start s/a#1, start s/b#1, start c#1, up
        0ms: cancel s/a#1
        5000ms: abort s/a#1, [remove s/a: ok], cancel s/b#1, [stop s: ok]
        5000ms: start s/b#2, [start s: ok]
        s up#2, s/b up#2, c up#1
        ",
    );
}

#[test]
fn what_is_to_go_and_cannot_be_ended_goes_though_its_supervisor_ends_meanwhile() {
    check(
        "one_for_one { s { a grace=1s abort_wait=1s, b }, c }",
        "immortal s/a; start; remove s/a; wait 3s; stop s; exit s/a dropped; state; start s; state",
        "
        0ms: start s/a#1, start s/b#1, start c#1, up
        0ms: cancel s/a#1
        1000ms: abort s/a#1
        2000ms: [remove s/a: unjoinable]
        3000ms: cancel s/b#1, [stop s: unjoinable]
        s down#1, s/b down#1, c up#1
        3000ms: start s/b#2, [start s: ok]
        s up#2, s/b up#2, c up#1
        ",
    );
}

#[test]
fn what_a_round_was_to_start_and_could_not_be_ended_is_down_when_its_supervisor_has_ended() {
    check(
        "one_for_one { s one_for_all { a grace=1s abort_wait=1s, b }, c }",
        "immortal s/a; start; exit s/b error; wait 3s; state; stop s; exit s/a dropped; state",
        "
        0ms: start s/a#1, start s/b#1, start c#1, up
        0ms: cancel s/a#1
        1000ms: abort s/a#1
        2000ms: start s/b#2
        s up#1, s/a unjoinable#1, s/b up#2, c up#1
        3000ms: cancel s/b#2, [stop s: unjoinable]
        s down#1, s/a down#1, s/b down#2, c up#1
        ",
    );
}

#[test]
fn a_round_does_not_bring_back_what_is_to_go() {
    check(
        "one_for_all { a, b }",
        "stubborn a; start; remove a; exit b error; wait 5s; state",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel a#1
        5000ms: abort a#1, [remove a: ok], start b#2
        b up#2
        ",
    );
    check(
        "one_for_all { a grace=1s abort_wait=1s, b }",
        "immortal a; start; remove a; wait 3s; exit b error; exit a dropped; state",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel a#1
        1000ms: abort a#1
        2000ms: [remove a: unjoinable]
        3000ms: start b#2
        b up#2
        ",
    );
}

#[test]
fn one_that_goes_before_its_turn_changes_nothing_about_the_turns_of_the_others() {
    check(
        "one_for_one { s { a, t temporary, b, c }, d }",
        "stubborn s/c; start; stop s; exit s/t ok; wait 5s; state",
        "
        0ms: start s/a#1, start s/t#1, start s/b#1, start s/c#1, start d#1, up
        0ms: cancel s/c#1
        5000ms: abort s/c#1, cancel s/b#1, cancel s/a#1, [stop s: ok]
        s down#1, s/a down#1, s/b down#1, s/c down#1, d up#1
        ",
    );
}
