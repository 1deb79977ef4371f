//! The engine's only clock.

use std::fmt;
use std::time::SystemTime;

use stepwell_core::Timestamp;

/// Tells the time. Replaceable, so that tests decide when it is.
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// Returns the present moment.
    fn now(&self) -> Timestamp;
}

/// The clock of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        // A clock before 1970 is wrong; the reducer then keeps to the last entry's time.
        let micros = since.map_or(0, |since| since.as_micros());
        Timestamp(u64::try_from(micros).unwrap_or(u64::MAX))
    }
}
