//! L27–L29: significant children.

use crate::core::tests::player::check;

#[test]
fn any_significant_ends_the_supervisor_with_the_first() {
    check(
        "one_for_one { s auto=any { a transient significant, b, c temporary significant } }",
        "show auto_shutdown exited decided; start; exit s/c ok",
        "
        0ms: start s/a#1, start s/b#1, start s/c#1, up
        0ms: (s/c#1 ended: succeeded), (s/c#1 decision: do not restart (it is temporary)), (s#1 ends, because /root/s/c has ended), cancel s/b#1, (s/b#1 ended: shutdown), cancel s/a#1, (s/a#1 ended: shutdown), (s#1 ended: shutdown), (s#1 decision: restart at once (it is permanent)), start s/a#2, start s/b#2, start s/c#2
        ",
    );
}

#[test]
fn a_significant_child_that_is_restarted_has_not_ended() {
    check(
        "one_for_one { s transient auto=any { a transient significant, b } }",
        "show auto_shutdown; start; exit s/a error; exit s/a ok; state",
        "
        0ms: start s/a#1, start s/b#1, up
        0ms: start s/a#2
        0ms: (s#1 ends, because /root/s/a has ended), cancel s/b#1
        s down#1, s/a down#2, s/b down#1
        ",
    );
}

#[test]
fn all_significant_ends_the_supervisor_with_the_last() {
    check(
        "one_for_one { s transient auto=all { a transient significant, b transient \
         significant, c } }",
        "show auto_shutdown; start; exit s/a ok; state; exit s/b ok; state",
        "
        0ms: start s/a#1, start s/b#1, start s/c#1, up
        s up#1, s/a down#1, s/b up#1, s/c up#1
        0ms: (s#1 ends, because /root/s/b has ended), cancel s/c#1
        s down#1, s/a down#1, s/b down#1, s/c down#1
        ",
    );
}

#[test]
fn a_significant_child_that_waits_for_its_restart_is_still_counted() {
    check(
        "one_for_one { s transient auto=all { a transient significant backoff=1s, b \
         transient significant } }",
        "show auto_shutdown; start; exit s/a error; exit s/b ok; wait 1s; exit s/a ok; state",
        "
        0ms: start s/a#1, start s/b#1, up
        1000ms: start s/a#2
        1000ms: (s#1 ends, because /root/s/a has ended)
        s down#1, s/a down#2, s/b down#1
        ",
    );
}

#[test]
fn one_stopped_by_command_does_not_count_as_ended() {
    check(
        "one_for_one { s transient auto=any { a transient significant, b } }",
        "start; stop s/a; state; restart s/a; remove s/a; state",
        "
        0ms: start s/a#1, start s/b#1, up
        0ms: cancel s/a#1, [stop s/a: ok]
        s up#1, s/a down#1, s/b up#1
        0ms: start s/a#2, [restart s/a: ok]
        0ms: cancel s/a#2, [remove s/a: ok]
        s up#1, s/b up#1
        ",
    );
}

#[test]
fn but_after_it_the_last_one_does() {
    check(
        "one_for_one { s transient auto=all { a transient significant, b transient significant } }",
        "start; stop s/a; exit s/b ok; state",
        "
        0ms: start s/a#1, start s/b#1, up
        0ms: cancel s/a#1, [stop s/a: ok]
        s down#1, s/a down#1, s/b down#1
        ",
    );
}

#[test]
fn a_bystander_of_a_round_does_not_count_as_ended() {
    check(
        "one_for_one { s auto=any one_for_all { a, b transient significant, c temporary \
         significant } }",
        "start; exit s/a error; state",
        "
        0ms: start s/a#1, start s/b#1, start s/c#1, up
        0ms: cancel s/c#1, cancel s/b#1, start s/a#2, start s/b#2
        s up#1, s/a up#2, s/b up#2
        ",
    );
}

#[test]
fn one_that_is_quarantined_counts_as_ended() {
    check(
        "one_for_one { s transient auto=any { a transient significant, b } }",
        "show auto_shutdown; start; exit s/a fatal; state",
        "
        0ms: start s/a#1, start s/b#1, up
        0ms: (s#1 ends, because /root/s/a has ended), cancel s/b#1
        s down#1, s/a quarantined#1, s/b down#1
        ",
    );
}

#[test]
fn at_the_root_it_ends_the_tree() {
    check(
        "one_for_one auto=any { a transient significant, b }",
        "start; exit a ok; cause; report",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel b#1, end
        the significant children have ended (exit code 0)
        clean in 0ns: b#1 shutdown after 0ns; a#1 not running
        ",
    );
}
