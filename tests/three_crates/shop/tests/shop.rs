//! The three crates run together.

use payments::{Diary, Payments};
use rust_supervisor::prelude::*;
use shop::{App, Shop};

fn why() -> (&'static str, &'static str) {
    ("test", "to see it")
}

#[tokio::test(start_paused = true)]
async fn what_is_depended_on_is_ready_first() {
    let shop = Shop::default();
    let app = App::start(shop.clone()).await.unwrap();
    app.handle().wait_until_settled().await.unwrap();
    assert_eq!(shop.diary.read()[0], "pool");
    assert!(shop.diary.read().contains(&"daily"), "{:?}", shop.diary.read());
    assert!(app.shutdown(why()).await.unwrap().is_clean());
}

#[tokio::test(start_paused = true)]
async fn a_handle_as_a_parameter_leads_to_the_child_in_another_crate() {
    let shop = Shop::default();
    let app = App::start(shop.clone()).await.unwrap();
    app.handle().wait_until_settled().await.unwrap();
    // It stopped the scorer, and kept no tree alive meanwhile.
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert!(shop.diary.read().contains(&"audited"));
    let error = app.payments.fraud.stop(why()).await;
    assert!(error.is_ok(), "{error:?}");
    assert!(!app.payments.fraud.state().await.unwrap().lifecycle.is_live());
    assert!(app.shutdown(why()).await.unwrap().is_clean());
}

#[tokio::test(start_paused = true)]
async fn typed_handles_reach_through_three_crates() {
    let app = App::start(Shop::default()).await.unwrap();
    let outcome = app.restart(App::PAYMENTS.at(Payments::LEDGER), why()).await.unwrap();
    assert_eq!(outcome.path.as_str(), "/root/payments/ledger");
    assert_eq!(outcome.generation.0, 2);
    assert_eq!(app.reports.daily.restart(why()).await.unwrap().generation.0, 2);
    assert!(app.shutdown(why()).await.unwrap().is_clean());
}

#[tokio::test(start_paused = true)]
async fn a_library_starts_alone_without_what_it_requires() {
    let diary = Diary::default();
    let payments = Payments::start(diary.clone()).await.unwrap();
    assert_eq!(payments.ledger.path().as_str(), "/root/ledger");
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(diary.read(), ["ledger", "scorer"]);
    assert!(payments.shutdown(why()).await.unwrap().is_clean());
}
