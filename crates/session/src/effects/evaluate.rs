//! Work on rows: evaluating cells, measuring, making run folders.

use super::{answer, guarded};
use crate::message::{Effect, Message};
use aloft_engine::Evaluator;
use aloft_protocol::operation::Rows;
use aloft_spec::table::Scope;
use crossbeam_channel::Sender;
use std::time::Instant;

fn scope(rows: Rows) -> Scope {
    match rows {
        Rows::Sample => Scope::Sample,
        Rows::All => Scope::All,
    }
}

pub fn carry_out(effect: Effect, evaluator: &Evaluator, messages: &Sender<Message>) {
    let message = match effect {
        Effect::Evaluate {
            task,
            workspace,
            cell,
            rows,
            again,
            key,
            cancel,
        } => {
            let start = Instant::now();
            let result = guarded(|| evaluator.run(&workspace, &cell, scope(rows), again, &cancel));
            let evaluated = result.as_ref().ok();
            let message = Message::Evaluated {
                task,
                key,
                seconds: evaluated.map_or_else(|| start.elapsed().as_secs_f64(), |found| found.seconds),
                cached: evaluated.is_some_and(|found| found.cached),
                result: result
                    .as_ref()
                    .map(|found| found.output.clone())
                    .map_err(Clone::clone),
            };
            answer(messages, message);
            // The window has it already; a disk that can't be written to costs only time, the next time.
            if let Ok(evaluated) = result {
                let _ = guarded(|| evaluator.keep(&workspace, &cell, scope(rows), &evaluated));
            }
            return;
        }
        Effect::Recall { workspace, cells } => {
            let notebook = workspace.notebook.clone();
            for (cell, key) in cells {
                let recalled = guarded(|| Ok(evaluator.recall(&workspace, &cell, Scope::Sample)));
                if let Ok(Some(recalled)) = recalled {
                    let notebook = notebook.clone();
                    answer(
                        messages,
                        Message::Recalled {
                            notebook,
                            cell,
                            key,
                            recalled,
                        },
                    );
                }
            }
            Message::RecallEnded { notebook }
        }
        Effect::Page {
            task,
            workspace,
            cell,
            rows,
            first,
            cancel,
        } => {
            let result = guarded(|| evaluator.page(&workspace, &cell, scope(rows), first, &cancel));
            Message::Paged { task, result }
        }
        Effect::Plan {
            task,
            workspace,
            cell,
            rows,
            key,
            cancel,
        } => {
            let result = guarded(|| aloft_engine::plan(evaluator, &workspace, &cell, scope(rows), &cancel));
            Message::Planned { task, key, result }
        }
        Effect::StartRun {
            task,
            workspace,
            cell,
            rows,
            key,
            cancel,
        } => {
            let result = guarded(|| {
                let run_dir = aloft_engine::prepare_run(evaluator, &workspace, &cell, scope(rows), &cancel)?;
                aloft_engine::start(&run_dir)?;
                Ok(run_dir)
            });
            Message::RunStarted { task, key, result }
        }
        Effect::Preflight {
            task,
            workspace,
            cell,
            rows,
            target,
            cancel,
        } => {
            let result = guarded(|| {
                let run_dir = aloft_engine::prepare_run(evaluator, &workspace, &cell, scope(rows), &cancel)?;
                let preflight = aloft_engine::preflight(&workspace.project, &run_dir, &target)
                    .inspect_err(|_| drop(aloft_engine::discard(&run_dir)))?;
                Ok((run_dir, preflight))
            });
            Message::Preflighted { task, result }
        }
        // The other effects never come here: `Workers::carry_out` sends them elsewhere.
        _ => return,
    };
    answer(messages, message);
}
