use rust_supervisor::prelude::*;

mod workers {
    mod inner {
        use rust_supervisor::prelude::*;

        #[child]
        pub async fn poller(ctx: TaskContext) {
            ctx.stopped().await;
        }

        #[child]
        pub(crate) async fn crate_wide(ctx: TaskContext) {
            ctx.stopped().await;
        }

        #[child]
        pub(in super::super) async fn here(ctx: TaskContext) {
            ctx.stopped().await;
        }
    }

    pub(crate) use inner::crate_wide;
    pub(super) use inner::here;
    pub use inner::poller;
}

use workers::*;

type Poller = poller;

#[supervisor]
struct App {
    poller: Poller,
    crate_wide: crate_wide,
    here: workers::here,
}

fn main() {
    drop(App::start(()));
}
