//! What a stronger place takes back of what the code says.

use serde::Deserialize;
use serde_json::Value as Json;

use super::{EffectiveValue, Layer, ValueOrigin};
use crate::config::error::KeyPath;
use crate::policy::restart::Restart;

/// What the code says about a child, by where it says it.
pub(super) struct InCode {
    /// What holds where nothing stronger is said, the weakest first.
    pub(super) layers: Vec<Layer>,
    /// The strongest first.
    pub(super) taken_back: Vec<TakenBack>,
}

/// What the code says about the restarts of a child that a stronger place makes temporary, or about
/// the trial of one that is not quarantined there.
pub(super) struct TakenBack {
    key: String,
    said: (Json, ValueOrigin),
    /// Where it says so.
    by: ValueOrigin,
}

/// Notes what of `said` is not `left`, because of what `stronger` says.
pub(super) fn taken(taken_back: &mut Vec<TakenBack>, said: Layer, left: &Layer, stronger: &Layer) {
    let restart = stronger.get("restart").and_then(|(it, _)| Restart::deserialize(it).ok());
    let is_temporary = restart == Some(Restart::Temporary);
    let keys: &[_] = if is_temporary { &["restart"] } else { &["on_limit", "criticality", "role"] };
    let Some((_, by)) = keys.iter().find_map(|key| stronger.get(*key)) else { return };
    let gone = said.into_iter().filter(|(key, _)| !left.contains_key(key));
    taken_back.extend(gone.map(|(key, said)| TakenBack { key, said, by: by.clone() }));
}

/// Lists what was taken back under what holds instead, or under nothing.
pub(super) fn add_taken_back(values: &mut Vec<EffectiveValue>, taken_back: Vec<TakenBack>) {
    for TakenBack { key, said, by } in taken_back.into_iter().rev() {
        match values.iter_mut().find(|value| value.key.to_string() == key) {
            Some(value) => value.overrode.insert(0, said),
            None => values.push(EffectiveValue {
                key: KeyPath::of(&key.split('.').collect::<Vec<_>>()),
                value: Json::Null,
                origin: by,
                overrode: vec![said],
            }),
        }
    }
    values.sort_by_cached_key(|value| value.key.to_string());
}
