//! The way in for fuzzing: the line reader and the decoder as one function. Not for use.

use super::decode;
use super::line::{Frame, Lines};

/// The longest line there.
const LINE_BYTES: usize = 65_536;

/// How deep it may be nested.
const NESTING: usize = 32;

/// Reads bytes that come in pieces of these sizes, over and over, and says for each line the id of
/// its request, or the code of its error.
#[must_use]
pub fn read_everything(bytes: &[u8], pieces: &[usize]) -> Vec<Result<String, String>> {
    let mut lines = Lines::new(LINE_BYTES, NESTING);
    let mut sizes = pieces.iter().copied().cycle();
    let (mut rest, mut read) = (bytes, Vec::new());
    while !rest.is_empty() {
        let size = sizes.next().unwrap_or(rest.len()).clamp(1, rest.len());
        let (mut piece, after) = rest.split_at(size);
        rest = after;
        while !piece.is_empty() {
            let (taken, frame) = lines.push(piece);
            piece = &piece[taken..];
            let refused = match frame {
                None => continue,
                Some(Frame::Line(line)) => match decode::decode(&line) {
                    Ok(request) => {
                        read.push(Ok(request.request_id));
                        continue;
                    }
                    Err(refused) => refused,
                },
                Some(Frame::TooDeep(begin)) => decode::too_deep(&begin, NESTING),
                Some(Frame::TooLong(begin)) => {
                    read.push(Err(decode::too_long(&begin, LINE_BYTES).error.code));
                    return read;
                }
            };
            read.push(Err(refused.error.code));
        }
    }
    if lines.is_in_a_line() {
        read.push(Err(decode::unfinished(lines.unfinished(), "it is cut off").error.code));
    }
    read
}
