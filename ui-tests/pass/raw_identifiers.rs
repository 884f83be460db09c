use rust_supervisor::prelude::*;

#[child]
async fn r#async(ctx: TaskContext, State(r#type): State<u8>) {
    let _ = r#type;
    ctx.stopped().await;
}

#[child(type = r#Type)]
async fn r#type(ctx: TaskContext) {
    ctx.stopped().await;
}

mod r#mod {
    use rust_supervisor::prelude::*;

    #[derive(Debug, Failure)]
    #[failure(timeout)]
    pub enum Error {
        #[allow(non_camel_case_types)]
        #[failure(fatal_bug)]
        r#in,
        Other {
            r#source: Inner,
        },
        #[failure(source)]
        Inner {
            r#source: Inner,
        },
    }

    #[derive(Debug, Failure)]
    #[failure(cancelled)]
    pub struct Inner;

    #[child]
    pub async fn r#fn(ctx: TaskContext) {
        ctx.stopped().await;
    }
}

#[supervisor]
struct App {
    r#async: r#async,
    r#type: r#Type,
    r#fn: r#mod::r#fn,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), SupervisorError> {
    let app = App::start(1_u8).await?;
    assert_eq!(app.r#async.path().as_str(), "/root/async");
    assert_eq!(r#mod::Error::r#in.kind(), TaskFailureKind::FatalBug);
    let inner = r#mod::Error::Inner { r#source: r#mod::Inner };
    assert_eq!(inner.kind(), TaskFailureKind::Cancelled);
    let other = r#mod::Error::Other { r#source: r#mod::Inner };
    assert_eq!(other.kind(), TaskFailureKind::Timeout);
    Ok(())
}
