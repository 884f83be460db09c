//! What an older supervisor of ours got wrong, and what was found since: one file for each, named
//! after what holds now.

mod a_budget_recovers;
mod a_child_enabled_in_the_middle_of_a_round_waits_for_its_turn;
mod a_child_that_ends_the_tree_does_not_wait_for_its_own_end;
mod a_class_is_decided_by_type;
mod a_denied_restart_is_visible_with_its_reason;
mod a_detached_tree_lives_on_without_a_handle;
mod a_factory_that_panics_kills_nothing_else;
mod a_group_restart_never_has_two_live_runs_of_one_child;
mod a_heartbeat_that_stops_is_noticed_and_one_that_does_not_is_never;
mod a_paused_or_quarantined_child_is_left_alone_by_rounds_and_by_restarts_of_its_supervisor;
mod a_query_during_a_shutdown_is_answered_at_once;
mod a_removed_child_stays_removed_over_a_restart_of_its_supervisor;
mod a_resumed_child_runs_again;
mod a_supervisor_does_not_wait_for_the_end_of_a_start_that_was_interrupted;
mod a_trial_that_has_to_wait_is_a_trial_when_it_starts_in_a_round;
mod a_trial_that_is_not_ready_in_time_has_failed_though_a_round_begins;
mod add_child_answers_when_the_child_is_ready_and_not_before;
mod an_abort_in_a_start_phase_is_in_the_report;
mod an_added_child_really_runs;
mod dropping_the_last_handle_leaves_no_task_behind;
mod failing_children_do_not_use_up_their_siblings_own_limits;
mod nothing_starts_after_a_removal_was_answered_also_out_of_a_backoff;
mod nothing_starts_after_a_shutdown_was_answered_also_out_of_a_backoff;
mod the_handle_of_a_context_does_not_keep_the_tree_alive;

use rust_supervisor::control::handle::SupervisorHandle;
use rust_supervisor::state::ChildState;

/// What is known of a child, as it is now.
pub(crate) async fn state(handle: &SupervisorHandle, path: &str) -> ChildState {
    handle.state_of(path).await.expect("a known path")
}
