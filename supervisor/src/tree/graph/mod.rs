//! The graph of dependencies over a typed tree, known to the compiler.
//!
//! Every `#[child]` and `#[supervisor]` has a [`Key`](key::Key), which says what it is, and an
//! [`Item`](item::Item), which says what it needs, by keys. The expansion of a supervisor evaluates
//! [`analyse`](report::analyse) over its item while the program is compiled, and raises what the
//! report says about a field at that field. The same report says which node of the tree each
//! dependency means: the running tree is given those.
//!
//! A key is looked for from the inside out: below the supervisor that the child stands in, then,
//! as far as each level says `requires`, below the one above it.
//!
//! Everything here is `const`, without recursion over data that is large, and linear in what it
//! looks at: it runs at every build. Nothing of it but the [`Wire`](report::Wire)s is left in the
//! program.

pub(crate) mod cycle;
pub(crate) mod item;
pub(crate) mod key;
pub(crate) mod message;
pub(crate) mod raise;
pub(crate) mod report;
mod resolve;
mod short;
#[cfg(test)]
mod tests;
mod tree;
pub(crate) mod wiring;
