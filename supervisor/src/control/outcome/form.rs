//! The stable form of an outcome outside of the program (feature `serde`), as
//! [`event::form`](crate::event::form) is that of the events.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::CommandOutcome;
use crate::event::form::{DecisionForm, schema_of};

/// Names the form. It changes when a field is renamed or dropped, or changes its meaning; new
/// fields and new words do not change it.
pub const SCHEMA_ID: &str = "rust-supervisor.outcome.v1";

/// The JSON schema of [`OutcomeForm`], whose `$id` is [`SCHEMA_ID`].
pub fn schema() -> serde_json::Value {
    schema_of::<OutcomeForm>(SCHEMA_ID)
}

/// What a command came to. `CommandOutcome` itself is serialized as this.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct OutcomeForm {
    /// The child.
    pub path: String,
    /// The number of its latest run.
    pub generation: u64,
    /// What it is now; left out when it is no longer known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifecycle: Option<String>,
    /// Whether the child was started and said that there is nothing for it to do here.
    pub is_ignored: bool,
    /// What was decided after its latest exit, if anything was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<DecisionForm>,
}

impl Serialize for CommandOutcome {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        OutcomeForm::from(self).serialize(serializer)
    }
}

impl From<&CommandOutcome> for OutcomeForm {
    fn from(outcome: &CommandOutcome) -> Self {
        let CommandOutcome { path, generation, lifecycle, is_ignored, decision } = outcome;
        Self {
            path: path.to_string(),
            generation: generation.0,
            lifecycle: lifecycle.map(|lifecycle| lifecycle.to_string()),
            is_ignored: *is_ignored,
            decision: decision.map(DecisionForm::from),
        }
    }
}
