//! Children out of manifests: JSON text that names a pool of compiled members, and what the new one
//! is given.

use serde_json::Value;

use crate::control::handle::SupervisorHandle;
use crate::control::outcome::CommandOutcome;
use crate::error::types::SupervisorError;
use crate::id::ChildPath;

/// The text of a manifest that names its pool, out of one that may leave that to the command.
pub(super) fn whole(manifest: &str, pool: Option<&ChildPath>) -> Result<String, String> {
    let Some(pool) = pool else { return Ok(manifest.to_owned()) };
    let mut value: Value = serde_json::from_str(manifest)
        .map_err(|error| format!("`target.child_manifest` is not JSON: {error}"))?;
    let Some(object) = value.as_object_mut() else {
        return Err("`target.child_manifest` has to be the text of a JSON object".to_owned());
    };
    match object.get("pool") {
        Some(named) if named == pool.as_str() => Ok(manifest.to_owned()),
        Some(_) => Err(format!(
            "`target.child_path` is `{pool}`, and the manifest names another pool: leave one out"
        )),
        None => {
            object.insert("pool".to_owned(), pool.as_str().into());
            Ok(value.to_string())
        }
    }
}

/// The path of the child that a manifest describes, where it can be read.
pub(super) fn path(manifest: &str, pool: Option<&str>) -> Option<String> {
    let value: Value = serde_json::from_str(manifest).ok()?;
    let said = value.get("pool").and_then(Value::as_str);
    Some(format!("{}/{}", pool.or(said)?, value.get("id")?.as_str()?))
}

/// A manifest as it may be written down.
#[cfg(feature = "config")]
pub(super) fn shown(handle: &SupervisorHandle, manifest: &str, pool: Option<&str>) -> String {
    handle.manifest_shown(manifest, pool)
}

/// Nothing can read it, and so nobody can tell what of it is a secret.
#[cfg(not(feature = "config"))]
pub(super) fn shown(_: &SupervisorHandle, _: &str, _: Option<&str>) -> String {
    "***".to_owned()
}

/// Adds the child that a manifest describes, and waits until it is up or has failed to start.
#[cfg(feature = "config")]
pub(super) async fn add(
    handle: &SupervisorHandle,
    manifest: &str,
    requested_by: &str,
    reason: &str,
) -> Result<CommandOutcome, SupervisorError> {
    handle.add_by_manifest(manifest, requested_by, reason).await
}

/// Without configurations there is nothing that reads a manifest.
#[cfg(not(feature = "config"))]
pub(super) async fn add(
    _: &SupervisorHandle,
    _: &str,
    _: &str,
    _: &str,
) -> Result<CommandOutcome, SupervisorError> {
    std::future::ready(Err(SupervisorError::NoManifests)).await
}
