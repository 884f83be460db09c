//! Why a child is in its state, and what holds for it.

use super::commands::error_of;
use super::target::Target;
use crate::dashboard::error::DashboardError;
use crate::dashboard::protocol::IpcResult;

pub(super) async fn why(target: &Target, child_path: String) -> Result<IpcResult, DashboardError> {
    match target.handle.why(child_path.as_str()).await {
        Ok(why) => {
            let target_id = target.id().to_owned();
            Ok(IpcResult::Why { target_id, child_path, text: why.to_string() })
        }
        Err(error) => Err(error_of(&error)),
    }
}

#[cfg(feature = "config")]
pub(super) fn explain(target: &Target, child_path: String) -> Result<IpcResult, DashboardError> {
    use crate::config::effective::EffectiveValue;
    use crate::config::schema::yaml;
    use crate::dashboard::protocol::ExplainedValue;

    let values = target.handle.explain(child_path.as_str()).map_err(|error| error_of(&error))?;
    let explained = |it: EffectiveValue| ExplainedValue {
        key: it.key.to_string(),
        value: yaml(&it.value),
        origin: it.origin.to_string(),
        overrode: it
            .overrode
            .iter()
            .map(|(value, from)| format!("{}, {from}", yaml(value)))
            .collect(),
    };
    let values = values.into_iter().map(explained).collect();
    Ok(IpcResult::Explain { target_id: target.id().to_owned(), child_path, values })
}

/// Without configurations nobody knows where a value comes from.
#[cfg(not(feature = "config"))]
pub(super) fn explain(target: &Target, _: String) -> Result<IpcResult, DashboardError> {
    use crate::dashboard::error::{ErrorCode, ErrorStage};

    let why = "the program is built without the feature `config`, so it cannot say where values come from";
    let error = DashboardError::new(ErrorCode::ValidationFailed, ErrorStage::CommandExecute, why);
    Err(error.of_target(target.id()))
}
