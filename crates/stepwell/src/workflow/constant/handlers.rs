//! Which handler gets which failures.

use super::model::{Model, STEPS};
use super::{CatchShape, Mistake, StepShape};
use crate::shape::InputShape;
use crate::workflow::graph::text::{can_hold, distance, is_one_of, same};
use crate::workflow::graph::words;

/// Returns for each handler the steps that it covers, as bits.
pub(super) const fn covers(steps: &[StepShape]) -> [u64; STEPS] {
    let mut covers = [0; STEPS];
    let mut named = 0;
    let mut handler = 0;
    while handler < steps.len() {
        if let Some(CatchShape { steps: Some(names), .. }) = steps[handler].catch {
            let mut step = 0;
            while step < steps.len() {
                if steps[step].catch.is_none() && is_one_of(steps[step].name, names) {
                    covers[handler] |= 1 << step;
                }
                step += 1;
            }
            named |= covers[handler];
        }
        handler += 1;
    }
    let mut handler = 0;
    while handler < steps.len() {
        if let Some(CatchShape { steps: None, .. }) = steps[handler].catch {
            let mut step = 0;
            while step < steps.len() {
                if steps[step].catch.is_none() && named >> step & 1 == 0 {
                    covers[handler] |= 1 << step;
                }
                step += 1;
            }
        }
        handler += 1;
    }
    covers
}

/// Looks at all handlers.
pub(super) const fn find(model: &Model, steps: &[StepShape]) -> Option<Mistake> {
    let mut at = 0;
    while at < steps.len() {
        if let Some(catch) = &steps[at].catch {
            let mistake = find_in_handler(model, steps, at, catch);
            if mistake.is_some() {
                return mistake;
            }
        }
        at += 1;
    }
    None
}

const fn find_in_handler(
    model: &Model,
    steps: &[StepShape],
    at: usize,
    catch: &CatchShape,
) -> Option<Mistake> {
    let handler = steps[at].name;
    if catch.max_recoveries == 0 {
        return Some(Mistake::new(Some(at), words::NO_RECOVERIES, &[handler]));
    }
    match catch.steps {
        Some(names) => {
            let mut nth = 0;
            while nth < names.len() {
                let mistake = find_in_name(steps, at, names[nth]);
                if mistake.is_some() {
                    return mistake;
                }
                nth += 1;
            }
            if names.is_empty() {
                return Some(Mistake::new(Some(at), words::COVERS_NOTHING, &[handler]));
            }
        }
        None => {
            let mut earlier = 0;
            while earlier < at {
                if let Some(CatchShape { steps: None, .. }) = steps[earlier].catch {
                    let names = [steps[earlier].name, handler];
                    return Some(Mistake::new(Some(at), words::SEVERAL_CATCH_ALLS, &names));
                }
                earlier += 1;
            }
            if model.covers[at] == 0 {
                return Some(Mistake::new(Some(at), words::COVERS_NOTHING, &[handler]));
            }
        }
    }
    find_wrong_failure(model, steps, at)
}

/// Looks at the name of a step that a handler is to cover.
const fn find_in_name(steps: &[StepShape], at: usize, name: &str) -> Option<Mistake> {
    let handler = steps[at].name;
    let mut is_known = false;
    let mut step = 0;
    while step < steps.len() {
        if same(steps[step].name, name) {
            is_known = true;
            if steps[step].catch.is_some() {
                return Some(Mistake::new(Some(at), words::COVERS_HANDLER, &[handler, name]));
            }
        }
        step += 1;
    }
    if !is_known {
        let mut mistake = Mistake::new(Some(at), words::UNKNOWN_STEP, &[handler, name]);
        if let Some(nearest) = nearest(steps, name) {
            mistake.text.fill(words::DID_YOU_MEAN, &[nearest]);
        }
        return Some(mistake);
    }
    let mut earlier = 0;
    while earlier < at {
        if let Some(CatchShape { steps: Some(names), .. }) = steps[earlier].catch
            && is_one_of(name, names)
        {
            let names = [name, steps[earlier].name, handler];
            return Some(Mistake::new(Some(at), words::COVERED_TWICE, &names));
        }
        earlier += 1;
    }
    None
}

/// Returns the step whose name is most like another one.
const fn nearest(steps: &[StepShape], name: &str) -> Option<&'static str> {
    let mut nearest = None;
    let mut least = usize::MAX;
    let mut step = 0;
    while step < steps.len() {
        if steps[step].catch.is_none()
            && let Some(distance) = distance(name, steps[step].name)
            && distance < least
        {
            least = distance;
            nearest = Some(steps[step].name);
        }
        step += 1;
    }
    nearest
}

/// Looks whether a handler can read the input of all steps that it covers.
const fn find_wrong_failure(model: &Model, steps: &[StepShape], at: usize) -> Option<Mistake> {
    let InputShape::Failed(held) = steps[at].input else { return None };
    let mut step = 0;
    while step < steps.len() {
        if model.covers[at] >> step & 1 == 1 && !can_hold(held, &steps[step].input) {
            let names = [steps[at].name, steps[step].name];
            return Some(Mistake::new(Some(at), words::WRONG_FAILURE, &names));
        }
        step += 1;
    }
    None
}
