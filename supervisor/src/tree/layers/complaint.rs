//! What is said about one slot over all its layers, and what of it is at odds.

use std::panic::Location;
use std::time::Duration;

use super::{Around, way};
use crate::policy::backoff::BackoffPatch;
use crate::policy::on_failure::{FailureClass, OnFailurePatch};
use crate::policy::rules::{self, PolicyFault};
use crate::policy::{Policy, PolicyPatch, said_or};
use crate::spec::plan::Defaults;
use crate::tree::declared::DeclaredSlot;
use crate::tree::graph::message::Text;

/// Where something is said, the strongest first.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Layer {
    Field,
    Declared,
    Defaults,
    Role,
    BuiltIn,
}

/// What is wrong with what stands in a slot.
pub(super) enum Complaint {
    None,
    About(PolicyFault),
    OfClass(FailureClass, PolicyFault),
    OfTypes(PolicyFault),
    Beyond { grace: Duration, budget: Duration, whose: &'static str },
}

/// A key of a policy that a rule compares with another.
#[derive(Clone, Copy)]
enum Key {
    Initial,
    Max,
    Heartbeat,
    StaleAfter,
    Restart,
    Significant,
    Backoff,
    RestartLimit,
    OnFailure,
    ProbeAfter,
    OnDependencyRestart,
    OnLimit,
    Grace,
}

/// What is said about one slot, the strongest first.
pub(super) struct Layers {
    field: PolicyPatch,
    declared: PolicyPatch,
    defaults: PolicyPatch,
    role: PolicyPatch,
}

impl Layers {
    pub(super) const fn new(
        slot: &DeclaredSlot,
        declared: &PolicyPatch,
        defaults: &Defaults,
    ) -> Self {
        let field = *slot.policy();
        let declared = field.left_of(*declared);
        let own = field.over(declared);
        let mut in_code = defaults.in_code;
        // As the running tree takes them.
        in_code.health = defaults.under(&own).health;
        let role = own.over(in_code).of_role();
        Self { field, declared, defaults: in_code, role }
    }

    /// What is said about the slot itself.
    const fn own(&self) -> PolicyPatch {
        self.field.over(self.declared)
    }

    /// Everything but what is built in.
    pub(super) const fn all(&self) -> PolicyPatch {
        self.own().over(self.defaults).over(self.role)
    }

    const fn of(&self, key: Key) -> Layer {
        if says(&self.field, key) {
            Layer::Field
        } else if says(&self.declared, key) {
            Layer::Declared
        } else if says(&self.defaults, key) {
            Layer::Defaults
        } else if says(&self.role, key) {
            Layer::Role
        } else {
            Layer::BuiltIn
        }
    }

    /// What is wrong at one place has been said there.
    const fn are_apart(&self, one: Key, other: Key) -> bool {
        self.of(one) as u8 != self.of(other) as u8
    }

    pub(super) const fn complaint(
        &self,
        all: &PolicyPatch,
        around: &Around<'_>,
        is_looked_at: bool,
    ) -> Complaint {
        if let Some(fault) = self.fault(all) {
            return Complaint::About(fault);
        }
        if let Some((class, fault)) = self.classes(all) {
            return Complaint::OfClass(class, fault);
        }
        if is_looked_at && let Some(fault) = self.significance(all, around) {
            return Complaint::About(fault);
        }
        if let Some((budget, whose)) = around.room
            && let Some((grace, budget)) = rules::beyond(all.shutdown.grace, budget)
            && !cfg!(plant_bug = "grace_beyond_a_known_budget")
        {
            return Complaint::Beyond { grace, budget, whose };
        }
        Complaint::None
    }

    const fn fault(&self, all: &PolicyPatch) -> rules::Finding {
        if cfg!(plant_bug = "layers_unchecked") {
            return None;
        }
        let backoff = complete(all.backoff);
        if let [Some(fault), ..] = rules::wait(&backoff)
            && self.are_apart(Key::Initial, Key::Max)
        {
            return Some(fault);
        }
        if let Some(fault @ PolicyFault::HeartbeatTooRare { .. }) = rules::heartbeats(all.health)
            && self.are_apart(Key::Heartbeat, Key::StaleAfter)
        {
            return Some(fault);
        }
        let own = self.own();
        let restart = said_or(all.restart, Policy::DEFAULT.restart);
        let findings = rules::temporary(&own, restart);
        let keys = [
            Key::Backoff,
            Key::RestartLimit,
            Key::OnFailure,
            Key::ProbeAfter,
            Key::OnDependencyRestart,
        ];
        let mut n = 0;
        while n < keys.len() {
            if findings[n].is_some() && self.are_apart(keys[n], Key::Restart) {
                return findings[n];
            }
            n += 1;
        }
        let fault = rules::probe(&own, all.resolved_on_limit());
        if fault.is_some() && self.are_apart(Key::ProbeAfter, Key::OnLimit) {
            return fault;
        }
        None
    }

    /// The wait of each class, over that of the child.
    const fn classes(&self, all: &PolicyPatch) -> Option<(FailureClass, PolicyFault)> {
        let childs = complete(all.backoff);
        let mut n = 0;
        while n < FailureClass::ALL.len() {
            let class = FailureClass::ALL[n];
            let its = all.on_failure.class(class).backoff;
            n += 1;
            if !its.says_something() || self.said_together(class) {
                continue;
            }
            if let [Some(fault), ..] = rules::wait(&its.over(childs)) {
                return Some((class, fault));
            }
        }
        None
    }

    /// Whether both ends of the wait of a class are said at one place.
    const fn said_together(&self, class: FailureClass) -> bool {
        const fn both(said: &OnFailurePatch, class: FailureClass) -> (bool, bool) {
            let wait = said.class(class).backoff;
            (wait.initial.is_some(), wait.max.is_some())
        }
        let layers = [&self.field, &self.declared, &self.defaults];
        let mut n = 0;
        while n < layers.len() {
            match both(&layers[n].on_failure, class) {
                (false, false) => n += 1,
                (initial, max) => return initial && max,
            }
        }
        false
    }

    const fn significance(&self, all: &PolicyPatch, around: &Around<'_>) -> rules::Finding {
        let significant = said_or(all.significant, Policy::DEFAULT.significant);
        let restart = said_or(all.restart, Policy::DEFAULT.restart);
        let is_top = around.way.is_none();
        let around = rules::Around { auto_shutdown: around.auto_shutdown, is_pool: false };
        match rules::significance(significant, restart, around) {
            [Some(fault), ..] if self.are_apart(Key::Significant, Key::Restart) => Some(fault),
            // At the field it has been said; and in a nested struct, by that struct.
            [_, Some(fault), _] if is_top && !matches!(self.of(Key::Significant), Layer::Field) => {
                Some(fault)
            }
            _ => None,
        }
    }

    pub(super) const fn say(
        &self,
        slot: &DeclaredSlot,
        at: &'static Location<'static>,
        around: &Around<'_>,
        complaint: &Complaint,
        text: &mut Text,
    ) -> bool {
        if matches!(complaint, Complaint::None) {
            return false;
        }
        text.say("`");
        way(text, around.way);
        text.all(&[slot.name(), "`: "]);
        match *complaint {
            Complaint::None => {}
            Complaint::About(fault) => self.tell(text, fault, at),
            Complaint::OfClass(class, fault) => of_class(text, class, fault),
            Complaint::OfTypes(fault) => {
                text.all(&[fault.text(), "\n  note: so it is with the types at this field, by "]);
                text.all(&["what is said where it is declared (", at.file(), ":"]);
                text.number(at.line());
                text.say(")");
            }
            Complaint::Beyond { grace, budget, whose } => {
                self.time(text, "`grace`", grace, Key::Grace, at);
                text.say(" is longer than the ");
                text.time(budget);
                text.all(&[" of the ", whose, ", so it would be cut short"]);
            }
        }
        true
    }

    const fn tell(&self, text: &mut Text, fault: PolicyFault, at: &'static Location<'static>) {
        match fault {
            PolicyFault::InitialAboveMax { initial, max } => {
                self.time(text, "backoff `initial`", initial, Key::Initial, at);
                text.say(" is above ");
                self.time(text, "`max`", max, Key::Max, at);
            }
            PolicyFault::HeartbeatTooRare { heartbeat, stale_after } => {
                self.time(text, "`heartbeat`", heartbeat, Key::Heartbeat, at);
                text.say(" is not below ");
                self.time(text, "`stale_after`", stale_after, Key::StaleAfter, at);
                text.say(": a child that keeps its promise would be stopped all the same");
            }
            PolicyFault::Temporary(key) => {
                text.all(&["`", key, "` means nothing here: the child is temporary"]);
                self.place(text, Key::Restart, at);
                text.say(" and never restarted");
            }
            PolicyFault::ProbeWithoutQuarantine(_) => {
                text.say("`probe_after`");
                self.place(text, Key::ProbeAfter, at);
                text.say(
                    " means nothing here: only what is quarantined is started as a trial\n  help: \
                     say `on_limit(quarantine)` too",
                );
            }
            PolicyFault::SignificantPermanent => {
                text.say("it is significant");
                self.place(text, Key::Significant, at);
                text.say(" and permanent");
                self.place(text, Key::Restart, at);
                text.say(
                    ": a permanent child is restarted, so it never ends\n  help: say \
                     `restart(transient)` or `restart(temporary)` at the field",
                );
            }
            PolicyFault::SignificantUnderNever => {
                text.say("it is significant");
                self.place(text, Key::Significant, at);
                text.say(
                    ", and nobody looks at it\n  help: say `auto_shutdown(any_significant)` or \
                     `auto_shutdown(all_significant)` in `#[supervisor(…)]`",
                );
            }
            fault => text.say(fault.text()),
        }
    }

    /// A key with its value and its place.
    const fn time(
        &self,
        text: &mut Text,
        name: &str,
        time: Duration,
        key: Key,
        at: &'static Location<'static>,
    ) {
        text.all(&[name, " ("]);
        text.time(time);
        text.say(")");
        self.place(text, key, at);
    }

    const fn place(&self, text: &mut Text, key: Key, at: &'static Location<'static>) {
        match self.of(key) {
            Layer::Field => text.say(" at the field"),
            Layer::Declared => {
                text.all(&[" where it is declared (", at.file(), ":"]);
                text.number(at.line());
                text.say(")");
            }
            Layer::Defaults => text.say(" in `defaults`"),
            Layer::Role => text.say(" by its role"),
            Layer::BuiltIn => text.say(" by default"),
        }
    }
}

const fn of_class(text: &mut Text, class: FailureClass, fault: PolicyFault) {
    text.all(&["for `", class.word(), "`: "]);
    match fault {
        PolicyFault::InitialAboveMax { initial, max } => {
            text.say("backoff `initial` (");
            text.time(initial);
            text.say(") is above `max` (");
            text.time(max);
            text.say(")\n  note: what a class does not say about its wait is what the child says");
        }
        fault => text.say(fault.text()),
    }
}

/// With what is built in.
const fn complete(said: BackoffPatch) -> BackoffPatch {
    let all = said.resolve();
    BackoffPatch::NONE.initial(all.initial).max(all.max).over(said)
}

const fn says(said: &PolicyPatch, key: Key) -> bool {
    match key {
        Key::Initial => said.backoff.initial.is_some(),
        Key::Max => said.backoff.max.is_some(),
        Key::Heartbeat => said.health.heartbeat.is_some(),
        Key::StaleAfter => said.health.stale_after.is_some(),
        Key::Restart => said.restart.is_some(),
        Key::Significant => said.significant.is_some(),
        Key::Backoff => said.backoff.says_something(),
        Key::RestartLimit => said.restart_limit.is_some(),
        Key::OnFailure => said.on_failure.says_something(),
        Key::ProbeAfter => said.probe_after.is_some(),
        Key::OnDependencyRestart => said.on_dependency_restart.is_some(),
        // What it follows from, too.
        Key::OnLimit => {
            said.on_limit.is_some() || said.criticality.is_some() || said.role.is_some()
        }
        Key::Grace => said.shutdown.grace.is_some(),
    }
}
