//! What was thought of, a sentence each: inputs on one line, what follows on the others.

mod auto_shutdown;
mod budgets;
mod chains;
mod classes;
mod deaths;
mod dependencies;
mod disabled;
mod enabled;
mod fencing;
mod followers;
mod heartbeats;
mod holds;
mod meltdown;
mod one_exit;
mod parallel;
mod pools;
mod probes;
mod replies;
mod retries;
mod rounds;
mod starting;
mod stopping;
mod tree_shutdown;
mod unjoinable;
mod waiting;
mod waits;
