//! Scripts, played to an engine and compared line by line.

use super::harness::{Manner, World, by, path, short};
use super::notation;
use crate::control::command::{Command, Reply, Verb};
use crate::core::action::{Action, Fact};
use crate::core::input::Input;
use crate::core::key::RunKey;
use crate::core::time::Uptime;
use crate::error::types::SupervisorError;
use crate::id::CommandId;
use crate::policy::on_failure::FailureClass;
use crate::report::RowEnd;
use crate::state::LimitState;

/// Plays a script to a tree and compares what the engine did.
///
/// The tree is written as in `rest_for_one intensity=3/10s { a, b explicit, s { c, d temporary } }`
/// (see [`notation`]). Runs are obedient and restarts wait for nothing unless the tree or the
/// script say otherwise. Each step of the script that makes the engine do something gives a line,
/// each moment of a wait one of its own.
#[track_caller]
pub(super) fn check(tree: &str, script: &str, expected: &str) {
    let actual = play(tree, script);
    let clean = |text: &str| -> Vec<String> {
        text.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect()
    };
    let (actual, expected) = (clean(&actual), clean(expected));
    assert!(
        actual == expected,
        "{tree}\n{script}\n--- expected\n{}\n--- actual\n{}\n---",
        expected.join("\n"),
        actual.join("\n"),
    );
}

fn play(tree: &str, script: &str) -> String {
    let spec = notation::tree(tree).validate().unwrap_or_else(|errors| panic!("{errors}"));
    let mut player = Player { world: World::new(&spec), shown: Vec::new(), lines: Vec::new() };
    for step in script.split(';').map(str::trim).filter(|step| !step.is_empty()) {
        player.step(step);
    }
    player.lines.join("\n")
}

struct Player {
    world: World,
    /// The kinds of facts that are printed.
    shown: Vec<String>,
    lines: Vec<String>,
}

impl Player {
    fn step(&mut self, step: &str) {
        let (word, rest) = step.split_once(' ').unwrap_or((step, ""));
        let before = self.world.log.len();
        match (word, rest) {
            ("start", "") => self.world.send(Input::Start),
            ("ready", name) => self.world.send(Input::Ready(self.world.run(name))),
            ("spawned", name) => self.world.send(Input::Spawned(self.world.run(name))),
            ("beat", name) => self.world.beat(self.world.run(name)),
            ("pulse", name) => {
                let run = self.world.run(name);
                self.world.send(Input::Pulse { run, last: None });
            }
            ("exit", rest) => {
                let (name, how) = rest.split_once(' ').expect("`exit NAME HOW`");
                self.world.send(Input::Ended(self.world.run(name), notation::end(how)));
            }
            ("wait", time) => self.world.wait(notation::time(time)),
            ("obedient", name) => self.manner(name, Manner::Obedient),
            ("stubborn", name) => self.manner(name, Manner::Stubborn),
            ("immortal", name) => self.manner(name, Manner::Immortal),
            ("unborn", name) => self.manner(name, Manner::Unborn),
            ("reload", tree) => {
                self.world.reload("reload", notation::tree(tree), Vec::new());
            }
            ("show", kinds) => self.shown.extend(kinds.split(' ').map(str::to_owned)),
            ("state", name) => self.state(name),
            ("report", _) => self.report(),
            ("settled", _) => self.say(format!("settled: {}", self.world.engine.is_settled())),
            ("deadline", _) => {
                let due = self.world.engine.next_deadline().map(Uptime::elapsed);
                self.say(format!("deadline: {due:?}"));
            }
            ("cause", _) => {
                let report = self.world.engine.report().expect("the tree has ended");
                self.say(format!("{} (exit code {})", report.cause, report.exit_code()));
            }
            ("why", name) => {
                let state = self.world.engine.state_at(&path(name)).expect("a known path");
                let decision = state.last_decision.map(|decision| decision.to_string());
                let exit = state.last_exit().map(ToString::to_string);
                let none = || "nothing".to_owned();
                let (exit, decision) = (exit.unwrap_or_else(none), decision.unwrap_or_else(none));
                self.say(format!("{name}: {exit}; {decision}"));
            }
            ("limits", name) => {
                let state = self.world.engine.state_at(&path(name)).expect("a known path");
                let limits: Vec<_> = state
                    .limits
                    .iter()
                    .map(|LimitState { class, used, limit }| {
                        let class = class.map_or("its own", FailureClass::word);
                        format!("{class} {used} of {limit}")
                    })
                    .collect();
                self.say(format!("{name}: {}", limits.join(", ")));
            }
            ("abandon", command) => {
                let of_it = self.world.commands.iter().position(|known| known == command);
                let id = of_it.expect("a command") as u64 + 1;
                self.world.send(Input::Abandoned([CommandId(id)].into()));
            }
            ("wait_ready", name) => self.world.command(step, Command::WaitReady(path(name))),
            ("shutdown", _) => self.world.command(step, Command::Shutdown(by())),
            ("shutdown_now", _) => self.world.command(step, Command::ShutdownNow(by())),
            (verb, name) => {
                let verb = match verb {
                    "start" => Verb::Start(path(name)),
                    "stop" => Verb::Stop(path(name)),
                    "restart" => Verb::Restart(path(name)),
                    "delete" => Verb::Delete(path(name)),
                    "remove" => Verb::Remove(path(name)),
                    "pause" => Verb::Pause(path(name)),
                    "resume" => Verb::Resume(path(name)),
                    "quarantine" => Verb::Quarantine(path(name)),
                    "reset" => Verb::ResetBudget(path(name)),
                    "add" => notation::add(name),
                    "spawn" => notation::spawn(name),
                    _ => panic!("no step `{step}`"),
                };
                self.world.command(step, Command::Do(verb, by()));
            }
        }
        let mut at = None;
        let mut words: Vec<String> = Vec::new();
        for (time, action) in &self.world.log[before..] {
            let Some(word) = self.word(action) else { continue };
            if at.is_some_and(|at| at != *time) {
                self.lines.push(line(at, &words));
                words.clear();
            }
            at = Some(*time);
            words.push(word);
        }
        if !words.is_empty() {
            self.lines.push(line(at, &words));
        }
    }

    fn manner(&mut self, name: &str, manner: Manner) {
        self.world.manners.insert(name.to_owned(), manner);
        for run in self.world.runs.values_mut().filter(|run| run.path == name) {
            run.manner = manner;
        }
    }

    fn word(&self, action: &Action) -> Option<String> {
        let name = |run: &RunKey| {
            let runs = &self.world.history;
            let path = runs.iter().find(|(_, runs)| runs.contains(run)).map(|(path, _)| path);
            format!("{}{}", path.map_or("?", String::as_str), run.generation)
        };
        Some(match action {
            Action::Start(run) => format!("start {}", name(run)),
            Action::Cancel(run) => format!("cancel {}", name(run)),
            Action::Abort(run) => format!("abort {}", name(run)),
            // The world answers it; nobody else is concerned.
            Action::CheckPulse(_) => return None,
            Action::Reply(id, reply) => {
                let command = &self.world.commands[usize::try_from(id.0).expect("an index") - 1];
                format!("[{command}: {}]", answer(reply))
            }
            Action::Note(fact) => return self.fact(fact),
            Action::Up => "up".to_owned(),
            Action::End => "end".to_owned(),
        })
    }

    fn fact(&self, fact: &Fact) -> Option<String> {
        let kind = fact.kind.name();
        self.shown
            .iter()
            .any(|shown| shown == kind)
            .then(|| format!("({}{} {})", short(&fact.path), fact.generation, fact.kind))
    }

    fn state(&mut self, name: &str) {
        let state = self.world.engine.state();
        let children = state.children.iter().filter(|child| {
            if name.is_empty() { !child.path.is_root() } else { short(&child.path) == name }
        });
        let words: Vec<_> = children
            .map(|child| format!("{} {}{}", short(&child.path), child.lifecycle, child.generation))
            .collect();
        self.say(words.join(", "));
    }

    fn report(&mut self) {
        let report = self.world.engine.report().expect("the tree has ended");
        let clean = if report.is_clean() { "clean" } else { "not clean" };
        let rows: Vec<_> = report
            .rows
            .iter()
            .map(|row| {
                let mut text = format!("{}{} ", short(&row.path), row.generation);
                match &row.end {
                    RowEnd::Ended(exit) => text.push_str(exit.word()),
                    RowEnd::NotRunning => text.push_str("not running"),
                    RowEnd::Unjoinable => text.push_str("unjoinable"),
                }
                if row.was_cancelled {
                    text = format!("{text} after {:?}", row.took);
                }
                if row.was_aborted {
                    text.push_str(", aborted");
                }
                text
            })
            .collect();
        let forced = if report.was_forced { ", forced" } else { "" };
        self.say(format!("{clean}{forced} in {:?}: {}", report.took, rows.join("; ")));
    }

    fn say(&mut self, text: String) {
        self.lines.push(text);
    }
}

fn line(at: Option<Uptime>, words: &[String]) -> String {
    format!("{}ms: {}", at.unwrap_or_default().elapsed().as_millis(), words.join(", "))
}

/// A reply in a word or two.
pub(super) fn answer(reply: &Reply) -> String {
    let error = match reply {
        Ok(outcome) if outcome.is_ignored => return "ok, ignored".to_owned(),
        Ok(_) => return "ok".to_owned(),
        Err(error) => error,
    };
    match error {
        SupervisorError::Spec(_) => "spec",
        SupervisorError::AnotherTree => "another_tree",
        SupervisorError::StartFailed { .. } => "start_failed",
        SupervisorError::UnknownPath { .. } => "not_found",
        SupervisorError::NotASupervisor { .. } => "not_a_supervisor",
        SupervisorError::SupervisorDown { .. } => "supervisor_down",
        SupervisorError::IsRoot => "is_root",
        SupervisorError::AlreadyStarted { .. } => "already_started",
        SupervisorError::AlreadyPresent { .. } => "already_present",
        SupervisorError::Running { .. } => "running",
        SupervisorError::Restarting { .. } => "restarting",
        SupervisorError::Waiting { .. } => "waiting",
        SupervisorError::Disabled { .. } => "disabled",
        SupervisorError::Paused { .. } => "paused",
        SupervisorError::Quarantined { .. } => "quarantined",
        SupervisorError::Unjoinable { .. } => "unjoinable",
        SupervisorError::Stopped { .. } => "stopped",
        SupervisorError::Removed { .. } => "removed",
        SupervisorError::ShuttingDown => "shutting_down",
        SupervisorError::PoolFull { .. } => "full",
        SupervisorError::NotAPool { .. } => "not_a_pool",
        SupervisorError::WrongArguments { .. } => "wrong_arguments",
        other => panic!("the engine never answers {other:?}"),
    }
    .to_owned()
}
