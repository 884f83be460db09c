//! What it means to put one configuration in the place of another.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::{Value as Json, json};

use super::effective::beside::Beside;
use super::effective::walk::members::NamedMember;
use super::effective::{EffectiveValue, ValueOrigin};
use super::error::{ConfigDiagnostic, ConfigError, ConfigFault, KeyPath};
use super::load::LoadedConfig;
use super::schema::yaml;
use crate::id::ChildPath;
use crate::spec::supervisor::SupervisorSpec;

/// What changes when a configuration is put in the place of another, and when.
///
/// ```
/// use rust_supervisor::config::configurable::SupervisorConfig;
/// use rust_supervisor::config::load::LoadedConfig;
/// use rust_supervisor::config::plan::{ConfigPlan, Effect};
/// use rust_supervisor::policy::restart::Restart;
/// use rust_supervisor::spec::child::ChildSpec;
/// use rust_supervisor::spec::supervisor::SupervisorSpec;
/// use rust_supervisor::task::factory::service_fn;
///
/// let tree = SupervisorSpec::root().child(ChildSpec::new("a", service_fn(async |_| ())));
/// let old = SupervisorConfig::default();
/// let mut new = old.clone();
/// new.policy.restart = Some(Restart::Transient);
///
/// let plan = ConfigPlan::of(&tree, &LoadedConfig::from(old), &LoadedConfig::from(new));
/// assert_eq!(plan.changes().len(), 1);
/// assert_eq!(plan.changes()[0].effect, Effect::Now);
/// assert!(plan.can_be_applied());
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConfigPlan {
    changes: Vec<ConfigChange>,
    unchanged: usize,
}

/// One value that changes.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ConfigChange {
    /// The child or supervisor it is about; the root for what is about the whole tree.
    pub path: ChildPath,
    /// The key, as it is written about the child: `backoff.max`.
    pub key: KeyPath,
    /// The value that holds now, if any; `***` for a secret.
    pub before: Option<Json>,
    /// The value that will; `***` for a secret.
    pub after: Option<Json>,
    /// Where that comes from, if there is one.
    pub origin: Option<ValueOrigin>,
    /// When it takes effect.
    pub effect: Effect,
    /// Why not before, where it needs a restart of the program.
    pub reason: Option<&'static str>,
}

/// When a change takes effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Effect {
    /// With the next decision that it is about. A wait that has begun goes on as it is.
    Now,
    /// With the next run of the child.
    NextRestart,
    /// Not before the program is started again.
    NeedsRestart,
}

impl Effect {
    /// The word in an answer.
    pub fn name(self) -> &'static str {
        match self {
            Self::Now => "now",
            Self::NextRestart => "at the next restart",
            Self::NeedsRestart => "needs a restart",
        }
    }

    /// Of a key of a child, of a supervisor, or of a section about the whole tree.
    ///
    /// What nobody has thought about needs a restart.
    fn of(key: &KeyPath) -> Self {
        match key.segments().first().map(String::as_str) {
            Some(
                "role"
                | "restart"
                | "backoff"
                | "restart_limit"
                | "on_limit"
                | "on_failure"
                | "probe_after"
                | "criticality"
                | "health"
                | "significant"
                | "shutdown"
                | "tags"
                | "strategy"
                | "intensity"
                | "meltdown"
                | "auto_shutdown"
                | "max_children"
                | "on_dependency_restart"
                | "start"
                | "enabled"
                | "count",
            ) => Self::Now,
            Some("readiness" | "start_timeout" | "settings") => Self::NextRestart,
            Some("observability") => match key.segments().get(1).map(String::as_str) {
                Some("journal_capacity" | "last_exits" | "remembered_paths") => Self::Now,
                _ => Self::NeedsRestart,
            },
            _ => Self::NeedsRestart,
        }
    }

    /// Why a key needs a restart of the program.
    fn reason(self, key: &KeyPath) -> Option<&'static str> {
        let is_of_events = key.segments().last().is_some_and(|key| key == "event_capacity");
        match self {
            Self::Now | Self::NextRestart => None,
            Self::NeedsRestart if is_of_events => {
                Some("those who listen already have buffers of the size that there was")
            }
            Self::NeedsRestart => Some("it is read when the tree is started"),
        }
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// `/root/ledger backoff.max: 5s -> 10s, from supervisor.yaml:4:20`.
impl fmt::Display for ConfigChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |value: &Option<Json>| value.as_ref().map_or_else(|| "nothing".into(), yaml);
        write!(f, "{} {}: {} -> ", self.path, self.key, text(&self.before))?;
        write!(f, "{}", text(&self.after))?;
        match &self.origin {
            None => {}
            Some(ValueOrigin::BuiltIn) => f.write_str(", built in")?,
            Some(origin) => write!(f, ", from {origin}")?,
        }
        self.reason.map_or(Ok(()), |reason| write!(f, ", because {reason}"))
    }
}

impl ConfigPlan {
    /// What changes in the tree that `spec` declares when `new` is put in the place of `old`. Both
    /// fit the tree.
    pub fn of(spec: &SupervisorSpec, old: &LoadedConfig, new: &LoadedConfig) -> Self {
        Self::beside(spec, &Beside::default(), old, new)
    }

    /// The same, with what the code says to the builder of the tree.
    pub(crate) fn beside(
        spec: &SupervisorSpec,
        beside: &Beside,
        old: &LoadedConfig,
        new: &LoadedConfig,
    ) -> Self {
        let (before, after) = (values(spec, beside, old), values(spec, beside, new));
        let keys: BTreeSet<_> = before.keys().chain(after.keys()).collect();
        let mut plan = Self::default();
        for at in keys {
            let (before, after) = (before.get(at), after.get(at));
            if before.map(|known| &known.raw) == after.map(|known| &known.raw) {
                plan.unchanged += 1;
                continue;
            }
            let Some(known) = before.or(after) else { continue };
            let (path, key) = (known.path.clone(), known.shown.key.clone());
            debug_assert!(at.0 > 0 || path.is_root());
            let effect = Effect::of(&key);
            plan.changes.push(ConfigChange {
                path,
                effect,
                reason: effect.reason(&key),
                key,
                before: before.map(|known| known.shown.value.clone()),
                after: after.map(|known| known.shown.value.clone()),
                origin: after.map(|known| known.shown.origin.clone()),
            });
        }
        plan
    }

    /// What changes, in the order of the tree.
    pub fn changes(&self) -> &[ConfigChange] {
        &self.changes
    }

    /// How many values stay as they are.
    pub fn unchanged(&self) -> usize {
        self.unchanged
    }

    /// Whether a running tree can be given the new configuration: no change needs a restart.
    pub fn can_be_applied(&self) -> bool {
        self.with(Effect::NeedsRestart).next().is_none() || cfg!(plant_bug = "restart_not_needed")
    }

    /// The changes that take effect then.
    pub fn with(&self, effect: Effect) -> impl Iterator<Item = &ConfigChange> {
        self.changes.iter().filter(move |change| change.effect == effect)
    }

    /// The same for other programs.
    pub fn to_json(&self) -> Json {
        let change = |change: &ConfigChange| {
            let mut json = json!({
                "path": change.path.as_str(),
                "key": change.key.to_string(),
                "before": change.before,
                "after": change.after,
                "origin": change.origin.as_ref().map(ToString::to_string),
            });
            if let (Some(reason), Some(json)) = (change.reason, json.as_object_mut()) {
                json.insert("reason".into(), reason.into());
            }
            json
        };
        let with = |effect| self.with(effect).map(change).collect::<Vec<_>>();
        json!({
            "unchanged": self.unchanged,
            "now": with(Effect::Now),
            "next_restart": with(Effect::NextRestart),
            "needs_restart": with(Effect::NeedsRestart),
        })
    }
}

/// The changes, in groups.
impl fmt::Display for ConfigPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "unchanged: {} values", self.unchanged)?;
        for effect in [Effect::Now, Effect::NextRestart, Effect::NeedsRestart] {
            let mut changes = self.with(effect).peekable();
            if changes.peek().is_some() {
                writeln!(f, "{effect}:")?;
            }
            changes.try_for_each(|change| writeln!(f, "  {change}"))?;
        }
        Ok(())
    }
}

struct Known {
    path: ChildPath,
    /// As it is, though it is a secret.
    raw: Json,
    shown: EffectiveValue,
}

/// Every value that holds, by the place of the child in the tree and the key.
fn values(
    spec: &SupervisorSpec,
    beside: &Beside,
    config: &LoadedConfig,
) -> BTreeMap<(usize, String), Known> {
    let mut known = BTreeMap::new();
    let mut insert = |order, path: &ChildPath, raw: &EffectiveValue, shown: &EffectiveValue| {
        let (raw, shown) = (raw.value.clone(), shown.clone());
        known.insert((order, shown.key.to_string()), Known { path: path.clone(), raw, shown });
    };
    // Members that are named have no place in the tree: each is one value, by its path.
    let members = config.named_members(spec);
    let is_declared = |path: &ChildPath| members.iter().all(|member| member.path != *path);
    let (shown, raw) =
        (config.effective_beside(spec, beside), config.effective_with_secrets(spec, beside));
    for (order, ((path, shown), (_, raw))) in shown.nodes().zip(raw.nodes()).enumerate() {
        if !is_declared(path) {
            continue;
        }
        // What was taken back is no value.
        for (shown, raw) in shown.iter().zip(raw).filter(|(_, raw)| !raw.value.is_null()) {
            insert(order, path, raw, shown);
        }
    }
    for NamedMember { path, raw, shown } in members {
        known.insert((usize::MAX, path.to_string()), Known { path, raw, shown });
    }
    known
}

impl ConfigError {
    /// Whether all that is wrong is that the compiled tree is another one: the file may be right
    /// for another build of the program.
    pub fn is_about_another_build(&self) -> bool {
        self.diagnostics().iter().all(ConfigDiagnostic::is_about_another_build)
    }
}

impl ConfigDiagnostic {
    fn is_about_another_build(&self) -> bool {
        matches!(
            self.fault(),
            ConfigFault::UnknownChild { .. }
                | ConfigFault::PoolMember { .. }
                | ConfigFault::NotASupervisor { .. }
                | ConfigFault::NotATask { .. }
                | ConfigFault::NoSettings { .. }
                | ConfigFault::NotAPool { .. }
                | ConfigFault::NotAMany { .. }
                | ConfigFault::NotForAPool { .. }
                | ConfigFault::NoPool { .. }
                | ConfigFault::NotFromConfig { .. }
        )
    }
}

/// What is written down about a change.
impl ConfigChange {
    pub(crate) fn in_short(&self) -> crate::event::ValueChange {
        let text = |value: &Option<Json>| value.as_ref().map(|value| yaml(value).into());
        crate::event::ValueChange {
            path: self.path.clone(),
            key: self.key.to_string().into(),
            before: text(&self.before),
            after: text(&self.after),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::schema::json_schema;

    /// Who adds a key says here when a change of it takes effect.
    #[test]
    fn it_is_decided_for_each_key_when_a_change_takes_effect() {
        let schema = json_schema();
        let keys = schema["definitions"]["ChildSection"]["properties"].as_object().unwrap();
        let needs_restart =
            keys.keys().filter(|key| Effect::of(&KeyPath::of(&[key])) == Effect::NeedsRestart);
        // `defaults` and `children` are about others.
        let expected = ["children", "defaults"];
        assert_eq!(needs_restart.collect::<Vec<_>>(), expected);
        let keys = schema["definitions"]["ObservabilitySection"]["properties"].as_object().unwrap();
        let needs_restart = keys.keys().filter(|key| {
            Effect::of(&KeyPath::of(&["observability", key])) == Effect::NeedsRestart
        });
        let expected = ["audit", "event_capacity", "metrics", "record"];
        assert_eq!(needs_restart.collect::<Vec<_>>(), expected);
        assert_eq!(Effect::of(&KeyPath::of(&["ipc", "x"])), Effect::NeedsRestart);
    }
}
