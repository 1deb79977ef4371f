//! Lists of thousands.

use serde_json::{Value, json};
use stepwell::{Context, Join, StartEvent, StepError, StopEvent, Workflow};

use crate::kit::{Home, on_each_store, open};
use crate::parts::{Done, Part, parts, start};

on_each_store! {
    a_list_of_two_thousand_is_worked_off_by_four_workers_and_joined,
}

/// So many parts on four workers; each is streamed and counted in the state if it is busy.
fn wide(width: u32, busy: bool) -> Workflow {
    Workflow::builder("Wide")
        .state::<u64>()
        .step("split", move |_: StartEvent, _: Context<u64>| async move { parts(width) })
        .step("work", move |part: Part, ctx: Context<u64>| async move {
            if busy {
                ctx.stream(Part { n: part.n }).await?;
                ctx.update(|sum| *sum += u64::from(part.n)).await?;
            }
            Ok::<_, StepError>(Done { n: part.n })
        })
        .step("merge", |done: Join<Done>, ctx: Context<u64>| async move {
            let numbers: Vec<u32> = done.by_emission().iter().map(|done| done.n).collect();
            let sum: u64 = numbers.iter().copied().map(u64::from).sum();
            StopEvent::new(json!([numbers.len(), numbers.is_sorted(), sum, *ctx.state()]))
        })
        .build()
        .unwrap()
}

async fn joined(home: &Home, workflow: &Workflow) -> Value {
    let engine = open(&home.store(), workflow).await;
    let record = engine.start_and_wait(start()).await.unwrap();
    let end: Value = serde_json::from_str(record.end.unwrap().value.text()).unwrap();
    end["result"].clone()
}

async fn a_list_of_two_thousand_is_worked_off_by_four_workers_and_joined(home: Home) {
    // A store that fails has the whole journal read again each time.
    let (plain, busy) = if home.is_faulty() { (100, 50) } else { (2_000, 200) };
    for (width, is_busy) in [(plain, false), (busy, true)] {
        let sum = u64::from(width) * u64::from(width - 1) / 2;
        let counted = if is_busy { sum } else { 0 };
        let result = joined(&home, &wide(width, is_busy)).await;
        assert_eq!(result, json!([width, true, sum, counted]));
        let turns = home.store().handler("h").await.unwrap().unwrap().head;
        let most = if is_busy { 3 * width } else { width / 4 + 10 };
        // Four that end together share a turn.
        assert!(home.is_faulty() || turns <= u64::from(most), "{turns} turns");
    }
}

#[tokio::test]
async fn a_list_of_twenty_thousand_is_joined_in_memory() {
    let sum = 19_999_u64 * 20_000 / 2;
    let result = joined(&Home::memory(), &wide(20_000, false)).await;
    assert_eq!(result, json!([20_000, true, sum, 0]));
}
