//! What can be said about the socket of a tree: the section `ipc`.
//!
//! It is read by every program, and so is written the same for all; only one that is built with the
//! feature `ipc`, on Unix, can have the socket.

#![expect(unused_qualifications, reason = "in what `confique::Config` generates")]

use std::path::PathBuf;

use confique::Config;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::configurable::{nothing_said, or_null, says_nothing};
use super::duration::HumanDuration;
use super::error::{ConfigDiagnostic, ConfigError, ConfigFault, KeyPath};
use super::load::LoadedConfig;

/// The socket over which users of the same host see and steer the tree.
#[derive(Clone, Debug, Default, PartialEq, Config, JsonSchema, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub struct IpcSection {
    /// Whether there is a socket. The program has to be built with the feature `ipc`, on Unix.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = false))]
    pub enabled: Option<bool>,
    /// What the target is called: always the same for the same target, and no other's on the host.
    /// 1 to 64 letters, digits, `_`, `-` and `.`. Has to be said when there is a socket.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend(
        "examples" = ["payments-worker-a"],
        "pattern" = "^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,63}$"
    ))]
    pub target_id: Option<String>,
    /// Where the socket lies; absolute, in a folder that is ours and in which nobody else can write.
    /// By default `TARGET_ID.sock` in `$RUST_SUPERVISOR_RUN_DIR`, else in
    /// `$XDG_RUNTIME_DIR/rust-supervisor`, else in `rust-supervisor-UID` in the temporary folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend(
        "examples" = ["/run/rust-supervisor/payments-worker-a.sock"],
        "pattern" = "^/+[^/]",
        "maxLength" = 107
    ))]
    pub path: Option<PathBuf>,
    /// The permissions of the socket, in octal and in quotes: its user has to be let in, its group
    /// can be (`"0660"`), nobody else.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "0600", "pattern" = "^0*6[0246]0$"))]
    pub permissions: Option<String>,
    /// What becomes of something that is in its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = IpcBindMode::CreateNew))]
    pub bind_mode: Option<IpcBindMode>,
    /// How the target makes itself known to the relay of the host.
    #[config(nested)]
    #[serde(deserialize_with = "nothing_said", skip_serializing_if = "says_nothing")]
    #[schemars(transform = or_null)]
    pub registration: IpcRegistrationSection,
    /// Which users of the system may connect, and what each may do.
    #[config(nested)]
    #[serde(deserialize_with = "nothing_said", skip_serializing_if = "says_nothing")]
    #[schemars(transform = or_null)]
    pub roles: IpcRolesSection,
    /// How much is taken from clients.
    #[config(nested)]
    #[serde(deserialize_with = "nothing_said", skip_serializing_if = "says_nothing")]
    #[schemars(transform = or_null)]
    pub limits: IpcLimitsSection,
}

/// What becomes of something that is in the place of the socket already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IpcBindMode {
    /// Nothing may be there.
    CreateNew,
    /// A socket of the same user is replaced if nobody listens at it; nothing else is.
    ReplaceStale,
}

/// How a target makes itself known to the relay of its host.
#[derive(Clone, Debug, Default, PartialEq, Config, JsonSchema, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub struct IpcRegistrationSection {
    /// Whether it does. A relay that is not there is looked for, and disturbs nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = false))]
    pub enabled: Option<bool>,
    /// The socket of the relay; absolute. By default `relay.sock` where `path` lies by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend(
        "examples" = ["/run/rust-supervisor/dashboard-relay-registration.sock"],
        "pattern" = "^/"
    ))]
    pub relay_registration_path: Option<PathBuf>,
    /// What people call the target. By default its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend(
        "examples" = ["payments worker a"],
        "pattern" = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
    ))]
    pub display_name: Option<String>,
    /// For how many seconds a registration holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = IpcSection::MAX_SECONDS), extend("default" = 30))]
    pub lease_seconds: Option<u32>,
    /// After how many seconds it is renewed. Below `lease_seconds`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = IpcSection::MAX_SECONDS), extend("default" = 15))]
    pub registration_heartbeat_interval_seconds: Option<u32>,
}

/// Which users of the system may connect, by their numbers. Once one of the lists is said, only
/// those in the lists may.
#[derive(Clone, Debug, Default, PartialEq, Config, JsonSchema, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub struct IpcRolesSection {
    /// Those who may look.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [[1001]], "uniqueItems" = true))]
    pub viewer: Option<Vec<u32>>,
    /// Those who may also restart, pause, resume and quarantine children.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [[1002]], "uniqueItems" = true))]
    pub operator: Option<Vec<u32>>,
    /// Those who may also remove and add children, and end the tree. Where no list is said, that is
    /// the user of the program itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [[1000]], "uniqueItems" = true))]
    pub admin: Option<Vec<u32>>,
}

/// How much is taken from clients. What counts by user counts all connections of one user of the
/// system together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Config, JsonSchema, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub struct IpcLimitsSection {
    /// The longest line, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1024, max = 16_777_216), extend("default" = 65_536))]
    pub line_bytes: Option<u32>,
    /// How deep objects and lists may stand in each other.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 4, max = 100), extend("default" = 32))]
    pub nesting: Option<u32>,
    /// How many connections there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = IpcSection::MAX_COUNT), extend("default" = 64))]
    pub connections: Option<u32>,
    /// How many of them one user has.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = IpcSection::MAX_COUNT), extend("default" = 32))]
    pub connections_per_user: Option<u32>,
    /// How many subscriptions one user has.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = IpcSection::MAX_COUNT), extend("default" = 32))]
    pub subscriptions_per_user: Option<u32>,
    /// How many requests one user sends a second, a second's worth of them at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = IpcSection::MAX_COUNT), extend("default" = 500))]
    pub requests_per_second: Option<u32>,
    /// How many commands are being carried out at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = IpcSection::MAX_COUNT), extend("default" = 32))]
    pub commands_at_once: Option<u32>,
    /// How many ids of commands are remembered, so that one that comes twice is carried out once.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = IpcSection::MAX_COUNT), extend("default" = 1024))]
    pub command_ids: Option<u32>,
    /// For how long they are. Longer than zero.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "1h", "pattern" = "[1-9]"))]
    pub command_ids_for: Option<HumanDuration>,
    /// How long a connection lasts that asks for nothing and has subscribed to nothing. Longer than
    /// zero.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "5m", "pattern" = "[1-9]"))]
    pub idle_timeout: Option<HumanDuration>,
    /// How long a line may take from its first byte to its end. Longer than zero.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "10s", "pattern" = "[1-9]"))]
    pub line_timeout: Option<HumanDuration>,
    /// How long a client may leave what it is sent unread. Longer than zero.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "10s", "pattern" = "[1-9]"))]
    pub write_timeout: Option<HumanDuration>,
    /// How many of the latest events and lines of the log stand in a state.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = IpcSection::MAX_COUNT), extend("default" = 100))]
    pub recent: Option<u32>,
    /// How many lines of the log are kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = IpcSection::MAX_COUNT), extend("default" = 1024))]
    pub log_capacity: Option<u32>,
}

impl IpcSection {
    /// The most that anything can be of which there is a number.
    pub const MAX_COUNT: u32 = 1 << 20;

    /// The longest lease: a day.
    pub const MAX_SECONDS: u32 = 86_400;

    fn counts(&self) -> [(&'static str, Option<u32>, u32, u32); 12] {
        let IpcRegistrationSection {
            lease_seconds, registration_heartbeat_interval_seconds, ..
        } = self.registration;
        let limits = self.limits;
        let (count, seconds) = (Self::MAX_COUNT, Self::MAX_SECONDS);
        let interval = "registration.registration_heartbeat_interval_seconds";
        [
            ("registration.lease_seconds", lease_seconds, 1, seconds),
            (interval, registration_heartbeat_interval_seconds, 1, seconds),
            ("limits.line_bytes", limits.line_bytes, 1_024, 1 << 24),
            ("limits.nesting", limits.nesting, 4, 100),
            ("limits.connections", limits.connections, 1, count),
            ("limits.connections_per_user", limits.connections_per_user, 1, count),
            ("limits.subscriptions_per_user", limits.subscriptions_per_user, 0, count),
            ("limits.requests_per_second", limits.requests_per_second, 1, count),
            ("limits.commands_at_once", limits.commands_at_once, 1, count),
            ("limits.command_ids", limits.command_ids, 1, count),
            ("limits.recent", limits.recent, 0, count),
            ("limits.log_capacity", limits.log_capacity, 0, count),
        ]
    }

    /// What is wrong with it in every program.
    fn faults(&self) -> Vec<(&'static str, ConfigFault)> {
        let bad = |message: &str| ConfigFault::BadValue { message: message.to_owned() };
        let mut faults = Vec::new();
        for (key, found, least, most) in self.counts() {
            let Some(found) = found.filter(|found| !(least..=most).contains(found)) else {
                continue;
            };
            let (found, least, most) = (found.into(), least.into(), most.into());
            faults.push((key, ConfigFault::OutOfBounds { found, least, most }));
        }
        let IpcLimitsSection { command_ids_for, idle_timeout, line_timeout, write_timeout, .. } =
            self.limits;
        for (key, said) in [
            ("limits.command_ids_for", command_ids_for),
            ("limits.idle_timeout", idle_timeout),
            ("limits.line_timeout", line_timeout),
            ("limits.write_timeout", write_timeout),
        ] {
            if said.is_some_and(|HumanDuration(said)| said.is_zero()) {
                faults.push((key, bad("it has to be longer than zero")));
            }
        }
        if self.permissions.as_deref().is_some_and(|text| permissions(text).is_none()) {
            let why = "permissions are written in octal and in quotes, such as `\"0600\"`";
            faults.push(("permissions", bad(why)));
        }
        let IpcRolesSection { viewer, operator, admin } = &self.roles;
        let lists = [viewer, operator, admin].map(|list| list.iter().flatten());
        let mut users: Vec<_> = lists.into_iter().flatten().collect();
        users.sort_unstable();
        if let Some([twice, _]) = users.array_windows().find(|[a, b]| a == b) {
            let message = format!("user {twice} is there twice: each has one role");
            faults.push(("roles", ConfigFault::BadValue { message }));
        }
        if self.enabled == Some(true) && !cfg!(all(feature = "ipc", unix)) {
            faults.push((
                "enabled",
                if cfg!(unix) {
                    ConfigFault::MissingFeature { feature: "ipc" }
                } else {
                    bad("there are sockets on Unix only")
                },
            ));
        }
        faults
    }
}

fn permissions(text: &str) -> Option<u32> {
    let is_octal = text.len() >= 3 && text.chars().all(|digit| digit.is_digit(8));
    if is_octal { u32::from_str_radix(text, 8).ok() } else { None }
}

impl LoadedConfig {
    /// Sees that what is said about the socket can be, in every program.
    #[cfg(any(test, not(all(feature = "ipc", unix))))]
    pub(crate) fn check_ipc(&self) -> Result<(), ConfigError> {
        self.ipc_faults(self.config().ipc.faults())
    }

    fn ipc_faults(&self, faults: Vec<(&'static str, ConfigFault)>) -> Result<(), ConfigError> {
        if faults.is_empty() {
            return Ok(());
        }
        let diagnostic = |(key, fault): (&'static str, ConfigFault)| {
            let segments: Vec<_> = std::iter::once("ipc").chain(key.split('.')).collect();
            let mut diagnostic = ConfigDiagnostic::new(None, KeyPath::of(&segments), fault);
            self.locate_value(&mut diagnostic);
            diagnostic
        };
        Err(ConfigError::new(faults.into_iter().map(diagnostic).collect()))
    }
}

#[cfg(all(feature = "ipc", unix))]
mod options {
    use std::time::Duration;

    use super::{
        ConfigError, ConfigFault, HumanDuration, IpcBindMode, IpcLimitsSection,
        IpcRegistrationSection, IpcRolesSection, IpcSection, LoadedConfig, permissions,
    };
    use crate::dashboard::label::Role;
    use crate::ipc::{BindMode, IpcLimits, IpcOptions, RegistrationOptions, Roles};

    impl LoadedConfig {
        /// Lays what is said about the socket over what the program says about it: nothing if there
        /// is to be none.
        pub(crate) fn ipc_over(
            &self,
            in_code: Option<IpcOptions>,
        ) -> Result<Option<IpcOptions>, ConfigError> {
            let section = &self.config().ipc;
            let mut all = section.faults();
            let is_wanted = section.enabled.unwrap_or(in_code.is_some());
            let options = section.over(in_code.unwrap_or_else(|| IpcOptions::new("")));
            // What is said has to be right although there is no socket; what is not said need not.
            // What cannot be in any program has been said.
            let is_new = |key: &str| all.iter().all(|(known, _)| *known != key);
            let faults =
                options.faults().into_iter().filter(|(key, _)| is_new(key)).filter(|(key, _)| {
                    is_wanted || (*key != "target_id" || section.target_id.is_some())
                });
            let fault = |(key, why): (&'static str, &'static str)| {
                let why = if key == "target_id" && options.target_id().is_empty() {
                    "the target needs an id that is no other's on this host"
                } else {
                    why
                };
                (key, ConfigFault::BadValue { message: why.to_owned() })
            };
            let more: Vec<_> = faults.map(fault).collect();
            all.extend(more);
            let is_registered = section.registration.enabled == Some(true);
            // seen by: cargo test -p supervisor-tests --test config_corpus
            if is_registered && !is_wanted && !cfg!(plant_bug = "registered_without_a_socket") {
                let message = "there is no socket that a relay could be told of: say \
                               `ipc: { enabled: true }` too, or take this out";
                let fault = ConfigFault::BadValue { message: message.to_owned() };
                all.push(("registration.enabled", fault));
            }
            self.ipc_faults(all)?;
            Ok(is_wanted.then_some(options))
        }
    }

    impl IpcSection {
        fn over(&self, mut options: IpcOptions) -> IpcOptions {
            if let Some(target_id) = &self.target_id {
                options = options.target(target_id);
            }
            if let Some(path) = &self.path {
                options = options.path(path);
            }
            if let Some(permissions) = self.permissions.as_deref().and_then(permissions) {
                options = options.permissions(permissions);
            }
            if let Some(mode) = self.bind_mode {
                options = options.bind_mode(match mode {
                    IpcBindMode::CreateNew => BindMode::CreateNew,
                    IpcBindMode::ReplaceStale => BindMode::ReplaceStale,
                });
            }
            if let Some(roles) = self.roles.roles() {
                options = options.roles(roles);
            }
            if let Some(name) = &self.registration.display_name {
                options = options.display_name(name);
            }
            let options = options.limits(|limits| self.limits.over(limits));
            let in_code = options.said_registration().cloned();
            let is_wanted = self.registration.enabled.unwrap_or(in_code.is_some());
            let registration = self.registration.over(in_code.unwrap_or_default());
            options.maybe_registration(is_wanted.then_some(registration))
        }
    }

    impl IpcRegistrationSection {
        fn over(&self, mut options: RegistrationOptions) -> RegistrationOptions {
            let seconds = |said: u32| Duration::from_secs(said.into());
            if let Some(path) = &self.relay_registration_path {
                options.relay_path.clone_from(path);
            }
            if let Some(lease) = self.lease_seconds {
                options.lease = seconds(lease);
            }
            if let Some(heartbeat) = self.registration_heartbeat_interval_seconds {
                options.heartbeat = seconds(heartbeat);
            }
            options
        }
    }

    impl IpcRolesSection {
        fn roles(&self) -> Option<Roles> {
            let Self { viewer, operator, admin } = self;
            let lists = [(viewer, Role::Viewer), (operator, Role::Operator), (admin, Role::Admin)];
            if lists.iter().all(|(list, _)| list.is_none()) {
                return None;
            }
            let users = lists
                .into_iter()
                .flat_map(|(list, role)| list.iter().flatten().map(move |&uid| (uid, role)));
            Some(users.fold(Roles::nobody(), |roles, (uid, role)| roles.and(uid, role)))
        }
    }

    impl IpcLimitsSection {
        fn over(&self, limits: &mut IpcLimits) {
            let number = |said: Option<u32>, limit: &mut usize| {
                if let Some(said) = said {
                    *limit = usize::try_from(said).unwrap_or(usize::MAX);
                }
            };
            number(self.line_bytes, &mut limits.line_bytes);
            number(self.nesting, &mut limits.nesting);
            number(self.connections, &mut limits.connections);
            number(self.connections_per_user, &mut limits.connections_per_user);
            number(self.subscriptions_per_user, &mut limits.subscriptions_per_user);
            number(self.commands_at_once, &mut limits.commands_at_once);
            number(self.command_ids, &mut limits.command_ids);
            number(self.recent, &mut limits.recent);
            number(self.log_capacity, &mut limits.log_capacity);
            if let Some(said) = self.requests_per_second {
                limits.requests_per_second = said;
            }
            let time = |said: Option<HumanDuration>, limit: &mut Duration| {
                if let Some(HumanDuration(said)) = said {
                    *limit = said;
                }
            };
            time(self.command_ids_for, &mut limits.command_ids_for);
            time(self.idle_timeout, &mut limits.idle_timeout);
            time(self.line_timeout, &mut limits.line_timeout);
            time(self.write_timeout, &mut limits.write_timeout);
        }
    }
}
