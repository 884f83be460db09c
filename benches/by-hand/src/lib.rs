//! By hand, as one would write it without a library: a parent that spawns into a `JoinSet`, joins,
//! and spawns again what has failed. How children are stopped is [`Stops`].

use std::collections::HashMap;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bench_harness::{Cannot, Failed, Plan, Shape, System};
use tokio::sync::{mpsc, oneshot};
use tokio::task::{AbortHandle, Id, JoinHandle, JoinSet};

/// The runs of all children.
pub type Children = JoinSet<(usize, Result<(), Failed>)>;

/// How children are stopped.
pub trait Stops: Default + Send + Sync + 'static {
    /// The name in the table.
    const NAME: &'static str;
    /// What is kept of a child that was added.
    type Child: Send;

    /// Spawns a run.
    fn spawn(&self, children: &mut Children, plan: &Arc<Plan>, index: usize) -> Self::Child;

    /// Its task.
    fn id(child: &Self::Child) -> Id;

    /// Stops a child, which is joined later.
    fn stop(child: Self::Child);

    /// Stops all, and joins them.
    fn stop_all(&mut self, children: &mut Children) -> impl Future<Output = ()> + Send;
}

/// Spawns a run that is known by its index when it has failed.
pub fn spawn<S>(children: &mut Children, plan: &Arc<Plan>, index: usize, stopped: S) -> AbortHandle
where
    S: Future<Output = ()> + Send + 'static,
{
    children.spawn(Contained { index, run: Arc::clone(plan).run(index, stopped) })
}

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

enum Command {
    Add(Arc<Plan>, usize, oneshot::Sender<()>),
    Remove(usize, oneshot::Sender<()>),
    Shutdown,
}

/// A parent task, and how it is reached.
#[derive(Debug)]
pub struct ByHand<S> {
    commands: mpsc::UnboundedSender<Command>,
    parent: JoinHandle<()>,
    stops: std::marker::PhantomData<fn() -> S>,
}

async fn parent<S: Stops>(
    plan: Arc<Plan>,
    shape: Shape,
    mut commands: mpsc::UnboundedReceiver<Command>,
) {
    let (mut children, mut how) = (Children::new(), S::default());
    let mut added: HashMap<usize, S::Child> = HashMap::new();
    let mut leaving: HashMap<Id, oneshot::Sender<()>> = HashMap::new();
    for index in 0..plan.children() {
        how.spawn(&mut children, &plan, index);
    }
    loop {
        tokio::select! {
            Some(joined) = children.join_next_with_id() => match joined {
                Ok((_, (index, Err(Failed))))
                    if shape == Shape::OneForOne || shape == Shape::Pool =>
                {
                    how.spawn(&mut children, &plan, index);
                }
                Ok((_, (_, Err(Failed)))) => {
                    how.stop_all(&mut children).await;
                    for index in 0..plan.children() {
                        how.spawn(&mut children, &plan, index);
                    }
                }
                Ok((id, (_, Ok(())))) => gone(&mut leaving, id),
                Err(cancelled) => gone(&mut leaving, cancelled.id()),
            },
            command = commands.recv() => match command {
                Some(Command::Add(plan, index, reply)) => {
                    added.insert(index, how.spawn(&mut children, &plan, index));
                    let _asker_is_gone = reply.send(());
                }
                Some(Command::Remove(index, reply)) => {
                    let child = added.remove(&index).expect("it was added");
                    leaving.insert(S::id(&child), reply);
                    S::stop(child);
                }
                Some(Command::Shutdown) | None => break,
            },
        }
    }
    how.stop_all(&mut children).await;
}

fn gone(leaving: &mut HashMap<Id, oneshot::Sender<()>>, id: Id) {
    if let Some(reply) = leaving.remove(&id) {
        let _asker_is_gone = reply.send(());
    }
}

impl<S: Stops> System for ByHand<S> {
    const NAME: &'static str = S::NAME;

    async fn start(plan: Arc<Plan>, shape: Shape) -> Result<Self, Cannot> {
        let (commands, inbox) = mpsc::unbounded_channel();
        let parent = tokio::spawn(parent::<S>(plan, shape, inbox));
        Ok(Self { commands, parent, stops: std::marker::PhantomData })
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
