//! Configurations. A file is read on a thread of Tokio's, which is done at any moment of the real
//! clock. So that a history has one order all the same, reading it waits until the runtime has
//! nothing else to do: it passes a gate that is open only then.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::ThreadId;

use confique::Config;
use rust_supervisor::id::ChildPath;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};
use supervisor_tests::dice::Dice;

use crate::nature::Nature;
use crate::world::below;

/// Open while the runtime sleeps.
pub(crate) struct Gate {
    /// Whose runtime it is: for this thread it is always open.
    owner: ThreadId,
    is_open: Mutex<bool>,
    opened: Condvar,
}

impl Default for Gate {
    fn default() -> Self {
        let owner = std::thread::current().id();
        Self { owner, is_open: Mutex::default(), opened: Condvar::new() }
    }
}

impl Gate {
    pub(crate) fn set_open(&self, is_open: bool) {
        *self.is_open.lock().unwrap_or_else(PoisonError::into_inner) = is_open;
        self.opened.notify_all();
    }

    fn pass(&self) {
        if std::thread::current().id() == self.owner {
            return;
        }
        let is_open = self.is_open.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.opened.wait_while(is_open, |is_open| !*is_open));
    }
}

/// The gates of the simulations that are played now.
static GATES: Mutex<BTreeMap<u64, Arc<Gate>>> = Mutex::new(BTreeMap::new());

/// What is added to a ticket that is refused. Whatever is wrong with a file has to be found behind
/// the gate, or it is found at any moment.
const WRONG: u64 = 1 << 32;

/// The settings of one child of each tree that has a file. To read them is to pass its gate.
#[derive(Config, JsonSchema)]
pub(crate) struct Gated {
    /// Which gate.
    #[config(default = 0)]
    #[expect(dead_code, reason = "reading it is what it is for")]
    gate: Ticket,
}

#[derive(JsonSchema)]
pub(crate) struct Ticket(#[expect(dead_code, reason = "a schema is made of it")] u64);

impl<'de> Deserialize<'de> for Ticket {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let said = u64::deserialize(deserializer)?;
        let number = said % WRONG;
        let gate = GATES.lock().unwrap_or_else(PoisonError::into_inner).get(&number).cloned();
        if let Some(gate) = gate {
            gate.pass();
        }
        if said >= WRONG {
            return Err(serde::de::Error::custom("not this one"));
        }
        Ok(Self(number))
    }
}

/// The file of one simulation.
pub(crate) struct File {
    pub(crate) path: PathBuf,
    number: u64,
}

impl File {
    pub(crate) fn new(gate: &Arc<Gate>) -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(1);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        GATES.lock().unwrap_or_else(PoisonError::into_inner).insert(number, Arc::clone(gate));
        let name = format!("simulation-{}-{number}.yaml", std::process::id());
        let file = Self { path: std::env::temp_dir().join(name), number };
        file.say_nothing();
        file
    }

    /// The file says nothing but the ticket.
    fn say_nothing(&self) {
        self.ticket(self.number);
    }

    /// The file says something wrong.
    pub(crate) fn say_wrong(&self) {
        self.ticket(self.number + WRONG);
    }

    fn ticket(&self, number: u64) {
        let settings = format!("settings: {{ gate: {number} }}");
        self.write(&format!(
            "supervisor: {{ children: {{ gated: {{ {settings} }} }} }}
"
        ));
    }

    /// What the file says now, whole.
    fn write(&self, text: &str) {
        std::fs::write(&self.path, text)
            .unwrap_or_else(|error| panic!("{}: {error}", self.path.display()));
    }

    /// A configuration that says other things about some of those that are declared.
    pub(crate) fn draw(&self, dice: &mut Dice, natures: &BTreeMap<ChildPath, Nature>) -> String {
        let root = ChildPath::root();
        let mut text = String::from("supervisor: { ");
        self.supervisor(dice, natures, &root, &mut text);
        text.push_str(" }\n");
        self.write(&text);
        // Which file it is differs from one play to the next.
        text.replace(&format!("gate: {}", self.number), "gate: ours")
    }

    fn supervisor(
        &self,
        dice: &mut Dice,
        natures: &BTreeMap<ChildPath, Nature>,
        path: &ChildPath,
        text: &mut String,
    ) {
        let Some(group) = natures.get(path).and_then(|nature| nature.group.as_ref()) else {
            return;
        };
        if dice.one_in(4) {
            let (max, within) = (20 + dice.below(40), 1 + dice.below(5_000));
            let _ok = write!(text, "intensity: {{ max: {max}, within: {within}ms }}, ");
        }
        if path.is_root() {
            text.push_str("children: { ");
            let _ok = write!(text, "gated: {{ settings: {{ gate: {} }} }}, ", self.number);
        } else if group.declared.is_empty() {
            return;
        } else {
            text.push_str("children: { ");
        }
        for id in group.declared.iter().filter(|&id| id != "gated") {
            if dice.one_in(2) {
                continue;
            }
            let path = below(path, id);
            let _ok = write!(text, "{id}: {{ ");
            if natures.get(&path).is_some_and(Nature::is_supervisor) {
                self.supervisor(dice, natures, &path, text);
            } else {
                policy(dice, &natures[&path], text);
            }
            text.push_str(" }, ");
        }
        text.push_str(" }");
    }
}

fn policy(dice: &mut Dice, nature: &Nature, text: &mut String) {
    use rust_supervisor::policy::restart::Restart;
    if dice.one_in(6) {
        text.push_str("enabled: false, ");
    }
    if dice.one_in(3) {
        let _ok = write!(text, "shutdown: {{ grace: {}ms }}, ", 1 + dice.below(400));
    }
    if dice.one_in(3) {
        let _ok = write!(text, "start_timeout: {}ms, ", 1 + dice.below(400));
    }
    if nature.restart != Restart::Temporary && dice.one_in(2) {
        let initial = dice.below(40);
        let _ok = write!(text, "backoff: {{ initial: {initial}ms, max: {}ms }}, ", initial * 2);
    }
}

impl Drop for File {
    fn drop(&mut self) {
        GATES.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.number);
        drop(std::fs::remove_file(&self.path));
    }
}
