//! Carries effects out on named workers; what came of them goes back as messages.
//!
//! Work on rows goes through one worker, in order. Files of the project go through another, so that a save is never
//! behind a long query and never overtakes an earlier one. What waits for other machines or for a run has a thread of
//! its own, which ends with it.

mod cloud;
mod evaluate;
mod files;
mod follow;
mod machine;
mod sweep;

use crate::message::{Effect, Message};
use aloft_engine::Evaluator;
use crossbeam_channel::Sender;
use std::sync::Arc;

pub use files::{examples, theme, zoom_percent};

/// Pixels a point of charts on the clipboard: as in files.
const PICTURE_SCALE: f32 = 2.0;

type Job = Box<dyn FnOnce(&Sender<Message>) + Send>;

/// The workers. Dropping them lets each finish what it has in hand.
pub struct Workers {
    messages: Sender<Message>,
    evaluate: Sender<Job>,
    files: Sender<Job>,
    /// Looks at data beside the evaluations, so that no output waits for it.
    look: Sender<Job>,
    evaluator: Arc<Evaluator>,
}

impl Workers {
    /// Starts the workers; they answer to `messages`.
    pub fn new(messages: &Sender<Message>) -> Self {
        machine::watch(messages);
        Self {
            messages: messages.clone(),
            evaluate: worker("evaluate", messages),
            files: worker("files", messages),
            look: worker("look", messages),
            evaluator: Arc::new(Evaluator::new()),
        }
    }

    /// Hands an effect to its worker.
    pub fn carry_out(&self, effect: Effect) {
        match effect {
            Effect::ReadRecent | Effect::Remember { .. } | Effect::KeepTheme(_) | Effect::KeepZoom(_) => {
                self.on_files(|messages| files::recent(effect, messages));
            }
            Effect::Load { task, place } => self.on_files(move |messages| files::load(task, place, messages)),
            Effect::ReadNotebook { project, path } => {
                self.on_files(move |messages| files::read_notebook(&project, path, messages));
            }
            Effect::CheckNotebook {
                project,
                path,
                expected,
            } => {
                self.on_files(move |messages| files::check_notebook(&project, path, &expected, messages));
            }
            Effect::Save {
                project,
                path,
                text,
                expected,
                overwrite,
            } => self.on_files(move |messages| {
                files::save(&project, path, text, &expected, overwrite, messages);
            }),
            Effect::Journal { project, path, text } => {
                self.on_files(move |messages| files::journal(&project, &path, &text, messages));
            }
            Effect::KeepWindow { project, window } => self.on_files(move |_| {
                // A place that can't be written to costs the user nothing but the widths.
                let _ = project.keep_window(&window);
            }),
            Effect::List { project } => {
                self.on_files(move |messages| answer(messages, Message::Listed(files::listing(&project))));
            }
            Effect::Discard { run_dir } => self.on_files(move |messages| {
                if let Err(problem) = aloft_engine::discard(&run_dir) {
                    answer(messages, Message::Failed(problem));
                }
            }),
            Effect::ReadReport { run_dir, run } => self.on_files(move |messages| {
                let result = aloft_runs::read_report(&run_dir);
                answer(messages, Message::Reported { run, result });
            }),
            Effect::StopRun { run_dir } => self.on_files(move |messages| {
                if let Err(problem) = aloft_runs::request_stop(&run_dir) {
                    answer(messages, Message::Failed(problem));
                }
            }),
            Effect::Resume { task, run, run_dir } => self.on_files(move |messages| {
                let result = aloft_engine::start(&run_dir).map(drop);
                answer(messages, Message::Resumed { task, run, result });
            }),
            Effect::ExportModel { run_dir, path } => self.alone("export", move |messages| {
                match aloft_engine::export_onnx(&run_dir, &path) {
                    Ok(()) => answer(messages, Message::Exported { path }),
                    Err(problem) => answer(messages, Message::Failed(problem)),
                }
            }),
            Effect::Evaluate { .. }
            | Effect::Recall { .. }
            | Effect::Page { .. }
            | Effect::Plan { .. }
            | Effect::StartRun { .. }
            | Effect::Preflight { .. } => {
                let evaluator = self.evaluator.clone();
                let job: Job = Box::new(move |messages| evaluate::carry_out(effect, &evaluator, messages));
                let _ = self.evaluate.send(job);
            }
            Effect::Sweep {
                task,
                workspace,
                cell,
                rows,
                key,
                cancel,
            } => {
                let evaluator = self.evaluator.clone();
                self.alone("sweep", move |messages| {
                    let result = sweep::sweep(&evaluator, task, &workspace, &cell, rows, &cancel, messages);
                    answer(messages, Message::SweepEnded { task, key, result });
                });
            }
            Effect::SaveChart { chart, path } => self.on_files(move |messages| {
                let result = guarded(|| aloft_data::write_chart(&chart, &path));
                answer(messages, Message::ChartSaved { path, result });
            }),
            Effect::DrawChart { chart } => self.on_files(move |messages| {
                let result = guarded(|| aloft_data::picture(&chart, PICTURE_SCALE));
                answer(messages, Message::ChartDrawn(result));
            }),
            Effect::Look { .. } | Effect::Thumbnails { .. } => {
                let evaluator = self.evaluator.clone();
                let job: Job = Box::new(move |messages| evaluate::carry_out(effect, &evaluator, messages));
                let _ = self.look.send(job);
            }
            Effect::Follow {
                project,
                run,
                task,
                cancel,
            } => {
                self.alone("follow", move |messages| {
                    follow::follow(&project, &run, task, &cancel, messages);
                });
            }
            Effect::Send { .. }
            | Effect::Attach { .. }
            | Effect::StopJob { .. }
            | Effect::FetchJob { .. }
            | Effect::ProbeHost { .. }
            | Effect::AddTarget { .. }
            | Effect::TestTarget { .. }
            | Effect::RemoveTarget { .. } => {
                self.alone("cloud", move |messages| cloud::carry_out(effect, messages));
            }
        }
    }

    fn on_files(&self, job: impl FnOnce(&Sender<Message>) + Send + 'static) {
        // A worker ends after its sender only.
        let _ = self.files.send(Box::new(job));
    }

    fn alone(&self, name: &str, job: impl FnOnce(&Sender<Message>) + Send + 'static) {
        let messages = self.messages.clone();
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || job(&messages));
        if let Err(error) = thread {
            answer(&self.messages, Message::Failed(no_thread(&error)));
        }
    }
}

fn worker(name: &str, messages: &Sender<Message>) -> Sender<Job> {
    // Work waits in the session's task list, so that a few places are plenty here.
    let (sender, receiver) = crossbeam_channel::bounded::<Job>(1024);
    let answers = messages.clone();
    let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
        for job in receiver {
            job(&answers);
        }
    });
    if let Err(error) = thread {
        answer(messages, Message::Failed(no_thread(&error)));
    }
    sender
}

fn no_thread(error: &std::io::Error) -> aloft_spec::Problem {
    aloft_spec::Problem::new(
        aloft_spec::Code::OutOfMemory,
        format!("no thread could be started: {error}"),
    )
    .with_hint("close other programs, then start Aloft again")
}

/// Sends an answer; without a session there is nobody to answer.
fn answer(messages: &Sender<Message>, message: Message) {
    let _ = messages.send(message);
}

/// Runs work that may panic (a library's mistake on the user's input must not take the session down).
fn guarded<T>(work: impl FnOnce() -> Result<T, aloft_spec::Problem>) -> Result<T, aloft_spec::Problem> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied())
            .unwrap_or("no message");
        Err(aloft_spec::Problem::new(
            aloft_spec::Code::Internal,
            format!("Aloft made a mistake: {text}"),
        )
        .with_hint("your text is safe; please report this with the cell that caused it"))
    })
}
