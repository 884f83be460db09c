//! What was written, with its tokens.

use proc_macro2::{Ident, Span, TokenStream};
use syn::{
    Attribute, Expr, ExprClosure, Generics, LitStr, Member, Path, Signature, Type, Visibility,
};

/// A function under `#[child]`.
pub(crate) struct Child {
    pub(crate) options: ChildOptions,
    pub(crate) function: Function,
}

/// A function whose body is not looked at, so that a half-typed body is nobody's problem here.
pub(crate) struct Function {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) signature: Signature,
    /// All of it, as it was written.
    pub(crate) tokens: TokenStream,
}

/// What `#[child(…)]` on a function says.
#[derive(Default)]
pub(crate) struct ChildOptions {
    pub(crate) policy: Policy,
    /// The word `blocking`.
    pub(crate) blocking: Option<Span>,
    /// The word `multiple`.
    pub(crate) multiple: Option<Span>,
    /// `instance = …`: what tells the instances of a generic child apart.
    pub(crate) instance: Option<Expr>,
    /// `depends_on(…)`.
    pub(crate) depends_on: Vec<Type>,
    /// `classify(type…)`.
    pub(crate) classify: Vec<Type>,
    /// `type = Name`.
    pub(crate) type_name: Option<Ident>,
    /// `crate = path`.
    pub(crate) krate: Option<Path>,
}

/// Policies: every key may be open.
#[derive(Default)]
pub(crate) struct Policy {
    pub(crate) role: Option<Role>,
    pub(crate) enabled: Option<Condition>,
    pub(crate) tags: Option<Tags>,
    pub(crate) restart: Option<Restart>,
    pub(crate) backoff: Option<Backoff>,
    pub(crate) restart_limit: Option<Limit>,
    pub(crate) on_limit: Option<OnLimit>,
    pub(crate) on_failure: Option<OnFailure>,
    pub(crate) probe_after: Option<Time>,
    pub(crate) criticality: Option<Criticality>,
    pub(crate) readiness: Option<Readiness>,
    pub(crate) start_timeout: Option<Time>,
    pub(crate) health: Option<Health>,
    pub(crate) on_dependency_restart: Option<OnDependencyRestart>,
    pub(crate) grace: Option<Grace>,
    pub(crate) abort_wait: Option<Time>,
    /// The word `significant`.
    pub(crate) significant: Option<Span>,
}

impl Policy {
    fn classes(&self) -> impl Iterator<Item = &OfClass> {
        self.on_failure.iter().flat_map(|on_failure| &on_failure.classes)
    }

    /// Every `backoff(…)` that was written: the child's, and those of classes of failure.
    pub(crate) fn backoffs(&self) -> impl Iterator<Item = &Backoff> {
        let own = self.backoff.iter();
        own.chain(self.classes().filter_map(|of_class| of_class.backoff.as_ref()))
    }

    /// Every `restart_limit(…)` that was written: the child's, and those of classes of failure.
    pub(crate) fn limits(&self) -> impl Iterator<Item = &Limit> {
        let own = self.restart_limit.iter();
        own.chain(self.classes().filter_map(|of_class| of_class.restart_limit.as_ref()))
    }

    /// The first value that only the compiler knows.
    pub(crate) fn expression(&self) -> Option<Span> {
        let grace = match &self.grace {
            Some(Grace::After(grace)) => Some(grace),
            Some(Grace::Infinite) | None => None,
        };
        let waits = self.backoffs().flat_map(|b| [b.initial.as_ref(), b.max.as_ref()]);
        let times = [
            self.probe_after.as_ref(),
            self.start_timeout.as_ref(),
            self.health.as_ref().and_then(|health| health.heartbeat.as_ref()),
            self.health.as_ref().and_then(|health| health.stale_after.as_ref()),
            grace,
            self.abort_wait.as_ref(),
        ];
        let times = times.into_iter().chain(waits);
        let times = times.flatten().chain(self.limits().map(|limit| &limit.within));
        let numbers = self.backoffs().flat_map(|b| [b.factor.as_ref(), b.jitter.as_ref()]);
        let numbers = numbers.flatten().chain(self.limits().map(|limit| &limit.max));
        let times = times.filter(|time| time.nanos().is_none());
        let numbers = numbers.filter(|number| number.known.is_none());
        times.map(|time| time.span).chain(numbers.map(|number| number.span)).next()
    }
}

/// `enabled = …`.
pub(crate) struct Condition {
    pub(crate) span: Span,
    pub(crate) tokens: TokenStream,
}

/// `tags("…", "…")`.
pub(crate) struct Tags {
    pub(crate) span: Span,
    pub(crate) words: Vec<LitStr>,
}

/// `on_failure(class(…), …)`.
pub(crate) struct OnFailure {
    /// The word `on_failure`.
    pub(crate) key: Span,
    pub(crate) classes: Vec<OfClass>,
}

/// What is said about one class of failure.
pub(crate) struct OfClass {
    pub(crate) class: FailureClass,
    pub(crate) backoff: Option<Backoff>,
    pub(crate) restart_limit: Option<Limit>,
}

/// `backoff(…)`.
pub(crate) struct Backoff {
    /// The word `backoff`.
    pub(crate) key: Span,
    pub(crate) initial: Option<Time>,
    pub(crate) max: Option<Time>,
    pub(crate) factor: Option<Number>,
    pub(crate) jitter: Option<Number>,
    pub(crate) reset_after: Option<Time>,
}

/// `health(…)`.
pub(crate) struct Health {
    pub(crate) heartbeat: Option<Time>,
    pub(crate) stale_after: Option<Time>,
}

/// `restart_limit(…)` or `intensity(…)`. Both keys were written; that is checked while reading.
pub(crate) struct Limit {
    /// The word `restart_limit` or `intensity`.
    pub(crate) key: Span,
    pub(crate) max: Number,
    pub(crate) within: Time,
}

/// `grace = …`.
pub(crate) enum Grace {
    After(Time),
    Infinite,
}

/// A duration: a literal with its unit, or an expression that the compiler evaluates.
pub(crate) struct Time {
    pub(crate) span: Span,
    pub(crate) value: TimeValue,
}

pub(crate) enum TimeValue {
    /// In nanoseconds.
    Known(u128),
    Expression(Expr),
}

impl Time {
    /// Nanoseconds, where they are known.
    pub(crate) fn nanos(&self) -> Option<u128> {
        match self.value {
            TimeValue::Known(nanos) => Some(nanos),
            TimeValue::Expression(_) => None,
        }
    }
}

/// A number: a literal, or an expression that the compiler evaluates.
pub(crate) struct Number {
    pub(crate) span: Span,
    /// The value, where it is a literal.
    pub(crate) known: Option<f64>,
    pub(crate) tokens: TokenStream,
}

/// A set of words, each of which stands for a variant in the runtime crate.
pub(crate) trait Words: Copy + 'static {
    /// The word and what it stands for.
    const ALL: &'static [(&'static str, Self)];
    /// The name of the enum in the runtime crate.
    const ENUM: &'static str;
    /// The name of the variant there.
    fn variant(self) -> &'static str;
}

macro_rules! words {
    ($($name:ident { $($word:literal => $variant:ident,)+ })+) => {$(
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum $name { $($variant,)+ }

        impl Words for $name {
            const ALL: &'static [(&'static str, Self)] = &[$(($word, Self::$variant),)+];
            const ENUM: &'static str = stringify!($name);

            fn variant(self) -> &'static str {
                match self { $(Self::$variant => stringify!($variant),)+ }
            }
        }
    )+};
}

words! {
    Role {
        "service" => Service,
        "worker" => Worker,
        "job" => Job,
        "sidecar" => Sidecar,
    }
    FailureClass {
        "recoverable" => Recoverable,
        "external_dependency" => ExternalDependency,
        "timeout" => Timeout,
        "panic" => Panic,
    }
    Restart { "permanent" => Permanent, "transient" => Transient, "temporary" => Temporary, }
    OnLimit {
        "quarantine" => Quarantine,
        "escalate" => Escalate,
        "stop" => Stop,
        "shutdown_tree" => ShutdownTree,
    }
    Criticality {
        "critical" => Critical,
        "standard" => Standard,
        "best_effort" => BestEffort,
    }
    FailureKind {
        "recoverable" => Recoverable,
        "external_dependency" => ExternalDependency,
        "timeout" => Timeout,
        "fatal_config" => FatalConfig,
        "fatal_bug" => FatalBug,
        "cancelled" => Cancelled,
    }
    Readiness { "immediate" => Immediate, "explicit" => Explicit, }
    OnDependencyRestart { "keep" => Keep, "restart" => Restart, }
    StartMode { "sequential" => Sequential, "parallel" => Parallel, }
    Strategy {
        "one_for_one" => OneForOne,
        "one_for_all" => OneForAll,
        "rest_for_one" => RestForOne,
    }
    Meltdown { "abnormal" => Abnormal, "shutdown" => Shutdown, }
    AutoShutdown {
        "never" => Never,
        "any_significant" => AnySignificant,
        "all_significant" => AllSignificant,
    }
}

/// A struct under `#[supervisor]`.
pub(crate) struct Supervisor {
    pub(crate) options: SupervisorOptions,
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) name: Ident,
    pub(crate) generics: Generics,
    pub(crate) fields: Vec<Field>,
}

/// What `#[supervisor(…)]` says.
#[derive(Default)]
pub(crate) struct SupervisorOptions {
    pub(crate) start: Option<StartMode>,
    pub(crate) strategy: Option<Strategy>,
    pub(crate) intensity: Option<Limit>,
    pub(crate) meltdown: Option<Meltdown>,
    pub(crate) auto_shutdown: Option<AutoShutdown>,
    pub(crate) budget: Option<Time>,
    /// `defaults(…)`: for everything below.
    pub(crate) defaults: Policy,
    /// About the supervisor as a child of the one above.
    pub(crate) policy: Policy,
    /// `depends_on(…)`, as a child of the one above.
    pub(crate) depends_on: Vec<Type>,
    /// `requires(…)`.
    pub(crate) requires: Vec<Type>,
    /// `state = T`.
    pub(crate) state: Option<Type>,
    /// `crate = path`.
    pub(crate) krate: Option<Path>,
}

/// One field of a supervisor: a child.
pub(crate) struct Field {
    /// Those of the user, without `#[child(…)]`.
    pub(crate) attributes: Vec<Attribute>,
    /// What `#[child(…)]` on the field says.
    pub(crate) options: FieldOptions,
    pub(crate) visibility: Visibility,
    pub(crate) name: Ident,
    pub(crate) ty: Type,
}

/// What `#[child(…)]` on a field says.
#[derive(Default)]
pub(crate) struct FieldOptions {
    /// Of the child, or of each member of a pool or a many.
    /// `depends_on(…)`, over what the child itself says.
    pub(crate) depends_on: Option<Vec<Type>>,
    /// `after(…)`.
    pub(crate) after: Vec<Ident>,
    /// Where the first of its options stands, if there is a `#[child(…)]` on the field.
    pub(crate) said_at: Option<Span>,
    pub(crate) policy: Policy,
    /// `args = …`: what every run of the child is given.
    pub(crate) args: Option<Args>,
    /// Of a pool.
    pub(crate) max_children: Option<Number>,
    /// The word `from_config`, of a pool.
    pub(crate) from_config: Option<Span>,
    /// Of a many.
    pub(crate) count: Option<Number>,
    /// Of a pool or a many itself.
    pub(crate) intensity: Option<Limit>,
    /// Of a pool or a many itself.
    pub(crate) meltdown: Option<Meltdown>,
}

/// `args = …`.
pub(crate) struct Args {
    /// The word `args`.
    pub(crate) key: Span,
    pub(crate) value: ArgsValue,
}

pub(crate) enum ArgsValue {
    Plain(Expr),
    /// It sees the application state.
    OfState(ExprClosure),
}

/// A struct under `#[derive(SharedState)]`.
pub(crate) struct SharedState {
    pub(crate) name: Ident,
    pub(crate) generics: Generics,
    pub(crate) krate: Option<Path>,
    /// The fields that are not skipped.
    pub(crate) fields: Vec<StateField>,
}

pub(crate) struct StateField {
    pub(crate) member: Member,
    pub(crate) ty: Type,
}

/// A type under `#[derive(Failure)]`.
pub(crate) struct FailureDerive {
    pub(crate) name: Ident,
    pub(crate) generics: Generics,
    pub(crate) krate: Option<Path>,
    /// What stands on the type: for every variant that says nothing.
    pub(crate) class: Option<Class>,
    /// The one of a struct has no name.
    pub(crate) variants: Vec<FailingVariant>,
}

impl FailureDerive {
    pub(crate) fn class_of<'a>(&'a self, variant: &'a FailingVariant) -> Option<&'a Class> {
        variant.class.as_ref().or(self.class.as_ref())
    }
}

pub(crate) struct FailingVariant {
    pub(crate) name: Option<Ident>,
    /// What to call it, and where to complain.
    pub(crate) at: Ident,
    pub(crate) class: Option<Class>,
    pub(crate) source: Source,
}

/// What `#[failure(…)]` says.
pub(crate) enum Class {
    Is(FailureKind),
    /// The word `source`: the inner error is asked.
    OfSource(Span),
}

/// The inner error of a variant.
pub(crate) enum Source {
    None,
    /// Several fields, and none of them is marked.
    Unclear,
    Field(Member, Box<Type>),
}

impl Field {
    /// Its `cfg` attributes, for everything that is made of it.
    pub(crate) fn cfgs(&self) -> Vec<&Attribute> {
        only(&self.attributes, "cfg")
    }

    /// Whether it is called a `Pool` or a `Many`. Only for messages: whether it is one is a question
    /// for the compiler.
    pub(crate) fn is_called_a_group(&self) -> bool {
        let Type::Path(path) = &self.ty else { return false };
        let last = path.path.segments.last();
        last.is_some_and(|last| last.ident == "Pool" || last.ident == "Many")
    }

    /// Whether it may not be there.
    pub(crate) fn has_cfg(&self) -> bool {
        !self.cfgs().is_empty()
    }
}

/// The attributes with this name.
pub(crate) fn only<'a>(attributes: &'a [Attribute], name: &str) -> Vec<&'a Attribute> {
    attributes.iter().filter(|attribute| attribute.path().is_ident(name)).collect()
}

/// The type without the parentheses, or what `macro_rules!` puts there for a `$type`.
pub(crate) fn peeled(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => peeled(&group.elem),
        Type::Paren(paren) => peeled(&paren.elem),
        ty => ty,
    }
}
