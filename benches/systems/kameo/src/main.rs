//! kameo.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bench_harness::{Cannot, Failed, Next, Place, Plan, Shape, System, cannot};
use kameo::actor::{Actor, ActorRef, Spawn};
use kameo::error::Infallible;
use kameo::message::{Context, Message};
use kameo::supervision::{RestartPolicy, SupervisionStrategy};

/// The supervisor; its strategy is its type's.
struct Parent<const ALL: bool>;

impl<const ALL: bool> Actor for Parent<ALL> {
    type Args = Arc<Plan>;
    type Error = Infallible;

    fn supervision_strategy() -> SupervisionStrategy {
        if ALL { SupervisionStrategy::OneForAll } else { SupervisionStrategy::OneForOne }
    }

    async fn on_start(plan: Arc<Plan>, this: ActorRef<Self>) -> Result<Self, Infallible> {
        for index in 0..plan.children() {
            Child::supervise(&this, (Arc::clone(&plan), index))
                .restart_policy(RestartPolicy::Permanent)
                .restart_limit(u32::MAX, Duration::from_secs(1))
                .spawn()
                .await;
        }
        Ok(Self)
    }
}

/// A child is an actor, and parks by having no message.
struct Child {
    plan: Arc<Plan>,
    _place: Place,
}

impl Actor for Child {
    type Args = (Arc<Plan>, usize);
    type Error = Infallible;

    async fn on_start((plan, index): Self::Args, this: ActorRef<Self>) -> Result<Self, Infallible> {
        let (place, next) = plan.begin(index);
        match next {
            Next::Park => {}
            Next::Fail => this.tell(Fail).try_send().expect("there is room for one"),
            Next::Wait(order) => {
                tokio::spawn(async move {
                    order.await;
                    // It may be gone by now.
                    let _is_gone = this.tell(Fail).try_send();
                });
            }
        }
        Ok(Self { plan, _place: place })
    }
}

struct Fail;

impl Message<Fail> for Child {
    type Reply = Result<(), Failed>;

    async fn handle(&mut self, _: Fail, _: &mut Context<Self, Self::Reply>) -> Self::Reply {
        Err(self.plan.told())
    }
}

enum Parents {
    One(ActorRef<Parent<false>>),
    All(ActorRef<Parent<true>>),
}

struct Kameo {
    parent: Parents,
    added: Mutex<HashMap<usize, ActorRef<Child>>>,
}

impl System for Kameo {
    const NAME: &'static str = "kameo";

    async fn start(plan: Arc<Plan>, shape: Shape) -> Result<Self, Cannot> {
        let parent = match shape {
            Shape::OneForOne | Shape::Pool => Parents::One(Parent::spawn(plan)),
            Shape::OneForAll => Parents::All(Parent::spawn(plan)),
            Shape::OneForAllParallel => return cannot("there is one way to restart all"),
        };
        Ok(Self { parent, added: Mutex::default() })
    }

    async fn shutdown(self) {
        match self.parent {
            Parents::One(parent) => {
                parent.stop_gracefully().await.expect("it runs");
                parent.wait_for_shutdown().await;
            }
            Parents::All(parent) => {
                parent.stop_gracefully().await.expect("it runs");
                parent.wait_for_shutdown().await;
            }
        }
    }

    async fn add(&self, plan: Arc<Plan>, index: usize) -> Result<(), Cannot> {
        let Parents::One(parent) = &self.parent else {
            return cannot("not in a group");
        };
        // One that is stopped on purpose is not to come back.
        let child = Child::supervise(parent, (plan, index))
            .restart_policy(RestartPolicy::Transient)
            .restart_limit(u32::MAX, Duration::from_secs(1))
            .spawn()
            .await;
        child.wait_for_startup().await;
        self.added.lock().expect("nobody panics with it").insert(index, child);
        Ok(())
    }

    async fn remove(&self, index: usize) -> Result<(), Cannot> {
        let child = self.added.lock().expect("nobody panics with it").remove(&index);
        let child = child.expect("it was added");
        child.stop_gracefully().await.map_err(|e| Cannot(e.to_string()))?;
        child.wait_for_shutdown().await;
        Ok(())
    }
}

pub(crate) fn main() {
    bench_harness::main::<Kameo>();
}
