//! What children share: values out of the state of the application.

/// A parameter of a child: a clone of something in the application state, made for each run.
///
/// ```
/// use std::sync::Arc;
/// use rust_supervisor::prelude::*;
///
/// #[derive(SharedState)]
/// struct AppState {
///     greeting: Arc<str>,
/// }
///
/// #[child(restart(temporary))]
/// async fn greeter(_: TaskContext, State(greeting): State<Arc<str>>) {
///     println!("{greeting}");
/// }
///
/// #[supervisor(state = AppState)]
/// struct App {
///     greeter: greeter,
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), SupervisorError> {
/// let app = App::start(AppState { greeting: "hello".into() }).await?;
/// # app.shutdown(("doc", "end of the example")).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct State<T>(pub T);

/// An application state that has a `T` for its children. `#[derive(SharedState)]` implements it
/// for the type of each field; every value that is Clone has itself.
///
/// It is asked for each run, on the supervisor's own task, so it must be quick.
#[diagnostic::on_unimplemented(
    message = "the application state `{Self}` has no `{T}`, which a child of this tree needs",
    label = "`{Self}` does not provide `{T}`",
    note = "start the tree with a struct that derives `SharedState` and has a field of type `{T}`: a new \
            one, or `{Self}` with one field more; or implement \
            `rust_supervisor::tree::state::Provide<{T}>` yourself"
)]
pub trait Provide<T> {
    /// Which value of the state it is: `#[derive(SharedState)]` says the name of the field. With it
    /// the compiler sees that two children [borrow](super::lease::Lease) the same. Empty, as it is
    /// when nothing is said: it is found out when the second one starts.
    const PLACE: &'static str = "";

    /// Hands out the value, as a rule a clone.
    fn provide(&self) -> T;
}

impl<T: Clone> Provide<T> for T {
    const PLACE: &'static str = "self";

    fn provide(&self) -> T {
        self.clone()
    }
}
