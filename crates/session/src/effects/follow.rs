//! Follows a run's event log and tells the session of it.

use super::answer;
use crate::message::Message;
use aloft_data::Cancel;
use aloft_engine::{Following, Progress};
use aloft_project::Project;
use aloft_protocol::TaskId;
use crossbeam_channel::Sender;
use std::time::Duration;

/// Events of so long a time come to the session together, so that a fast training doesn't repaint for each line.
const GATHER: Duration = Duration::from_millis(80);

pub fn follow(
    project: &Project,
    run: &str,
    task: Option<TaskId>,
    cancel: &Cancel,
    messages: &Sender<Message>,
) {
    let run_dir = project.runs_dir().join(run);
    let record = match aloft_runs::read(&run_dir) {
        Ok(record) => record,
        Err(problem) => return answer(messages, Message::Failed(problem)),
    };
    let target = aloft_runs::read_job(&run_dir)
        .ok()
        .flatten()
        .map(|job| job.target);
    let cell = record.cell.clone();
    answer(
        messages,
        Message::RunAttached {
            cell,
            record: Box::new(record),
            target,
            task,
        },
    );
    let mut following = Following::new(&run_dir);
    loop {
        if cancel.is_cancelled() {
            return;
        }
        let mut events = Vec::new();
        let ended = loop {
            match following.wait(if events.is_empty() {
                GATHER * 3
            } else {
                Duration::ZERO
            }) {
                Ok(Progress::Event(event)) => events.push(event),
                Ok(Progress::Quiet) => break None,
                Ok(Progress::Ended(status)) => break Some(status),
                Err(problem) => {
                    // A folder that was removed while it was followed ends the following; other readings fail for a
                    // moment at the most.
                    if !run_dir.exists() {
                        return answer(messages, Message::Failed(problem));
                    }
                    break None;
                }
            }
        };
        if !events.is_empty() && !cancel.is_cancelled() {
            answer(
                messages,
                Message::RunEvents {
                    run: run.to_owned(),
                    events,
                },
            );
        }
        if let Some(status) = ended {
            if !cancel.is_cancelled() {
                // A worker that was killed says nothing itself: what became of it is worked out from what it left.
                let record = aloft_runs::settled(&run_dir).ok();
                answer(
                    messages,
                    Message::RunEnded {
                        run: run.to_owned(),
                        status,
                        problem: record.and_then(|record| record.problem),
                    },
                );
            }
            return;
        }
        std::thread::sleep(GATHER);
    }
}
