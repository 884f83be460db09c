use rust_supervisor::prelude::*;

#[child]
async fn local(ctx: TaskContext) {
    let shared = std::rc::Rc::new(1);
    ctx.stopped().await;
    drop(shared);
}

fn main() {}
