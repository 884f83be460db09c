use rust_supervisor::prelude::*;

mod cache {
    use rust_supervisor::prelude::*;

    #[child(depends_on(crate::store::disk))]
    pub async fn warm(ctx: TaskContext) {
        ctx.stopped().await;
    }
}

mod store {
    use rust_supervisor::prelude::*;

    #[child(depends_on(crate::cache::warm))]
    pub async fn disk(ctx: TaskContext) {
        ctx.stopped().await;
    }
}

#[supervisor]
struct App {
    disk: store::disk,
    warm: cache::warm,
}

fn main() {}
