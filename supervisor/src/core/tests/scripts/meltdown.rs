//! L15, L18, L19, D2: meltdown, and how the supervisor above sees it.

use crate::core::tests::player::check;

#[test]
fn the_failing_child_is_down_and_the_others_are_stopped_in_reverse() {
    check(
        "one_for_one intensity=0/1s { a, b, c }",
        "stubborn c; start; exit b error; state; wait 5s; state",
        "
        0ms: start a#1, start b#1, start c#1, up
        0ms: cancel c#1
        a up#1, b down#1, c stopping#1
        5000ms: abort c#1, cancel a#1, end
        a down#1, b down#1, c down#1
        ",
    );
}

#[test]
fn by_default_a_meltdown_is_abnormal_so_a_transient_supervisor_is_restarted() {
    check(
        "one_for_one { s transient intensity=0/1s { a, b } }",
        "show decided exited; start; exit s/a error",
        "
        0ms: start s/a#1, start s/b#1, up
        0ms: (s/a#1 ended: failed: broken), (s/a#1 decision: escalate (the supervisor's intensity is spent)), cancel s/b#1, (s/b#1 ended: shutdown), (s#1 ended: failed: `/root/s` gave up over `/root/s/a`: the supervisor's intensity is spent (0 within 1s); its last exit: failed: broken), (s#1 decision: restart at once (it is transient and ended abnormally)), start s/a#2, start s/b#2
        ",
    );
}

#[test]
fn as_in_otp_a_meltdown_can_be_a_shutdown() {
    check(
        "one_for_one { s transient intensity=0/1s meltdown=shutdown { a }, u permanent \
         intensity=0/1s meltdown=shutdown { b }, v temporary intensity=0/1s \
         meltdown=shutdown { c } }",
        "show decided exited; start; exit s/a error; exit u/b error; exit v/c error; state",
        "
        0ms: start s/a#1, start u/b#1, start v/c#1, up
        0ms: (s/a#1 ended: failed: broken), (s/a#1 decision: escalate (the supervisor's intensity is spent)), (s#1 ended: shutdown), (s#1 decision: do not restart (it is transient and ended normally))
        0ms: (u/b#1 ended: failed: broken), (u/b#1 decision: escalate (the supervisor's intensity is spent)), (u#1 ended: shutdown), (u#1 decision: restart at once (it is permanent)), start u/b#2
        0ms: (v/c#1 ended: failed: broken), (v/c#1 decision: escalate (the supervisor's intensity is spent)), (v#1 ended: shutdown), (v#1 decision: do not restart (it is temporary))
        s down#1, s/a down#1, u up#2, u/b up#2
        ",
    );
}

#[test]
fn an_escalation_is_abnormal_whatever_the_supervisor_says() {
    check(
        "one_for_one { s transient meltdown=shutdown { a critical } }",
        "show decided exited; start; exit s/a fatal",
        "
        0ms: start s/a#1, up
        0ms: (s/a#1 ended: failed: no schema), (s/a#1 decision: escalate (the failure is fatal)), (s#1 ended: failed: `/root/s` gave up over `/root/s/a`: the failure is fatal; its last exit: failed: no schema), (s#1 decision: restart at once (it is transient and ended abnormally)), start s/a#2
        ",
    );
}

#[test]
fn a_meltdown_climbs_until_somebody_can_afford_it() {
    check(
        "one_for_one intensity=1/10s { s intensity=0/1s { u intensity=0/1s { a } } }",
        "show meltdown; start; exit s/u/a error; exit s/u/a error; cause",
        "
        0ms: start s/u/a#1, up
        0ms: (s/u#1 meltdown over /root/s/u/a: the supervisor's intensity is spent (0 within 1s); its last exit: failed: broken), (s#1 meltdown over /root/s/u: the supervisor's intensity is spent (0 within 1s); `/root/s/u` had given up over `/root/s/u/a`: the supervisor's intensity is spent (0 within 1s); its last exit: failed: broken), start s/u/a#2
        0ms: (s/u#2 meltdown over /root/s/u/a: the supervisor's intensity is spent (0 within 1s); its last exit: failed: broken), (s#2 meltdown over /root/s/u: the supervisor's intensity is spent (0 within 1s); `/root/s/u` had given up over `/root/s/u/a`: the supervisor's intensity is spent (0 within 1s); its last exit: failed: broken), (root#1 meltdown over /root/s: the supervisor's intensity is spent (1 within 10s); `/root/s` had given up over `/root/s/u`: the supervisor's intensity is spent (0 within 1s); `/root/s/u` had given up over `/root/s/u/a`: the supervisor's intensity is spent (0 within 1s); its last exit: failed: broken), end
        meltdown over /root/s: the supervisor's intensity is spent (1 within 10s); `/root/s` had given up over `/root/s/u`: the supervisor's intensity is spent (0 within 1s); `/root/s/u` had given up over `/root/s/u/a`: the supervisor's intensity is spent (0 within 1s); its last exit: failed: broken (exit code 1)
        ",
    );
}

#[test]
fn a_restarted_supervisor_is_built_from_its_declaration() {
    check(
        "one_for_one { s { a, b, c transient, d temporary, e } }",
        "start; exit s/c ok; exit s/d ok; stop s/e; delete s/e; stop s/a; add s/x; state; \
         restart s; state",
        "
        0ms: start s/a#1, start s/b#1, start s/c#1, start s/d#1, start s/e#1, up
        0ms: cancel s/e#1, [stop s/e: ok]
        0ms: [delete s/e: ok]
        0ms: cancel s/a#1, [stop s/a: ok]
        0ms: start s/x#1, [add s/x: ok]
        s up#1, s/a down#1, s/b up#1, s/c down#1, s/x up#1
        0ms: cancel s/x#1, cancel s/b#1, start s/a#2, start s/b#2, start s/c#2, start s/d#2, start s/e#2, [restart s: ok]
        s up#2, s/a up#2, s/b up#2, s/c up#2, s/d up#2, s/e up#2
        ",
    );
}

#[test]
fn a_restarted_supervisor_keeps_what_was_quarantined_or_removed_out() {
    check(
        "one_for_one { s { a, b, c } }",
        "start; exit s/a fatal; remove s/b; restart s; state; restart s/a; state; add s/b; \
         restart s; state",
        "
        0ms: start s/a#1, start s/b#1, start s/c#1, up
        0ms: cancel s/b#1, [remove s/b: ok]
        0ms: cancel s/c#1, start s/c#2, [restart s: ok]
        s up#2, s/a quarantined#1, s/c up#2
        0ms: start s/a#2, [restart s/a: ok]
        s up#2, s/a up#2, s/c up#2
        0ms: start s/b#2, [add s/b: ok]
        0ms: cancel s/b#2, cancel s/c#2, cancel s/a#2, start s/a#3, start s/c#3, [restart s: ok]
        s up#3, s/a up#3, s/c up#3
        ",
    );
}

#[test]
fn a_restarted_supervisor_has_an_empty_window() {
    check(
        "one_for_one { s intensity=1/10s { a } }",
        "start; exit s/a error; state s; restart s; exit s/a error; show meltdown; exit s/a error",
        "
        0ms: start s/a#1, up
        0ms: start s/a#2
        s up#1
        0ms: cancel s/a#2, start s/a#3, [restart s: ok]
        0ms: start s/a#4
        0ms: (s#2 meltdown over /root/s/a: the supervisor's intensity is spent (1 within 10s); its last exit: failed: broken), start s/a#5
        ",
    );
}

#[test]
fn a_supervisor_that_is_down_is_started_whole() {
    check(
        "one_for_one { s { a, b } }",
        "start; stop s; stop s/a; start s; state",
        "
        0ms: start s/a#1, start s/b#1, up
        0ms: cancel s/b#1, cancel s/a#1, [stop s: ok]
        0ms: [stop s/a: supervisor_down]
        0ms: start s/a#2, start s/b#2, [start s: ok]
        s up#2, s/a up#2, s/b up#2
        ",
    );
}

#[test]
fn generations_go_on_over_delete_add_and_restarts_of_the_supervisor() {
    check(
        "one_for_one { s { a }, b }",
        "start; restart s; stop s/a; delete s/a; add s/a; restart s; remove b; add b; state; \
         remove s; add s { a }; state",
        "
        0ms: start s/a#1, start b#1, up
        0ms: cancel s/a#1, start s/a#2, [restart s: ok]
        0ms: cancel s/a#2, [stop s/a: ok]
        0ms: [delete s/a: ok]
        0ms: start s/a#3, [add s/a: ok]
        0ms: cancel s/a#3, start s/a#4, [restart s: ok]
        0ms: cancel b#1, [remove b: ok]
        0ms: start b#2, [add b: ok]
        s up#3, s/a up#4, b up#2
        0ms: cancel s/a#4, [remove s: ok]
        0ms: start s/a#5, [add s { a }: ok]
        b up#2, s up#4, s/a up#5
        ",
    );
}

#[test]
fn a_removed_child_may_be_declared_anew() {
    check(
        "one_for_one { a }",
        "start; add s { b, c }; remove s/b; restart s; remove s; add s { b, c }; state",
        "
        0ms: start a#1, up
        0ms: start s/b#1, start s/c#1, [add s { b, c }: ok]
        0ms: cancel s/b#1, [remove s/b: ok]
        0ms: cancel s/c#1, start s/c#2, [restart s: ok]
        0ms: cancel s/c#2, [remove s: ok]
        0ms: start s/b#2, start s/c#3, [add s { b, c }: ok]
        a up#1, s up#3, s/b up#2, s/c up#3
        ",
    );
}

#[test]
fn the_causes_are_kept_through_all_levels_also_where_a_meltdown_looks_like_a_shutdown() {
    check(
        "one_for_one intensity=0/5s { s intensity=0/9s { u intensity=0/1s meltdown=shutdown { a } } }",
        "show exited; start; exit s/u/a error; cause",
        "
        0ms: start s/u/a#1, up
        0ms: (s/u/a#1 ended: failed: broken), (s/u#1 ended: shutdown), (s#1 ended: failed: `/root/s` gave up over `/root/s/u`: the supervisor's intensity is spent (0 within 9s); `/root/s/u` had given up over `/root/s/u/a`: the supervisor's intensity is spent (0 within 1s); its last exit: failed: broken), (root#1 ended: failed: `/root` gave up over `/root/s`: the supervisor's intensity is spent (0 within 5s); `/root/s` had given up over `/root/s/u`: the supervisor's intensity is spent (0 within 9s); `/root/s/u` had given up over `/root/s/u/a`: the supervisor's intensity is spent (0 within 1s); its last exit: failed: broken), end
        meltdown over /root/s: the supervisor's intensity is spent (0 within 5s); `/root/s` had given up over `/root/s/u`: the supervisor's intensity is spent (0 within 9s); `/root/s/u` had given up over `/root/s/u/a`: the supervisor's intensity is spent (0 within 1s); its last exit: failed: broken (exit code 1)
        ",
    );
}

#[test]
fn an_earlier_meltdown_is_no_cause_of_a_later_one() {
    check(
        "one_for_one intensity=1/10s { s intensity=0/1s { a, b explicit } }",
        "start; ready s/b; exit s/a error; exit s/b error; cause",
        "
        0ms: start s/a#1, start s/b#1
        0ms: up
        0ms: cancel s/b#1, start s/a#2, start s/b#2
        0ms: cancel s/a#2, end
        meltdown over /root/s: the supervisor's intensity is spent (1 within 10s); its last exit: failed: its child `/root/s/b` failed to start: failed: broken (exit code 1)
        ",
    );
}
