//! Names of things: children, their paths, their generations, the commands about them.

use std::borrow::Borrow;
use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

use thiserror::Error;

/// The name of a child among its siblings.
///
/// One path segment: 1 to 128 bytes, no `/`, no white space, no control characters.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChildId(Arc<str>);

impl ChildId {
    /// Checks `name` and makes it an id.
    ///
    /// # Errors
    ///
    /// [`IdError`] says what a name may not contain.
    pub fn new(name: impl Into<Arc<str>>) -> Result<Self, IdError> {
        let name = name.into();
        check_segment(&name)?;
        Ok(Self(name))
    }

    /// The name itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A number.
    pub(crate) fn of(number: u64) -> Self {
        Self(number.to_string().into())
    }

    /// The same, shared.
    pub(crate) fn shared(&self) -> Arc<str> {
        Arc::clone(&self.0)
    }
}

impl fmt::Debug for ChildId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

impl fmt::Display for ChildId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where a child stands in the tree: `/root` is the tree itself, `/root/payments/ledger` a child
/// of the supervisor `payments`.
///
/// Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChildPath(Arc<str>);

impl ChildPath {
    /// The path of the root supervisor: `/root`.
    pub fn root() -> Self {
        Self(ROOT.into())
    }

    /// Reads a path such as `/root/payments/ledger`.
    ///
    /// # Errors
    ///
    /// [`PathError`] when it does not begin with `/root`, or a segment is no valid [`ChildId`].
    pub fn parse(text: &str) -> Result<Self, PathError> {
        if is_plain_path(text) {
            return Ok(Self(text.into()));
        }
        let fail = |reason| PathError { text: text.to_owned(), reason };
        let mut segments = text.split('/');
        if segments.next() != Some("") || segments.next() != Some("root") {
            return Err(fail(PathErrorReason::NotBelowRoot));
        }
        for segment in segments {
            check_segment(segment).map_err(|error| fail(PathErrorReason::Segment(error)))?;
        }
        Ok(Self(text.into()))
    }

    /// The path of the child `id` of this supervisor.
    #[must_use]
    pub fn join(&self, id: &ChildId) -> Self {
        thread_local! {
            /// Where a path is put together, so that it takes one piece of the heap and not two.
            static JOINED: RefCell<String> = const { RefCell::new(String::new()) };
        }
        JOINED.with_borrow_mut(|path| {
            path.clear();
            path.push_str(&self.0);
            path.push('/');
            path.push_str(&id.0);
            Self(path.as_str().into())
        })
    }

    /// The path of the supervisor above, or `None` for the root.
    pub fn parent(&self) -> Option<Self> {
        let cut = self.0.rfind('/').filter(|&cut| cut > 0)?;
        Some(Self(self.0[..cut].into()))
    }

    /// The last segment, which is the child's id.
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// The id of the last segment.
    pub fn id(&self) -> ChildId {
        ChildId(self.name().into())
    }

    /// Whether this is `/root`.
    pub fn is_root(&self) -> bool {
        &*self.0 == ROOT
    }

    /// Whether this is `other` or lies below it.
    pub fn is_within(&self, other: &Self) -> bool {
        self.0.strip_prefix(&*other.0).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

const ROOT: &str = "/root";

impl Borrow<str> for ChildPath {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ChildPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for ChildPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Which of `siblings`, the children of `known`, differs least from what `asked` has in their place;
/// none if it is not close.
pub(crate) fn nearest(
    asked: &ChildPath,
    known: &ChildPath,
    siblings: impl Iterator<Item = ChildPath>,
) -> Option<ChildPath> {
    let asked = asked.as_str().strip_prefix(known.as_str())?.trim_start_matches('/');
    let asked = asked.split('/').next()?;
    let close = siblings.filter_map(|path| {
        let distance = strsim::damerau_levenshtein(asked, path.name());
        let is_close = distance <= (asked.len().max(path.name().len()) / 3).max(1);
        is_close.then_some((distance, path))
    });
    close.min().map(|(_, path)| path)
}

/// What a command may be given as a path: a [`ChildPath`], or text that is parsed as one.
pub trait IntoPath {
    /// Makes the path.
    ///
    /// # Errors
    ///
    /// [`PathError`] when it is text that is no path.
    fn into_path(self) -> Result<ChildPath, PathError>;
}

impl IntoPath for ChildPath {
    fn into_path(self) -> Result<ChildPath, PathError> {
        Ok(self)
    }
}

impl IntoPath for &ChildPath {
    fn into_path(self) -> Result<ChildPath, PathError> {
        Ok(self.clone())
    }
}

impl IntoPath for &str {
    fn into_path(self) -> Result<ChildPath, PathError> {
        ChildPath::parse(self)
    }
}

impl IntoPath for &String {
    fn into_path(self) -> Result<ChildPath, PathError> {
        ChildPath::parse(self)
    }
}

/// Counts the runs of one path, from 1; 0 means that there was none yet.
///
/// Every attempt to start takes the next number, a failed or ignored one too. The count belongs to
/// the path for the life of the tree: it goes on when the supervisor above restarts, and when the
/// child is removed and added again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generation(pub u64);

impl Generation {
    pub(crate) fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// Numbers the commands of one tree, from 1, in the order in which they were accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommandId(pub u64);

impl fmt::Display for CommandId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// Holds together what follows from one cause: the failure, the decision, the restart, and that
/// the child is up again; or a command and what it led to. It is the sequence of the first event
/// of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CorrelationId(pub u64);

impl fmt::Display for CorrelationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// A name that cannot be a child's id.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum IdError {
    /// It has no characters.
    #[error("a child's id cannot be empty")]
    Empty,
    /// It has more than 128 bytes.
    #[error("a child's id has at most 128 bytes, this one has {0}")]
    TooLong(usize),
    /// It has a character that a path cannot carry.
    #[error("{0:?} cannot stand in a child's id: use letters, digits, `_`, `-` or `.`")]
    Character(char),
}

/// Text that is not the path of a child.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{text}` is not the path of a child")]
pub struct PathError {
    text: String,
    #[source]
    reason: PathErrorReason,
}

/// What is wrong with a path.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PathErrorReason {
    /// It does not begin with `/root`.
    #[error("a path begins with `/root`, such as `/root/payments/ledger`")]
    NotBelowRoot,
    /// One of its segments is no valid id.
    #[error("one of its segments is not an id")]
    Segment(#[source] IdError),
}

/// Whether it is a path for sure, by a look at each byte: nearly all are. What is none here may be
/// one all the same.
fn is_plain_path(text: &str) -> bool {
    let Some(below) = text.strip_prefix(ROOT) else { return false };
    // How long the segment is so far; none before the first.
    let mut segment = None;
    for byte in below.bytes() {
        segment = match (byte, segment) {
            (b'/', None | Some(1..=128)) => Some(0),
            (b'!'..=b'~', Some(length @ 0..128)) if byte != b'/' => Some(length + 1),
            _ => return false,
        };
    }
    segment.is_none_or(|length: u32| length > 0)
}

fn check_segment(name: &str) -> Result<(), IdError> {
    if name.is_empty() {
        return Err(IdError::Empty);
    }
    if name.len() > 128 {
        return Err(IdError::TooLong(name.len()));
    }
    // Nearly all of them are written in these.
    let is_plain = |byte: u8| byte.is_ascii_graphic() && byte != b'/';
    if name.bytes().all(is_plain) {
        return Ok(());
    }
    match name.chars().find(|&c| c == '/' || c.is_whitespace() || c.is_control()) {
        Some(bad) => Err(IdError::Character(bad)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_read_and_taken_apart() {
        let path = ChildPath::parse("/root/payments/ledger").unwrap();
        assert_eq!(path.name(), "ledger");
        assert_eq!(path.parent().unwrap().as_str(), "/root/payments");
        assert!(path.is_within(&ChildPath::root()));
        assert!(!ChildPath::parse("/root/pay").unwrap().is_within(&path));
        assert_eq!(ChildPath::root().parent(), None);
    }

    #[test]
    fn a_quick_look_finds_no_path_that_is_none_and_misses_none_in_plain_letters() {
        let long = |n: usize| format!("/root/{}", "x".repeat(n));
        let texts = ["", "/", "/root", "/root/", "/root/a", "/root//", "/root/a/", "/root/a//b"];
        let more =
            ["/rooty", "/rootx/a", "root/a", "/root/a b", "/root/a\u{7f}", "/root/a/b.c-d_~!"];
        let lengths =
            [long(128), long(129), format!("{}/y", long(128)), format!("{}/y", long(129))];
        for text in texts.iter().chain(&more).copied().chain(lengths.iter().map(|s| &**s)) {
            let mut segments = text.split('/');
            let is_one = segments.next() == Some("")
                && segments.next() == Some("root")
                && segments.all(|segment| check_segment(segment).is_ok());
            assert_eq!(is_plain_path(text), is_one, "{text}");
            assert_eq!(ChildPath::parse(text).is_ok(), is_one, "{text}");
        }
        // It has to be looked at closely.
        assert!(!is_plain_path("/root/ä") && ChildPath::parse("/root/ä").is_ok());
    }

    #[test]
    fn what_is_no_path_says_why() {
        for (text, why) in [
            ("ledger", "begins with `/root`"),
            ("/rooty/a", "begins with `/root`"),
            ("/root//a", "segment"),
            ("/root/a b", "segment"),
            ("/root/", "segment"),
        ] {
            let error = ChildPath::parse(text).unwrap_err();
            let message = format!("{error}: {}", std::error::Error::source(&error).unwrap());
            assert!(message.contains(why) && message.contains(text), "{message}");
        }
    }
}
