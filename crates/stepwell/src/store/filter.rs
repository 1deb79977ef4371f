//! Which handlers a list has.

use super::{RunRow, Status};

/// Which handlers to return: those that pass every part. An empty part passes all.
#[derive(Clone, Debug, Default)]
pub struct HandlerFilter {
    /// The statuses to return.
    pub statuses: Vec<Status>,
    /// The workflows to return, by registered name.
    pub workflows: Vec<String>,
}

impl HandlerFilter {
    /// Tells whether a run passes.
    #[must_use]
    pub fn passes(&self, run: &RunRow) -> bool {
        (self.statuses.is_empty() || self.statuses.contains(&run.status))
            && (self.workflows.is_empty() || self.workflows.contains(&run.workflow))
    }
}
