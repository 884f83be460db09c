//! What a measuring process prints: one JSON object a line.

use serde::{Deserialize, Serialize};

/// One line.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Row {
    /// A figure.
    Figure { system: String, metric: String, n: usize, value: f64, unit: String },
    /// No figure, and why.
    Dash { system: String, metric: String, n: usize, remark: String },
    /// The last line: the CPU time of the whole process, so that the runner knows what the others
    /// used meanwhile.
    Process { own_cpu_us: u64 },
}

impl Row {
    /// Prints it.
    pub fn print(&self) {
        println!("{}", serde_json::to_string(self).expect("numbers and strings"));
    }
}
