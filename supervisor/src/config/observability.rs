//! The section `observability`: what is kept for those who look at the tree, and what is written
//! down.

#![expect(unused_qualifications, reason = "in what `confique::Config` generates")]

use std::path::PathBuf;

use confique::Config;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::configurable::{nothing_said, or_null, says_nothing};
use super::duration::HumanDuration;
use super::error::{ConfigFault, KeyPath};
use crate::observe::{DISK_TIMEOUT, RECORD_MAX_BYTES};
use crate::runtime::supervisor::SupervisorBuilder;

/// What is kept for those who look at the tree, and what is written down.
#[derive(Clone, Debug, Default, PartialEq, Config, JsonSchema, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub struct ObservabilitySection {
    /// How many events a subscriber may lag behind before it misses the oldest.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(
        range(min = 1, max = Self::MAX_EVENT_CAPACITY),
        extend("default" = SupervisorBuilder::EVENT_CAPACITY)
    )]
    pub event_capacity: Option<u32>,
    /// How many of the latest events are kept for those who come late. With 0 none is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(
        range(max = Self::MAX_EVENT_CAPACITY),
        extend("default" = SupervisorBuilder::JOURNAL_CAPACITY)
    )]
    pub journal_capacity: Option<u32>,
    /// How many exits are kept with each child, for its state.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(
        range(min = 1, max = Self::MAX_LAST_EXITS),
        extend("default" = SupervisorBuilder::LAST_EXITS)
    )]
    pub last_exits: Option<u32>,
    /// How many removed paths keep their generation, so that a child added again goes on counting.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = SupervisorBuilder::REMEMBERED_PATHS))]
    pub remembered_paths: Option<u32>,
    /// Whether the tree tells its metrics. Needs the feature `metrics`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = true))]
    pub metrics: Option<bool>,
    /// A file in which every command stands before it has any effect. Needs the feature `audit`.
    #[config(nested)]
    #[serde(deserialize_with = "nothing_said", skip_serializing_if = "says_nothing")]
    #[schemars(transform = or_null)]
    pub audit: AuditSection,
    /// All that happens to the tree, in a new file for each start, to be replayed. Needs the
    /// feature `record`.
    #[config(nested)]
    #[serde(deserialize_with = "nothing_said", skip_serializing_if = "says_nothing")]
    #[schemars(transform = or_null)]
    pub record: RecordSection,
}

impl ObservabilitySection {
    /// The most that `event_capacity` and `journal_capacity` can be. The room for what a
    /// subscriber may lag behind is taken at once.
    pub const MAX_EVENT_CAPACITY: u32 = 1 << 20;

    /// The most that `last_exits` can be.
    pub const MAX_LAST_EXITS: u32 = 1024;
}

/// Who asked the tree for what, why, and what came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Config, JsonSchema, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub struct AuditSection {
    /// The file, which is only ever added to. Its folder has to be there; a relative path starts
    /// from the directory that the program was started in. Without one there is no audit, unless
    /// the code says one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["audit.jsonl"]))]
    pub path: Option<PathBuf>,
    /// What follows when an entry cannot be written. The end of the tree is never refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = AuditFailure::Refuse))]
    pub on_failure: Option<AuditFailure>,
    /// How long the disk may take before that is such a failure: at least 1 ms.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = HumanDuration(DISK_TIMEOUT)))]
    pub write_timeout: Option<HumanDuration>,
}

/// What follows when an entry of the audit cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AuditFailure {
    /// The command is refused, and has no effect.
    Refuse,
    /// The command goes on, and what is missing is counted.
    GoOn,
}

/// Recordings of everything that happens to the tree.
#[derive(Clone, Debug, Default, PartialEq, Eq, Config, JsonSchema, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub struct RecordSection {
    /// The folder of the files, which has to be there; a relative path starts from the directory
    /// that the program was started in. None of the files is ever removed. Without a folder nothing
    /// is recorded, unless the code says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["recordings"]))]
    pub folder: Option<PathBuf>,
    /// How many bytes a file may have. There the recording ends, and the tree goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = RECORD_MAX_BYTES))]
    pub max_bytes: Option<u64>,
}

impl ObservabilitySection {
    /// What is out of bounds, and what this build has no part for.
    pub(super) fn faults(&self) -> Vec<(KeyPath, ConfigFault)> {
        let Self { event_capacity, journal_capacity, last_exits, metrics, audit, record, .. } =
            self;
        let most_events = Self::MAX_EVENT_CAPACITY;
        let bounds = [
            ("event_capacity", event_capacity, 1, most_events),
            ("journal_capacity", journal_capacity, 0, most_events),
            ("last_exits", last_exits, 1, Self::MAX_LAST_EXITS),
        ];
        let mut faults = Vec::new();
        for (name, found, least, most) in bounds {
            if let Some(found) = found.filter(|found| !(least..=most).contains(found)) {
                let (found, least, most) = (found.into(), least.into(), most.into());
                let fault = ConfigFault::OutOfBounds { found, least, most };
                faults.push((KeyPath::of(&["observability", name]), fault));
            }
        }
        if audit.write_timeout.is_some_and(|time| time.0.as_millis() == 0) {
            let message = "at least 1ms, or no entry is ever in time".to_owned();
            let key = KeyPath::of(&["observability", "audit", "write_timeout"]);
            faults.push((key, ConfigFault::BadValue { message }));
        }
        for (name, is_said, is_there) in [
            ("metrics", metrics.is_some(), cfg!(feature = "metrics")),
            ("audit", !says_nothing(audit), cfg!(feature = "audit")),
            ("record", !says_nothing(record), cfg!(feature = "record")),
        ] {
            if is_said && !is_there {
                let fault = ConfigFault::MissingFeature { feature: name };
                faults.push((KeyPath::of(&["observability", name]), fault));
            }
        }
        faults
    }
}

#[cfg(feature = "audit")]
impl AuditSection {
    /// Laid over what the code says; or the key that is missing.
    pub(crate) fn over(
        &self,
        in_code: Option<crate::audit::AuditLog>,
    ) -> Result<Option<crate::audit::AuditLog>, KeyPath> {
        use crate::audit::{AuditLog, OnAuditFailure};

        let Self { path, on_failure, write_timeout } = self;
        let log = match (path, in_code) {
            (Some(path), None) => AuditLog::new(path),
            (Some(path), Some(log)) => AuditLog { file: path.clone(), ..log },
            (None, Some(log)) => log,
            (None, None) if says_nothing(self) => return Ok(None),
            (None, None) => return Err(KeyPath::of(&["observability", "audit", "path"])),
        };
        let log = match on_failure {
            Some(AuditFailure::Refuse) => log.on_failure(OnAuditFailure::Refuse),
            Some(AuditFailure::GoOn) => log.on_failure(OnAuditFailure::GoOn),
            None => log,
        };
        Ok(Some(match write_timeout {
            Some(HumanDuration(time)) => log.write_timeout(*time),
            None => log,
        }))
    }
}

#[cfg(feature = "record")]
impl RecordSection {
    /// Laid over what the code says; or the key that is missing.
    pub(crate) fn over(
        &self,
        in_code: Option<crate::record::RecordLog>,
    ) -> Result<Option<crate::record::RecordLog>, KeyPath> {
        use crate::record::RecordLog;

        let Self { folder, max_bytes } = self;
        let log = match (folder, in_code) {
            (Some(folder), None) => RecordLog::in_folder(folder),
            (Some(folder), Some(log)) => log.moved_to(folder),
            (None, Some(log)) => log,
            (None, None) if max_bytes.is_none() => return Ok(None),
            (None, None) => return Err(KeyPath::of(&["observability", "record", "folder"])),
        };
        Ok(Some(match max_bytes {
            Some(bytes) => log.max_bytes(*bytes),
            None => log,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_that_this_build_has_no_part_for_names_the_feature() {
        let section = ObservabilitySection {
            metrics: Some(true),
            audit: AuditSection { path: Some("a".into()), ..AuditSection::default() },
            record: RecordSection { max_bytes: Some(1), ..RecordSection::default() },
            ..ObservabilitySection::default()
        };
        let named: Vec<_> =
            section.faults().into_iter().map(|(_, fault)| fault.to_string()).collect();
        let features = [
            ("metrics", cfg!(feature = "metrics")),
            ("audit", cfg!(feature = "audit")),
            ("record", cfg!(feature = "record")),
        ];
        for (feature, is_there) in features {
            let is_named = named.iter().any(|text| text.contains(&format!("`{feature}`")));
            assert_eq!(is_named, !is_there, "{named:?}");
        }
        assert!(ObservabilitySection::default().faults().is_empty());
    }

    #[cfg(feature = "audit")]
    #[test]
    fn what_is_said_about_the_audit_reaches_it_and_leaves_the_rest_as_it_is_in_code() {
        use std::time::Duration;

        use crate::audit::{AuditLog, OnAuditFailure};

        let code = || AuditLog::new("code").on_failure(OnAuditFailure::GoOn);
        let time = |millis| Some(HumanDuration(Duration::from_millis(millis)));
        let said = AuditSection { write_timeout: time(70), ..AuditSection::default() };
        let expected = code().write_timeout(Duration::from_millis(70));
        assert_eq!(said.over(Some(code())), Ok(Some(expected)));
        assert!(said.over(None).is_err());
        let said = AuditSection { path: Some("yaml".into()), ..AuditSection::default() };
        let expected = AuditLog::new("yaml").on_failure(OnAuditFailure::GoOn);
        assert_eq!(said.over(Some(code())), Ok(Some(expected)));
        assert_eq!(said.over(None), Ok(Some(AuditLog::new("yaml"))));
        assert_eq!(AuditSection::default().over(None), Ok(None));
    }
}
