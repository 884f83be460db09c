//! What a child or a supervisor is, apart from where it stands.

use std::fmt;
use std::panic::Location;

/// The identity of a `#[child]` or `#[supervisor]`: where it is declared, in which version of its
/// package, and which instance of a generic one it is.
///
/// Two versions of one package share their module paths, and children in the bodies of functions
/// share theirs, so the version and the line belong to it.
#[derive(Clone, Copy)]
pub struct Key {
    module: &'static str,
    name: &'static str,
    version: &'static str,
    /// Its line is part of the identity; its file is for messages.
    at: &'static Location<'static>,
    instance: &'static str,
    /// `Pool` or `Many`, where it stands for a group of the child.
    group: &'static str,
    pub(super) is_one_of_many: bool,
    /// Stands for all of it but the file, in 64 bits: to compare texts takes the compiler longer
    /// than everything else that it does with a dependency.
    pub(super) id: u64,
}

impl Key {
    /// That of nothing.
    pub(in crate::tree) const NONE: Self = Self::new("", "", "", 0);

    /// The key of what is called `name` and declared where this is called. `seed` stands for `name`
    /// and `version`: the macros know those, and are faster than the compiler's interpreter.
    #[track_caller]
    pub const fn new(
        module: &'static str,
        name: &'static str,
        version: &'static str,
        seed: u64,
    ) -> Self {
        let at = Location::caller();
        let id = hashed(seed ^ at.line() as u64, module);
        let (instance, group, is_one_of_many) = ("", "", false);
        Self { module, name, version, at, instance, group, is_one_of_many, id }
    }

    /// The key of one instance of a generic child.
    #[must_use]
    pub const fn instance(mut self, instance: &'static str) -> Self {
        self.instance = instance;
        self.id = hashed(self.id ^ 1, instance);
        self
    }

    /// The key of a generic child that does not say what tells its instances apart. Nothing can
    /// depend on it.
    #[must_use]
    pub const fn one_of_many(mut self) -> Self {
        self.is_one_of_many = true;
        self
    }

    /// The key of a `Pool` or `Many` of it.
    #[must_use]
    pub const fn group(mut self, group: &'static str) -> Self {
        self.group = group;
        self.id = hashed(self.id ^ 2, group);
        self
    }

    /// The whole identity as a number. A running program compares these, so it knows no names of
    /// files.
    pub const fn id(&self) -> u64 {
        self.id
    }

    /// In which of so many buckets it lies.
    #[expect(clippy::cast_possible_truncation, reason = "any bits of it do")]
    pub(super) const fn bucket(&self, buckets: usize) -> usize {
        self.id as usize % buckets
    }

    /// Whether both are the same.
    pub const fn is(&self, other: &Self) -> bool {
        self.id == other.id
    }

    /// Whether it is a group of what `member` is the key of.
    pub(super) const fn is_group_of(&self, member: &Self) -> bool {
        !self.group.is_empty() && self.is(&member.group(self.group))
    }

    /// Whether nothing tells it from other instances of the same generic child.
    pub(super) const fn is_blurred(&self) -> bool {
        self.is_one_of_many
    }

    pub(crate) const fn name(&self) -> &'static str {
        self.name
    }

    pub(super) const fn module(&self) -> &'static str {
        self.module
    }

    pub(super) const fn version(&self) -> &'static str {
        self.version
    }

    pub(in crate::tree) const fn at(&self) -> &'static Location<'static> {
        self.at
    }

    pub(super) const fn file(&self) -> &'static str {
        self.at.file()
    }

    pub(super) const fn line(&self) -> u32 {
        self.at.line()
    }

    pub(super) const fn instance_name(&self) -> &'static str {
        self.instance
    }

    pub(super) const fn group_name(&self) -> &'static str {
        self.group
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.is(other)
    }
}

impl Eq for Key {}

/// As in the messages of the compiler.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}::{}", self.module, self.name)?;
        if !self.instance.is_empty() {
            write!(f, "<{}>", self.instance)?;
        }
        if self.group.is_empty() { Ok(()) } else { write!(f, " in a {}", self.group) }
    }
}

/// `==`, which is not `const` yet.
pub(in crate::tree) const fn is_same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len() != b.len() {
        return false;
    }
    // From the end, where paths differ; and without a call, each of which costs the compiler more
    // than a byte.
    let mut left = a.len();
    while left > 0 {
        left -= 1;
        if a[left] != b[left] {
            return false;
        }
    }
    true
}

/// Goes on from `hash` with the length and the bytes, so that no two lists of texts run together.
///
/// Eight bytes a step, and without a call: what the compiler pays for is steps and calls. Each step lays the halves of a product over each other.
#[expect(clippy::cast_possible_truncation, reason = "the lower half")]
const fn hashed(hash: u64, text: &str) -> u64 {
    let mut bytes = text.as_bytes();
    let mut hash = hash ^ (bytes.len() as u64) << 32;
    while let [a, b, c, d, e, f, g, h, rest @ ..] = bytes {
        let low = *a as u64 | (*b as u64) << 8 | (*c as u64) << 16 | (*d as u64) << 24;
        let high = *e as u64 | (*f as u64) << 8 | (*g as u64) << 16 | (*h as u64) << 24;
        let product = (hash ^ (low | high << 32)) as u128 * FACTOR;
        hash = product as u64 ^ (product >> 64) as u64;
        bytes = rest;
    }
    let mut left = 0;
    while let [first, rest @ ..] = bytes {
        left = left << 8 | *first as u64;
        bytes = rest;
    }
    let product = (hash ^ left) as u128 * FACTOR;
    product as u64 ^ (product >> 64) as u64
}

/// An odd number whose bits are as good as random.
const FACTOR: u128 = 0x9e37_79b9_7f4a_7c15;
