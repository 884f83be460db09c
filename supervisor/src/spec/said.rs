//! What was said about one child, at the cost of a pointer.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use crate::policy::PolicyPatch;

/// A [`PolicyPatch`] that is shared by siblings about whom the same was said, and not even made
/// where nothing was. A patch is large: a hundred thousand children alike are not to have as many
/// of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Said(Option<Arc<PolicyPatch>>);

static NOTHING: PolicyPatch = PolicyPatch::NONE;

impl Said {
    /// Takes over what was said about a sibling, if it is the same.
    pub(crate) fn share(&mut self, sibling: &Self) {
        if let (Some(own), Some(its)) = (&self.0, &sibling.0)
            && own == its
        {
            self.0 = Some(Arc::clone(its));
        }
    }

    /// Whether both are one. Where this is false they may say the same all the same.
    pub(crate) fn is_shared_with(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (None, None) => true,
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            (None, Some(_)) | (Some(_), None) => false,
        }
    }
}

impl Deref for Said {
    type Target = PolicyPatch;

    fn deref(&self) -> &PolicyPatch {
        self.0.as_deref().unwrap_or(&NOTHING)
    }
}

impl DerefMut for Said {
    fn deref_mut(&mut self) -> &mut PolicyPatch {
        Arc::make_mut(self.0.get_or_insert_default())
    }
}

impl From<PolicyPatch> for Said {
    fn from(patch: PolicyPatch) -> Self {
        Self(patch.says_something().then(|| Arc::new(patch)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn siblings_about_whom_the_same_was_said_share_it_until_one_is_told_more() {
        let said = |significant| Said::from(PolicyPatch { significant, ..PolicyPatch::NONE });
        let (first, mut second) = (said(Some(true)), said(Some(true)));
        assert!(!first.is_shared_with(&second));
        second.share(&first);
        assert!(first.is_shared_with(&second));
        second.enabled = Some(false);
        assert!(!first.is_shared_with(&second));
        assert_eq!((first.enabled, second.significant), (None, Some(true)));
        second.share(&first);
        assert_eq!(second.enabled, Some(false));
        assert!(said(None).is_shared_with(&Said::default()));
    }
}
