use rust_supervisor::prelude::*;

#[child]
async fn a(_: TaskContext) {}

#[supervisor(
    strategy(one_for_al),
    intensity(max = 5),
    meltdown(normal),
    auto_shutdown(any),
    start_timeout = "1s",
    blocking,
    stratgy(one_for_one),
    shutdown(graze = "1s"),
    defaults(restart(never), state = u8),
    significant
)]
struct App {
    #[child]
    a: a,
    #[child(blocking)]
    b: a,
    #[child(strategy(one_for_all))]
    c: a,
}

fn main() {}
