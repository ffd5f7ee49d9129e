//! Ctrl+C: the first one asks politely, the second one leaves at once.

use crate::Result;
use aloft_engine::Cancel;
use aloft_spec::{Code, Problem};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::thread;

/// Whether the person at the terminal wants this to end.
#[derive(Clone)]
pub struct Interrupt {
    cancel: Cancel,
}

impl Interrupt {
    /// Listens for SIGINT and SIGTERM from here on.
    pub fn listen() -> Result<Self> {
        let failed =
            |error: std::io::Error| Problem::new(Code::Internal, format!("can't listen for Ctrl+C: {error}"));
        let mut signals = Signals::new([SIGINT, SIGTERM]).map_err(failed)?;
        let cancel = Cancel::new();
        let listener = cancel.clone();
        thread::Builder::new()
            .name("signals".into())
            .spawn(move || {
                for _ in signals.forever() {
                    if listener.is_cancelled() {
                        std::process::exit(i32::from(Code::Stopped.exit_code()));
                    }
                    listener.cancel();
                }
            })
            .map_err(failed)?;
        Ok(Self { cancel })
    }

    /// Whether it was asked for.
    pub fn requested(&self) -> bool {
        self.cancel.is_cancelled()
    }

    /// The same for work that looks at a [`Cancel`].
    pub fn cancel(&self) -> Cancel {
        self.cancel.clone()
    }
}
