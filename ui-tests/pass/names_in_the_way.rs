//! A child is called like something else: a type, a crate, what the attribute calls things.
use rust_supervisor::prelude::*;

struct Ledger;

#[child(type = LedgerChild)]
#[allow(non_snake_case)]
async fn Ledger_(ctx: TaskContext) {
    let _ = Ledger;
    ctx.stopped().await;
}

macro_rules! children {
    ($($name:ident)+) => {
        $(
            #[child]
            async fn $name(ctx: TaskContext) {
                ctx.stopped().await;
            }
        )+

        #[supervisor]
        struct App {
            ledger: LedgerChild,
            $($name: $name,)+
        }
    };
}

children! { core std alloc metrics run state start handle path shutdown restart output context }

#[::tokio::main(flavor = "current_thread")]
async fn main() -> ::std::result::Result<(), SupervisorError> {
    let app = App::start(()).await?;
    assert_eq!(app.core.path().as_str(), "/root/core");
    assert_eq!(app.shutdown.path().as_str(), "/root/shutdown");
    assert_eq!(SupervisionTree::path(&app).as_str(), "/root");
    Ok(())
}
