//! Children and supervisors that `macro_rules!` makes.
use rust_supervisor::prelude::*;

macro_rules! pollers {
    ($($name:ident: $state:ty, $wait:literal, $restart:ident;)+) => {
        $(
            #[child(restart($restart), backoff(initial = $wait, max = "5s"))]
            async fn $name(ctx: TaskContext, State(value): State<$state>) -> Result<(), String> {
                let _: $state = value;
                ctx.stopped().await;
                Ok(())
            }
        )+

        #[supervisor]
        struct Pollers {
            $($name: $name,)+
        }
    };
}

pollers! {
    prices: u8, "1s", permanent;
    rates: Option<Vec<u8>>, "10ms", transient;
}

macro_rules! error {
    ($name:ident { $($variant:ident = $class:ident,)+ }) => {
        #[derive(Debug, Failure)]
        enum $name {
            $(#[failure($class)] $variant,)+
        }
    };
}

error! { Error { Slow = timeout, Broken = fatal_bug, } }

/// Types and values that a macro hands on.
macro_rules! typed {
    ($name:ident, $context:ty, $state:ty, $returned:ty, $wait:expr, $class:ty) => {
        #[child(start_timeout = $wait, classify($class))]
        async fn $name(ctx: $context, _: $state) -> $returned {
            ctx.stopped().await;
            Ok(())
        }
    };
}

#[derive(Debug, thiserror::Error, Failure)]
#[error("odd")]
#[failure(timeout)]
struct Odd;

typed!(typed, TaskContext, State<u8>, std::io::Result<()>, Duration::from_secs(1), Odd);

/// A child in a body that a macro has made; its own `run` and `output` are not those of the attribute.
macro_rules! hygienic {
    ($($body:tt)*) => {
        #[child]
        async fn hygienic(run: TaskContext, State(output): State<u8>) {
            let reader = output;
            let _ = reader;
            $($body)*
            run.stopped().await;
        }
    };
}

hygienic! { let __S = 1; let _ = __S; }

#[derive(SharedState)]
struct Shared {
    number: u8,
    rates: Option<Vec<u8>>,
}

#[supervisor(state = Shared)]
struct App {
    pollers: Pollers,
    hygienic: hygienic,
    typed: typed,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), SupervisorError> {
    let app = App::start(Shared { number: 1, rates: None }).await?;
    assert_eq!(app.pollers.rates.path().as_str(), "/root/pollers/rates");
    assert_eq!(Error::Slow.kind(), TaskFailureKind::Timeout);
    assert_eq!(Error::Broken.kind(), TaskFailureKind::FatalBug);
    Ok(())
}
