//! What happens next: the supervision engine, a function of time and inputs.
//!
//! ```text
//!            Input, now                Action …
//!  driver ─────────────▶ Engine ─────────────────▶ driver
//!                          │ next_deadline
//!                          ▼
//!                        Uptime
//! ```
//!
//! One engine holds the whole tree; nested supervisors are nodes in it. It has no clock, task,
//! channel or lock: time is an argument, randomness a seed, a timer a value in a state. The same
//! history gives the same actions.
//!
//! A child's life:
//!
//! ```text
//!            start            ready               asked to stop
//!  Idle ──────────▶ Starting ───────▶ Up ──────────────────────▶ Stopping ──▶ Down
//!                      │               │ ended                     │  does not end
//!                      │ failed        ▼                           ▼
//!                      └────────▶ a decision ─▶ Restarting      Unjoinable
//!                                    │    │        │ due
//!                                    ▼    ▼        ▼
//!                                 Down  Quarantined  Starting
//! ```
//!
//! Instead of starting it waits while something it depends on is not ready (`dependencies`).
//! Where it would be down it is paused or quarantined while somebody keeps it out (`hold`), or
//! disabled where it is not to be started at all (`enable`).
//!
//! A supervisor goes through the same states; beside them it has a step it is in the middle of
//! (`supervisor::Step`): starting its children, a restart round, or ending. While a step is in
//! progress, deaths and commands that change what the step works on wait in its queue.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

pub(crate) mod action;
mod add;
mod command;
mod deadline;
mod decide;
mod dependencies;
mod enable;
mod end;
pub(crate) mod engine;
mod forget;
#[cfg(feature = "bench-guard")]
pub(crate) mod guard;
mod health;
mod hold;
mod index;
pub(crate) mod input;
pub(crate) mod key;
mod layers;
mod nodes;
pub(crate) mod reconfigure;
mod report;
mod round;
mod shutdown;
mod spent;
mod start;
mod state;
mod stop;
mod supervisor;
#[cfg(any(test, fuzzing))]
pub(crate) mod tests;
pub(crate) mod time;
pub(crate) mod view;
mod waiters;
