//! The state that a run begins with: given with its start, or passed on by runs that have none.

use expect_test::{Expect, expect};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use stepwell::engine::Start;
use stepwell::{Context, Engine, StartEvent, StopEvent, Workflow};

use crate::kit::{Home, on_each_store, soon};
use crate::parts::start;

on_each_store! {
    a_run_begins_with_the_state_that_it_is_given,
    sv_2_a_run_without_state_passes_on_what_it_found,
    a_given_state_survives_a_restart,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Tally {
    total: i64,
    runs: u32,
}

impl Default for Tally {
    fn default() -> Self {
        Self { total: 100, runs: 0 }
    }
}

fn counter() -> Workflow {
    Workflow::builder("Counter")
        .state::<Tally>()
        .step("count", |_: StartEvent, ctx: Context<Tally>| async move {
            let counted = ctx.update(|tally| {
                tally.total += 1;
                tally.runs += 1;
                json!({ "total": tally.total, "runs": tally.runs })
            });
            counted.await.map(StopEvent::new)
        })
        .build()
        .unwrap()
}

fn stateless() -> Workflow {
    Workflow::builder("Stateless")
        .step("end", |_: StartEvent, ctx: Context| async move {
            // Of no state, nothing can be changed.
            ctx.update(|state| *state = ()).await.map(StopEvent::new)
        })
        .build()
        .unwrap()
}

async fn open(home: &Home) -> Engine {
    for _ in 0..100 {
        let builder = Engine::builder().store(home.store());
        let builder = builder.workflow("counter", counter()).workflow("stateless", stateless());
        // A faulty store may refuse a few times.
        if let Ok(engine) = builder.open().await {
            return engine;
        }
    }
    panic!("the engine does not open");
}

fn start_with(workflow: &str, state: Option<Value>) -> Start {
    Start { workflow: workflow.to_owned(), state, ..start() }
}

async fn check(engine: &Engine, workflow: &str, state: Option<Value>, expect: Expect) {
    let told = match soon(engine.start_and_wait(start_with(workflow, state))).await {
        Ok(record) => record.end.unwrap().value.text().to_owned(),
        Err(error) => error.to_string(),
    };
    expect.assert_eq(&told);
}

async fn a_run_begins_with_the_state_that_it_is_given(home: Home) {
    let engine = open(&home).await;
    let whole = json!({ "total": 41, "runs": 1 });
    let counted = expect![[r#"{"result":{"runs":2,"total":42}}"#]];
    check(&engine, "counter", Some(whole), counted).await;
    // What is left out is as in a new run, not as the run before has left it.
    let counted = expect![[r#"{"result":{"runs":4,"total":101}}"#]];
    check(&engine, "counter", Some(json!({ "runs": 3 })), counted).await;
    let counted = expect![[r#"{"result":{"runs":1,"total":8}}"#]];
    check(&engine, "counter", Some(json!({ "total": 7, "other": [] })), counted).await;
    let counted = expect![[r#"{"result":{"runs":2,"total":9}}"#]];
    check(&engine, "counter", None, counted).await;

    let refused = expect![[
        r#"the run cannot begin with this state: invalid type: string "x", expected i64"#
    ]];
    check(&engine, "counter", Some(json!({ "total": "x" })), refused).await;
    let refused = expect![[
        r#"the run cannot begin with this state: invalid type: integer `5`, expected struct Tally"#
    ]];
    check(&engine, "counter", Some(json!(5)), refused).await;
    let deep = (0..101).fold(json!(1), |inner, _| json!([inner]));
    let refused = expect!["the run cannot begin with this state: it is nested over 100 deep"];
    check(&engine, "counter", Some(deep), refused).await;
    // A start that was refused has left nothing behind.
    let counted = expect![[r#"{"result":{"runs":3,"total":10}}"#]];
    check(&engine, "counter", None, counted).await;
}

async fn sv_2_a_run_without_state_passes_on_what_it_found(home: Home) {
    let engine = open(&home).await;
    check(&engine, "counter", None, expect![[r#"{"result":{"runs":1,"total":101}}"#]]).await;
    check(&engine, "stateless", None, expect!["{}"]).await;
    check(&engine, "counter", None, expect![[r#"{"result":{"runs":2,"total":102}}"#]]).await;
    check(&engine, "stateless", Some(json!({ "total": 1 })), expect!["{}"]).await;
    drop(engine);
    let engine = open(&home).await;
    check(&engine, "stateless", None, expect!["{}"]).await;
    check(&engine, "counter", Some(json!({})), expect![[r#"{"result":{"runs":1,"total":101}}"#]])
        .await;
}

async fn a_given_state_survives_a_restart(home: Home) {
    let engine = open(&home).await;
    let started = engine.start(start_with("counter", Some(json!({ "total": 6 })))).await.unwrap();
    drop(engine);
    let engine = open(&home).await;
    let run = engine.find(&started.handler).await.unwrap().unwrap();
    let end: StopEvent = soon(run.result()).await.unwrap();
    expect![[r#"{"runs":1,"total":7}"#]].assert_eq(&end.result.to_string());
}
