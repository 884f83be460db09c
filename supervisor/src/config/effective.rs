//! What holds in the end, where each value comes from, and what it overrode.

pub(crate) mod beside;
pub(super) mod walk;

use std::fmt;
use std::panic;

use serde_json::Value as Json;

use super::error::KeyPath;
use super::source::Location;
use crate::error::types::SupervisorError;
use crate::id::{ChildPath, nearest};
use crate::policy::role::Role;

/// Every value that holds in a tree, with its origin.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EffectiveConfig {
    nodes: Vec<(ChildPath, Vec<EffectiveValue>)>,
}

/// One value that holds for a child or a supervisor.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct EffectiveValue {
    /// The key, as it is written about the child: `backoff.max`.
    pub key: KeyPath,
    /// The value, as it is written. It is null where the code said one, and a stronger place took it
    /// back: the limit of a child that is temporary there.
    pub value: Json,
    /// Where it comes from. Of null: where that is said.
    pub origin: ValueOrigin,
    /// What else was said, the strongest first, and where. Also what was taken back.
    pub overrode: Vec<(Json, ValueOrigin)>,
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ValueOrigin {
    /// Nobody said anything.
    BuiltIn,
    /// It follows from the role of the child.
    Role(Role),
    /// It was said in the code about the child itself, or in the `defaults` of a supervisor.
    Code {
        /// What it was said about.
        path: ChildPath,
        /// Where that is declared.
        at: &'static panic::Location<'static>,
    },
    /// It was said in the code to the builder of the tree.
    Builder,
    /// It was said in a configuration that was made in code.
    Value {
        /// The whole key.
        key: KeyPath,
    },
    /// It was said in a file or a variable.
    Text {
        /// The whole key.
        key: KeyPath,
        /// The place of the value.
        at: Location,
    },
}

impl ValueOrigin {
    /// The place in a file or a variable.
    pub fn location(&self) -> Option<&Location> {
        if let Self::Text { at, .. } = self { Some(at) } else { None }
    }
}

impl fmt::Display for ValueOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BuiltIn => f.write_str("built in"),
            Self::Role(role) => write!(f, "the role `{role}`"),
            Self::Code { at, .. } => write!(f, "{}:{}", at.file(), at.line()),
            Self::Builder => f.write_str("the builder of the tree"),
            Self::Value { key } => write!(f, "`{key}` of a configuration made in code"),
            Self::Text { at, .. } => write!(f, "{at}"),
        }
    }
}

/// `backoff.max: 10s, from supervisor.yaml:22:11, over 5s, built in`.
impl fmt::Display for EffectiveValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |value: &Json| super::schema::yaml(value);
        write!(f, "{}: {}, {}", self.key, text(&self.value), Whence(&self.origin))?;
        for (value, origin) in &self.overrode {
            write!(f, ", over {}, {}", text(value), Whence(origin))?;
        }
        Ok(())
    }
}

struct Whence<'a>(&'a ValueOrigin);

impl fmt::Display for Whence<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            ValueOrigin::BuiltIn => f.write_str("built in"),
            origin => write!(f, "from {origin}"),
        }
    }
}

impl EffectiveConfig {
    /// Every child and supervisor in the order of the tree, the root first, with what holds for it.
    pub fn nodes(&self) -> impl Iterator<Item = (&ChildPath, &[EffectiveValue])> {
        self.nodes.iter().map(|(path, values)| (path, &**values))
    }

    /// What holds for the child or supervisor at `path`, if there is one.
    pub fn explain(&self, path: &str) -> Option<&[EffectiveValue]> {
        self.nodes().find(|(known, _)| known.as_str() == path).map(|(_, values)| values)
    }

    /// The same, or else which path may be meant.
    pub(crate) fn of(&self, path: &ChildPath) -> Result<&[EffectiveValue], SupervisorError> {
        if let Some(values) = self.explain(path.as_str()) {
            return Ok(values);
        }
        let is_known = |path: &ChildPath| self.explain(path.as_str()).is_some();
        let known = std::iter::successors(path.parent(), ChildPath::parent).find(is_known);
        let known = known.unwrap_or_else(ChildPath::root);
        let siblings = self.nodes().map(|(path, _)| path);
        let siblings = siblings.filter(|path| path.parent().as_ref() == Some(&known)).cloned();
        let nearest_path = nearest(path, &known, siblings);
        Err(SupervisorError::UnknownPath { path: path.clone(), known, nearest_path })
    }

    /// One value of the child or supervisor at `path`, such as that of `backoff.max`.
    pub fn value(&self, path: &str, key: &str) -> Option<&EffectiveValue> {
        self.explain(path)?.iter().find(|value| value.key.to_string() == key)
    }
}

impl fmt::Display for EffectiveConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (path, values) in &self.nodes {
            writeln!(f, "{path}")?;
            values.iter().try_for_each(|value| writeln!(f, "  {value}"))?;
        }
        Ok(())
    }
}
