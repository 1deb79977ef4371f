mod circles;
mod config;
mod failures;

use std::sync::atomic::{AtomicUsize, Ordering};

use expect_test::{Expect, expect};
use futures::future::join_all;
use tokio::sync::{Barrier, Notify};

use super::*;

/// Counts how often something was made. Its values are numbers from 1.
#[derive(Clone, Default)]
struct Counter(Arc<AtomicUsize>);

impl Counter {
    fn next(&self) -> usize {
        self.0.fetch_add(1, Ordering::SeqCst) + 1
    }

    fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

#[derive(Debug, PartialEq)]
struct A(usize);
#[derive(Debug, PartialEq)]
struct B(usize);
#[derive(Debug, PartialEq)]
struct C(usize);

/// Says what an error says, with the names of our types as they stand here.
fn text(error: &StepError) -> String {
    let fatal = if error.is_fatal() { "fatal " } else { "" };
    let text = format!("{fatal}{}: {error}", error.kind());
    text.replace(concat!(module_path!(), "::"), "")
}

/// Asks for a resource that cannot be had and says why.
async fn refusal<T: Send + Sync + 'static>(resources: &Resources) -> String {
    match resources.get::<T>().await {
        Ok(_) => "there is one".to_owned(),
        Err(error) => text(&error),
    }
}

async fn check_refused<T: Send + Sync + 'static>(resources: &Resources, expected: Expect) {
    expected.assert_eq(&lines(&refusal::<T>(resources).await));
}

/// Breaks a message where one error ends and the next one begins.
fn lines(text: &str) -> String {
    text.replace(": ", "\n")
}

/// Makes a factory that counts and cannot fail.
fn counting<T: Send + 'static>(
    counter: &Counter,
    make: fn(usize) -> T,
) -> impl Fn(Resources) -> BoxFuture<'static, Result<T, StepError>> + use<T> {
    let counter = counter.clone();
    move |_| {
        let made = make(counter.next());
        async { Ok(made) }.boxed()
    }
}

#[tokio::test]
async fn c_7_two_factories_of_different_types_do_not_collide() {
    let mut resources = Resources::default();
    resources.provide_with(true, |_| async { Ok::<_, StepError>("first".to_owned()) });
    resources.provide_with(true, |_| async { Ok::<&str, StepError>("second") });
    assert_eq!(*resources.get::<String>().await.unwrap(), "first");
    assert_eq!(*resources.get::<&str>().await.unwrap(), "second");
}

#[tokio::test]
async fn c_7_types_of_your_own_tell_two_resources_of_one_type_apart() {
    let counter = Counter::default();
    let mut resources = Resources::default();
    resources.provide_with(true, counting(&counter, A));
    resources.provide_with(true, counting(&counter, B));
    resources.provide(7_usize);
    let (a, b) = (resources.get::<A>().await.unwrap(), resources.get::<B>().await.unwrap());
    assert_eq!((&*a, &*b, *resources.get::<usize>().await.unwrap()), (&A(1), &B(2), 7));
}

#[tokio::test]
async fn the_last_provider_of_a_type_replaces_those_before_it() {
    let counter = Counter::default();
    let mut resources = Resources::default();
    resources.provide_with(true, counting(&counter, A));
    let before = resources.clone();
    assert_eq!(*before.get::<A>().await.unwrap(), A(1));

    resources.provide_with(true, |_| async { Ok::<_, StepError>(A(20)) });
    assert_eq!(*resources.get::<A>().await.unwrap(), A(20));
    resources.provide(A(30));
    assert_eq!(*resources.get::<A>().await.unwrap(), A(30));
    assert_eq!(*before.get::<A>().await.unwrap(), A(1));
    assert_eq!(resources.names().len(), 1);
}

#[tokio::test]
async fn a_resource_that_nobody_provides_is_fatal_and_says_what_to_do() {
    let mut resources = Resources::default();
    resources.provide_with(true, |resources: Resources| async move {
        resources.get::<B>().await.map(|b| A(b.0))
    });
    assert!(resources.has(TypeId::of::<A>()) && !resources.has(TypeId::of::<B>()));
    check_refused::<B>(
        &resources,
        expect![[r#"
            fatal ResourceError
            no resource of type `B`
            add `.resource(...)` to the builder"#]],
    )
    .await;
    check_refused::<A>(
        &resources.for_body(),
        expect![[r#"
            fatal ResourceError
            cannot make resource `A`
            no resource of type `B`
            add `.resource(...)` to the builder"#]],
    )
    .await;
}

#[test]
fn resources_show_their_names() {
    let mut resources = Resources::default();
    resources.provide(1_u8);
    resources.provide_with(false, |_| async { Ok::<_, StepError>(String::new()) });
    assert_eq!(resources.names(), ["alloc::string::String", "u8"]);
    assert_eq!(format!("{resources:?}"), r#"Resources(["alloc::string::String", "u8"])"#);
}

#[tokio::test]
async fn rs_1_factories_may_need_other_resources() {
    let mut resources = Resources::default();
    resources.provide(A(1));
    resources.provide_with(true, |resources: Resources| async move {
        let a = resources.get::<A>().await?;
        Ok::<_, StepError>(B(a.0 + 1))
    });
    resources.provide_with(false, |resources: Resources| async move {
        let (a, b) = tokio::try_join!(resources.get::<A>(), resources.get::<B>())?;
        Ok::<_, StepError>(C(a.0 + b.0))
    });
    assert_eq!(*resources.for_body().get::<C>().await.unwrap(), C(3));
}

#[tokio::test]
async fn rs_2_all_bodies_of_a_workflow_share_what_is_made_once() {
    let counter = Counter::default();
    let mut resources = Resources::default();
    resources.provide_with(true, counting(&counter, A));
    assert_eq!(counter.count(), 0, "nothing is made before somebody asks");

    let first = resources.for_body().get::<A>().await.unwrap();
    let copy = resources.clone();
    drop(resources);
    let second = copy.for_body().get::<A>().await.unwrap();
    let third = copy.get::<A>().await.unwrap();
    assert!(std::ptr::eq(&*first, &*second) && std::ptr::eq(first.as_ref(), third.as_ref()));
    assert_eq!(counter.count(), 1);
}

#[tokio::test]
async fn rs_2_two_workflows_share_nothing() {
    let counter = Counter::default();
    let build = || {
        let mut resources = Resources::default();
        resources.provide_with(true, counting(&counter, A));
        resources
    };
    assert_eq!(*build().get::<A>().await.unwrap(), A(1));
    assert_eq!(*build().get::<A>().await.unwrap(), A(2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn rs_2_a_shared_resource_is_made_once_however_many_bodies_ask_at_once() {
    const BODIES: usize = 64;
    let counter = Counter::default();
    let counted = counter.clone();
    let mut resources = Resources::default();
    resources.provide_with(true, move |_| {
        let counter = counted.clone();
        async move {
            tokio::task::yield_now().await;
            Ok::<_, StepError>(A(counter.next()))
        }
    });
    let barrier = Arc::new(Barrier::new(BODIES));
    let bodies = (0..BODIES).map(|_| {
        let (resources, barrier) = (resources.for_body(), Arc::clone(&barrier));
        tokio::spawn(async move {
            barrier.wait().await;
            resources.get::<A>().await.unwrap().0
        })
    });
    for made in join_all(bodies).await {
        assert_eq!(made.unwrap(), 1);
    }
    assert_eq!(counter.count(), 1);
}

#[tokio::test]
async fn rs_4_a_resource_of_each_body_is_made_anew_and_shared_within_the_body() {
    let counter = Counter::default();
    let mut resources = Resources::default();
    resources.provide_with(false, counting(&counter, A));
    resources.provide_with(false, |resources: Resources| async move {
        resources.get::<A>().await.map(|a| B(a.0))
    });
    for body in 1..=3 {
        let resources = resources.for_body();
        let copy = resources.clone();
        let (a, b, again) =
            tokio::join!(resources.get::<A>(), resources.get::<B>(), copy.get::<A>());
        let (a, b, again) = (a.unwrap(), b.unwrap(), again.unwrap());
        assert_eq!((&*a, &*b), (&A(body), &B(body)));
        assert!(std::ptr::eq(&*a, &*again));
    }
}

#[tokio::test]
async fn rs_4_whoever_asks_outside_of_all_bodies_is_a_body_of_its_own() {
    let counter = Counter::default();
    let mut resources = Resources::default();
    resources.provide_with(false, counting(&counter, A));
    assert_eq!(*resources.get::<A>().await.unwrap(), A(1));
    assert_eq!(*resources.get::<A>().await.unwrap(), A(2));
}

#[tokio::test]
async fn rs_4_a_shared_resource_cannot_need_one_that_is_made_for_each_body() {
    let mut resources = Resources::default();
    resources.provide_with(false, |_| async { Ok::<_, StepError>(A(1)) });
    resources.provide_with(true, |resources: Resources| async move {
        resources.get::<A>().await.map(|a| B(a.0))
    });
    let body = resources.for_body();
    assert_eq!(*body.get::<A>().await.unwrap(), A(1), "not even if the body has it already");
    check_refused::<B>(
        &body,
        expect![[r#"
            fatal ResourceError
            cannot make resource `B`
            resource `B` is shared and cannot need `A`, which is made for each body"#]],
    )
    .await;
}

/// A resource that asks for others later, and thereby would keep itself alive.
struct Lazy {
    resources: Resources,
    _alive: Arc<()>,
}

fn lazy(
    alive: &Arc<()>,
) -> impl Fn(Resources) -> BoxFuture<'static, Result<Lazy, StepError>> + use<> {
    let alive = Arc::clone(alive);
    move |resources| {
        let lazy = Lazy { resources, _alive: Arc::clone(&alive) };
        async { Ok(lazy) }.boxed()
    }
}

#[tokio::test]
async fn a_resource_that_keeps_its_resources_goes_with_its_body_or_workflow() {
    for shared in [true, false] {
        let alive = Arc::new(());
        let mut resources = Resources::default();
        resources.provide_with(shared, lazy(&alive));
        resources.provide_with(true, |_| async { Ok::<_, StepError>(A(1)) });
        let body = resources.for_body();
        let before = Arc::strong_count(&alive);
        let value = body.get::<Lazy>().await.unwrap();
        assert_eq!(*value.resources.get::<A>().await.unwrap(), A(1));
        assert_eq!(Arc::strong_count(&alive), before + 1);
        drop(value);
        assert_eq!(Arc::strong_count(&alive), before + 1, "the body has it still");
        drop(body);
        assert_eq!(Arc::strong_count(&alive), before + usize::from(shared));
        drop(resources);
        assert_eq!(Arc::strong_count(&alive), 1);
    }
}

#[tokio::test]
async fn a_resource_that_outlives_its_body_gets_no_others_any_more() {
    let mut resources = Resources::default();
    resources.provide_with(false, lazy(&Arc::new(())));
    resources.provide_with(true, |_| async { Ok::<_, StepError>(A(1)) });
    let value = resources.for_body().get::<Lazy>().await.unwrap();
    check_refused::<A>(
        &value.resources,
        expect![[r#"
            fatal ResourceError
            resource `A` is asked for after the end of its body or workflow"#]],
    )
    .await;
}
