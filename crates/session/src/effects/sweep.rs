//! Runs a sweep and tells the session of its trials.

use super::{answer, evaluate::scope, guarded};
use crate::message::Message;
use aloft_engine::{Cancel, Evaluator, Limits, Sweep, SweepNews, Workspace};
use aloft_protocol::{TaskId, operation::Rows};
use aloft_spec::{Problem, sweep::Leaderboard};
use crossbeam_channel::Sender;
use std::time::{Duration, Instant};

/// Epochs are told so often at the most.
const TELL: Duration = Duration::from_millis(200);

pub fn sweep(
    evaluator: &Evaluator,
    task: TaskId,
    workspace: &Workspace,
    cell: &str,
    rows: Rows,
    cancel: &Cancel,
    messages: &Sender<Message>,
) -> Result<Box<Leaderboard>, Problem> {
    guarded(|| {
        let sweep = Sweep::new(evaluator, workspace, cell, scope(rows), Limits::default(), cancel)?;
        let tell = |leaderboard: &Leaderboard| {
            let leaderboard = Box::new(leaderboard.clone());
            answer(messages, Message::Swept { task, leaderboard });
        };
        tell(&sweep.leaderboard());
        let mut told = Instant::now();
        let mut on_news = |news: &SweepNews, leaderboard: &Leaderboard| {
            if *news != SweepNews::Progress || told.elapsed() >= TELL {
                told = Instant::now();
                tell(leaderboard);
            }
        };
        sweep.run(cancel, &mut on_news).map(Box::new)
    })
}
