//! Diagnostics as people read them, in the manner of rustc, and as editors do.

use std::env;
use std::io::{IsTerminal, stderr};
use std::ops::Range;

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Renderer, Snippet};
use serde_json::{Value as Json, json};

use super::environment::variable_of;
use super::error::{
    ConfigDiagnostic, ConfigError, ConfigFault, DEPENDENCY, FATAL, home_of, is_dependency, is_fatal,
};
use super::secrets::masked;
use super::source::{Location, Origin};

/// Whether a report has colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Colour {
    /// When standard error is a terminal, and `NO_COLOR` is empty or not there.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Colour {
    fn renderer(self) -> Renderer {
        let is_coloured = match self {
            Self::Auto => {
                stderr().is_terminal() && env::var_os("NO_COLOR").is_none_or(|no| no.is_empty())
            }
            Self::Always => true,
            Self::Never => false,
        };
        if is_coloured { Renderer::styled() } else { Renderer::plain() }
    }
}

impl ConfigError {
    /// All diagnostics, each with the line of the file that it is about.
    ///
    /// Secrets, and everything under a key that is not known, are shown as `***`.
    ///
    /// ```
    /// use rust_supervisor::config::configurable::SupervisorConfig;
    /// use rust_supervisor::config::report::Colour;
    ///
    /// let error = SupervisorConfig::from_file("missing.yaml").unwrap_err();
    /// assert!(error.report(Colour::Never).starts_with("error[C001]: there is no such file"));
    /// ```
    pub fn report(&self, colour: Colour) -> String {
        let mut report = String::new();
        for diagnostic in self.diagnostics() {
            report.push_str(&diagnostic.report(colour));
            report.push_str("\n\n");
        }
        let count = self.diagnostics().len();
        let s = if count == 1 { "" } else { "s" };
        report + &format!("the configuration cannot be used: {count} error{s}\n")
    }

    /// All diagnostics for an editor: an array of objects with `code`, `message`, `label`, `help`,
    /// `key`, and `file` or `variable` with `line`, `column`, `start` and `end` (bytes).
    pub fn to_json(&self) -> Json {
        self.diagnostics().iter().map(ConfigDiagnostic::to_json).collect()
    }
}

impl ConfigDiagnostic {
    /// What is wrong, with the line that it is about.
    pub fn report(&self, colour: Colour) -> String {
        let (title, label, help) = (self.title(), self.label(), self.help());
        let mut group = Group::with_title(Level::ERROR.primary_title(&title).id(self.code()));
        let place = self.location().map(Place::of);
        match &place {
            Some(place) if place.number > 0 => {
                group = group.element(place.snippet(AnnotationKind::Primary, &label));
            }
            place => {
                if let Some(place) = place {
                    group = group.element(annotate_snippets::Origin::path(&*place.origin));
                }
                if !label.is_empty() {
                    group = group.element(Level::NOTE.message(&*label));
                }
            }
        }
        let related: Vec<_> = self
            .related()
            .iter()
            .map(|related| (related.location.as_ref().map(Place::of), &*related.message))
            .collect();
        for (place, message) in &related {
            group = match place {
                Some(place) if place.number > 0 => {
                    group.element(place.snippet(AnnotationKind::Context, message))
                }
                _ => group.element(Level::NOTE.message(*message)),
            };
        }
        if let Some(help) = &help {
            group = group.element(Level::HELP.message(help));
        }
        let report = colour.renderer().render(&[group]);
        place.map_or(report.clone(), |place| place.with_its_column(&report))
    }

    /// The same for an editor.
    pub fn to_json(&self) -> Json {
        let place = |location: &Location| {
            let mut place = json!({
                "line": location.line(),
                "column": location.column(),
                "start": location.span().start,
                "end": location.span().end,
            });
            match location.source().origin() {
                Origin::File(path) => place["file"] = json!(path),
                Origin::Variable(name) => place["variable"] = json!(name),
                Origin::Manifest | Origin::Text | Origin::Code => {}
            }
            place
        };
        let mut json = self.location().map_or_else(|| json!({}), place);
        json["code"] = json!(self.code());
        json["message"] = json!(self.title());
        json["key"] = json!(self.key().to_string());
        json["label"] = json!(self.label());
        json["help"] = json!(self.help());
        json["related"] = self
            .related()
            .iter()
            .map(|related| {
                let mut json = related.location.as_ref().map_or_else(|| json!({}), place);
                json["message"] = json!(related.message);
                json
            })
            .collect();
        json
    }
}

/// One line of a text, as it may be shown.
struct Place {
    origin: String,
    number: usize,
    column: usize,
    line: String,
    span: Range<usize>,
}

impl Place {
    fn of(location: &Location) -> Self {
        let origin = location.source().origin().to_string();
        let text = location.source().text();
        let span = location.span();
        let start = text[..span.start].rfind('\n').map_or(0, |at| at + 1);
        let end = text[start..].find('\n').map_or(text.len(), |at| start + at);
        let end = start + text[start..end].trim_end_matches('\r').len();
        let (line, span) = masked(location.source(), start..end.max(span.end), span);
        let (number, column) = (location.line(), location.column());
        Self { origin, number, column, line, span }
    }

    fn snippet<'a>(&'a self, kind: AnnotationKind, label: &'a str) -> Snippet<'a, Annotation<'a>> {
        let mut annotation = kind.span(self.span.clone());
        if !label.is_empty() {
            annotation = annotation.label(label);
        }
        let snippet = Snippet::source(&*self.line).path(&*self.origin).line_start(self.number);
        snippet.annotation(annotation)
    }

    /// The column is that of the text, also where a mask stands before it.
    fn with_its_column(&self, report: &str) -> String {
        let masked = self.line[..self.span.start].chars().count() + 1;
        let at = |column| format!("{}:{}:{column}", self.origin, self.number);
        report.replacen(&at(masked), &at(self.column), 1)
    }
}

impl ConfigDiagnostic {
    /// The kind of mistake: `C0…` reading files, `C1…` keys, `C2…` values, `C3…` the tree.
    pub fn code(&self) -> &'static str {
        match self.fault() {
            ConfigFault::NotFound => "C001",
            ConfigFault::Unreadable { .. } => "C002",
            ConfigFault::NotAFile => "C003",
            ConfigFault::TooLarge => "C004",
            ConfigFault::NotUtf8 { .. } => "C005",
            ConfigFault::NoWorkingDirectory { .. } => "C006",
            ConfigFault::Include { .. } => "C010",
            ConfigFault::EmptyInclude => "C011",
            ConfigFault::IncludeCycle { .. } => "C012",
            ConfigFault::TooManyFiles => "C013",
            ConfigFault::IncludedTooDeep => "C014",
            ConfigFault::Syntax { .. } => "C020",
            ConfigFault::TooMuch => "C021",
            ConfigFault::SeveralDocuments => "C022",
            ConfigFault::NotJson => "C023",
            ConfigFault::UnknownKey { .. } => "C101",
            ConfigFault::DuplicateKey { .. } => "C102",
            ConfigFault::KeyIsNoWord => "C103",
            ConfigFault::UnknownVariable { .. } => "C104",
            ConfigFault::VariableNotUtf8 => "C105",
            ConfigFault::AmbiguousVariable { .. } => "C106",
            ConfigFault::WrongValue { .. } => "C201",
            ConfigFault::UnknownWord { .. } => "C202",
            ConfigFault::BadValue { .. } => "C203",
            ConfigFault::OutOfBounds { .. } => "C204",
            ConfigFault::HalfLimit { .. } => "C205",
            ConfigFault::MissingSetting => "C206",
            ConfigFault::MissingPlace => "C208",
            ConfigFault::MissingFeature { .. } => "C107",
            ConfigFault::MissingKey => "C207",
            ConfigFault::UnknownChild { .. } => "C301",
            ConfigFault::PoolMember { .. } => "C302",
            ConfigFault::NotASupervisor { .. } => "C303",
            ConfigFault::NotATask { .. } => "C304",
            ConfigFault::Rule { .. } => "C305",
            ConfigFault::NoSettings { .. } => "C306",
            ConfigFault::NotAPool { .. } => "C307",
            ConfigFault::NotAMany { .. } => "C308",
            ConfigFault::NotForAPool { .. } => "C309",
            ConfigFault::NoPool { .. } => "C310",
            ConfigFault::NotFromConfig { .. } => "C311",
            ConfigFault::DuplicateMember { .. } => "C312",
            ConfigFault::TooManyMembers { .. } => "C313",
        }
    }

    /// What is wrong, in one line.
    pub fn title(&self) -> String {
        let key = self.key();
        match self.fault() {
            ConfigFault::UnknownKey { name, section, .. } if section.is_empty() => {
                format!("unknown key `{name}`")
            }
            ConfigFault::UnknownKey { name, section, .. } => {
                format!("unknown key `{name}` in `{section}`")
            }
            ConfigFault::DuplicateKey { name, .. } => format!("the key `{name}` is there twice"),
            ConfigFault::UnknownWord { found, .. } => format!("`{key}` cannot be {found}"),
            ConfigFault::UnknownChild { path, .. } => format!("there is no child `{path}`"),
            ConfigFault::UnknownVariable { name, .. } => {
                format!("the variable `{name}` sets nothing")
            }
            fault if key.is_empty() || fault.names_its_key() => fault.to_string(),
            fault => format!("`{key}`: {fault}"),
        }
    }

    /// What is to be said at the place itself; may be empty.
    pub fn label(&self) -> String {
        let meant = |nearest: &Option<String>, otherwise: &str| {
            nearest.as_ref().map_or_else(
                || otherwise.to_owned(),
                |nearest| format!("did you mean `{nearest}`?"),
            )
        };
        match self.fault() {
            ConfigFault::UnknownKey { name, known, .. } if is_fatal(name, known) => FATAL.into(),
            ConfigFault::UnknownKey { name, known, .. } if is_dependency(name, known) => {
                DEPENDENCY.into()
            }
            ConfigFault::UnknownKey { name, nearest, known, .. } => home_of(name, known)
                .map_or_else(
                    || meant(nearest, "not a known key"),
                    |section| format!("belongs into `{section}`"),
                ),
            ConfigFault::DuplicateKey { .. } | ConfigFault::DuplicateMember { .. } => {
                "the second time".into()
            }
            ConfigFault::UnknownWord { nearest, .. } => meant(nearest, "not one of the words"),
            ConfigFault::UnknownChild { nearest, .. } => meant(nearest, "not in the tree"),
            ConfigFault::UnknownVariable { nearest, .. } => meant(nearest, "nothing to set"),
            ConfigFault::WrongValue { expected, .. } => {
                let (expected, _) = expected.split_once(", such as").unwrap_or((expected, ""));
                format!("expected {expected}")
            }
            ConfigFault::Include { fault, .. } => fault.to_string(),
            ConfigFault::OutOfBounds { least, most, .. } => format!("from {least} to {most}"),
            _ => String::new(),
        }
    }

    /// What to do about it, beyond what the label says.
    pub fn help(&self) -> Option<String> {
        let one_of = |what: &str, known: &[String]| {
            let known: Vec<_> = known.iter().map(|word| format!("`{word}`")).collect();
            format!("{what}: {}", known.join(", "))
        };
        Some(match self.fault() {
            ConfigFault::NotFound => {
                "a relative path starts from the directory that the program was started in".into()
            }
            ConfigFault::NotUtf8 { .. } => "save the file as UTF-8".into(),
            ConfigFault::Include { .. } => {
                "an included file is named relative to the file that includes it".into()
            }
            ConfigFault::SeveralDocuments => "use `include` to put several files together".into(),
            ConfigFault::UnknownKey { name, known, .. } if is_dependency(name, known) => {
                "take the key out; `on_dependency_restart` can be said here".into()
            }
            ConfigFault::UnknownKey { known, .. } => one_of("known keys", known),
            ConfigFault::DuplicateKey { .. } => {
                "keep one of them: it is not clear which one is meant".into()
            }
            ConfigFault::KeyIsNoWord => "keys are words, such as `policy`".into(),
            ConfigFault::UnknownWord { known, .. } => one_of("expected one of", known),
            ConfigFault::HalfLimit { missing } => {
                format!("a limit is `max` restarts `within` some time: add `{missing}`")
            }
            ConfigFault::PoolMember { .. } => {
                "say it about the pool, under its `defaults`: it holds for all members".into()
            }
            ConfigFault::NotASupervisor { .. } => {
                "say it about the supervisor around it, or take it out".into()
            }
            ConfigFault::NotATask { .. } => {
                "say it under its `defaults`, for the tasks below it, or take it out".into()
            }
            ConfigFault::UnknownVariable { .. } => {
                "names are made of the prefix, the ids of the children and the key, joined by `__`"
                    .into()
            }
            ConfigFault::MissingFeature { feature } => {
                format!("add `{feature}` to its features in Cargo.toml, or take the key out")
            }
            ConfigFault::MissingSetting => {
                let by_variable = variable_of(self.key());
                let by_variable = by_variable
                    .map_or_else(String::new, |name| format!(", or the variable `{name}`"));
                format!("set `{}` in a file{by_variable}", self.key())
            }
            ConfigFault::MissingPlace => "add this key, or take the others out".into(),
            ConfigFault::NoPool { .. } => {
                "`pool` is the path of a field `Pool<…>`, such as `/root/sessions`".into()
            }
            ConfigFault::NotFromConfig { .. } => {
                "its field has to say `#[child(from_config)]`, which needs another build".into()
            }
            ConfigFault::TooManyMembers { .. } => {
                "say a larger `max_children` about the pool, or take some out".into()
            }
            ConfigFault::NoSettings { .. } => {
                "only a child that takes `Settings<T>` has some".into()
            }
            _ => return None,
        })
    }
}
