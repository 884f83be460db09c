use rust_supervisor::prelude::*;

#[child(depends_on(reader))]
async fn writer(ctx: TaskContext) {
    ctx.stopped().await;
}

#[child(depends_on(writer))]
async fn reader(ctx: TaskContext) {
    ctx.stopped().await;
}

#[supervisor]
struct App {
    writer: writer,
    reader: reader,
}

fn main() {}
