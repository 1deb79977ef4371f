//! What LlamaIndex Workflows does in the situations of its probes p13, p14 and p17 to p25, and
//! what is done here. Each test is called after its probe; where the answer differs, it says why.

use std::time::Duration;

use expect_test::expect;
use serde_json::json;
use stepwell::retry::{RetryPolicy, after_delay, attempts, before_delay, chain, fixed, retry};
use stepwell::store::Status;
use stepwell::{
    Accept, AnyInput, Context, Event, Join, StartEvent, StepError, StepFailed, StepOptions,
    StopEvent, Workflow,
};
use tokio::time::Instant;

use crate::kit::Home;
use crate::parts::{Done, Log, Part, parts, start, timed};
use crate::paused::{self, life, pass, status};

async fn ms(millis: u64) {
    crate::paused::rest(Duration::from_millis(millis)).await;
}

fn tenths(tenths: u64) -> Duration {
    Duration::from_millis(100 * tenths)
}

#[derive(Event)]
struct A {
    n: u32,
}

#[derive(Event)]
struct B {
    n: u32,
}

#[derive(Event)]
struct X {
    n: u32,
}

#[derive(Accept)]
enum Any {
    A(A),
    B(B),
    X(X),
}

#[derive(Accept)]
enum AOrB {
    A(A),
    B(B),
}

impl Any {
    fn label(&self) -> String {
        match self {
            Self::A(A { n }) => format!("A{n}"),
            Self::B(B { n }) => format!("B{n}"),
            Self::X(X { n }) => format!("X{n}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn p13_collected_events_come_in_the_order_expected_and_none_is_lost() {
    // What is left of one name is kept for the next set here, so A4 goes with what comes later;
    // and no body runs twice.
    let log = Log::default();
    let told = log.clone();
    let workflow = Workflow::builder("Collect")
        .additional_event::<A>()
        .additional_event::<B>()
        .additional_event::<X>()
        .step("s", |_: StartEvent, ctx: Context| async move {
            ctx.send(X { n: 0 }).await?;
            for (is_a, n) in
                [(false, 1), (true, 2), (true, 3), (true, 4), (false, 5), (true, 6), (false, 7)]
            {
                if is_a { ctx.send(A { n }).await? } else { ctx.send(B { n }).await? }
            }
            Ok::<_, StepError>(())
        })
        .step_with("j", StepOptions::new().workers(1), move |event: Any, ctx: Context| {
            let log = told.clone();
            async move {
                let label = event.label();
                let set = match event {
                    Any::A(a) => ctx.collect::<AOrB>("default", a, &["A", "B", "A"]).await?,
                    Any::B(b) => ctx.collect::<AOrB>("default", b, &["A", "B", "A"]).await?,
                    Any::X(x) => ctx.collect::<AOrB>("default", x, &["A", "B", "A"]).await?,
                };
                let set = set.map(|set| {
                    let label = |event: &AOrB| match event {
                        AOrB::A(a) => format!("A{}", a.n),
                        AOrB::B(b) => format!("B{}", b.n),
                    };
                    set.iter().map(label).collect::<Vec<_>>().join("+")
                });
                log.add(format!("{label}:{}", set.unwrap_or_default()));
                Ok::<_, StepError>((label == "B7").then(StopEvent::default))
            }
        })
        .build()
        .unwrap();
    timed(&workflow).await;
    expect!["X0: B1: A2: A3:A2+B1+A3 A4: B5: A6:A4+B5+A6 B7:"].assert_eq(&log.text());
}

#[tokio::test(start_paused = true)]
async fn p14_a_set_outlives_the_attempts_of_the_body_that_completed_it() {
    let log = Log::default();
    let told = log.clone();
    let policy = retry().wait(fixed(Duration::from_millis(50))).stop(attempts(3));
    let workflow = Workflow::builder("Collect")
        .additional_event::<A>()
        .step("s", |_: StartEvent, ctx: Context| async move {
            for n in 0..2 {
                ctx.send(A { n }).await?;
            }
            Ok::<_, StepError>(())
        })
        .step_with("j", StepOptions::new().workers(1).retry(policy), move |a: A, ctx: Context| {
            let log = told.clone();
            async move {
                let n = a.n;
                let set = ctx.collect::<A>("default", a, &["A", "A"]).await?;
                let set = set.map(|set| set.iter().map(|a| a.n).collect::<Vec<_>>());
                log.add(format!("{n}/{}:{set:?}", ctx.attempt()));
                match set {
                    None => Ok(None),
                    Some(_) if ctx.attempt() < 3 => Err(StepError::new("x")),
                    Some(set) => Ok(Some(StopEvent::new(set))),
                }
            }
        })
        .build()
        .unwrap();
    assert!(timed(&workflow).await.starts_with(r#"StopEvent {"result":[0,1]}"#));
    expect!["0/1:None 1/1:Some([0, 1]) 1/2:Some([0, 1]) 1/3:Some([0, 1])"].assert_eq(&log.text());
}

#[derive(Event)]
struct Sub {
    o: i64,
    total: usize,
}

#[tokio::test(start_paused = true)]
async fn p17_inner_joins_run_once_for_each_member_of_the_outer_list() {
    let log = Log::default();
    let told = log.clone();
    let workflow = Workflow::builder("Nested")
        .step("a", |_: StartEvent, _: Context| async { parts(3) })
        .step("b", |outer: Part, _: Context| async move {
            (0..outer.n).map(|n| Done { n: 10 * outer.n + n }).collect::<Vec<_>>()
        })
        .step("c", move |inner: Join<Done>, _: Context| {
            let mut members: Vec<_> = inner.iter().map(|it| (it.n / 10, it.n % 10)).collect();
            members.sort_unstable();
            told.add(format!("{members:?}"));
            let o = members.first().map_or(-1, |(o, _)| i64::from(*o));
            async move { Sub { o, total: members.len() } }
        })
        .step("d", |subs: Join<Sub>, _: Context| async move {
            let mut all: Vec<_> = subs.iter().map(|sub| (sub.o, sub.total)).collect();
            all.sort_unstable();
            StopEvent::new(json!(all))
        })
        .build()
        .unwrap();
    assert_eq!(timed(&workflow).await, r#"StopEvent {"result":[[-1,0],[1,1],[2,2]]} after 0ns"#);
    expect!["[(1, 0)] [(2, 0), (2, 1)] []"].assert_eq(&log.sorted());
}

#[test]
fn p18_a_set_of_another_level_does_not_build() {
    let mixed = Workflow::builder("Mixed")
        .step("f", |_: StartEvent, _: Context| async { Vec::<Part>::new() })
        .step("g", |_: StartEvent, _: Context| async { X { n: 1 } })
        .step("j", |_: (Part, X), _: Context| async { StopEvent::default() })
        .build();
    let error = mixed.unwrap_err().to_string();
    assert!(error.contains("step `j`"), "{error}");
    // (1,3),(2,5) and (0,1),(2,3) are `mj_1_…` of slots.rs.
}

/// Fails without end, and tells when.
async fn tried(policy: Option<RetryPolicy>) -> String {
    let log = Log::default();
    let (told, began) = (log.clone(), Instant::now());
    let options = policy.map_or(StepOptions::new(), |policy| StepOptions::new().retry(policy));
    let workflow = Workflow::builder("Retry")
        .step_with("s", options, move |_: StartEvent, ctx: Context| {
            let last = ctx.failures().last().map(|it| it.failure.message.clone());
            told.add(format!(
                "({} {:.1} {} {:.1})",
                ctx.attempt() - 1,
                ctx.elapsed().as_secs_f64(),
                last.unwrap_or("-".to_owned()),
                began.elapsed().as_secs_f64(),
            ));
            async move { Err::<StopEvent, _>(StepError::new(format!("e{}", ctx.attempt() - 1))) }
        })
        .build()
        .unwrap();
    timed(&workflow).await;
    log.text()
}

#[tokio::test(start_paused = true)]
async fn p20_attempts_are_counted_and_timed_as_the_policy_says() {
    let chained = chain([fixed(tenths(1)), fixed(tenths(3)), fixed(tenths(5))]);
    let mut told = format!("no policy: {}\n", tried(None).await);
    for (name, policy) in [
        ("fixed", retry().wait(fixed(tenths(2))).stop(attempts(3))),
        ("chain", retry().wait(chained).stop(attempts(4))),
        ("before", retry().wait(fixed(tenths(3))).stop(before_delay(tenths(5)))),
        ("after", retry().wait(fixed(tenths(3))).stop(after_delay(tenths(5)))),
    ] {
        told += &format!("{name}: {}\n", tried(Some(policy)).await);
    }
    expect![[r#"
        no policy: (0 0.0 - 0.0)
        fixed: (0 0.0 - 0.0) (1 0.2 e0 0.2) (2 0.4 e1 0.4)
        chain: (0 0.0 - 0.0) (1 0.1 e0 0.1) (2 0.4 e1 0.4) (3 0.9 e2 0.9)
        before: (0 0.0 - 0.0) (1 0.3 e0 0.3)
        after: (0 0.0 - 0.0) (1 0.3 e0 0.3) (2 0.6 e1 0.6)
    "#]]
    .assert_eq(&told);
}

#[derive(Event)]
struct R {}

#[tokio::test(start_paused = true)]
async fn p21_a_handler_has_a_budget_along_its_lineage() {
    let caught = |budget: u32, sends: bool| {
        let log = Log::default();
        let told = log.clone();
        let workflow = Workflow::builder("Catch")
            .additional_event::<R>()
            .step("a", |_: StartEvent, _: Context| async {
                Err::<StopEvent, _>(StepError::new("a"))
            })
            .step("b", |_: R, _: Context| async { Err::<StopEvent, _>(StepError::new("b")) })
            .catch_all("h", budget, move |failed: StepFailed<AnyInput>, ctx: Context| {
                told.add(format!("{} {} {}", failed.step, failed.error, failed.attempts));
                async move {
                    if sends {
                        ctx.send(R {}).await?;
                        return Ok::<_, StepError>(None);
                    }
                    Ok(Some(R {}))
                }
            })
            .build()
            .unwrap();
        (workflow, log)
    };
    let mut told = String::new();
    for (name, budget, sends) in [("1", 1, false), ("2", 2, false), ("1, sent", 1, true)] {
        let (workflow, log) = caught(budget, sends);
        let end = timed(&workflow).await;
        let step = end.split("\"step_name\":").nth(1).unwrap();
        told += &format!("budget {name}: fails in {step}, entered: {}\n", log.text());
    }
    expect![[r#"
        budget 1: fails in "b"} after 0ns, entered: a a 1
        budget 2: fails in "b"} after 0ns, entered: a a 1 b b 1
        budget 1, sent: fails in "b"} after 0ns, entered: a a 1
    "#]]
    .assert_eq(&told);
}

#[tokio::test(start_paused = true)]
async fn p22_reading_and_then_writing_loses_updates_and_an_update_does_not() {
    let workflow = Workflow::builder("State")
        .state::<(u32, u32)>()
        .step("s", |_: StartEvent, _: Context<(u32, u32)>| async { parts(20) })
        .step_with(
            "t",
            StepOptions::new().workers(20),
            |part: Part, ctx: Context<(u32, u32)>| async move {
                let seen = ctx.state().0;
                ms(10).await;
                ctx.update(|state| state.0 = seen + 1).await?;
                ctx.update(|state| state.1 += 1).await?;
                Ok::<_, StepError>(Done { n: part.n })
            },
        )
        .step("j", |_: Join<Done>, ctx: Context<(u32, u32)>| async move {
            StopEvent::new(json!(*ctx.state()))
        })
        .build()
        .unwrap();
    assert_eq!(timed(&workflow).await, r#"StopEvent {"result":[1,20]} after 10ms"#);
}

#[test]
fn p24_after_a_crash_only_what_was_under_way_runs_again() {
    let log = Log::default();
    let (split, worked, joined) = (log.clone(), log.clone(), log.clone());
    let workflow = Workflow::builder("Resume")
        .step("s", move |_: StartEvent, _: Context| {
            split.add("s");
            async { parts(8) }
        })
        .step_with("w", StepOptions::new().workers(2), move |part: Part, _: Context| {
            worked.add(format!("{}", part.n));
            async move {
                ms(100).await;
                Done { n: part.n }
            }
        })
        .step("j", move |done: Join<Done>, _: Context| {
            joined.add("j");
            async move { StopEvent::new(done.len()) }
        })
        .build()
        .unwrap();
    let home = Home::memory();
    life(async {
        let engine = paused::open(&home.store(), &workflow).await;
        engine.start(start()).await.unwrap();
        ms(350).await;
    });
    life(async {
        let engine = paused::open(&home.store(), &workflow).await;
        pass(5).await;
        assert_eq!(status(&engine, "h").await, Status::Completed);
    });
    assert_eq!(log.text(), "s 0 1 2 3 4 5 6 7 6 7 j");
}

#[test]
fn p25_time_before_a_crash_counts_and_the_time_without_a_process_does_not() {
    let workflow = Workflow::builder("Budget")
        .timeout(Duration::from_secs(1))
        .step("s", |_: StartEvent, _: Context| async {
            ms(600).await;
            R {}
        })
        .step("t", |_: R, _: Context| std::future::pending::<StopEvent>())
        .build()
        .unwrap();
    let home = Home::memory();
    life(async {
        let engine = paused::open(&home.store(), &workflow).await;
        engine.start(start()).await.unwrap();
        ms(700).await;
    });
    life(async {
        // The last that happened was at 0.6 s; every life begins at 0.
        let engine = paused::open(&home.store(), &workflow).await;
        ms(990).await;
        assert_eq!(status(&engine, "h").await, Status::Running);
        ms(20).await;
        assert_eq!(status(&engine, "h").await, Status::TimedOut);
    });
}
