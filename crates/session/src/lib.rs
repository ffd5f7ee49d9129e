//! The state of the application: an operation is reduced to a new state and effects; effects are carried out on named
//! workers and come back as messages; after each batch of messages a new snapshot is published.
//!
//! Knows nothing of egui or Tauri, and never trains: runs are processes of their own.

mod effects;
mod history;
mod identity;
mod joins;
mod message;
mod reduce;
mod selection;
mod state;
mod thumbnails;
mod training;
mod view;

pub use aloft_engine::limit_read_ahead;

use aloft_protocol::{Operation, Snapshot};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use effects::Workers;
use message::{Effect, Message};
use state::State;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Messages that may wait. The session's thread does no work of its own, so that they don't.
const CAPACITY: usize = 4096;
/// How often time-driven work is looked at while something is due.
const TICK: Duration = Duration::from_millis(200);
/// How often it is looked at otherwise.
const IDLE_TICK: Duration = Duration::from_secs(5);

/// A running session. Dropping it ends its thread; runs and jobs go on by themselves.
pub struct Session {
    snapshot: Arc<Mutex<Arc<Snapshot>>>,
    sender: Sender<Message>,
}

impl Session {
    /// Starts the session's thread. `wake` is called from any thread when there is a new snapshot: it must only post.
    pub fn start(wake: impl Fn() + Send + Sync + 'static) -> Self {
        let (sender, receiver) = crossbeam_channel::bounded(CAPACITY);
        let mut state = State {
            examples: effects::examples(),
            theme: effects::theme(),
            zoom_percent: Some(effects::zoom_percent()),
            ..State::default()
        };
        let first = Arc::new(view::snapshot(&state));
        let snapshot = Arc::new(Mutex::new(first));
        let workers = Workers::new(&sender);
        let published = snapshot.clone();
        let thread = std::thread::Builder::new().name("session".into()).spawn(move || {
            {
                let effect = Effect::ReadRecent;
                workers.carry_out(effect);
            }
            run(&receiver, &mut state, &workers, &published, &wake);
        });
        if let Err(error) = thread {
            // Without threads there is no program; the window shows this rather than nothing.
            let mut dead = State::default();
            dead.report(aloft_spec::Problem::new(
                aloft_spec::Code::Internal,
                format!("the session could not be started: {error}"),
            ));
            *snapshot.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(view::snapshot(&dead));
        }
        Self { snapshot, sender }
    }

    /// The latest snapshot. Never waits for work: the lock is held for the copy of a pointer.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Sends an operation. Waits only when thousands of messages are pending.
    pub fn send(&self, operation: Operation) {
        // The thread ends after this sender only, so that a failure means a session that couldn't be started.
        let _ = self.sender.send(Message::Operation(operation));
    }
}

/// How long the session waits for a message before it looks at time-driven work.
fn patience(state: &State) -> Duration {
    let notebook = state.notebook();
    if let Some(due) = notebook.and_then(|notebook| notebook.select_due) {
        return due.saturating_duration_since(Instant::now()).min(TICK);
    }
    let pending = notebook
        .is_some_and(|notebook| notebook.journal_due.is_some() || notebook.refresh_due.is_some())
        || state.closing_deadline.is_some();
    if pending { TICK } else { IDLE_TICK }
}

fn run(
    receiver: &Receiver<Message>,
    state: &mut State,
    workers: &Workers,
    published: &Mutex<Arc<Snapshot>>,
    wake: &(impl Fn() + Send + Sync),
) {
    loop {
        let message = match receiver.recv_timeout(patience(state)) {
            Ok(message) => message,
            Err(RecvTimeoutError::Timeout) => Message::Tick,
            Err(RecvTimeoutError::Disconnected) => return,
        };
        let mut batch = vec![message];
        batch.extend(receiver.try_iter());
        let mut changed = false;
        for message in batch {
            let tick = matches!(message, Message::Tick);
            let closing = state.closing;
            let effects = reduce::reduce(state, message, Instant::now());
            let shows = effects
                .iter()
                .any(|effect| !matches!(effect, Effect::CheckNotebook { .. }));
            changed |= !tick || shows || state.closing != closing;
            for effect in effects {
                workers.carry_out(effect);
            }
        }
        if changed {
            state.revision += 1;
            *published.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(view::snapshot(state));
            wake();
        }
    }
}
