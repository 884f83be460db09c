//! The corpus: one JSON object a line.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A tree, and what was done to it.
#[derive(Debug, Deserialize)]
pub(crate) struct Program {
    pub(crate) seed: u64,
    pub(crate) sup: Flags,
    pub(crate) children: Vec<Child>,
    pub(crate) steps: Vec<Step>,
}

impl Program {
    /// The tree alone, for a message.
    pub(crate) fn declaration(&self) -> Value {
        json!({ "sup": self.sup, "children": self.children })
    }
}

#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Flags {
    pub(crate) strategy: String,
    pub(crate) intensity: u32,
    pub(crate) period_s: u64,
}

#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Child {
    pub(crate) path: String,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) restart: String,
    #[serde(default)]
    pub(crate) start_script: Vec<String>,
    pub(crate) sup: Option<Flags>,
    #[serde(default)]
    pub(crate) children: Vec<Child>,
}

/// One operation, and what OTP did with it.
#[derive(Debug, Deserialize)]
pub(crate) struct Step {
    pub(crate) op: Vec<Value>,
    #[serde(flatten)]
    pub(crate) seen: Seen,
}

/// What can be seen of a step.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Seen {
    pub(crate) reply: String,
    pub(crate) alive: bool,
    pub(crate) trace: Vec<Value>,
    pub(crate) children: Vec<Value>,
}

/// The recording, seen from the package that reads it: this one, or the model's in it.
fn fixture(package: &Path) -> PathBuf {
    let name = "fixtures/otp-golden-10k.jsonl.gz";
    let own = package.join(name);
    if own.exists() { own } else { package.join("..").join(name) }
}

/// Every program of the corpus.
pub(crate) fn read() -> Vec<Program> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = match std::env::var_os("OTP_CORPUS") {
        // Tests run in the folder of their package, and who names a file is as a rule one above.
        Some(name) => [PathBuf::from(&name), package.join("..").join(&name)]
            .into_iter()
            .find(|path| path.exists())
            .unwrap_or_else(|| name.into()),
        None => fixture(package),
    };
    let mut bytes = Vec::new();
    File::open(&path)
        .and_then(|mut file| file.read_to_end(&mut bytes))
        .unwrap_or_else(|error| panic!("cannot read the corpus {}: {error}", path.display()));
    let text = if bytes.starts_with(&[0x1f, 0x8b]) {
        let mut text = String::new();
        MultiGzDecoder::new(&*bytes).read_to_string(&mut text).expect("the corpus is gzip");
        text
    } else {
        String::from_utf8(bytes).expect("the corpus is UTF-8")
    };
    let only = std::env::var("OTP_ONLY").ok().and_then(|seed| seed.parse::<u64>().ok());
    text.lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| serde_json::from_str::<Program>(line).expect("a line is a program"))
        .filter(|program| only.is_none_or(|seed| program.seed == seed))
        .collect()
}
