//! What a child has used up of the budgets that are its own: its limit, and the limits and waits of
//! single classes of failure.

use std::time::Duration;

use crate::policy::Policy;
use crate::policy::intensity::Window;
use crate::policy::on_failure::FailureClass;

#[derive(Debug, Default)]
pub(super) struct Spent {
    limit: Window,
    /// Made only when a class has something of its own.
    classes: Option<Box<[OfClass; FailureClass::ALL.len()]>>,
}

#[derive(Debug, Default)]
struct OfClass {
    limit: Window,
    /// Restarts in a row after such failures.
    streak: u32,
}

impl Spent {
    /// The restarts that count against the child's limit, or against that of a class.
    pub(super) fn window(&mut self, class: Option<FailureClass>) -> &mut Window {
        match class {
            Some(class) if !cfg!(plant_bug = "classes_share_a_window") => &mut self.of(class).limit,
            _ => &mut self.limit,
        }
    }

    /// The same, to be looked at. `None` where nothing has been charged.
    pub(super) fn charged(&self, class: Option<FailureClass>) -> Option<&Window> {
        match class {
            None => Some(&self.limit),
            Some(class) => self.classes.as_ref().map(|classes| &classes[class as usize].limit),
        }
    }

    /// Counts one restart more in the row of a class, and says how many came before.
    pub(super) fn next_in_row(&mut self, class: FailureClass) -> u32 {
        let streak = &mut self.of(class).streak;
        let before = *streak;
        *streak = before.saturating_add(1);
        before
    }

    /// A run was ready for so long that the waits of some classes start anew.
    pub(super) fn end_rows(&mut self, policy: &Policy, ready_for: Duration) {
        let (Some(classes), Some(on_failure)) = (&mut self.classes, &policy.on_failure) else {
            return;
        };
        for (class, policy) in on_failure.iter() {
            let reset_after = policy.backoff.map(|backoff| backoff.reset_after);
            if reset_after.is_some_and(|reset_after| ready_for >= reset_after)
                && !cfg!(plant_bug = "class_row_goes_on")
            {
                classes[class as usize].streak = 0;
            }
        }
    }

    /// Makes every limit whole. The waits go on where they are.
    pub(super) fn make_whole(&mut self) {
        self.limit.clear();
        for class in self.classes.iter_mut().flat_map(|classes| classes.iter_mut()) {
            if !cfg!(plant_bug = "class_limit_stays_spent") {
                class.limit.clear();
            }
        }
    }

    fn of(&mut self, class: FailureClass) -> &mut OfClass {
        &mut self.classes.get_or_insert_default()[class as usize]
    }
}
