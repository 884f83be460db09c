mod reexport {
    pub mod inner {
        pub use rust_supervisor::*;
    }
}

mod hidden {
    // The real name is in the way.
    mod rust_supervisor {}

    use super::reexport::inner::prelude::*;

    #[child(crate = crate::reexport::inner)]
    async fn a(ctx: TaskContext, State(_): State<String>) {
        ctx.stopped().await;
    }

    #[supervisor(crate = crate::reexport::inner, state = Shared)]
    pub struct App {
        a: a,
    }

    #[derive(SharedState)]
    #[state(crate = crate::reexport::inner)]
    pub struct Shared(pub String);
}

fn main() {
    use reexport::inner::prelude::*;
    drop(hidden::App::start(hidden::Shared(String::new())));
}
