//! A clock that the harness moves while the server runs.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::thread;
use std::time::Duration;

use stepwell::Timestamp;
use stepwell::engine::{Clock, SystemClock};

/// How often the server looks how far its clock is off.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// The machine's clock, off by as many milliseconds as a file says.
#[derive(Clone, Debug)]
pub(super) struct Shifted {
    milliseconds: Arc<AtomicI64>,
}

impl Shifted {
    /// Follows a file until the process ends. A file that is not there says 0.
    pub(super) fn follow(file: PathBuf) -> Self {
        let read = move || fs::read_to_string(&file).ok()?.trim().parse().ok();
        let milliseconds = Arc::new(AtomicI64::new(read().unwrap_or(0)));
        let followed = Arc::clone(&milliseconds);
        thread::spawn(move || {
            loop {
                thread::sleep(LOOK_EVERY);
                if let Some(read) = read() {
                    followed.store(read, Ordering::Relaxed);
                }
            }
        });
        Self { milliseconds }
    }
}

impl Clock for Shifted {
    fn now(&self) -> Timestamp {
        let micros = self.milliseconds.load(Ordering::Relaxed).saturating_mul(1_000);
        Timestamp(SystemClock.now().0.saturating_add_signed(micros))
    }
}
