//! What is wrong with a block as a whole: no steps, two of one name, two types of state.

use syn::Error;

use super::Flow;
use crate::step::Step;
use crate::words::text_of;

/// Finds what is wrong, and leaves out the steps that could not be written.
pub(super) fn check(flow: &mut Flow, errors: &mut Vec<Error>) {
    if flow.marked.is_empty() && flow.functions().is_empty() {
        let message = "a workflow has at least one step: mark a method with `#[step]`";
        errors.push(Error::new_spanned(&flow.this, message));
    }
    check_names(&flow.steps, errors);
    check_states(flow, errors);
}

/// Steps are told apart by their names.
fn check_names(steps: &[Step], errors: &mut Vec<Error>) {
    for (at, step) in steps.iter().enumerate() {
        let is_same = |earlier: &&Step| earlier.name.value() == step.name.value();
        // Two methods of one name are an error already.
        if steps[..at].iter().find(is_same).is_some_and(|earlier| earlier.ident != step.ident) {
            let message = format!("there is already a step `{}`", step.name.value());
            errors.push(Error::new_spanned(&step.name, message));
        }
    }
}

/// All steps share one state, so their contexts name one type. Those that name another one are
/// left out, for the compiler would say the same of them.
fn check_states(flow: &mut Flow, errors: &mut Vec<Error>) {
    let said = text_of(&flow.state);
    let first = flow.steps.iter().find(|step| step.context().is_some());
    let said_by = match (&flow.keys.state, first) {
        (None, Some(step)) => format!("step `{}`", step.ident),
        _ => "the workflow".to_owned(),
    };
    flow.steps.retain(|step| {
        let Some(context) = step.context() else { return true };
        let state = text_of(&context.state);
        if state != said {
            let message = format!(
                "a workflow has one type of state: it is `{said}` in {said_by}, but `{state}` in \
                 step `{}`",
                step.ident,
            );
            errors.push(Error::new_spanned(&context.ty, message));
        }
        state == said
    });
}
