//! What holds beside the tree: for those who look at it, and reach it. It stands with the root.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::Value as Json;

use super::ValueOrigin;
use super::walk::{Layer, Walk, defaults};
use crate::config::schema::json_schema;

/// What the code says to the builder of a tree, by the keys that a configuration has for it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Beside {
    said: BTreeMap<String, Json>,
    /// What is said in a way for which there are no keys: its defaults need not hold.
    unknown: Vec<&'static str>,
}

impl Beside {
    pub(crate) fn say(&mut self, key: &str, value: impl Into<Json>) {
        self.said.insert(key.to_owned(), value.into());
    }

    /// Nothing is built in any more of the keys that begin like this.
    #[cfg(all(feature = "ipc", unix))]
    pub(crate) fn say_otherwise(&mut self, section: &'static str) {
        self.unknown.push(section);
    }
}

impl Walk<'_> {
    /// The layers, the weakest first.
    pub(super) fn beside_the_tree(&self, beside: &Beside) -> Vec<Layer> {
        let is_known =
            |key: &&String| beside.unknown.iter().all(|section| !key.starts_with(section));
        let built_in = BUILT_IN.iter().filter(|(key, _)| is_known(key) && is_there(key));
        let built_in = built_in.map(|(key, value)| (key, value, ValueOrigin::BuiltIn));
        let in_code = beside.said.iter().map(|(key, value)| (key, value, ValueOrigin::Builder));
        let layer = |(key, value, origin): (&String, &Json, ValueOrigin)| {
            (key.clone(), (value.clone(), origin))
        };
        let mut layers = vec![built_in.map(layer).collect(), in_code.map(layer).collect()];
        if cfg!(plant_bug = "beside_without_defaults") {
            layers.clear();
        }
        layers.extend(SECTIONS.map(|(section, _)| self.said_under(&[section], section)));
        layers
    }
}

const SECTIONS: [(&str, &str); 2] =
    [("observability", "ObservabilitySection"), ("ipc", "IpcSection")];

/// Whether this build has the part that a key is about. That there is no socket holds in each.
fn is_there(key: &str) -> bool {
    let is_of = |section: &str| key.starts_with(section);
    !(is_of("observability.metrics") && !cfg!(feature = "metrics")
        || is_of("observability.audit") && !cfg!(feature = "audit")
        || is_of("observability.record") && !cfg!(feature = "record")
        || is_of("ipc.") && key != "ipc.enabled" && !cfg!(all(feature = "ipc", unix)))
}

/// As the schema says them.
static BUILT_IN: LazyLock<BTreeMap<String, Json>> = LazyLock::new(|| {
    let schema = json_schema();
    let mut keys = BTreeMap::new();
    for (section, definition) in SECTIONS {
        defaults(&schema, &schema["definitions"][definition], section, None, &mut keys);
    }
    keys
});
