//! The engine without a runtime: scripts for what was thought of, a simulation for what was not.

mod consistency;
mod harness;
mod invariants;
mod notation;
mod scripts;
mod sim;
mod work;
#[test]
fn zz_sizes() {
    use crate::core::{action::*, engine::*, input::*};
    macro_rules! s { ($($t:ty),* $(,)?) => { $(eprintln!("{:5} {}", size_of::<$t>(), stringify!($t));)* } }
    s!(Action, Fact, Input, RunEnd, crate::event::Event, crate::event::EventKind, crate::task::exit::Exit, crate::task::exit::TaskFailure, crate::task::exit::PanicMessage,
       crate::policy::decision::RestartDecision, crate::error::meltdown::MeltdownError, crate::control::command::Reply, crate::control::command::Command, crate::runtime::mailbox::Message, super::nodes::Node, super::state::State,
       super::nodes::History, crate::state::ExitRecord, crate::state::ChildState, super::view::Row, crate::report::ReportRow, crate::task::cell::RunCell, crate::task::run::RunFuture,
       crate::task::context::TaskContext, crate::task::run::Helpers, crate::spec::child::ChildSpec, crate::spec::NodeSpec, crate::spec::plan::ChildPlan, crate::spec::plan::NodePlan, crate::spec::plan::SupervisorPlan,
       crate::policy::PolicyPatch, crate::policy::Policy, crate::policy::on_failure::OnFailurePatch, crate::policy::backoff::BackoffPatch, Engine, crate::error::types::SupervisorError,crate::control::command::Verb, crate::control::command::By, crate::task::result::TaskResult, tokio::sync::Notify,super::engine::Todo);
}
