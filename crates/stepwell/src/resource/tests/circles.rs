use std::pin::pin;

use futures::poll;

use super::*;

/// Provides a `T` whose factory needs an `N`.
fn provide_needing<T, N>(resources: &mut Resources, shared: bool, make: fn(usize) -> T)
where
    T: Send + Sync + 'static,
    N: Send + Sync + 'static,
{
    resources.provide_with(shared, move |resources: Resources| async move {
        resources.get::<N>().await.map(|_| make(0))
    });
}

#[tokio::test]
async fn rs_1_a_resource_that_needs_itself_is_refused() {
    let mut resources = Resources::default();
    provide_needing::<A, A>(&mut resources, true, A);
    check_refused::<A>(
        &resources,
        expect![[r#"
            fatal ResourceError
            cannot make resource `A`
            resources need each other
            A -> A"#]],
    )
    .await;
}

#[tokio::test]
async fn rs_1_a_circle_is_refused_with_the_chain_of_types() {
    for shared in [true, false] {
        let mut resources = Resources::default();
        provide_needing::<A, B>(&mut resources, shared, A);
        provide_needing::<B, C>(&mut resources, shared, B);
        provide_needing::<C, A>(&mut resources, shared, C);
        let body = resources.for_body();
        let refused = [refusal::<A>(&body).await, refusal::<A>(&body).await];
        assert_eq!(refused[0], refused[1]);
        let chain = "`A`: cannot make resource `B`: cannot make resource `C`";
        let circle = "resources need each other: A -> B -> C -> A";
        let expected = format!("fatal ResourceError: cannot make resource {chain}: {circle}");
        assert_eq!(refused[0], expected);
    }
}

#[tokio::test]
async fn rs_1_a_circle_from_which_only_a_part_is_asked_names_that_part() {
    let mut resources = Resources::default();
    provide_needing::<A, B>(&mut resources, true, A);
    provide_needing::<B, C>(&mut resources, true, B);
    provide_needing::<C, B>(&mut resources, true, C);
    let refused = refusal::<A>(&resources).await;
    assert!(refused.ends_with("resources need each other: B -> C -> B"), "{refused}");
}

#[tokio::test]
async fn rs_1_a_circle_of_a_body_and_its_workflow_is_refused() {
    let mut resources = Resources::default();
    provide_needing::<A, B>(&mut resources, false, A);
    provide_needing::<B, A>(&mut resources, true, B);
    let refused = refusal::<A>(&resources.for_body()).await;
    assert!(refused.ends_with("`B` is shared and cannot need `A`, which is made for each body"));
}

/// Provides a `T` whose factory begins, waits for that of the other one to begin, and needs it.
fn provide_meeting<T, N>(
    resources: &mut Resources,
    shared: bool,
    barrier: &Arc<Barrier>,
    make: fn(usize) -> T,
) where
    T: Send + Sync + 'static,
    N: Send + Sync + 'static,
{
    let barrier = Arc::clone(barrier);
    resources.provide_with(shared, move |resources: Resources| {
        let barrier = Arc::clone(&barrier);
        async move {
            barrier.wait().await;
            resources.get::<N>().await.map(|_| make(0))
        }
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rs_1_a_circle_that_two_enter_at_once_is_refused_and_nobody_hangs() {
    for shared in [true, false] {
        let barrier = Arc::new(Barrier::new(2));
        let mut resources = Resources::default();
        provide_meeting::<A, B>(&mut resources, shared, &barrier, A);
        provide_meeting::<B, A>(&mut resources, shared, &barrier, B);
        // Two bodies if the resources are shared, else two askers in one.
        let first = resources.for_body();
        let second = if shared { resources.for_body() } else { first.clone() };
        let (a, b) = tokio::join!(refusal::<A>(&first), refusal::<B>(&second));
        for refused in [a, b] {
            let is_circle = refused.contains("A -> B -> A") || refused.contains("B -> A -> B");
            assert!(is_circle, "{refused}");
        }
    }
}

#[tokio::test]
async fn rs_1_two_ways_to_one_resource_are_not_a_circle() {
    for shared in [true, false] {
        let counter = Counter::default();
        let mut resources = Resources::default();
        resources.provide_with(shared, counting(&counter, C));
        resources.provide_with(shared, |resources: Resources| async move {
            let (b, c) = tokio::join!(resources.get::<B>(), resources.get::<C>());
            Ok::<_, StepError>(A(b?.0 + c?.0))
        });
        resources.provide_with(shared, |resources: Resources| async move {
            resources.get::<C>().await.map(|c| B(c.0 * 10))
        });
        assert_eq!(*resources.for_body().get::<A>().await.unwrap(), A(11));
        assert_eq!(counter.count(), 1);
    }
}

#[tokio::test]
async fn rs_1_a_factory_may_do_without_what_would_close_a_circle() {
    let mut resources = Resources::default();
    provide_needing::<A, B>(&mut resources, true, A);
    resources.provide_with(true, |resources: Resources| async move {
        // Not yet: whoever makes an `A` waits for this.
        assert!(resources.get::<A>().await.is_err());
        Ok::<_, StepError>(B(1))
    });
    assert_eq!(*resources.get::<A>().await.unwrap(), A(0));
}

#[tokio::test]
async fn rs_1_whoever_stopped_to_wait_is_no_part_of_a_circle() {
    let (stopped, asked) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let mut resources = Resources::default();
    let signals = (Arc::clone(&stopped), Arc::clone(&asked));
    resources.provide_with(true, move |resources: Resources| {
        let (stopped, asked) = signals.clone();
        async move {
            assert!(poll!(pin!(resources.get::<B>())).is_pending());
            stopped.notify_one();
            asked.notified().await;
            Ok::<_, StepError>(A(1))
        }
    });
    resources.provide_with(true, move |resources: Resources| {
        let (stopped, asked) = (Arc::clone(&stopped), Arc::clone(&asked));
        async move {
            stopped.notified().await;
            let mut a = pin!(resources.get::<A>());
            assert!(poll!(&mut a).is_pending());
            asked.notify_one();
            a.await.map(|a| B(a.0 + 1))
        }
    });
    let (b, a) = tokio::join!(resources.get::<B>(), resources.get::<A>());
    assert_eq!((&*a.unwrap(), &*b.unwrap()), (&A(1), &B(2)));
}
