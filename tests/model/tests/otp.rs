//! The model itself is checked first: it does what Erlang/OTP did with 10,000 random programs.

#[path = "../../tests/otp/corpus.rs"]
mod corpus;

use std::collections::BTreeSet;

use corpus::{Child as Declared, Program, Seen};
use serde_json::{Value, json};
use supervisor_model::spec::{
    Attempt, Body, Child, Class, Flags, Limit, Luggage, Manner, Restart, Strategy,
};
use supervisor_model::{Answer, Command, Exit, Fact, Life, Model, Verb};

#[test]
fn the_model_does_what_otp_does() {
    let programs = corpus::read();
    let mut differing = Vec::new();
    for program in &programs {
        if let Err(difference) = play(program) {
            differing.push(format!("program {}: {difference}", program.seed));
        }
    }
    let (total, same) = (programs.len(), programs.len() - differing.len());
    println!("OTP programs identical: {same} of {total} (model)");
    assert!(differing.is_empty(), "{} differ; the first:\n{}", differing.len(), differing[0]);
    assert!(total > 0, "the corpus is empty");
}

fn play(program: &Program) -> Result<(), String> {
    let mut supervisors = BTreeSet::new();
    let children = program.children.iter().map(|child| node(child, &mut supervisors)).collect();
    let mut player = Player { model: Model::new(flags(&program.sup, children)), supervisors };
    for (number, step) in program.steps.iter().enumerate() {
        let here = player.step(&step.op);
        if here != step.seen {
            let text = |seen: &Seen| serde_json::to_string(seen).expect("plain data");
            return Err(format!(
                "{}\nstep {number}: {:?}\n  OTP:   {}\n  model: {}",
                program.declaration(),
                step.op,
                text(&step.seen),
                text(&here)
            ));
        }
    }
    Ok(())
}

struct Player {
    model: Model,
    supervisors: BTreeSet<String>,
}

impl Player {
    fn step(&mut self, op: &[Value]) -> Seen {
        let word = |n: usize| op.get(n).and_then(Value::as_str).unwrap_or_default();
        let (name, path) = (word(0), word(1));
        let reply = match name {
            "init" => {
                self.model.start();
                "ok"
            }
            "exit" => self.exit(path, word(2)),
            "stop" => self.command(path, Verb::Stop),
            "restart" => self.command(path, Verb::Start),
            "delete" => self.command(path, Verb::Delete),
            "start" => {
                let mut child = worker(path, word(2), &op[3]);
                path.clone_into(&mut child.id);
                let reply = self.command("", Verb::Add(Box::new(child)));
                if !reply.starts_with("already") {
                    self.supervisors.remove(path);
                }
                reply
            }
            "shutdown" => {
                let end = Command { path: "/root".to_owned(), verb: Verb::Shutdown };
                self.model.command(0, &end);
                "ok"
            }
            other => panic!("unknown operation {other}"),
        };
        let alive = !self.model.is_over();
        let trace = self.trace();
        let children = if alive { self.children() } else { Vec::new() };
        Seen { reply: reply.to_owned(), alive, trace, children }
    }

    fn exit(&mut self, path: &str, how: &str) -> &'static str {
        let exit = match how {
            "normal" => Exit::Succeeded,
            "shutdown" => Exit::Shutdown,
            _ => Exit::Failed(Class::Recoverable),
        };
        let told = self.model.tell(&format!("/root/{path}"), exit);
        self.model.settle();
        if told { "ok" } else { "not_running" }
    }

    fn command(&mut self, path: &str, verb: Verb) -> &'static str {
        let path = if path.is_empty() { "/root".to_owned() } else { format!("/root/{path}") };
        self.model.command(0, &Command { path, verb });
        let answers = self.model.take_answers();
        let [(0, answer)] = answers[..] else { panic!("{} answers", answers.len()) };
        match answer {
            Answer::Ok => "ok",
            Answer::OkIgnored => "ok_ignored",
            Answer::Running => "running",
            Answer::AlreadyStarted => "already_started",
            Answer::AlreadyPresent => "already_present",
            Answer::StartFailed => "start_failed",
            Answer::NotFound => "not_found",
            Answer::NoSupervisor | Answer::NotASupervisor | Answer::SupervisorDown => "noproc",
            _ => "?",
        }
    }

    fn trace(&mut self) -> Vec<Value> {
        let items = self.model.take_trace().into_iter();
        items
            .filter_map(|item| {
                let path = item.path.strip_prefix("/root/")?;
                let is_supervisor = self.supervisors.contains(path);
                let n = item.generation;
                Some(match item.fact {
                    Fact::Starting if is_supervisor => json!(["start_sup", path, n]),
                    Fact::StartFailed(_) if is_supervisor => json!(["start_sup_failed", path, n]),
                    Fact::Ready if !is_supervisor => json!(["start", path, n, "ok"]),
                    Fact::StartFailed(_) => json!(["start", path, n, "fail"]),
                    Fact::StartIgnored => json!(["start", path, n, "ignore"]),
                    Fact::Exited(exit) if !is_supervisor => {
                        let reason = match exit {
                            Exit::Succeeded => "normal",
                            Exit::Failed(_) => "error",
                            other => other.word(),
                        };
                        json!(["exit", path, n, reason])
                    }
                    _ => return None,
                })
            })
            .collect()
    }

    fn children(&self) -> Vec<Value> {
        let rows = self.model.rows();
        below(&rows, "/root")
    }
}

fn below(rows: &[supervisor_model::Row], path: &str) -> Vec<Value> {
    let here = rows.iter().filter(|row| {
        row.path
            .strip_prefix(path)
            .and_then(|rest| rest.strip_prefix('/'))
            .is_some_and(|rest| !rest.contains('/'))
    });
    here.map(|row| {
        let name = row.path.strip_prefix("/root/").unwrap_or_default();
        if row.life == Life::Up {
            json!([name, "up", row.generation, below(rows, &row.path)])
        } else {
            json!([name, "down", 0, []])
        }
    })
    .collect()
}

fn flags(said: &corpus::Flags, children: Vec<Child>) -> Flags {
    let strategy = match said.strategy.as_str() {
        "one_for_one" => Strategy::OneForOne,
        "one_for_all" => Strategy::OneForAll,
        _ => Strategy::RestForOne,
    };
    let max = usize::try_from(said.intensity).expect("a small number");
    let intensity = Limit { max, within: said.period_s * 1_000 };
    Flags { strategy, intensity, meltdown_is_abnormal: false, ..Flags::new(children) }
}

fn node(declared: &Declared, supervisors: &mut BTreeSet<String>) -> Child {
    let id = declared.path.rsplit('/').next().unwrap_or_default();
    match declared.sup.as_ref().filter(|_| declared.kind == "supervisor") {
        Some(said) => {
            supervisors.insert(declared.path.clone());
            let inner = declared.children.iter().map(|child| node(child, supervisors)).collect();
            let restart = restart(&declared.restart);
            Child { restart, ..Child::supervisor(id, flags(said, inner)) }
        }
        None => worker(id, &declared.restart, &json!(declared.start_script)),
    }
}

fn worker(id: &str, restarts: &str, script: &Value) -> Child {
    let attempts = script.as_array().into_iter().flatten().map(|word| match word.as_str() {
        Some("ok") => Attempt::Ok,
        Some("ignore") => Attempt::Ignore,
        _ => Attempt::Fail,
    });
    let (manner, luggage) = (Manner::Obedient, Luggage::None);
    let body = Body::Task { attempts: attempts.collect(), manner, luggage };
    Child { restart: restart(restarts), body, ..Child::task(id) }
}

fn restart(word: &str) -> Restart {
    match word {
        "permanent" => Restart::Permanent,
        "transient" => Restart::Transient,
        _ => Restart::Temporary,
    }
}
