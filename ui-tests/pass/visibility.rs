//! Who may see a child says who may see its handle and its place.
#![deny(warnings, private_interfaces, private_bounds, unreachable_pub)]

mod deep {
    pub(crate) mod deeper {
        use rust_supervisor::prelude::*;

        struct Private;

        #[child]
        async fn hidden(ctx: TaskContext, State(_): State<u8>) {
            let _ = Private;
            ctx.stopped().await;
        }

        #[child]
        pub(crate) async fn known(ctx: TaskContext) {
            ctx.stopped().await;
        }

        #[child]
        pub(in crate::deep) async fn half_known(ctx: TaskContext) {
            ctx.stopped().await;
        }

        #[supervisor]
        pub(crate) struct Tree {
            hidden: hidden,
            pub(crate) known: known,
            pub(in crate::deep) half_known: half_known,
            pub(super) pool: Pool<half_known>,
        }

        pub(crate) fn of_hidden(tree: &Tree) -> String {
            tree.hidden.path().to_string()
        }
    }

    pub(crate) fn of_half_known(tree: &deeper::Tree) -> String {
        let _ = &tree.pool;
        tree.half_known.path().to_string()
    }
}

use deep::deeper::Tree;
use rust_supervisor::prelude::*;

#[supervisor]
struct App {
    tree: Tree,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), SupervisorError> {
    let app = App::start(1_u8).await?;
    assert_eq!(deep::of_half_known(&app.tree), "/root/tree/half_known");
    assert_eq!(deep::deeper::of_hidden(&app.tree), "/root/tree/hidden");
    app.restart(App::TREE.at(Tree::KNOWN), ("test", "to see it")).await?;
    assert!(app.shutdown(("test", "done")).await?.is_clean());
    Ok(())
}
