use std::io;

use futures::poll;
use serde_json::json;
use tokio::sync::{mpsc, oneshot};

use super::*;
use crate::retry::{Condition, FailureView, cause_type, error_type, message_matches};

/// A factory that is held until it is let go, and what is known of it.
#[derive(Clone, Default)]
struct Held {
    counter: Counter,
    gate: Arc<Notify>,
}

impl Held {
    /// Provides an `A` with the number of the try, or what `make` says of it.
    fn provide<E>(&self, resources: &mut Resources, make: fn(usize) -> Result<A, E>)
    where
        E: Into<StepError> + Send + 'static,
    {
        let Self { counter, gate } = self.clone();
        resources.provide_with(true, move |_| {
            let (counter, gate) = (counter.clone(), Arc::clone(&gate));
            async move {
                let number = counter.next();
                gate.notified().await;
                make(number)
            }
        });
    }

    /// Waits until the factory has been called so often.
    async fn called(&self, times: usize) {
        while self.counter.count() < times {
            tokio::task::yield_now().await;
        }
    }
}

fn second_time(number: usize) -> Result<A, io::Error> {
    if number == 1 { Err(io::Error::other("refused")) } else { Ok(A(number)) }
}

#[tokio::test]
async fn rs_5_a_failure_is_that_of_all_who_asked_and_the_next_one_tries_again() {
    let (held, mut resources) = (Held::default(), Resources::default());
    held.provide(&mut resources, second_time);
    let mut first = std::pin::pin!(resources.get::<A>());
    let mut second = std::pin::pin!(resources.get::<A>());
    assert!(poll!(&mut first).is_pending() && poll!(&mut second).is_pending());
    held.gate.notify_one();
    let expected = expect!["std::io::error::Error: cannot make resource `A`: refused"];
    expected.assert_eq(&text(&first.await.unwrap_err()));

    // The next one does not get the failure, not even while others have yet to hear of it.
    held.gate.notify_one();
    assert_eq!(*resources.get::<A>().await.unwrap(), A(2));
    expected.assert_eq(&text(&second.await.unwrap_err()));
    assert_eq!(*resources.get::<A>().await.unwrap(), A(2));
    assert_eq!(held.counter.count(), 2);
}

/// An error with a cause.
#[derive(Debug, thiserror::Error)]
#[error("no connection")]
struct NoConnection(#[source] io::Error);

#[tokio::test]
async fn rs_5_a_retry_policy_sees_the_error_of_the_factory() {
    let mut resources = Resources::default();
    resources
        .provide_with(false, |_| async { Err::<A, _>(NoConnection(io::Error::other("refused"))) });
    let error = resources.get::<A>().await.unwrap_err();
    let message = error.to_string();
    let failure =
        FailureView { error: Some(error.error()), ..FailureView::new(error.kind(), &message) };
    let holds = |condition: Condition| condition.holds(&failure);
    assert!(holds(error_type::<NoConnection>()) && holds(cause_type::<io::Error>()));
    assert!(holds(message_matches("no connection$")) && !holds(error_type::<io::Error>()));
    let causes: Vec<String> = error.causes().into_iter().map(|cause| cause.message).collect();
    assert_eq!(causes, ["refused"]);
}

#[tokio::test]
async fn rs_5_an_error_keeps_its_kind_and_details_and_stays_fatal() {
    let mut resources = Resources::default();
    resources.provide_with(true, |_| async {
        let error = StepError::fatal("wrong key").with_kind("Denied");
        Err::<A, _>(error.with_details(json!({"key": 7})))
    });
    let error = resources.get::<A>().await.unwrap_err();
    assert_eq!(error.details(), Some(&json!({"key": 7})));
    expect!["fatal Denied: cannot make resource `A`: wrong key"].assert_eq(&text(&error));
}

#[tokio::test]
async fn rs_5_a_panic_is_a_failure_and_the_next_one_tries_again() {
    let counter = Counter::default();
    let counted = counter.clone();
    let mut resources = Resources::default();
    resources.provide_with(true, move |_| {
        let number = counted.next();
        assert_ne!(number, 1, "before the first await");
        async move {
            tokio::task::yield_now().await;
            assert_ne!(number, 2, "after the first await");
            Ok::<_, StepError>(A(number))
        }
    });
    for expected in ["before the first await", "after the first await"] {
        let (first, second) = tokio::join!(refusal::<A>(&resources), refusal::<A>(&resources));
        assert_eq!(first, second);
        assert!(first.starts_with("Panic: cannot make resource `A`: its factory panicked"));
        assert!(first.contains(expected), "{first}");
    }
    assert_eq!(*resources.get::<A>().await.unwrap(), A(3));
}

#[tokio::test]
async fn an_asker_that_goes_away_takes_nothing_from_the_others() {
    let (held, mut resources) = (Held::default(), Resources::default());
    held.provide(&mut resources, |number| Ok::<_, StepError>(A(number)));
    let mut first = Box::pin(resources.get::<A>());
    let mut second = Box::pin(resources.get::<A>());
    assert!(poll!(&mut first).is_pending() && poll!(&mut second).is_pending());
    held.called(1).await;
    drop(first);
    held.gate.notify_one();
    assert_eq!(*second.await.unwrap(), A(1));
    assert_eq!(*resources.get::<A>().await.unwrap(), A(1));
}

#[tokio::test]
async fn an_asker_that_looks_elsewhere_does_not_hold_up_the_others() {
    let (held, mut resources) = (Held::default(), Resources::default());
    held.provide(&mut resources, |number| Ok::<_, StepError>(A(number)));
    let mut first = std::pin::pin!(resources.get::<A>());
    assert!(poll!(&mut first).is_pending());
    held.gate.notify_one();
    assert_eq!(*resources.get::<A>().await.unwrap(), A(1));
    assert_eq!(*first.await.unwrap(), A(1));
}

#[tokio::test]
async fn when_the_last_asker_goes_away_the_factory_is_stopped_and_the_next_one_begins_anew() {
    struct Stopped(Option<oneshot::Sender<()>>);
    impl Drop for Stopped {
        fn drop(&mut self) {
            let _ = self.0.take().unwrap().send(());
        }
    }
    let counter = Counter::default();
    let counted = counter.clone();
    let (sender, stopped) = oneshot::channel();
    let sender = parking_lot::Mutex::new(Some(sender));
    let mut resources = Resources::default();
    resources.provide_with(true, move |_| {
        let number = counted.next();
        let stopped = sender.lock().take().map(|sender| Stopped(Some(sender)));
        async move {
            if let Some(_stopped) = stopped {
                std::future::pending::<()>().await;
            }
            Ok::<_, StepError>(A(number))
        }
    });
    let mut asker = Box::pin(resources.get::<A>());
    assert!(poll!(&mut asker).is_pending());
    while counter.count() == 0 {
        tokio::task::yield_now().await;
    }
    drop(asker);
    stopped.await.unwrap();
    assert_eq!(*resources.get::<A>().await.unwrap(), A(2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_stopped_factory_still_returns_is_dropped() {
    struct Dropped(usize, mpsc::UnboundedSender<usize>);
    impl Drop for Dropped {
        fn drop(&mut self) {
            let _ = self.1.send(self.0);
        }
    }
    let counter = Counter::default();
    let counted = counter.clone();
    let (sender, mut dropped) = mpsc::unbounded_channel();
    let (release, released) = std::sync::mpsc::channel::<()>();
    let released = Arc::new(parking_lot::Mutex::new(released));
    let mut resources = Resources::default();
    resources.provide_with(true, move |_| {
        let value = Dropped(counted.next(), sender.clone());
        if value.0 == 1 {
            // Nobody can stop a factory that blocks its thread.
            released.lock().recv().unwrap();
        }
        async { Ok::<_, StepError>(value) }
    });
    let mut asker = Box::pin(resources.get::<Dropped>());
    assert!(poll!(&mut asker).is_pending());
    while counter.count() == 0 {
        tokio::task::yield_now().await;
    }
    drop(asker);
    assert_eq!(resources.get::<Dropped>().await.unwrap().0, 2);
    release.send(()).unwrap();
    assert_eq!(dropped.recv().await, Some(1));
    assert_eq!(resources.get::<Dropped>().await.unwrap().0, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_is_lost_however_many_askers_come_and_go() {
    for _ in 0..300 {
        let mut resources = Resources::default();
        resources.provide_with(true, |_| async {
            for _ in 0..8 {
                tokio::task::yield_now().await;
            }
            Ok::<_, StepError>(A(1))
        });
        let askers: Vec<_> = (0..8)
            .map(|_| {
                let resources = resources.for_body();
                tokio::spawn(async move { resources.get::<A>().await.unwrap().0 })
            })
            .collect();
        for (number, asker) in askers.into_iter().enumerate() {
            match number % 3 {
                0 => assert_eq!(asker.await.unwrap(), 1),
                _ => asker.abort(),
            }
        }
    }
}
