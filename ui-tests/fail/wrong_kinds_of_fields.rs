use rust_supervisor::prelude::*;

#[child]
async fn session(ctx: TaskContext) {
    ctx.stopped().await;
}

#[child(restart(transient), significant)]
async fn first_to_go(ctx: TaskContext) {
    ctx.stopped().await;
}

#[supervisor]
struct Inner {
    session: session,
}

struct Thing;

const NOBODY: u32 = 0;

#[supervisor]
struct CountOfOne {
    #[child(count = 3)]
    one: session,
}

#[supervisor]
struct MostOfOne {
    #[child(max_children = 3)]
    one: session,
}

#[supervisor]
struct MostOfMany {
    #[child(max_children = 3)]
    many: Many<session>,
}

#[supervisor]
struct IntensityOfOne {
    #[child(intensity(max = 1, within = "1s"))]
    one: session,
}

#[supervisor]
struct ManyWithoutCount {
    many: Many<session>,
}

#[supervisor]
struct PoolOfSupervisors {
    pool: Pool<Inner>,
}

#[supervisor]
struct PoolOfThings {
    pool: Pool<Thing>,
}

#[supervisor]
struct SignificantMembers {
    pool: Pool<first_to_go>,
}

#[supervisor]
struct CountOfNobody {
    #[child(count = NOBODY)]
    many: Many<session>,
}

fn main() {}
