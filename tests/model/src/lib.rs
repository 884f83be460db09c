//! The laws, read a second time: an interpreter that was written from their text, shares no code
//! with the supervisor, and is slow and simple.
//!
//! The supervisor reacts: each input makes it do what follows. The model looks: again and again it
//! goes through all supervisors from the root, asks each what the law says about it as it is now,
//! and does the first thing that there is to do. When nobody has anything to do, time may pass.
//!
//! What the runs do is part of the model (`world`): they follow a script, so that the same can
//! be played on the real supervisor.

pub mod spec;

mod command;
mod decide;
mod dependencies;
mod end;
mod look;
mod model;
mod start;
mod world;

/// What random histories have to reach, each with its law.
pub const STATES: &[&str] = &[
    "L20 the grace of a supervisor is over",
    "L20 a supervisor that ends by itself is to be stopped, and has its grace",
    "L20 what had not been asked yet is aborted with its supervisor",
    "L20 a supervisor is aborted with the one above it",
    "L20 a thread that is aborted with its supervisor has the wait of all",
    "L21 members of a pool are stopped at the same time",
    "L21 a member of a pool is down, and forgotten",
    "L30 a run is over, and its helper not yet",
    "L30 a helper panics",
    "L31 an earlier run says something",
    "L31 one that was never ready says that it is while another starts",
    "L35 a supervisor is started as a trial",
    "L35 a supervisor has stood its trial",
    "L35 a supervisor gives up on trial",
    "L36 a class has a wait of its own",
    "L36 the limit of a class is spent",
    "L37 a child waits for what it depends on",
    "L37 a child waits, and its supervisor is up",
    "L37 what a child waited for is ready",
    "L37 a parallel start fails while others are in progress",
    "L37 a second layer is stopped",
    "L38 a child goes on without what it depends on",
    "L38 a child is restarted with what it depends on",
    "L38 a supervisor is restarted with what it depends on",
    "L39 a heartbeat comes in time",
    "L39 a heartbeat is missed",
    "L39 a heartbeat is missed amid a stop",
    "L39 a run that fell silent has to be aborted",
    "L39 a run that fell silent gets a command",
    "L40 a run cannot be joined",
    "L40 nor can the supervisor above it",
    "L40 one that was given up is gone, and its group runs already",
    "L44 the budget of the end is spent",
    "L44 what had not been asked yet is aborted",
    "L44 somebody does not wait for the end",
    "L45 a factory panics",
    "L45 a destructor panics, where the run was aborted",
    "L45 a destructor panics, where the run had ended well",
];

pub use command::{Answer, Command, Verb};
pub use model::{Exit, Fact, Item, Life, Model, Row};
