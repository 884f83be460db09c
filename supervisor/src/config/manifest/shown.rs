//! A manifest as it may be written down: it comes from outside, and need not be right.

use std::sync::LazyLock;

use serde_json::Value as Json;

use crate::config::effective::walk::members::{find, masked};
use crate::config::error::KeyPath;
use crate::config::schema::json_schema;
use crate::config::secrets::MASK;
use crate::id::ChildPath;
use crate::spec::supervisor::SupervisorSpec;

/// The text of a manifest with `***` in the place of what must not be shown: what its pool calls a
/// secret, and everything where nobody can tell.
pub(crate) fn shown(spec: Option<&SupervisorSpec>, text: &str, pool: Option<&str>) -> String {
    let Ok(Json::Object(mut manifest)) = serde_json::from_str(text) else {
        return MASK.to_owned();
    };
    let said = manifest.get("pool").and_then(Json::as_str);
    let is_clear = said.is_none() || pool.is_none() || said == pool;
    let path = said.or(pool).filter(|_| is_clear).and_then(|path| ChildPath::parse(path).ok());
    let group = path.and_then(|path| Some(&find(spec?, &path)?.group));
    let by = |schema: Option<Json>, value: &Json| match schema {
        Some(schema) => masked(&schema, value, &KeyPath::default()),
        None => MASK.into(),
    };
    for (name, value) in &mut manifest {
        match &**name {
            "pool" | "id" if value.is_string() => {}
            "args" => {
                let args = group.and_then(|group| group.args);
                *value = by(args.map(|args| args.schema()), value);
            }
            "overrides" => {
                let settings = value.get("settings").map(|settings| {
                    let declared = group.and_then(|group| group.settings);
                    by(declared.map(|declared| declared.schema()), settings)
                });
                *value = masked(&SCHEMA, value, &KeyPath::of(&["dynamic", "0", "overrides"]));
                if let (Some(section), Some(settings)) = (value.as_object_mut(), settings) {
                    section.insert("settings".to_owned(), settings);
                }
            }
            _ => *value = MASK.into(),
        }
    }
    Json::Object(manifest).to_string()
}

static SCHEMA: LazyLock<Json> = LazyLock::new(json_schema);

#[cfg(test)]
mod tests {
    use schemars::JsonSchema;
    use serde::Deserialize;

    use super::*;
    use crate::config::secret::Secret;
    use crate::task::context::TaskContext;
    use crate::task::member::member_fn;

    #[derive(Clone, Deserialize, JsonSchema)]
    #[expect(dead_code, reason = "only its schema is asked for")]
    struct Guest {
        user: String,
        token: Secret<String>,
        tokens: Vec<Secret<String>>,
    }

    fn tree() -> SupervisorSpec {
        let guest = member_fn(async |ctx: TaskContext, _: Guest| ctx.stopped().await);
        SupervisorSpec::root()
            .child(SupervisorSpec::pool("guests").members(guest).from_config::<Guest>())
    }

    #[test]
    fn what_is_written_down_of_a_manifest_holds_no_secret() {
        for (text, pool, shows) in [
            (r#"{"id":"a","args":{"user":"u","token":"WIRE"}}"#, Some("/root/guests"), true),
            (r#"{"pool":"/root/guests","id":"a","args":{"user":"u","token":"WIRE"}}"#, None, true),
            (r#"{"pool":"/root/guests","args":{"user":"u","tokens":["WIRE"]}}"#, None, true),
            (r#"{"pool":"/root/guests","args":{"user":"u","token":{"WIRE":"WIRE"}}}"#, None, true),
            // Refused, each of them.
            (r#"{"pool":"/root/guests","args":{"user":"u","tokn":"WIRE"}}"#, None, true),
            (r#"{"pool":"/root/guests","args":"user: u, token: WIRE"}"#, None, false),
            (r#"{"pool":"/root/guests","args":["u","WIRE"]}"#, None, false),
            (r#"{"pool":"/root/gusts","args":{"user":"u","token":"WIRE"}}"#, None, false),
            (r#"{"args":{"user":"u","token":"WIRE"}}"#, None, false),
            (r#"{"pool":"/root/guests","args":{"user":"u"}}"#, Some("/root/other"), false),
            (r#"{"pool":"/root/guests","arguments":{"user":"u","token":"WIRE"}}"#, None, false),
            (r#"{"pool":"/root/guests","overrides":{"settings":{"key":"WIRE"}}}"#, None, false),
            (r#"{"pool":"/root/guests","overrides":{"setings":{"key":"WIRE"}}}"#, None, false),
            (r#"{"pool":"/root/guests","overrides":"settings: WIRE"}"#, None, false),
            (r#"{"pool":["WIRE"],"id":{"a":"WIRE"}}"#, None, false),
            (r#"{"args":{"user":"u","token":"WIRE"}"#, None, false),
            (r#""WIRE""#, None, false),
        ] {
            let shown = shown(Some(&tree()), text, pool);
            assert!(!shown.contains("WIRE") && shown.contains(MASK), "{text} -> {shown}");
            assert_eq!(shown.contains(r#""user":"u""#), shows, "{text} -> {shown}");
        }
        let text = r#"{"id":"a","overrides":{"restart":"transient"},"pool":"/root/guests"}"#;
        assert_eq!(shown(Some(&tree()), text, None), text);
        assert!(!shown(None, r#"{"args":"WIRE"}"#, None).contains("WIRE"));
    }
}
