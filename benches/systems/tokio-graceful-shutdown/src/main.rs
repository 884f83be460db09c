//! tokio-graceful-shutdown: it stops what was started, and restarts nothing.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bench_harness::{Cannot, Plan, Shape, System, cannot};
use tokio::sync::{mpsc, oneshot};
use tokio_graceful_shutdown::{NestedSubsystem, SubsystemBuilder, SubsystemHandle, Toplevel};
use tokio_util::sync::CancellationToken;

type BoxedError = Box<dyn std::error::Error + Send + Sync>;

enum Command {
    Add(Arc<Plan>, usize, oneshot::Sender<()>),
    Remove(usize, oneshot::Sender<()>),
}

struct Graceful {
    commands: mpsc::UnboundedSender<Command>,
    stop: CancellationToken,
    top: Toplevel<BoxedError>,
}

fn start(
    top: &SubsystemHandle<BoxedError>,
    plan: &Arc<Plan>,
    index: usize,
) -> NestedSubsystem<BoxedError> {
    let plan = Arc::clone(plan);
    let run = async move |this: &mut SubsystemHandle<BoxedError>| {
        plan.run(index, this.on_shutdown_requested()).await
    };
    top.start(SubsystemBuilder::new(format!("c{index}"), run))
}

impl System for Graceful {
    const NAME: &'static str = "tokio-graceful-shutdown";

    async fn start(plan: Arc<Plan>, shape: Shape) -> Result<Self, Cannot> {
        if plan.fails() || matches!(shape, Shape::OneForAll | Shape::OneForAllParallel) {
            return cannot("restarts nothing");
        }
        let (commands, mut inbox) = mpsc::unbounded_channel();
        let stop = CancellationToken::new();
        let top = async move |top: &mut SubsystemHandle<BoxedError>| {
            for index in 0..plan.children() {
                start(top, &plan, index);
            }
            let mut added = HashMap::new();
            loop {
                let command = tokio::select! {
                    Some(command) = inbox.recv() => command,
                    () = top.on_shutdown_requested() => break,
                };
                match command {
                    Command::Add(plan, index, reply) => {
                        added.insert(index, start(top, &plan, index));
                        let _asker_is_gone = reply.send(());
                    }
                    Command::Remove(index, reply) => {
                        let child: NestedSubsystem<BoxedError> =
                            added.remove(&index).expect("it was added");
                        child.initiate_shutdown();
                        child.join().await.expect("a clean end");
                        let _asker_is_gone = reply.send(());
                    }
                }
            }
        };
        let top = Toplevel::new_with_shutdown_token(top, stop.clone());
        Ok(Self { commands, stop, top })
    }

    async fn shutdown(self) {
        self.stop.cancel();
        self.top.handle_shutdown_requests(Duration::from_secs(60)).await.expect("a clean end");
    }

    async fn add(&self, plan: Arc<Plan>, index: usize) -> Result<(), Cannot> {
        let (reply, done) = oneshot::channel();
        self.commands.send(Command::Add(plan, index, reply)).ok().expect("it runs");
        done.await.map_err(|e| Cannot(e.to_string()))
    }

    async fn remove(&self, index: usize) -> Result<(), Cannot> {
        let (reply, done) = oneshot::channel();
        self.commands.send(Command::Remove(index, reply)).ok().expect("it runs");
        done.await.map_err(|e| Cannot(e.to_string()))
    }
}

pub(crate) fn main() {
    bench_harness::main::<Graceful>();
}
