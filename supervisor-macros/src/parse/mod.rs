//! Tokens to model. What cannot be read is reported and left out; the rest is read all the same.

mod child;
mod entry;
mod failure;
mod needs;
mod policy;
mod shared_state;
mod supervisor;
mod value;

#[cfg(test)]
pub(crate) use self::child::child_options_read;
pub(crate) use self::child::{child, function_name};
pub(crate) use self::failure::{failure, words as class_words};
pub(crate) use self::shared_state::shared_state;
pub(crate) use self::supervisor::supervisor;
#[cfg(test)]
pub(crate) use self::supervisor::{FIELD_OPTIONS, OPTIONS as SUPERVISOR_OPTIONS};
