//! ractor, with a supervisor written by hand, since it has none.

use std::collections::HashMap;
use std::sync::Arc;

use bench_harness::{Cannot, Next, Place, Plan, Shape, System, cannot};
use ractor::{
    Actor, ActorCell, ActorId, ActorProcessingErr, ActorRef, RpcReplyPort, SupervisionEvent,
};
use tokio::task::JoinHandle;

type Done<T> = Result<T, ActorProcessingErr>;

/// A child is an actor, and parks by having no message.
struct Child;

struct Fail;

impl Actor for Child {
    type Msg = Fail;
    type State = (Arc<Plan>, Place);
    type Arguments = (Arc<Plan>, usize);

    async fn pre_start(
        &self,
        this: ActorRef<Fail>,
        (plan, index): Self::Arguments,
    ) -> Done<Self::State> {
        let (place, next) = plan.begin(index);
        match next {
            Next::Park => {}
            Next::Fail => this.cast(Fail)?,
            Next::Wait(order) => {
                tokio::spawn(async move {
                    order.await;
                    // It may be gone by now.
                    let _is_gone = this.cast(Fail);
                });
            }
        }
        Ok((plan, place))
    }

    async fn handle(&self, _: ActorRef<Fail>, _: Fail, (plan, _): &mut Self::State) -> Done<()> {
        Err(plan.told().into())
    }
}

struct Parent;

enum Command {
    Add(Arc<Plan>, usize, RpcReplyPort<()>),
    Remove(usize, RpcReplyPort<()>),
}

struct Children {
    plan: Arc<Plan>,
    by_id: HashMap<ActorId, usize>,
    added: HashMap<usize, ActorCell>,
}

impl Children {
    async fn spawn(
        &mut self,
        parent: &ActorRef<Command>,
        plan: Arc<Plan>,
        index: usize,
    ) -> Done<ActorCell> {
        let (child, _) = Actor::spawn_linked(None, Child, (plan, index), parent.get_cell()).await?;
        self.by_id.insert(child.get_id(), index);
        Ok(child.get_cell())
    }
}

impl Actor for Parent {
    type Msg = Command;
    type State = Children;
    type Arguments = Arc<Plan>;

    async fn pre_start(&self, this: ActorRef<Command>, plan: Arc<Plan>) -> Done<Children> {
        let n = plan.children();
        let mut children =
            Children { plan: Arc::clone(&plan), by_id: HashMap::new(), added: HashMap::new() };
        for index in 0..n {
            children.spawn(&this, Arc::clone(&plan), index).await?;
        }
        Ok(children)
    }

    async fn handle(
        &self,
        this: ActorRef<Command>,
        command: Command,
        children: &mut Children,
    ) -> Done<()> {
        match command {
            Command::Add(plan, index, reply) => {
                let child = children.spawn(&this, plan, index).await?;
                children.added.insert(index, child);
                reply.send(())?;
            }
            Command::Remove(index, reply) => {
                let child = children.added.remove(&index).expect("it was added");
                child.stop_and_wait(None, None).await?;
                reply.send(())?;
            }
        }
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        this: ActorRef<Command>,
        event: SupervisionEvent,
        children: &mut Children,
    ) -> Done<()> {
        match event {
            SupervisionEvent::ActorFailed(child, _) => {
                if let Some(index) = children.by_id.remove(&child.get_id()) {
                    let plan = Arc::clone(&children.plan);
                    children.spawn(&this, plan, index).await?;
                }
            }
            SupervisionEvent::ActorTerminated(child, ..) => {
                children.by_id.remove(&child.get_id());
            }
            _ => {}
        }
        Ok(())
    }
}

struct Ractor {
    parent: ActorRef<Command>,
    end: JoinHandle<()>,
}

impl System for Ractor {
    const NAME: &'static str = "ractor";

    async fn start(plan: Arc<Plan>, shape: Shape) -> Result<Self, Cannot> {
        if matches!(shape, Shape::OneForAll | Shape::OneForAllParallel) {
            return cannot("has no strategies");
        }
        let (parent, end) =
            Actor::spawn(None, Parent, plan).await.map_err(|e| Cannot(e.to_string()))?;
        Ok(Self { parent, end })
    }

    async fn shutdown(self) {
        self.parent.stop_children_and_wait(None, None).await;
        self.parent.stop(None);
        self.end.await.expect("it does not panic");
    }

    async fn add(&self, plan: Arc<Plan>, index: usize) -> Result<(), Cannot> {
        ractor::call!(self.parent, |reply| Command::Add(plan, index, reply))
            .map_err(|e| Cannot(e.to_string()))
    }

    async fn remove(&self, index: usize) -> Result<(), Cannot> {
        ractor::call!(self.parent, |reply| Command::Remove(index, reply))
            .map_err(|e| Cannot(e.to_string()))
    }
}

pub(crate) fn main() {
    bench_harness::main::<Ractor>();
}
