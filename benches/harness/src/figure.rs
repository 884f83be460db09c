//! What comes of several runs of one measurement.

use serde::Serialize;

type Key = (String, usize, String);

/// One figure of the table.
#[derive(Debug, Serialize)]
pub struct Figure {
    pub system: String,
    pub metric: String,
    pub n: usize,
    /// The median. `null` where there is none.
    pub value: Option<f64>,
    pub unit: String,
    /// Ours divided by raw's.
    pub ratio_to_raw: Option<f64>,
    /// How many runs are behind the figure.
    pub runs: usize,
    pub min: Option<f64>,
    pub max: Option<f64>,
    /// How many runs were left out, because others used the CPU. When there is no other, these are
    /// behind the figure, and `runs` is 0.
    pub disturbed: usize,
    /// Why there is none.
    pub remark: Option<String>,
}

/// What was measured of one metric of one system.
#[derive(Debug, Default)]
pub struct Samples {
    unit: String,
    clean: Vec<f64>,
    disturbed: Vec<f64>,
    /// Why there is no figure.
    pub remark: Option<String>,
}

impl Samples {
    /// One more run. What others did on the machine changes no CPU time of our own, and no heap.
    pub fn take(&mut self, value: f64, unit: String, is_disturbed: bool) {
        self.unit = unit;
        let is_own = self.unit.starts_with("us/") || self.unit.starts_with("B/");
        if is_disturbed && !is_own {
            self.disturbed.push(value);
        } else {
            self.clean.push(value);
        }
    }

    /// How many runs were not disturbed.
    pub fn undisturbed(&self) -> usize {
        self.clean.len()
    }

    /// Those that count.
    fn counted(&self) -> Vec<f64> {
        let mut values =
            if self.clean.is_empty() { self.disturbed.clone() } else { self.clean.clone() };
        values.sort_unstable_by(f64::total_cmp);
        values
    }

    /// The one in the middle of those that count.
    pub fn median(&self) -> Option<f64> {
        let values = self.counted();
        if self.remark.is_some() {
            return None;
        }
        values.get(values.len() / 2).copied()
    }

    /// What it comes to; `raw` is what it is divided by for the ratio.
    pub fn figure(&self, (system, n, metric): Key, raw: Option<f64>) -> Figure {
        let value = self.median();
        let counted = self.counted();
        Figure {
            system,
            metric,
            n,
            value,
            unit: self.unit.clone(),
            ratio_to_raw: value.zip(raw).filter(|(_, raw)| *raw > 0.0).map(|(v, raw)| v / raw),
            runs: self.clean.len(),
            min: counted.first().copied(),
            max: counted.last().copied(),
            disturbed: self.disturbed.len(),
            remark: self.remark.clone(),
        }
    }
}

/// Three digits, of which no more are true.
pub fn short(value: f64) -> String {
    match value.abs() {
        v if v >= 100.0 => format!("{value:.0}"),
        v if v >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}
