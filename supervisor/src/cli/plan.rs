//! `plan`: what changes when another configuration takes the place of this one, and what the tree
//! does then.

use std::fmt::Write;
use std::path::PathBuf;

use serde_json::{Value as Json, json};

use super::{Answer, Asked, Exit, Format, Loaded, line};
use crate::config::plan::ConfigPlan;
use crate::error::types::SupervisorError;
use crate::id::ChildPath;
use crate::policy::written::Written;
use crate::spec::validate::ValidSpec;

impl Asked<'_> {
    pub(super) fn plan(&self, file: &PathBuf) -> Result<Answer, SupervisorError> {
        let old = self.load(None)?;
        let new = match self.load(Some(file)) {
            Err(SupervisorError::Config(error)) if error.is_about_another_build() => {
                let text =
                    format!("impossible without another build:\n{}", error.report(self.colour));
                let json = json!({ "ok": false, "impossible": error.to_json() });
                return Ok(match self.format {
                    Format::Text => Answer::failed(Exit::Impossible, text),
                    Format::Json => Answer { exit: Exit::Impossible, ..Answer::done(line(&json)) },
                });
            }
            new => new?,
        };
        let Loaded { config, spec } = new;
        let valid = spec.validate()?;
        let plan = ConfigPlan::of(self.builder.spec(), &old.config, &config);
        let exit = if plan.can_be_applied() { Exit::Done } else { Exit::NeedsRestart };
        let text = format!("{plan}{}", text_of(&valid));
        let json = || {
            json!({
                "ok": exit == Exit::Done,
                "changes": plan.to_json(),
                "impossible": [],
                "outlook": json_of(&valid),
            })
        };
        Ok(Answer { exit, ..self.format.done(text, json) })
    }
}

fn text_of(valid: &ValidSpec) -> String {
    let mut text = String::from("start order, what is together starts together:\n");
    for order in valid.start_order() {
        let ids = |layer: &Vec<ChildPath>| {
            layer.iter().map(ChildPath::name).collect::<Vec<_>>().join(" + ")
        };
        let layers: Vec<_> = order.layers.iter().map(ids).collect();
        _ = writeln!(text, "  {}: {}", order.supervisor, layers.join(", "));
    }
    text.push_str("a failure restarts:\n");
    for radius in valid.blast_radius() {
        let with: Vec<_> = radius.with.iter().map(ChildPath::as_str).collect();
        let with = match radius.is_restarted {
            false => "nothing, since it is temporary".into(),
            true if with.is_empty() => "itself".into(),
            true => with.join(", "),
        };
        _ = writeln!(text, "  {}: {with}", radius.path);
    }
    text.push_str("restart rates:\n");
    for rate in valid.restart_rates() {
        _ = writeln!(text, "  {rate}");
    }
    _ = writeln!(text, "worst-case start: {}", Written(valid.worst_case_start()));
    let budget = Written(valid.shutdown_budget());
    _ = match valid.worst_case_shutdown().map(Written) {
        Some(shutdown) if shutdown.0 <= budget.0 => {
            writeln!(text, "worst-case shutdown: {shutdown}")
        }
        Some(shutdown) => writeln!(
            text,
            "worst-case shutdown: {shutdown}, cut short by the budget: what is left after \
             {budget} is aborted"
        ),
        None => writeln!(
            text,
            "worst-case shutdown: without end, cut short by the budget: what is left after \
             {budget} is aborted"
        ),
    };
    text
}

fn json_of(valid: &ValidSpec) -> Json {
    let names = |paths: &[ChildPath]| paths.iter().map(ToString::to_string).collect::<Vec<_>>();
    let radius = valid.blast_radius();
    let radius =
        radius.iter().map(|it| json!({ "path": it.path.as_str(), "is_restarted": it.is_restarted, "with": names(&it.with) }));
    let rates = valid.restart_rates();
    let rates =
        rates.iter().map(|it| json!({ "path": it.path.as_str(), "per_minute": it.per_minute }));
    json!({
        "start_order": valid
            .start_order()
            .iter()
            .map(|order| {
                let layers: Vec<_> = order.layers.iter().map(|layer| names(layer)).collect();
                json!({ "supervisor": order.supervisor.as_str(), "layers": layers })
            })
            .collect::<Vec<_>>(),
        "blast_radius": radius.collect::<Vec<_>>(),
        "restart_rates": rates.collect::<Vec<_>>(),
        "worst_case_start_seconds": valid.worst_case_start().as_secs_f64(),
        "worst_case_shutdown_seconds": valid.worst_case_shutdown().map(|it| it.as_secs_f64()),
        "shutdown_budget_seconds": valid.shutdown_budget().as_secs_f64(),
    })
}
