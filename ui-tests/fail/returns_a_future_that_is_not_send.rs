use rust_supervisor::prelude::*;

#[child]
fn worker(_: TaskContext) -> impl Future<Output = ()> {
    let shared = std::rc::Rc::new(1);
    async move { drop(shared) }
}

#[supervisor]
struct App {
    worker: worker,
}

fn main() {
    drop(App::start(()));
}
