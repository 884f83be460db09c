//! L5–L8, and which classes of failure are not retried: what follows when one run ends.

use crate::core::tests::player::check;

#[test]
fn a_permanent_child_is_restarted_after_every_exit() {
    check(
        "one_for_one intensity=9/1s { a }",
        "start; exit a ok; exit a shutdown; exit a error; exit a panic; exit a dropped; \
         exit a ignored",
        "
        0ms: start a#1, up
        0ms: start a#2
        0ms: start a#3
        0ms: start a#4
        0ms: start a#5
        0ms: start a#6
        0ms: start a#7
        ",
    );
}

#[test]
fn a_transient_child_is_restarted_after_abnormal_exits_only() {
    check(
        "one_for_one intensity=9/1s { a transient, b transient, c transient }",
        "show decided; start; exit a error; exit a panic; exit a dropped; exit a ok; \
         exit b shutdown; exit c ignored; state",
        "
        0ms: start a#1, start b#1, start c#1, up
        0ms: (a#1 decision: restart at once (it is transient and ended abnormally)), start a#2
        0ms: (a#2 decision: restart at once (it is transient and ended abnormally)), start a#3
        0ms: (a#3 decision: restart at once (it is transient and ended abnormally)), start a#4
        0ms: (a#4 decision: do not restart (it is transient and ended normally))
        0ms: (b#1 decision: do not restart (it is transient and ended normally))
        0ms: (c#1 decision: do not restart (it is transient and ended normally))
        a down#4, b down#1, c down#1
        ",
    );
}

#[test]
fn a_temporary_child_is_never_restarted_and_forgotten() {
    check(
        "one_for_one { a temporary, b temporary }",
        "show decided; start; exit a ok; exit b error; state; stop a",
        "
        0ms: start a#1, start b#1, up
        0ms: (a#1 decision: do not restart (it is temporary))
        0ms: (b#1 decision: do not restart (it is temporary))
        0ms: [stop a: not_found]
        ",
    );
}

#[test]
fn an_exit_that_asks_for_no_restart_touches_no_sibling() {
    check(
        "one_for_all { a, b transient, c temporary, d }",
        "start; exit b ok; exit c error; state",
        "
        0ms: start a#1, start b#1, start c#1, start d#1, up
        a up#1, b down#1, d up#1
        ",
    );
}

#[test]
fn the_decision_says_which_rule_made_it() {
    check(
        "one_for_one intensity=3/1s { a, b transient, c transient, d temporary, e explicit \
         limit=0/1s, f }",
        "show decided; start; ready e; exit a ok; exit b error; exit c ok; exit d ok; \
         exit e ok; exit f fatal; unborn a; exit a ok; why a",
        "
        0ms: start a#1, start b#1, start c#1, start d#1, start e#1
        0ms: start f#1, up
        0ms: (a#1 decision: restart at once (it is permanent)), start a#2
        0ms: (b#1 decision: restart at once (it is transient and ended abnormally)), start b#2
        0ms: (c#1 decision: do not restart (it is transient and ended normally))
        0ms: (d#1 decision: do not restart (it is temporary))
        0ms: (e#1 decision: quarantine (its restart limit is spent))
        0ms: (f#1 decision: quarantine (the failure is fatal))
        0ms: (a#2 decision: restart at once (it is permanent)), start a#3, (a#3 decision: escalate (the supervisor's intensity is spent)), cancel b#2, end
        a: failed: no factory; escalate (the supervisor's intensity is spent)
        ",
    );
}

#[test]
fn a_fatal_failure_is_not_retried_but_a_temporary_child_is_only_forgotten() {
    check(
        "one_for_one { a, b temporary, c transient on_limit=stop }",
        "show decided; start; exit a fatal; exit b fatal; exit c fatal; state",
        "
        0ms: start a#1, start b#1, start c#1, up
        0ms: (a#1 decision: quarantine (the failure is fatal))
        0ms: (b#1 decision: do not restart (it is temporary))
        0ms: (c#1 decision: do not restart (the failure is fatal))
        a quarantined#1, c down#1
        ",
    );
}

#[test]
fn a_fatal_failure_of_a_critical_child_ends_its_supervisor() {
    check(
        "one_for_one { a, s { b critical, c } }",
        "show meltdown decided; start; exit s/b fatal",
        "
        0ms: start a#1, start s/b#1, start s/c#1, up
        0ms: (s/b#1 decision: escalate (the failure is fatal)), (s#1 meltdown over /root/s/b: the failure is fatal; its last exit: failed: no schema), cancel s/c#1, (s#1 decision: restart at once (it is permanent)), start s/b#2, start s/c#2
        ",
    );
}

#[test]
fn a_fatal_failure_can_end_the_tree() {
    check(
        "one_for_one { a on_limit=shutdown_tree, b }",
        "show decided; start; exit a fatal; cause; report",
        "
        0ms: start a#1, start b#1, up
        0ms: (a#1 decision: shut the tree down (the failure is fatal)), cancel b#1, end
        meltdown over /root/a: the failure is fatal; its last exit: failed: no schema (exit code 1)
        clean in 0ns: b#1 shutdown after 0ns; a#1 not running
        ",
    );
}

#[test]
fn a_fatal_start_inside_a_supervisors_restart_goes_to_the_supervisors_own_limit() {
    check(
        "one_for_one { a, s on_limit=quarantine { b explicit } }",
        "show decided; start; ready s/b; exit s/b fatal; restart s; exit s/b fatal; state; \
         exit a error",
        "
        0ms: start a#1, start s/b#1
        0ms: up
        0ms: (s/b#1 decision: quarantine (the failure is fatal))
        0ms: [restart s: ok]
        a up#1, s up#2, s/b quarantined#1
        0ms: (a#1 decision: restart at once (it is permanent)), start a#2
        ",
    );
}

#[test]
fn a_fatal_start_of_a_restarted_supervisor_quarantines_it() {
    check(
        "one_for_one { s intensity=0/1s { b explicit } }",
        "show decided; start; ready s/b; exit s/b error; exit s/b fatal; state; start s; \
         restart s; ready s/b; state",
        "
        0ms: start s/b#1
        0ms: up
        0ms: (s/b#1 decision: escalate (the supervisor's intensity is spent)), (s#1 decision: restart at once (it is permanent)), start s/b#2
        0ms: (s#2 decision: quarantine (the failure is fatal))
        s quarantined#2, s/b down#2
        0ms: [start s: quarantined]
        0ms: start s/b#3
        0ms: [restart s: ok]
        s up#3, s/b up#3
        ",
    );
}
