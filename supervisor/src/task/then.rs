//! What is made of a future's output, at the cost of the future alone.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

pin_project_lite::pin_project! {
    /// A future, and what its output is read with. An `async` block would do the same and keep
    /// the future twice, which every parked child would pay.
    #[must_use = "futures do nothing unless polled"]
    pub(crate) struct Then<F, R> {
        #[pin]
        future: F,
        read: R,
    }
}

impl<F, R> Then<F, R> {
    pub(crate) fn new(future: F, read: R) -> Self {
        Self { future, read }
    }
}

impl<F: Future, R: Fn(F::Output) -> T, T> Future for Then<F, R> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let this = self.project();
        let output = ready!(this.future.poll(cx));
        Poll::Ready((this.read)(output))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_reads_the_output_costs_a_parked_child_no_second_future() {
        let parked = async {
            let held = [0_u8; 1_000];
            std::future::pending::<()>().await;
            std::hint::black_box(&held);
        };
        let size = size_of_val(&parked);
        assert!(size >= 1_000);
        assert_eq!(size_of_val(&Then::new(parked, |()| 1)), size);
    }
}
