//! What a panic said and where it happened.

use std::any::Any;
use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::sync::{Arc, Once};

/// What a panic said, and where it happened. Cheap to clone.
#[derive(Clone, PartialEq, Eq)]
pub struct PanicMessage(Arc<Said>);

/// In one piece, so that every [`Exit`](super::exit::Exit), of which panics are the exception, has
/// a single pointer to it.
#[derive(PartialEq, Eq)]
struct Said {
    text: Cow<'static, str>,
    location: Option<Box<str>>,
}

impl PanicMessage {
    /// Takes the message out of what `catch_unwind` caught, and drops the rest, which may panic
    /// once more.
    pub(crate) fn of(payload: Box<dyn Any + Send>) -> Self {
        // A thread that is ending has none any more.
        let location = LATEST.try_with(RefCell::take).ok().flatten();
        let text: Cow<'static, str> = if let Some(text) = payload.downcast_ref::<&'static str>() {
            (*text).into()
        } else if let Some(text) = payload.downcast_ref::<String>() {
            text.clone().into()
        } else {
            NO_MESSAGE.into()
        };
        if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
            // Whoever throws from the destructor of what it threw gets no third chance.
            std::mem::forget(second);
        }
        // A payload that is thrown again calls no hook: what the latest was about is another panic.
        let location = location.filter(|latest| *latest.text == *text).map(|latest| latest.place);
        Self(Arc::new(Said { text, location }))
    }

    /// The message.
    pub fn as_str(&self) -> &str {
        &self.0.text
    }

    /// Where it happened, as `file:line:column`. Not known of one that was thrown again with
    /// `resume_unwind`, and where the program has replaced the panic hook since the first tree was
    /// started.
    pub fn location(&self) -> Option<&str> {
        self.0.location.as_deref()
    }
}

impl fmt::Debug for PanicMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for PanicMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The latest panic of this thread, as the hook has seen it.
struct Latest {
    text: Box<str>,
    place: Box<str>,
}

thread_local! {
    static LATEST: RefCell<Option<Latest>> = const { RefCell::new(None) };
}

/// Puts a panic hook before the one that is there, once in the life of the program: it keeps where
/// a panic happened, which nobody else says, and then does what was done before.
pub(crate) fn install_hook() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            keep(info);
            before(info);
        }));
    });
}

fn keep(info: &PanicHookInfo<'_>) {
    let Some(place) = info.location().filter(|_| !cfg!(plant_bug = "place_forgotten")) else {
        return;
    };
    let text = info.payload_as_str().unwrap_or(NO_MESSAGE).into();
    let latest = Latest { text, place: place.to_string().into() };
    drop(LATEST.try_with(|cell| cell.replace(Some(latest))));
}

const NO_MESSAGE: &str = "(a panic without a message)";

/// Runs the user's code and turns a panic into a value.
pub(crate) fn contain<T>(code: impl FnOnce() -> T) -> Result<T, PanicMessage> {
    // What the code leaves half done belongs to the run, which is over after a panic.
    catch_unwind(AssertUnwindSafe(code)).map_err(PanicMessage::of)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_known_by_its_message_and_its_place() {
        install_hook();
        install_hook();
        let (panic, line) = (contain(|| -> () { panic!("no {}", "ink") }).unwrap_err(), line!());
        assert_eq!(panic.as_str(), "no ink");
        let place = panic.location().expect("the hook has seen it");
        assert!(place.contains("panic.rs:") && place.contains(&format!(":{line}:")), "{place}");
    }

    #[test]
    fn a_panic_that_is_thrown_again_does_not_take_the_place_of_another() {
        install_hook();
        drop(catch_unwind(|| panic!("an earlier one")));
        let again = contain(|| -> () { std::panic::resume_unwind(Box::new("later")) });
        assert_eq!(again.unwrap_err().location(), None);
    }
}
