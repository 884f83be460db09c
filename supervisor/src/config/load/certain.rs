//! What can be said about the rest of a configuration beside what could not be read.
//!
//! What is missing may stand in what could not be read, and a rule is about values that may. So each
//! is said at once where nothing of that can be about it, and otherwise when the rest is mended.

use crate::config::error::{ConfigDiagnostic, ConfigFault, KeyPath};

/// Whether `problem` is one whatever is meant by what is wrong otherwise.
pub(super) fn is_certain(problem: &ConfigDiagnostic, others: &[ConfigDiagnostic]) -> bool {
    let is_free_of = |touches: fn(&[String], &[String]) -> bool, about: &KeyPath| {
        // seen by: cargo test -p supervisor-tests --test config_effective
        !cfg!(plant_bug = "uncertain_is_unsaid")
            && others.iter().all(|other| !touches(other.key().segments(), about.segments()))
    };
    match problem.fault() {
        ConfigFault::Rule { path, .. } => is_free_of(is_about_child, &entry_of(path)),
        ConfigFault::MissingKey | ConfigFault::MissingSetting | ConfigFault::MissingPlace => {
            is_free_of(may_stand_for, problem.key())
        }
        // Who is a member is said in no other place.
        // seen by: cargo test -p supervisor-tests --test config_members
        ConfigFault::TooManyMembers { .. } if cfg!(plant_bug = "room_is_uncertain") => false,
        ConfigFault::TooManyMembers { path, .. } => {
            let is_about_members =
                |key: &[String]| key.first().is_some_and(|section| section == "dynamic");
            is_free_of(is_about_child, &entry_of(path))
                && !others.iter().any(|other| is_about_members(other.key().segments()))
        }
        _ => true,
    }
}

/// Whether what is wrong at `key` may be a misspelt name on the way to `missing`.
fn may_stand_for(key: &[String], missing: &[String]) -> bool {
    // A section around it, or something that stands in one: nobody knows what it was to be.
    let around = key.split_last().map_or(key, |(_, around)| around);
    missing.starts_with(around)
}

/// Whether what is wrong at `key` may change what holds for the child whose entry this is: it stands
/// there, or at a supervisor above or below it, or in what is for all.
fn is_about_child(key: &[String], entry: &[String]) -> bool {
    match key {
        [section, _, ..] if matches!(&**section, "observability" | "ipc" | "dynamic") => false,
        [section, ..] if section == "supervisor" => {
            let pairs = key[1..].chunks_exact(2);
            let children = pairs.take_while(|pair| pair[0] == "children").count();
            // A mistake in the name of a child is one of the supervisor around it.
            let depth = if key.len() == 1 + 2 * children { children.max(1) - 1 } else { children };
            let place = &key[..=2 * depth];
            entry.starts_with(place) || place.starts_with(entry)
        }
        _ => true,
    }
}

/// The section of the child at `path`.
fn entry_of(path: &str) -> KeyPath {
    let below = path.split('/').filter(|id| !id.is_empty()).skip(1);
    let children = below.flat_map(|id| ["children", id]);
    KeyPath::of(&std::iter::once("supervisor").chain(children).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> KeyPath {
        KeyPath::of(&text.split('.').collect::<Vec<_>>())
    }

    #[test]
    fn what_is_missing_may_stand_under_a_name_that_is_misspelt_around_it() {
        let missing = key("supervisor.children.a.settings.url");
        let stands = |other: &str| may_stand_for(key(other).segments(), missing.segments());
        for other in [
            "supervisor.children.a.settings.ulr",
            "supervisor.children.a.setings",
            "supervisor.children.a",
            "supervisor.children.aa",
            "supervisor.childs",
            "supervisors",
        ] {
            assert!(stands(other), "{other}");
        }
        assert!(may_stand_for(&[], missing.segments()));
        for other in [
            "supervisor.children.a.backoff.max",
            "supervisor.children.b.restart",
            "policy.backoff",
            "supervisor.defaults.restart",
        ] {
            assert!(!stands(other), "{other}");
        }
    }

    #[test]
    fn a_rule_is_about_the_child_the_supervisors_around_it_and_what_is_for_all() {
        let entry = entry_of("/root/s/a");
        assert_eq!(entry.to_string(), "supervisor.children.s.children.a");
        let is_about = |other: &str| is_about_child(key(other).segments(), entry.segments());
        for other in [
            "supervisor.children.s.children.a.backoff.max",
            "supervisor.children.s.children.a.children.b.restart",
            "supervisor.children.s.children.a",
            "supervisor.children.s.children.aa",
            "supervisor.children.s.auto_shutdown",
            "supervisor.children.s.defaults.backoff.max",
            "supervisor.children.t",
            "supervisor.strategy",
            "supervisor.children",
            "supervisor",
            "policy.backoff.max",
            "shutdown.budget",
            "include",
            "observability",
        ] {
            assert!(is_about(other), "{other}");
        }
        assert!(is_about_child(&[], entry.segments()));
        for other in [
            "supervisor.children.s.children.b.backoff.max",
            "supervisor.children.t.restart",
            "supervisor.children.t.children.a.restart",
            "observability.events.capacity",
            "ipc.path",
        ] {
            assert!(!is_about(other), "{other}");
        }
    }
}
