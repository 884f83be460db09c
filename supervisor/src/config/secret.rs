//! A value that is not shown.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer};

use super::secrets::MASK;

/// A setting, or a part of what a member of a pool is given, that is shown nowhere: not by
/// `explain`, in a plan, in the audit, in a message about a mistake or by `{:?}`. All of them have
/// `***` in its place.
///
/// Its schema says `writeOnly`. It cannot be serialized. What
/// [`expose`](Self::expose) gives is shown by whoever shows it; the memory is not wiped.
///
/// ```
/// use confique::Config;
/// use rust_supervisor::config::secret::Secret;
/// use schemars::JsonSchema;
///
/// /// How the books are kept.
/// #[derive(Config, JsonSchema)]
/// struct Books {
///     /// What they are signed with.
///     signing_key: Secret<String>,
/// }
///
/// # fn main() {
/// let books = Books { signing_key: "correct horse".to_owned().into() };
/// assert_eq!(format!("{:?}", books.signing_key), "***");
/// assert_eq!(books.signing_key.expose(), "correct horse");
/// # }
/// ```
#[derive(Clone, Default)]
pub struct Secret<T>(T);

impl<T> Secret<T> {
    /// Hides `value`.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself.
    pub const fn expose(&self) -> &T {
        &self.0
    }

    /// The same, for keeping.
    pub fn into_exposed(self) -> T {
        self.0
    }
}

impl<T> From<T> for Secret<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl<T> fmt::Display for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(MASK)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Secret<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self)
    }
}

impl<T: JsonSchema> JsonSchema for Secret<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("Secret_{}", T::schema_name()).into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = generator.subschema_for::<T>();
        if !cfg!(plant_bug = "secret_readable") {
            schema.insert("writeOnly".into(), true.into());
        }
        schema
    }
}
