//! Words that are put on a child for those who look at the tree.

use std::fmt;
use std::sync::Arc;

/// The tags of a child. Nothing is made of them but what you make of them: they are in its
/// [state](crate::state::ChildState::tags). Cheap to clone.
///
/// Each is 1 to 64 characters long, without control characters, and is there once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Tags(Option<Arc<[Box<str>]>>);

impl Tags {
    /// No tags.
    pub(crate) const NONE: Self = Self(None);

    /// The longest tag, in characters.
    pub const LONGEST: usize = 64;

    /// These tags, unchecked.
    pub(crate) fn new<T: Into<String>>(tags: impl IntoIterator<Item = T>) -> Self {
        let tags: Vec<Box<str>> = tags.into_iter().map(|tag| tag.into().into()).collect();
        Self((!tags.is_empty()).then(|| tags.into()))
    }

    /// Each, in the order in which they were written.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().flat_map(|tags| tags.iter()).map(|tag| &**tag)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Whether this is one of them.
    pub fn contains(&self, tag: &str) -> bool {
        self.iter().any(|known| known == tag)
    }

    /// The first that cannot be one, and why.
    pub(crate) fn fault(&self) -> Option<(&str, &'static str)> {
        self.iter().enumerate().find_map(|(n, tag)| {
            let why = if tag.is_empty() {
                "it is empty"
            } else if tag.chars().count() > Self::LONGEST {
                "it is longer than 64 characters"
            } else if tag.chars().any(char::is_control) {
                "it has control characters"
            } else if self.iter().take(n).any(|earlier| earlier == tag) {
                "it is there twice"
            } else {
                return None;
            };
            Some((tag, why))
        })
    }
}

impl fmt::Display for Tags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, tag) in self.iter().enumerate() {
            write!(f, "{}{tag}", if n > 0 { ", " } else { "" })?;
        }
        Ok(())
    }
}
