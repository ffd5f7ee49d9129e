//! Work on rows: evaluating cells, measuring, making run folders.

use super::{answer, guarded};
use crate::message::{Effect, Message};
use aloft_data::Picture;
use aloft_engine::{Cancel, Evaluator, Stretch, Workspace};
use aloft_protocol::operation::Rows;
use aloft_protocol::snapshot::{THUMBNAILS, Thumbnail, Thumbnails};
use aloft_spec::{CellKind, table::Scope};
use crossbeam_channel::Sender;
use std::time::Instant;

/// Pixels of a small picture on its longer side: as large as the pointer shows it.
const THUMBNAIL_SIDE: u32 = 160;

pub fn scope(rows: Rows) -> Scope {
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
            let mut tell = |output| answer(messages, Message::Partial { task, output });
            let result =
                guarded(|| evaluator.run_refined(&workspace, &cell, scope(rows), again, &cancel, &mut tell));
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
                if is_sweep(&workspace, &cell) {
                    let recalled = guarded(|| aloft_engine::recall_sweep(&workspace, &cell));
                    // Folders that can't be read are said when the sweep is started.
                    if let Ok(Some(recalled)) = recalled {
                        let notebook = notebook.clone();
                        let recalled = Box::new(recalled);
                        answer(
                            messages,
                            Message::SweepRecalled {
                                notebook,
                                cell,
                                key,
                                recalled,
                            },
                        );
                    }
                    continue;
                }
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
        Effect::Look { workspace, cell, key } => {
            let today = aloft_engine::today();
            let look = || aloft_engine::findings(evaluator, &workspace, &cell, today, &Cancel::new());
            let result = guarded(look);
            Message::Looked { cell, key, result }
        }
        Effect::Thumbnails {
            workspace,
            cell,
            key,
            rows,
            column,
            first,
            cancel,
        } => {
            let wanted = Stretch {
                column: &column,
                first,
                rows: THUMBNAILS as usize,
            };
            let made = guarded(|| {
                cancel.check()?;
                evaluator.thumbnails(&workspace, &cell, scope(rows), wanted, THUMBNAIL_SIDE, &cancel)
            });
            if cancel.is_cancelled() {
                return;
            }
            // What can't be drawn stays as it is, in words, and isn't tried again.
            let made = made.unwrap_or_default().into_iter();
            let pictures = made.map(|picture| picture.map(thumbnail)).collect();
            Message::Thumbnails {
                cell,
                key,
                thumbnails: Thumbnails {
                    column,
                    first,
                    pictures,
                },
            }
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

fn thumbnail(picture: Picture) -> Thumbnail {
    Thumbnail {
        size: [picture.width as usize, picture.height as usize],
        rgba: picture.rgba,
    }
}

fn is_sweep(workspace: &Workspace, cell: &str) -> bool {
    let cell = workspace.document.cell(cell);
    cell.is_some_and(|cell| cell.kind == CellKind::Sweep)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aloft_protocol::TaskId;
    use aloft_spec::Output;
    use std::sync::Arc;

    /// What one window computed, the next one shows before it computes anything.
    #[test]
    fn outputs_come_back_in_another_session() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.csv"), "n\n1\n2\n3\n").unwrap();
        let text =
            "```toml source a\npath = \"a.csv\"\n```\n\n```sql query b\nSELECT n FROM a WHERE n > 1\n```\n";
        let notebook = folder.path().join("t.aloft.md");
        std::fs::write(&notebook, text).unwrap();
        let workspace = Arc::new(Workspace::open(&notebook).unwrap());
        let (sender, messages) = crossbeam_channel::unbounded();
        let evaluate = |evaluator: &Evaluator, cell: &str| {
            let effect = Effect::Evaluate {
                task: TaskId(1),
                workspace: workspace.clone(),
                cell: cell.to_owned(),
                rows: Rows::Sample,
                again: false,
                key: cell.to_owned(),
                cancel: Cancel::new(),
            };
            carry_out(effect, evaluator, &sender);
            match messages.try_recv() {
                Ok(Message::Evaluated {
                    cached,
                    result: Ok(output),
                    ..
                }) => (cached, output),
                other => panic!("{other:?}"),
            }
        };
        let first = Evaluator::new();
        let computed: Vec<Output> = ["a", "b"].map(|cell| evaluate(&first, cell).1).into();
        assert!(evaluate(&first, "b").0);

        let next = Evaluator::new();
        let cells = ["a", "b", "gone"]
            .map(|cell| (cell.to_owned(), cell.to_owned()))
            .into();
        let effect = Effect::Recall {
            workspace: workspace.clone(),
            cells,
        };
        carry_out(effect, &next, &sender);
        let mut recalled = Vec::new();
        while let Ok(Message::Recalled {
            cell,
            recalled: found,
            ..
        }) = messages.try_recv()
        {
            assert!(found.fresh, "{cell}");
            recalled.push(found.output);
        }
        assert_eq!(recalled, computed);
        assert!(
            evaluate(&next, "a").0,
            "and it isn't computed when it is asked for"
        );
    }
}
