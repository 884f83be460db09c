//! `explain`: every value that holds for one child, and where it comes from.

use std::fmt::Write;

use serde_json::{Value as Json, json};

use super::{Answer, Asked};
use crate::config::effective::{EffectiveValue, ValueOrigin};
use crate::error::types::SupervisorError;
use crate::id::ChildPath;

impl Asked<'_> {
    pub(super) fn explain(&self, path: &str) -> Result<Answer, SupervisorError> {
        let path = ChildPath::parse(path)?;
        let effective = self.load(None)?.config;
        let effective = effective.effective_beside(self.builder.spec(), &self.builder.beside());
        let values = effective.of(&path)?;
        let mut text = format!("{path}\n");
        for value in values {
            _ = writeln!(text, "  {value}");
        }
        let values = || values.iter().map(value_json).collect::<Vec<_>>();
        Ok(self.format.done(text, || json!({ "path": path.as_str(), "values": values() })))
    }
}

fn value_json(value: &EffectiveValue) -> Json {
    let overrode = value.overrode.iter();
    json!({
        "key": value.key.to_string(),
        "value": value.value,
        "origin": origin_json(&value.origin),
        "overrode": overrode
            .map(|(value, origin)| json!({ "value": value, "origin": origin_json(origin) }))
            .collect::<Vec<_>>(),
    })
}

/// As text, and the kind of origin for those who look for one.
pub(super) fn origin_json(origin: &ValueOrigin) -> Json {
    let kind = match origin {
        ValueOrigin::BuiltIn => "built_in",
        ValueOrigin::Role(_) => "role",
        ValueOrigin::Code { .. } => "code",
        ValueOrigin::Builder => "builder",
        ValueOrigin::Value { .. } => "value",
        ValueOrigin::Text { .. } => "text",
    };
    json!({ "kind": kind, "at": origin.to_string() })
}
