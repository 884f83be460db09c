mod reexport {
    pub mod inner {
        pub use rust_supervisor::*;
    }
}

mod hidden {
    // The real name is in the way.
    mod rust_supervisor {}

    use super::reexport::inner::{Failure, policy::failure::TaskFailureKind};

    #[derive(Failure)]
    #[failure(crate = crate::reexport::inner)]
    pub enum Error {
        #[failure(timeout)]
        Slow,
    }

    pub fn kind() -> TaskFailureKind {
        crate::reexport::inner::policy::failure::Failure::kind(&Error::Slow)
    }
}

fn main() {
    assert_eq!(hidden::kind(), rust_supervisor::policy::failure::TaskFailureKind::Timeout);
}
