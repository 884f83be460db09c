//! Why a supervisor gave up, through all levels.

use std::fmt;
use std::sync::Arc;

use crate::id::ChildPath;
use crate::policy::decision::Rule;
use crate::policy::intensity::Limit;
use crate::task::exit::Exit;

/// Why a supervisor gave up: over which child, after which failure, because of which budget; and
/// where that child was a supervisor that had given up itself, the same of it, down to the run
/// that began it all.
///
/// It is the error in the exit of the supervisor, unless its
/// [`Meltdown`](crate::policy::restart::Meltdown) is a shutdown; the event and the report have it
/// in any case.
#[derive(Clone, Debug)]
pub struct MeltdownError {
    links: Arc<[MeltdownLink]>,
}

/// One level of it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct MeltdownLink {
    /// The supervisor that gave up.
    pub supervisor: ChildPath,
    /// The child it gave up over.
    pub child: ChildPath,
    /// How that had ended.
    pub exit: Exit,
    /// Why that was once too often.
    pub rule: Rule,
    /// The budget that was spent: the supervisor's intensity or the child's own limit. `None`
    /// where the failure itself was enough.
    pub budget: Option<Limit>,
}

impl MeltdownError {
    /// `inner` is why the child gave up, if it did.
    pub(crate) fn new(link: MeltdownLink, inner: Option<&Self>) -> Self {
        let below = inner.map(|inner| inner.links.iter().cloned()).into_iter().flatten();
        Self { links: std::iter::once(link).chain(below).collect() }
    }

    /// Every level, the outermost first. At least one.
    pub fn links(&self) -> &[MeltdownLink] {
        &self.links
    }

    /// The innermost level: its child and the exit of that are what began it.
    pub fn origin(&self) -> &MeltdownLink {
        &self.links[self.links.len() - 1]
    }

    /// What follows "gave up over the child".
    pub(crate) fn why(&self) -> impl fmt::Display {
        Why(self)
    }
}

impl std::error::Error for MeltdownError {}

impl fmt::Display for MeltdownError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let MeltdownLink { supervisor, child, .. } = &self.links[0];
        write!(f, "`{supervisor}` gave up over `{child}`: {}", self.why())
    }
}

struct Why<'a>(&'a MeltdownError);

impl fmt::Display for Why<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, link) in self.0.links.iter().enumerate() {
            let MeltdownLink { supervisor, child, rule, budget, .. } = link;
            if n > 0 {
                write!(f, "; `{supervisor}` had given up over `{child}`: ")?;
            }
            write!(f, "{rule}")?;
            if let Some(budget) = budget {
                write!(f, " ({budget})")?;
            }
        }
        write!(f, "; its last exit: {}", self.0.origin().exit)
    }
}
