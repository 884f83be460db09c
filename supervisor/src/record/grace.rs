//! A grace as it stands in a recording, whatever else in the library can be written down.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::policy::shutdown::Grace;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Form {
    After(Duration),
    Infinite,
}

#[expect(clippy::ref_option, reason = "the signature is serde's")]
pub(crate) fn serialize<S: Serializer>(grace: &Option<Grace>, to: S) -> Result<S::Ok, S::Error> {
    let form = grace.map(|grace| match grace {
        Grace::After(time) => Form::After(time),
        Grace::Infinite => Form::Infinite,
    });
    form.serialize(to)
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Grace>, D::Error> {
    let form = Option::<Form>::deserialize(from)?;
    Ok(form.map(|form| match form {
        Form::After(time) => Grace::After(time),
        Form::Infinite => Grace::Infinite,
    }))
}
