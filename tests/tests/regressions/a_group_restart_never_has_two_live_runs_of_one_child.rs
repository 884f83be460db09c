use rust_supervisor::policy::restart::Strategy;
use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::task::context::TaskContext;
use supervisor_tests::{Lives, end_clean, every, ms};
use tokio::time::sleep;

#[tokio::test(start_paused = true)]
async fn a_group_restart_never_has_two_live_runs_of_one_child() {
    for strategy in [Strategy::OneForAll, Strategy::RestForOne, Strategy::OneForOne] {
        let lives = Lives::default();
        let mut tree = SupervisorSpec::root().strategy(strategy).intensity(u32::MAX, ms(1));
        // Each takes a different time to end, some of it in a helper and in a destructor.
        for n in 0..6_u64 {
            let child = lives.child(move |ctx: TaskContext| async move {
                let linger = ctx.clone();
                ctx.spawn(async move {
                    linger.stopped().await;
                });
                let fails_after = ms(40 + n * 17);
                if ctx.sleep(fails_after).await {
                    return Err("time is up");
                }
                sleep(ms(n * 5)).await;
                Ok(())
            });
            tree = tree.child(ChildSpec::new(format!("c{n}"), child).backoff(every(ms(3))));
        }
        let handle = Supervisor::start(tree).await.unwrap();
        sleep(ms(2_000)).await;
        end_clean(&handle).await;
        let total = lives.total();
        assert!(total.begun > 60, "{strategy}: {total:?}");
        assert_eq!((total.most, total.over), (1, total.begun), "{strategy}");
    }
}
