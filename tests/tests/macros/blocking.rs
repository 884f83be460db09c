//! Children with a thread of their own.

use std::sync::OnceLock;

use super::*;

#[child(blocking, readiness(explicit), shutdown(grace = "1s"))]
fn compact(ctx: BlockingContext, State(name): State<Arc<OnceLock<String>>>) {
    name.get_or_init(|| std::thread::current().name().unwrap_or("none").to_owned());
    ctx.ready();
    while ctx.sleep(Duration::from_millis(1)) {}
}

#[supervisor]
struct Tree {
    compact: compact,
}

#[tokio::test]
async fn a_blocking_child_runs_on_a_thread_named_after_it() {
    let name = Arc::<OnceLock<String>>::default();
    let tree = Tree::start(Arc::clone(&name)).await.unwrap();
    assert_eq!(name.get().unwrap(), "compact");
    assert!(tree.shutdown(("test", "done")).await.unwrap().is_clean());
}
