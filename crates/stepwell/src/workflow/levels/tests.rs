//! The levels of small workflows, and of random ones as they run.

mod runs;

use std::collections::BTreeSet;

use expect_test::{Expect, expect};

use super::{Level, Levels};
use crate::workflow::builder::sketch::sketch;
use crate::workflow::graph::Model;

/// Shows the levels of a workflow, and the joins of each batch.
#[expect(clippy::needless_pass_by_value, reason = "tests read better so")]
#[track_caller]
fn check(text: &str, expected: Expect) {
    let steps = sketch(text).steps();
    let model = Model::new(&steps, &[], &mut Vec::new());
    let names = |places: &BTreeSet<usize>, name: &dyn Fn(usize) -> String| {
        places.iter().map(|place| name(*place)).collect::<Vec<_>>().join(" ")
    };
    let show = |level: &Level| {
        let types = names(&level.types, &|event| model.types[event].name().to_string());
        let runs = names(&level.steps, &|step| steps[step].name.to_string());
        format!("{types} / {runs}")
    };
    let levels = Levels::new(&model);
    let mut lines = vec![format!("outside: {}", show(&levels.outside))];
    for (opener, level) in &levels.batches {
        let joins = &super::joins(&steps)[*opener];
        let joins = joins.iter().map(|join| join.as_str()).collect::<Vec<_>>().join(" ");
        lines.push(format!("{}: {} / {joins}", steps[*opener].name, show(level)));
    }
    expected.assert_eq(&lines.join("\n"));
}

#[test]
fn fo_11_a_batch_has_what_comes_of_its_members_one_by_one() {
    check(
        "split: Start -> [Page]
         read: Page -> Text | -
         merge: Join<Text> -> Stop",
        expect![[r#"
            outside: Start Stop / split merge
            split: Page Text / read / merge"#]],
    );
}

#[test]
fn fo_11_a_list_within_a_batch_gives_it_only_what_its_joins_return() {
    check(
        "split: Start -> [Page]
         cut: Page -> [Line]
         read: Line -> Word
         tie: Join<Word> -> Text
         merge: Join<Text> -> Stop",
        expect![[r#"
            outside: Start Stop / split merge
            split: Page Text / cut tie / merge
            cut: Line Word / read / tie"#]],
    );
}

#[test]
fn fo_11_what_an_opener_returns_alone_stays_at_its_own_level() {
    check(
        "split: Start -> [Page] | Blank
         fill: Blank -> Page
         merge: Join<Page> -> Stop",
        expect![[r#"
            outside: Start Page Blank Stop / split fill merge
            split: Page /  / merge"#]],
    );
}

#[test]
fn fo_11_a_join_that_returns_a_list_opens_the_next_batch_where_the_first_was_opened() {
    check(
        "split: Start -> [Page]
         deal: Join<Page> -> [Card]
         merge: Join<Card> -> Stop",
        expect![[r#"
            outside: Start Stop / split deal merge
            split: Page /  / deal
            deal: Card /  / merge"#]],
    );
}

#[test]
fn fo_11_a_step_that_takes_several_events_needs_all_of_them_at_the_level() {
    check(
        "split: Start -> [Page]
         left: Page -> Left
         right: Page -> Right
         pair: Left & Right -> Both
         odd: Left & Start -> Odd
         merge: Join<Both | Odd> -> Stop",
        expect![[r#"
            outside: Start Stop / split merge
            split: Page Left Right Both / left right pair / merge"#]],
    );
}

#[test]
fn fo_11_a_handler_stands_where_the_failed_step_stood() {
    check(
        "split: Start -> [Page]
         cut: Page -> [Line]
         tie: Join<Line> -> Text
         mend catches cut x1: Failed<Any> -> Scrap
         patch catches tie x1: Failed<Any> -> Patch
         rest catches all x1: Failed<Any> -> Rest
         merge: Join<Text | Scrap | Patch> -> Stop
         last: Rest -> Stop",
        expect![[r#"
            outside: Start Rest Stop / split rest merge last
            split: Page Text Scrap Patch / cut tie mend patch / merge
            cut: Line /  / tie"#]],
    );
}

#[test]
fn fo_11_a_handler_that_returns_a_list_opens_a_batch() {
    check(
        "work: Start -> Stop
         mend catches work x1: Failed<Any> -> [Page]
         merge: Join<Page> -> Stop",
        expect![[r#"
            outside: Start Stop / work mend merge
            mend: Page /  / merge"#]],
    );
}

#[test]
fn fo_11_batches_within_batches_of_the_same_step_settle() {
    check(
        "split: Start | Page -> [Page] | Leaf
         gather: Join<Leaf | Sum> -> Sum | -
         end: Sum -> Stop",
        expect![[r#"
            outside: Start Leaf Sum Stop / split gather end
            split: Page Leaf Sum Stop / split gather end / gather"#]],
    );
}

#[test]
fn fo_11_a_join_whose_result_opens_its_own_batch_again_settles() {
    check(
        "split: Start -> [Page]
         again: Join<Page> -> [Page] | Done
         end: Done -> Stop",
        expect![[r#"
            outside: Start Done Stop / split again end
            split: Page /  / again
            again: Page /  / again"#]],
    );
}

#[test]
fn fo_10_each_join_of_a_type_gets_the_batch_and_each_batch_is_for_itself() {
    check(
        "split: Start -> [Page]
         other: Answer -> [Page]
         merge: Join<Page> -> Stop
         count: Join<Page> -> -",
        expect![[r#"
            outside: Start Answer Stop / split other merge count
            split: Page /  / merge count
            other: Page /  / merge count"#]],
    );
}

#[test]
fn fo_11_an_opener_without_a_join_is_fine() {
    check(
        "split: Start -> [Page]
         work: Page -> -
         end: Answer -> Stop",
        expect![[r#"
            outside: Start Answer Stop / split end
            split: Page / work / "#]],
    );
}
