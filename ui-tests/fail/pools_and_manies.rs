use rust_supervisor::prelude::*;

#[child]
async fn session(ctx: TaskContext) {
    ctx.stopped().await;
}

#[child(max_children = 3, count = 3)]
async fn not_at_the_function(ctx: TaskContext) {
    ctx.stopped().await;
}

#[supervisor(args = 1, count = 2, defaults(max_children = 3))]
struct NotAtTheStruct {
    session: session,
}

#[supervisor(auto_shutdown(any_significant))]
struct App {
    #[child(count = 0)]
    nobody: Many<session>,
    #[child(count = 65_537)]
    too_many: Many<session>,
    #[child(count = "many")]
    no_number: Many<session>,
    #[child(max_children = 0)]
    no_room: Pool<session>,
    #[child(max_children = 1, count = 1)]
    both: Pool<session>,
    #[child(count = 1, args = 1)]
    has_indices: Many<session>,
    #[child(max_children = 1, args = 1)]
    is_given_later: Pool<session>,
    #[child(restart(transient), significant)]
    alike: Pool<session>,
    #[child(count = 1, restart(transient), significant)]
    alike_too: Many<session>,
    #[child(intensity(max = 1, within = "0s"))]
    no_window: Pool<session>,
    #[child(args = |state: &AppState| state.first)]
    of_which_state: session,
    #[child(args = || 1)]
    of_no_state: session,
    #[child(max_childern = 3)]
    misspelt: Pool<session>,
    #[child(strategy(one_for_all))]
    has_no_strategy: Pool<session>,
}

fn main() {}
