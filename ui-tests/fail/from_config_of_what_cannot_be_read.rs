use rust_supervisor::prelude::*;

#[derive(Clone)]
struct Tenant(u32);

#[child]
async fn worker(ctx: TaskContext, Args(tenant): Args<Tenant>) {
    println!("{}", tenant.0);
    ctx.stopped().await;
}

#[supervisor]
struct App {
    #[child(from_config)]
    workers: Pool<worker>,
}

fn main() {}
