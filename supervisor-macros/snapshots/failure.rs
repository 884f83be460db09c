#[allow(deprecated, unused_parens, clippy::all, clippy::pedantic)]
impl<E> ::rust_supervisor::__private::Failure for LedgerError<E>
where
    E: ::rust_supervisor::__private::Failure,
{
    fn kind(&self) -> ::rust_supervisor::__private::TaskFailureKind {
        match self {
            Self::Slow { .. } => ::rust_supervisor::__private::TaskFailureKind::Timeout,
            Self::NoSchema { .. } => {
                ::rust_supervisor::__private::TaskFailureKind::FatalConfig
            }
            Self::Inner { 0: source, .. } => {
                (::rust_supervisor::__private::kind_of)(source)
            }
        }
    }
}
