//! By hand, as one would write it without a library: a parent that spawns into a `JoinSet`, joins,
//! and spawns again what has failed. Children are stopped by abort.

use std::collections::HashMap;
use std::future::{Future, pending};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bench_harness::{Cannot, Failed, Plan, Shape, System};
use tokio::sync::{mpsc, oneshot};
use tokio::task::{AbortHandle, Id, JoinHandle, JoinSet};

enum Command {
    Add(Arc<Plan>, usize, oneshot::Sender<()>),
    Remove(usize, oneshot::Sender<()>),
    Shutdown,
}

struct Raw {
    commands: mpsc::UnboundedSender<Command>,
    parent: JoinHandle<()>,
}

type Children = JoinSet<(usize, Result<(), Failed>)>;

pin_project_lite::pin_project! {
    /// A panic is a failure, and known by its index like one.
    struct Contained<F> {
        index: usize,
        #[pin]
        run: F,
    }
}

impl<F: Future<Output = Result<(), Failed>>> Future for Contained<F> {
    type Output = (usize, Result<(), Failed>);

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        match catch_unwind(AssertUnwindSafe(|| this.run.poll(cx))) {
            Ok(poll) => poll.map(|result| (*this.index, result)),
            Err(_) => Poll::Ready((*this.index, Err(Failed))),
        }
    }
}

fn spawn(children: &mut Children, plan: &Arc<Plan>, index: usize) -> AbortHandle {
    children.spawn(Contained { index, run: Arc::clone(plan).run(index, pending()) })
}

async fn parent(plan: Arc<Plan>, shape: Shape, mut commands: mpsc::UnboundedReceiver<Command>) {
    let mut children = Children::new();
    let mut added: HashMap<usize, AbortHandle> = HashMap::new();
    let mut leaving: HashMap<Id, oneshot::Sender<()>> = HashMap::new();
    for index in 0..plan.children() {
        spawn(&mut children, &plan, index);
    }
    loop {
        tokio::select! {
            Some(joined) = children.join_next_with_id() => match joined {
                Ok((_, (index, Err(Failed)))) if shape == Shape::OneForOne || shape == Shape::Pool => {
                    spawn(&mut children, &plan, index);
                }
                Ok((_, (_, Err(Failed)))) => {
                    children.shutdown().await;
                    for index in 0..plan.children() {
                        spawn(&mut children, &plan, index);
                    }
                }
                Ok((_, (_, Ok(())))) => {}
                Err(cancelled) => {
                    if let Some(reply) = leaving.remove(&cancelled.id()) {
                        let _asker_is_gone = reply.send(());
                    }
                }
            },
            command = commands.recv() => match command {
                Some(Command::Add(plan, index, reply)) => {
                    added.insert(index, spawn(&mut children, &plan, index));
                    let _asker_is_gone = reply.send(());
                }
                Some(Command::Remove(index, reply)) => {
                    let child = added.remove(&index).expect("it was added");
                    leaving.insert(child.id(), reply);
                    child.abort();
                }
                Some(Command::Shutdown) | None => break,
            },
        }
    }
    children.shutdown().await;
}

impl System for Raw {
    const NAME: &'static str = "raw";

    async fn start(plan: Arc<Plan>, shape: Shape) -> Result<Self, Cannot> {
        let (commands, inbox) = mpsc::unbounded_channel();
        Ok(Self { commands, parent: tokio::spawn(parent(plan, shape, inbox)) })
    }

    async fn shutdown(self) {
        drop(self.commands.send(Command::Shutdown));
        self.parent.await.expect("the parent does not panic");
    }

    async fn add(&self, plan: Arc<Plan>, index: usize) -> Result<(), Cannot> {
        let (reply, done) = oneshot::channel();
        drop(self.commands.send(Command::Add(plan, index, reply)));
        done.await.expect("the parent lives");
        Ok(())
    }

    async fn remove(&self, index: usize) -> Result<(), Cannot> {
        let (reply, done) = oneshot::channel();
        drop(self.commands.send(Command::Remove(index, reply)));
        done.await.expect("the parent lives");
        Ok(())
    }
}

pub(crate) fn main() {
    bench_harness::main::<Raw>();
}
