//! Who is on the other end, what that user may do, and how much of it there is already.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex};

use tokio::net::UnixStream;
use tokio::time::Instant;

use super::limits::{Bucket, IpcLimits};
use crate::dashboard::label::Role;
use crate::task::cell::lock;

/// The user on the other end of a connection, as the system says it: nothing that the client sends
/// has a part in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Peer {
    pub(super) uid: u32,
    pub(super) pid: Option<i32>,
}

impl Peer {
    /// Asks the system about an accepted connection.
    pub(super) fn of(stream: &UnixStream) -> io::Result<Self> {
        let found = stream.peer_cred()?;
        let uid = if cfg!(plant_bug = "ipc_peer_is_ourselves") {
            rustix::process::geteuid().as_raw()
        } else {
            found.uid()
        };
        Ok(Self { uid, pid: found.pid() })
    }
}

/// Which users may connect, and what each may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roles(BTreeMap<u32, Role>);

impl Roles {
    /// Nobody but this user, who may do everything.
    pub fn admin(uid: u32) -> Self {
        Self(BTreeMap::from([(uid, Role::Admin)]))
    }

    /// Nobody.
    pub fn nobody() -> Self {
        Self(BTreeMap::new())
    }

    /// The same, and this user may do that. Said again it replaces what was said before.
    #[must_use]
    pub fn and(mut self, uid: u32, role: Role) -> Self {
        self.0.insert(uid, role);
        self
    }

    /// What a user may do; `None` for one who may not connect.
    pub fn of(&self, uid: u32) -> Option<Role> {
        self.0.get(&uid).copied()
    }

    /// Whom to let in. A look-up that failed lets nobody in.
    pub(super) fn admit(&self, peer: io::Result<Peer>) -> Result<(Peer, Role), Denied> {
        let peer = match peer {
            Ok(peer) => peer,
            Err(_) if cfg!(plant_bug = "ipc_unknown_peer_is_root") => Peer { uid: 0, pid: None },
            Err(error) => return Err(Denied::Unknown(error)),
        };
        match self.of(peer.uid) {
            Some(role) => Ok((peer, role)),
            None if cfg!(plant_bug = "ipc_anybody_connects") => Ok((peer, Role::Viewer)),
            None => Err(Denied::NotAllowed(peer.uid)),
        }
    }
}

/// Why somebody is not let in.
#[derive(Debug)]
pub(super) enum Denied {
    /// The system does not say who it is.
    Unknown(io::Error),
    /// It is somebody who may not connect.
    NotAllowed(u32),
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(error) => {
                write!(f, "the system does not say who you are, so you may not connect: {error}")
            }
            Self::NotAllowed(uid) => write!(
                f,
                "user {uid} may not connect: only users with a role may, see `ipc.roles` in the \
                 configuration"
            ),
        }
    }
}

/// What every user holds at the moment. Only users with a role are in it.
#[derive(Debug)]
pub(super) struct Users {
    most: IpcLimits,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    connections: usize,
    users: BTreeMap<u32, User>,
}

#[derive(Debug)]
struct User {
    connections: usize,
    subscriptions: usize,
    bucket: Bucket,
}

impl Users {
    pub(super) fn new(most: IpcLimits) -> Arc<Self> {
        Arc::new(Self { most, state: Mutex::default() })
    }

    fn with<T>(&self, uid: u32, change: impl FnOnce(&mut usize, &mut User) -> T) -> T {
        let State { connections, users } = &mut *lock(&self.state);
        let user = users.entry(uid).or_insert_with(|| User {
            connections: 0,
            subscriptions: 0,
            bucket: Bucket::full(self.most.requests_per_second, Instant::now()),
        });
        change(connections, user)
    }

    /// A place for one more connection, or why there is none.
    pub(super) fn connect(self: &Arc<Self>, uid: u32) -> Result<Seat, String> {
        let IpcLimits { connections: most, connections_per_user: most_of_user, .. } = self.most;
        let is_unbounded = cfg!(plant_bug = "ipc_endless_connections");
        self.with(uid, |all, user| {
            if user.connections >= most_of_user && !is_unbounded {
                return Err(format!(
                    "user {uid} has {most_of_user} connections already, which is \
                     `ipc.limits.connections_per_user`: close one"
                ));
            }
            if *all >= most && !is_unbounded {
                return Err(format!(
                    "there are {most} connections already, which is `ipc.limits.connections`: try \
                     again later"
                ));
            }
            if !user.bucket.take(Instant::now()) {
                return Err(self.too_often(uid));
            }
            *all += 1;
            user.connections += 1;
            Ok(Seat { users: Arc::clone(self), uid })
        })
    }

    fn too_often(&self, uid: u32) -> String {
        let most = self.most.requests_per_second;
        format!(
            "user {uid} sends more than {most} requests a second, which is \
             `ipc.limits.requests_per_second`: slow down"
        )
    }
}

/// A connection in the account of its user, until it is dropped.
#[derive(Debug)]
pub(super) struct Seat {
    users: Arc<Users>,
    uid: u32,
}

impl Seat {
    /// Counts one more request, or says why there may be none.
    pub(super) fn request(&self) -> Result<(), String> {
        let takes = self.users.with(self.uid, |_, user| user.bucket.take(Instant::now()));
        if takes { Ok(()) } else { Err(self.users.too_often(self.uid)) }
    }

    /// Counts one more subscription, or says why there may be none.
    pub(super) fn subscribe(&self) -> Result<Subscribed, String> {
        let most = self.users.most.subscriptions_per_user;
        self.users.with(self.uid, |_, user| {
            if user.subscriptions >= most && !cfg!(plant_bug = "ipc_endless_subscriptions") {
                return Err(format!(
                    "user {} has {most} subscriptions already, which is \
                     `ipc.limits.subscriptions_per_user`: close one",
                    self.uid
                ));
            }
            user.subscriptions += 1;
            Ok(Subscribed { users: Arc::clone(&self.users), uid: self.uid })
        })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.users.with(self.uid, |all, user| {
            *all -= 1;
            user.connections -= 1;
        });
    }
}

/// A subscription in the account of its user, until it is dropped.
#[derive(Debug)]
pub(super) struct Subscribed {
    users: Arc<Users>,
    uid: u32,
}

impl Drop for Subscribed {
    fn drop(&mut self) {
        self.users.with(self.uid, |_, user| user.subscriptions -= 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_cannot_be_looked_up_or_has_no_role_is_not_let_in() {
        let roles = Roles::admin(7).and(8, Role::Viewer);
        let peer = |uid| Ok(Peer { uid, pid: None });
        assert_eq!(roles.admit(peer(7)).unwrap().1, Role::Admin);
        assert_eq!(roles.admit(peer(8)).unwrap().1, Role::Viewer);
        assert!(matches!(roles.admit(peer(9)), Err(Denied::NotAllowed(9))));
        assert!(matches!(Roles::nobody().admit(peer(0)), Err(Denied::NotAllowed(0))));
        let broken = || Err(io::Error::other("broken"));
        assert!(matches!(Roles::admin(0).admit(broken()), Err(Denied::Unknown(_))));
    }

    #[tokio::test(start_paused = true)]
    async fn a_user_gets_as_much_as_the_limits_say_and_another_the_rest() {
        let most = IpcLimits {
            connections: 3,
            connections_per_user: 2,
            subscriptions_per_user: 1,
            ..IpcLimits::default()
        };
        let users = Users::new(most);
        let (first, second) = (users.connect(1).unwrap(), users.connect(1).unwrap());
        assert!(users.connect(1).unwrap_err().contains("connections_per_user"));
        let other = users.connect(2).unwrap();
        assert!(users.connect(3).unwrap_err().contains("`ipc.limits.connections`"));
        drop(first);
        let third = users.connect(3).unwrap();

        let subscribed = second.subscribe().unwrap();
        assert!(second.subscribe().unwrap_err().contains("subscriptions_per_user"));
        assert!(other.subscribe().is_ok());
        drop(subscribed);
        assert!(second.subscribe().is_ok());
        drop((second, third));
        assert!(users.connect(1).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn the_requests_of_a_user_count_together_and_apart_from_those_of_another() {
        let users = Users::new(IpcLimits { requests_per_second: 4, ..IpcLimits::default() });
        let (first, second) = (users.connect(1).unwrap(), users.connect(1).unwrap());
        let other = users.connect(2).unwrap();
        assert!(first.request().is_ok() && second.request().is_ok());
        assert!(first.request().unwrap_err().contains("requests_per_second"));
        assert!(second.request().is_err());
        assert!(users.connect(1).unwrap_err().contains("requests_per_second"));
        assert!(other.request().is_ok());
    }
}
