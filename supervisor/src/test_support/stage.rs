//! The runs of a tree under test, and what they are told to do.

use std::collections::BTreeMap;
use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::watch;

use crate::id::{ChildPath, Generation};
use crate::task::cell::lock;
use crate::task::context::TaskContext;
use crate::task::exit::TaskFailure;
use crate::task::factory::{BoxFuture, FactoryKind, TaskFactory};
use crate::task::result::TaskResult;

/// A heartbeat of zero would keep the runtime busy for ever.
const LEAST_HEARTBEAT: Duration = Duration::from_millis(1);

/// What a run is told to do.
#[derive(Clone, Debug)]
pub(super) enum Order {
    /// What it does by itself.
    Go,
    /// Return without an error.
    Complete,
    /// Return this error.
    Fail(TaskFailure),
    /// Panic with this message.
    Panic(Arc<str>),
    /// Do nothing, whatever it is asked.
    Hang,
    /// Do nothing until it is asked to stop.
    Stall,
}

/// Everybody who is on stage: the runs that were made by factories of this stage and live.
#[derive(Clone, Default)]
pub(super) struct Stage(Arc<Mutex<Cast>>);

#[derive(Default)]
struct Cast {
    actors: BTreeMap<(ChildPath, Generation), watch::Sender<Order>>,
    overlaps: Vec<String>,
}

impl Stage {
    /// The same factory, whose runs take orders.
    ///
    /// A thread takes none: its factory is given back as it is.
    pub(super) fn wrap(&self, task: &TaskFactory) -> TaskFactory {
        let FactoryKind::Async(make) = &task.kind else { return task.clone() };
        let (stage, make) = (self.clone(), Arc::clone(make));
        let wrapped = TaskFactory::new(move |ctx| {
            // On stage from here on, so that what the factory itself does counts as a life.
            let (orders, life) = stage.enter(&ctx);
            let real = make(ctx.clone())?;
            Ok(Box::pin(act(ctx, real, orders, life)))
        });
        wrapped.with_settings_of(task)
    }

    /// A factory whose runs do nothing but what they are told: they are ready at once, send the
    /// heartbeats that are expected of them, and end when they are asked to.
    pub(super) fn stand_in(&self) -> TaskFactory {
        self.wrap(&TaskFactory::new(|ctx| Ok(Box::pin(stand_in(ctx)))))
    }

    fn enter(&self, ctx: &TaskContext) -> (watch::Receiver<Order>, Life) {
        let who = (ctx.path().clone(), ctx.generation());
        let (sender, orders) = watch::channel(Order::Go);
        let mut cast = lock(&self.0);
        let earlier = cast.actors.keys().find(|(path, _)| *path == who.0).cloned();
        if let Some((path, earlier)) = earlier {
            cast.overlaps.push(format!("{path} {} was started while {earlier} lived", who.1));
        }
        cast.actors.insert(who.clone(), sender);
        (orders, Life { stage: self.clone(), who })
    }

    /// Gives the run of a child that is on stage an order, and says which run that is.
    pub(super) fn order(&self, path: &ChildPath, order: Order) -> Option<Generation> {
        let cast = lock(&self.0);
        let ((_, generation), orders) = cast.actors.iter().rfind(|((at, _), _)| at == path)?;
        orders.send_replace(order);
        Some(*generation)
    }

    /// Who is alive.
    pub(super) fn alive(&self) -> Vec<String> {
        let cast = lock(&self.0);
        cast.actors.keys().map(|(path, generation)| format!("{path} {generation}")).collect()
    }

    /// Whenever two runs of one child were alive at the same time.
    pub(super) fn overlaps(&self) -> Vec<String> {
        lock(&self.0).overlaps.clone()
    }
}

/// A run on stage, until it is dropped.
struct Life {
    stage: Stage,
    who: (ChildPath, Generation),
}

impl Drop for Life {
    fn drop(&mut self) {
        lock(&self.stage.0).actors.remove(&self.who);
    }
}

/// Runs `real` until it is told something else.
async fn act(
    ctx: TaskContext,
    real: BoxFuture,
    mut orders: watch::Receiver<Order>,
    life: Life,
) -> TaskResult {
    // Declared first, so dropped after the real future.
    let _life = life;
    let mut real = real;
    loop {
        let order = orders.borrow_and_update().clone();
        // The sender lives as long as `life`, so `changed` does not fail.
        tokio::select! {
            biased;
            _ = orders.changed() => {}
            result = obey(&ctx, &mut real, order) => return result,
        }
    }
}

async fn obey(ctx: &TaskContext, real: &mut BoxFuture, order: Order) -> TaskResult {
    match order {
        Order::Go => real.await,
        Order::Complete => TaskResult::Succeeded,
        Order::Fail(failure) => TaskResult::Failed(failure),
        // Says nothing on stderr, where it would look like the failure of the test.
        Order::Panic(message) => std::panic::resume_unwind(Box::new(message.to_string())),
        Order::Hang => pending().await,
        Order::Stall => {
            if !cfg!(plant_bug = "stall_is_hang") {
                ctx.stopped().await;
                return real.await;
            }
            pending().await
        }
    }
}

async fn stand_in(ctx: TaskContext) -> TaskResult {
    ctx.ready();
    let me = ctx.supervisor().state_of(ctx.path().as_str()).await.ok();
    match me.and_then(|me| me.health) {
        None => ctx.stopped().await,
        Some(health) => loop {
            ctx.heartbeat();
            if !ctx.sleep(health.heartbeat.max(LEAST_HEARTBEAT)).await {
                break;
            }
        },
    }
    TaskResult::Shutdown
}
