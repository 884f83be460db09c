//! Messages made while the program is compiled.

use std::time::Duration;

use super::key::Key;
use super::tree::{TOP, Tree};

/// A message of up to some kilobytes; what does not fit is cut.
pub(in crate::tree) struct Text {
    bytes: [u8; Self::ROOM],
    length: usize,
}

impl Text {
    const ROOM: usize = 8192;

    pub(in crate::tree) const fn new() -> Self {
        Self { bytes: [0; Self::ROOM], length: 0 }
    }

    pub(in crate::tree) const fn say(&mut self, text: &str) {
        let (bytes, mut at) = (text.as_bytes(), 0);
        // Never in the middle of a character.
        while at < bytes.len() && self.length + bytes.len() <= Self::ROOM {
            self.bytes[self.length + at] = bytes[at];
            at += 1;
        }
        self.length += at;
    }

    /// All of `parts`, one after the other.
    pub(in crate::tree) const fn all(&mut self, parts: &[&str]) {
        let mut at = 0;
        while at < parts.len() {
            self.say(parts[at]);
            at += 1;
        }
    }

    pub(in crate::tree) const fn number(&mut self, number: u32) {
        if number > 9 {
            self.number(number / 10);
        }
        let digit = [b'0' + (number % 10) as u8];
        if let Ok(digit) = core::str::from_utf8(&digit) {
            self.say(digit);
        }
    }

    /// As it would be written: in the largest unit that leaves no rest.
    #[expect(clippy::cast_possible_truncation, reason = "below a second, or cut at 136 years")]
    pub(in crate::tree) const fn time(&mut self, time: Duration) {
        let (seconds, nanos) = (time.as_secs(), time.subsec_nanos());
        let seconds = if seconds > u32::MAX as u64 { u32::MAX } else { seconds as u32 };
        let (number, unit) = match (seconds, nanos) {
            (seconds, 0) => (seconds, "s"),
            (seconds, nanos) if nanos % 1_000_000 == 0 && seconds < 4_000_000 => {
                (seconds * 1_000 + nanos / 1_000_000, "ms")
            }
            (0, nanos) if nanos % 1_000 == 0 => (nanos / 1_000, "us"),
            (0, nanos) => (nanos, "ns"),
            (seconds, _) => {
                self.say("more than ");
                (seconds, "s")
            }
        };
        self.number(number);
        self.say(unit);
    }

    /// The whole name of what the key is of.
    pub(super) const fn key(&mut self, key: &Key) {
        self.say("`");
        if !key.group_name().is_empty() {
            self.all(&[key.group_name(), "<"]);
        }
        self.all(&[key.module(), "::", key.name()]);
        if !key.instance_name().is_empty() {
            self.all(&["<", key.instance_name(), ">"]);
        }
        if !key.group_name().is_empty() {
            self.say(">");
        }
        self.say("`");
    }

    /// The path of a node below the top, in the names of fields.
    pub(super) const fn path(&mut self, tree: &Tree<'_>, node: u32) {
        self.say("`");
        self.bare_path(tree, node);
        self.say("`");
    }

    const fn bare_path(&mut self, tree: &Tree<'_>, node: u32) {
        let place = tree.node(node);
        if place.parent != TOP {
            self.bare_path(tree, place.parent);
            self.say("/");
        }
        self.say(place.slot.name());
    }

    /// The path of a node, and where what stands there is declared.
    pub(super) const fn node(&mut self, tree: &Tree<'_>, node: u32) {
        self.path(tree, node);
        self.site(tree, node);
    }

    pub(super) const fn site(&mut self, tree: &Tree<'_>, node: u32) {
        let item = tree.node(node).item;
        self.all(&[" (", item.key.file(), ":"]);
        self.number(item.key.line());
        self.say(")");
    }

    /// The name of the struct of a supervisor, or of the top.
    pub(super) const fn supervisor(&mut self, tree: &Tree<'_>, node: u32) {
        self.all(&["`", tree.item_at(node).key.name(), "`"]);
    }

    pub(in crate::tree) const fn as_str(&self) -> &str {
        match core::str::from_utf8(self.bytes.split_at(self.length).0) {
            Ok(text) => text,
            Err(_) => "a message that is no text",
        }
    }
}
