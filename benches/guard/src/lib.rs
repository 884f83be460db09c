//! Trees on a runtime with one thread, so that the same work is the same work each time.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rust_supervisor::control::handle::SupervisorHandle;
use rust_supervisor::policy::backoff::Backoff;
use rust_supervisor::prelude::*;
use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::task::factory::service_fn;
use rust_supervisor::task::member::member_fn;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Notify;

/// A tree of parked children, of which the first fails when it is told to.
pub struct Tree {
    runtime: Runtime,
    handle: SupervisorHandle,
    runs: Arc<AtomicU64>,
    told: Arc<Notify>,
    added: Rc<Cell<u64>>,
}

impl Tree {
    /// So many children, and an empty pool beside them.
    ///
    /// # Panics
    ///
    /// When it cannot be started.
    pub fn started(children: usize) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let (runs, told) = (Arc::new(AtomicU64::new(0)), Arc::new(Notify::new()));
        let (count, order) = (Arc::clone(&runs), Arc::clone(&told));
        let victim = service_fn(move |_: TaskContext| {
            count.fetch_add(1, Ordering::Relaxed);
            let order = Arc::clone(&order);
            async move {
                order.notified().await;
                Err::<(), _>(std::fmt::Error)
            }
        });
        let parked = service_fn(async |ctx: TaskContext| ctx.stopped().await);
        let parked = ChildSpec::new("parked", parked);
        let members = member_fn(async |ctx: TaskContext, (): ()| ctx.stopped().await);
        let tree = SupervisorSpec::root()
            .intensity(u32::MAX, Duration::from_secs(1))
            .child(SupervisorSpec::pool("pool").members(members))
            .child(ChildSpec::new("victim", victim).backoff(Backoff::NONE));
        let tree = (1..children).fold(tree, |tree, n| tree.child(parked.with_id(format!("c{n}"))));
        let handle = runtime.block_on(Supervisor::start(tree)).expect("it starts");
        let added = Rc::default();
        Self { runtime, handle, runs, told, added }
    }

    /// The victim fails; until it runs again.
    pub fn restart(&self) {
        let before = self.runs.load(Ordering::Relaxed);
        self.runtime.block_on(async {
            self.told.notify_one();
            while self.runs.load(Ordering::Relaxed) == before {
                tokio::task::yield_now().await;
            }
            self.handle.wait_until_settled().await.expect("it lives");
        });
    }

    /// A member is added to the pool and removed again, both acknowledged.
    ///
    /// # Panics
    ///
    /// When that is refused.
    pub fn add_and_remove(&self) {
        self.added.set(self.added.get() + 1);
        let id = format!("m{}", self.added.get());
        let path = format!("/root/pool/{id}");
        self.runtime.block_on(async {
            let (by, why) = ("guard", "measured");
            self.handle.spawn_member("/root/pool", &id, (), by, why).await.expect("room");
            self.handle.remove_child(path.as_str(), by, why).await.expect("it is there");
        });
    }

    /// The state of one child.
    ///
    /// # Panics
    ///
    /// When the tree is gone.
    pub fn state(&self) {
        let state = self.runtime.block_on(self.handle.state_of("/root/victim"));
        drop(state.expect("it is there"));
    }

    /// The state of the whole tree.
    ///
    /// # Panics
    ///
    /// When the tree is gone.
    pub fn states(&self) -> usize {
        let state = self.runtime.block_on(self.handle.current_state()).expect("it lives");
        state.children.len()
    }

    /// The end of the tree.
    ///
    /// # Panics
    ///
    /// When it is gone.
    pub fn shut_down(self) {
        let end = self.handle.shutdown_tree("guard", "measured");
        drop(self.runtime.block_on(end).expect("it lives"));
    }
}
