//! Where a configuration comes from: files and variables of the environment, and places in them.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// A text that configuration is read from.
pub struct Source {
    origin: Origin,
    text: String,
    /// What must not be shown, in the order of the text.
    secrets: OnceLock<Vec<Range<usize>>>,
}

/// Where a text comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// A file, with its whole path.
    File(PathBuf),
    /// A variable of the environment.
    Variable(String),
    /// The manifest of a child that is to be added.
    Manifest,
    /// A text in the program.
    Text,
    /// A configuration that was made in code: there is no text.
    Code,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Variable(name) => f.write_str(name),
            Self::Manifest => f.write_str("the manifest"),
            Self::Text => f.write_str("the text"),
            Self::Code => f.write_str("a configuration made in code"),
        }
    }
}

impl Source {
    pub(super) fn file(path: &Path, text: String) -> Arc<Self> {
        Self::new(Origin::File(path.to_owned()), text)
    }

    pub(super) fn variable(name: &str, text: String) -> Arc<Self> {
        Self::new(Origin::Variable(name.to_owned()), text)
    }

    pub(super) fn manifest(text: String) -> Arc<Self> {
        Self::new(Origin::Manifest, text)
    }

    pub(super) fn text_in_code(text: String) -> Arc<Self> {
        Self::new(Origin::Text, text)
    }

    pub(super) fn code() -> Arc<Self> {
        Self::new(Origin::Code, String::new())
    }

    fn new(origin: Origin, text: String) -> Arc<Self> {
        Arc::new(Self { origin, text, secrets: OnceLock::new() })
    }

    /// Where it comes from.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Says what of it must never be shown. The first time counts.
    pub(super) fn hide(&self, mut secrets: Vec<Range<usize>>) {
        secrets.sort_unstable_by_key(|range| range.start);
        drop(self.secrets.set(secrets));
    }

    /// As long as nobody has said what is secret in it, all of it is.
    pub(super) fn secrets(&self) -> Option<&[Range<usize>]> {
        self.secrets.get().map(Vec::as_slice)
    }
}

/// By what they are, not by what they were used for.
impl PartialEq for Source {
    fn eq(&self, other: &Self) -> bool {
        self.origin == other.origin && self.text == other.text
    }
}

impl Eq for Source {}

/// Without the text, which may hold secrets.
impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Source").field(&self.origin).finish()
    }
}

/// A place in a file or a variable: `supervisor.yaml:9:5`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    source: Arc<Source>,
    line: usize,
    column: usize,
    span: Range<usize>,
    /// The same, where it goes on beyond its first line.
    all: Range<usize>,
}

impl Location {
    /// Whether it is that of a value, or inside of one, that must not be shown.
    pub(super) fn is_hidden(&self) -> bool {
        let all = &self.all;
        let covers = |secret: &Range<usize>| secret.start <= all.start && all.end <= secret.end;
        !all.is_empty() && self.source.secrets().is_some_and(|secrets| secrets.iter().any(covers))
    }

    pub(super) fn new(source: &Arc<Source>, span: Range<usize>) -> Self {
        let text = source.text();
        let mut start = span.start.min(text.len());
        while !text.is_char_boundary(start) {
            start -= 1;
        }
        let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let line_end = text[start..].find(['\n', '\r']).map_or(text.len(), |at| start + at);
        let mut end = span.end.clamp(start, line_end);
        while !text.is_char_boundary(end) {
            end += 1;
        }
        // What stands behind the first line of a section is not of interest.
        let end = start + text[start..end].trim_end().len();
        Self {
            source: Arc::clone(source),
            line: text[..start].matches('\n').count() + 1,
            column: text[line_start..start].chars().count() + 1,
            span: start..end,
            all: start..span.end.clamp(end, text.len()),
        }
    }

    /// About the file as a whole.
    pub(super) fn whole(source: &Arc<Source>) -> Self {
        Self { source: Arc::clone(source), line: 0, column: 0, span: 0..0, all: 0..0 }
    }

    /// The file or variable.
    pub fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// The line, from 1; 0 when it is about the whole file.
    pub fn line(&self) -> usize {
        self.line
    }

    /// The column in characters, from 1; 0 when it is about the whole file.
    pub fn column(&self) -> usize {
        self.column
    }

    /// The bytes of the text, never more than one line of it.
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// The bytes of all lines.
    pub(super) fn all(&self) -> Range<usize> {
        self.all.clone()
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.source.origin)?;
        match self.source.origin {
            Origin::File(_) | Origin::Manifest | Origin::Text if self.line > 0 => {
                write!(f, ":{}:{}", self.line, self.column)
            }
            _ => Ok(()),
        }
    }
}
