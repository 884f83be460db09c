//! What is done to a tree, and how often.

/// The kinds of faults, and their names.
macro_rules! faults {
    ($($(#[$doc:meta])* $fault:ident $name:literal,)*) => {
        /// Something that goes wrong, or that somebody does to the tree. Counted when it is done,
        /// not when it is drawn.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum Fault {
            $($(#[$doc])* $fault,)*
        }

        impl Fault {
            pub(crate) const ALL: &[Self] = &[$(Self::$fault),*];

            pub(crate) fn name(self) -> &'static str {
                match self {
                    $(Self::$fault => $name,)*
                }
            }
        }
    };
}

faults! {
    /// A run returns an error.
    Error "error",
    /// One of a class that is not to be tried again.
    FatalError "fatal error",
    /// One whose own code panics, when it is printed and when it is dropped.
    NastyError "error that panics",
    /// A run panics.
    Panic "panic",
    /// A destructor of the run's own panics.
    PanicInDrop "panic in drop",
    /// The function that makes the run's future panics.
    PanicInFactory "panic in the factory",
    /// A task that a run has spawned panics.
    PanicInHelper "panic in a helper",
    /// A run does nothing any more, in its start phase.
    Hang "hang",
    /// A run goes on although it is asked to stop, until it is aborted.
    IgnoresStop "ignores cancellation",
    /// A run takes its time to stop, less or more than its grace.
    SlowStop "slow stop",
    /// A run fails when it is asked to stop.
    FailsOnStop "failure while stopping",
    /// A run is done before anybody asked.
    EarlySuccess "early success",
    /// A run is done, and says that it has been asked to.
    EarlyShutdown "early shutdown",
    /// A run fails before it is ready.
    StartFailure "start failure",
    /// A run has nothing to do here.
    StartIgnore "start ignore",
    /// A run sends no heartbeats any more.
    MissedHeartbeat "missed heartbeat",
    /// What a run waits for is aborted by somebody else.
    ExternalAbort "external abort",
    /// A task that a run has spawned does not end with it.
    LastingHelper "helper that stays",
    /// A thread does not end when it is asked to.
    DeafThread "deaf thread",
    /// Many commands at once.
    CommandStorm "command storm",
    /// A child gives orders to the tree that it is part of.
    OrderFromInside "order from a child",
    /// A future of the API is polled a few times, and dropped.
    CancelledFuture "cancelled future",
    /// A handle is dropped while others are left.
    DroppedHandle "dropped handle",
    /// The last one is.
    LastHandle "last handle dropped",
    /// Somebody reads the events too slowly.
    SlowSubscriber "slow subscriber",
    /// Somebody who read them does not any more.
    DroppedSubscriber "dropped subscriber",
    /// A time in a policy that is as long, or as short, as can be said.
    ExtremeTime "extreme time",
    /// The clock jumps, by anything up to centuries.
    ClockJump "clock jump",
    /// Another configuration.
    Reload "config reload",
    /// One with a mistake.
    BadReload "bad config",
    /// A shutdown, at any moment.
    Shutdown "shutdown",
    /// One by force.
    ForcedShutdown "forced shutdown",
    /// The runtime is dropped, with all that lives on it.
    RuntimeDropped "runtime dropped",
}
