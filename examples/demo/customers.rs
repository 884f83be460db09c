//! Those who pay.

use rust_supervisor::prelude::*;
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::sync::mpsc;

use crate::Payment;
use crate::gateway::gateway;

/// With what a customer comes.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(crate) struct Basket {
    /// How many things are in it.
    pub(crate) things: u32,
}

/// A customer at the till, who pays thing by thing and then leaves.
#[child(restart(temporary), tags("customer"))]
pub(crate) async fn session(
    ctx: TaskContext,
    Args(basket): Args<Basket>,
    State(pay): State<mpsc::Sender<Payment>>,
) {
    let customer = ctx.path().id().to_string();
    for _ in 0..basket.things {
        let payment = Payment { customer: customer.clone(), cents: fastrand::u64(99..20_000) };
        let (Some(Ok(())), true) = (
            ctx.until_stopped(pay.send(payment)).await,
            ctx.sleep(Duration::from_millis(fastrand::u64(100..900))).await,
        ) else {
            return;
        };
    }
    tracing::info!(things = basket.things, "has paid");
}

/// Lets customers in while somebody can clear what they pay.
#[child(depends_on(gateway), backoff(initial = "1s", max = "10s"))]
pub(crate) async fn door(ctx: TaskContext, sessions: Pool<session>) -> Result<(), SpawnError> {
    while ctx.sleep(Duration::from_millis(fastrand::u64(200..1_500))).await {
        match sessions.spawn_next(Basket { things: fastrand::u32(3..25) }).await {
            // They wait outside.
            Ok(_) | Err(SpawnError::Full { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
