//! Decisions as lines for a person, which are the same whenever they are the same.

use std::fmt::Write as _;

use crate::core::action::{Action, Fact};
use crate::core::engine::Engine;
use crate::core::key::RunKey;
use crate::core::time::Uptime;

/// A line for each of these actions, which the engine has just given.
pub(crate) fn of_all(engine: &Engine, actions: &[Action]) -> Vec<String> {
    actions.iter().filter_map(|action| of(engine, action)).collect()
}

fn of(engine: &Engine, action: &Action) -> Option<String> {
    let run = |run: RunKey| match engine.run(run) {
        Some((path, _)) => format!("{path} {}", run.generation),
        // It is over, and its place may be another's.
        None => format!("(a run that is over) {}", run.generation),
    };
    Some(match action {
        Action::Start(key) => format!("-> start {}", run(*key)),
        Action::Cancel(key) => format!("-> cancel {}", run(*key)),
        Action::Abort(key) => format!("-> abort {}", run(*key)),
        // A question, and no decision.
        Action::CheckPulse(_) => return None,
        Action::Reply(id, Ok(outcome)) => {
            let lifecycle = outcome.lifecycle.map_or_else(|| "gone".to_owned(), |l| l.to_string());
            format!(
                "-> answer command {}: {} {} {lifecycle}",
                id.0, outcome.path, outcome.generation
            )
        }
        Action::Reply(id, Err(error)) => format!("-> answer command {}: {error}", id.0),
        Action::Note(Fact { path, generation, command, kind, .. }) => {
            let command = command.map_or_else(String::new, |id| format!(" (command {})", id.0));
            format!("{path} {generation}  {kind}{command}")
        }
        Action::Up => "-> the tree is up".to_owned(),
        Action::End => "-> the end".to_owned(),
    })
}

/// Adds the decisions of one moment.
pub(super) fn append(text: &mut String, now: Uptime, decided: &[String]) {
    for line in decided {
        // Writing to a string does not fail.
        let _ok = writeln!(text, "{:>12.6}s  {line}", now.elapsed().as_secs_f64());
    }
}
