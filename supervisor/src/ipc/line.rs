//! Lines out of bytes: what is too long or nested too deep is found while it comes in, and never
//! held.

/// Puts lines together. Holds at most one, and never more than it may be long.
#[derive(Debug)]
pub(super) struct Lines {
    most_bytes: usize,
    most_nesting: usize,
    line: Vec<u8>,
    /// How long it is so far, also where its bytes are not kept.
    length: usize,
    depth: usize,
    place: Place,
    is_too_deep: bool,
}

/// What the next byte is inside of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Outside,
    Text,
    AfterBackslash,
}

/// What has come in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// A whole line, without its newline.
    Line(Vec<u8>),
    /// A whole line that is nested too deep: what of it came before that was found.
    TooDeep(Vec<u8>),
    /// What of a line came before it was too long. There is nothing to read after it.
    TooLong(Vec<u8>),
}

impl Lines {
    pub(super) fn new(most_bytes: usize, most_nesting: usize) -> Self {
        Self {
            most_bytes,
            most_nesting,
            line: Vec::new(),
            length: 0,
            depth: 0,
            place: Place::Outside,
            is_too_deep: false,
        }
    }

    /// Whether a line has begun and is not finished.
    pub(super) fn is_in_a_line(&self) -> bool {
        self.length > 0
    }

    /// What of the unfinished line has been kept.
    pub(super) fn unfinished(&self) -> &[u8] {
        &self.line
    }

    /// Takes in bytes up to the end of a line, and says how many these were.
    pub(super) fn push(&mut self, bytes: &[u8]) -> (usize, Option<Frame>) {
        for (n, &byte) in bytes.iter().enumerate() {
            if byte == b'\n' {
                return (n + 1, Some(self.finish()));
            }
            self.length += 1;
            if self.length > self.most_bytes && !cfg!(plant_bug = "ipc_endless_line") {
                return (n + 1, Some(Frame::TooLong(std::mem::take(&mut self.line))));
            }
            if self.is_too_deep {
                continue;
            }
            self.line.push(byte);
            self.follow(byte);
            if self.depth > self.most_nesting && !cfg!(plant_bug = "ipc_endless_nesting") {
                self.is_too_deep = true;
            }
        }
        (bytes.len(), None)
    }

    fn follow(&mut self, byte: u8) {
        self.place = match (self.place, byte) {
            (Place::Outside, b'"') => Place::Text,
            (Place::Outside, b'{' | b'[') => {
                self.depth += 1;
                Place::Outside
            }
            (Place::Outside, b'}' | b']') => {
                self.depth = self.depth.saturating_sub(1);
                Place::Outside
            }
            (Place::Text, b'"') => Place::Outside,
            (Place::Text, b'\\') => Place::AfterBackslash,
            (Place::AfterBackslash, _) => Place::Text,
            (place, _) => place,
        };
    }

    fn finish(&mut self) -> Frame {
        let mut line = std::mem::take(&mut self.line);
        let is_too_deep = self.is_too_deep;
        *self = Self::new(self.most_bytes, self.most_nesting);
        if is_too_deep {
            return Frame::TooDeep(line);
        }
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        Frame::Line(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everything that comes out, with the bytes given in pieces of this size.
    fn frames(text: &[u8], piece: usize) -> Vec<Frame> {
        let mut lines = Lines::new(16, 3);
        let mut frames = Vec::new();
        for mut piece in text.chunks(piece) {
            while !piece.is_empty() {
                let (taken, frame) = lines.push(piece);
                piece = &piece[taken..];
                let is_over = matches!(frame, Some(Frame::TooLong(_)));
                frames.extend(frame);
                if is_over {
                    return frames;
                }
            }
        }
        frames
    }

    #[test]
    fn lines_are_the_same_however_their_bytes_come_in() {
        for (text, expected) in [
            (
                "a\nb\r\n\nc",
                vec![Frame::Line("a".into()), Frame::Line("b".into()), Frame::Line(vec![])],
            ),
            (
                "[[[1]]]\n[[[[1]]]]\n{}\n",
                vec![
                    Frame::Line("[[[1]]]".into()),
                    Frame::TooDeep("[[[[".into()),
                    Frame::Line("{}".into()),
                ],
            ),
            ("\"[[[[\\\"[[\"\n", vec![Frame::Line("\"[[[[\\\"[[\"".into())]),
            ("]]]][[[\n", vec![Frame::Line("]]]][[[".into())]),
            ("0123456789abcdef\n", vec![Frame::Line("0123456789abcdef".into())]),
            ("0123456789abcdefg\nx\n", vec![Frame::TooLong("0123456789abcdef".into())]),
            ("[[[[56789abcdefg\n", vec![Frame::TooDeep("[[[[".into())]),
            ("[[[[56789abcdefgh\n", vec![Frame::TooLong("[[[[".into())]),
        ] {
            for piece in [1, 2, 3, 7, 100] {
                assert_eq!(frames(text.as_bytes(), piece), expected, "{text:?} by {piece}");
            }
        }
    }

    #[test]
    fn of_a_line_without_end_no_more_is_held_than_a_line_may_be_long() {
        let mut lines = Lines::new(1_024, 32);
        let piece = [b'x'; 4_096];
        let (taken, frame) = lines.push(&piece);
        assert_eq!(taken, 1_025);
        assert!(matches!(frame, Some(Frame::TooLong(kept)) if kept.capacity() <= 2_048));
    }
}
