//! Work with targets: sending, mirroring, stopping, fetching, and keeping the targets themselves.

use super::{answer, guarded};
use crate::message::{Effect, Message, TargetOutcome};
use aloft_engine::News;
use aloft_project::Project;
use aloft_protocol::TaskId;
use aloft_secrets::Sensitive;
use aloft_spec::{Problem, project::TargetSpec};
use crossbeam_channel::Sender;
use std::path::Path;

fn run_name(run_dir: &Path) -> String {
    run_dir
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

pub fn carry_out(effect: Effect, messages: &Sender<Message>) {
    match effect {
        Effect::Send {
            task,
            project,
            run_dir,
            target,
            cancel,
        } => {
            let mut told = 0;
            let mut progress = |done: u64, total: u64| {
                // A hundredth is what a bar can show.
                let share = (done * 100).checked_div(total).unwrap_or(100);
                if share != told {
                    told = share;
                    answer(messages, Message::SendProgress { task, done, total });
                }
            };
            let result = guarded(|| aloft_engine::send(&project, &run_dir, &target, &mut progress, &cancel));
            answer(
                messages,
                Message::Sent {
                    task,
                    run_dir,
                    result,
                },
            );
        }
        Effect::Attach {
            project,
            run_dir,
            cancel,
        } => {
            let run = run_name(&run_dir);
            let mut told = None;
            let mut unreachable = false;
            let mut tell = |news: News<'_>| match news {
                News::Polled(job) => {
                    unreachable = false;
                    // The last word comes below, when the outcome is home.
                    if told != Some(job.state) && !job.state.is_final() {
                        told = Some(job.state);
                        answer(
                            messages,
                            Message::JobState {
                                run: run.clone(),
                                result: Ok(job.clone()),
                            },
                        );
                    }
                }
                News::Unreachable(problem) if !unreachable => {
                    unreachable = true;
                    answer(
                        messages,
                        Message::JobState {
                            run: run.clone(),
                            result: Err(problem.clone()),
                        },
                    );
                }
                News::Unreachable(_) | News::Fetching(..) => {}
            };
            let result = guarded(|| aloft_engine::attach(&project, &run_dir, &cancel, &mut tell));
            if !cancel.is_cancelled() {
                answer(messages, Message::JobState { run, result });
            }
        }
        Effect::StopJob { project, run_dir } => {
            if let Err(problem) = guarded(|| aloft_engine::stop_job(&project, &run_dir)) {
                answer(messages, Message::Failed(problem));
            }
        }
        Effect::FetchJob { project, run_dir } => {
            let cancel = aloft_data::Cancel::default();
            let result = guarded(|| aloft_engine::fetch_job(&project, &run_dir, &mut |_, _| {}, &cancel));
            answer(
                messages,
                Message::JobState {
                    run: run_name(&run_dir),
                    result,
                },
            );
        }
        Effect::ProbeHost { task, host, port } => {
            let result = guarded(|| aloft_cloud::probe_host_key(&host, port))
                .map(|key| (key.openssh, key.fingerprint));
            answer(
                messages,
                Message::HostKey {
                    task,
                    host,
                    port,
                    result,
                },
            );
        }
        Effect::AddTarget {
            task,
            project,
            name,
            target,
            secret,
        } => {
            let secret = secret.map(|secret| Sensitive::new(secret.0));
            let spec = TargetSpec::Ssh(target);
            let result = guarded(|| aloft_engine::add_target(&project, &name, &spec, secret.as_ref()));
            changed(task, &project, name, result, messages);
        }
        Effect::RemoveTarget { task, project, name } => {
            let result = guarded(|| aloft_engine::remove_target(&project, &name));
            changed(task, &project, name, result, messages);
        }
        Effect::TestTarget { task, project, name } => {
            let result = guarded(|| aloft_engine::test_target(&project, &name)).map(TargetOutcome::Tested);
            answer(messages, Message::TargetDone { task, name, result });
        }
        // The other effects never come here: `Workers::carry_out` sends them elsewhere.
        _ => {}
    }
}

/// Reads the project again after `aloft.toml` has changed.
fn changed(
    task: TaskId,
    project: &Project,
    name: String,
    result: Result<(), Problem>,
    messages: &Sender<Message>,
) {
    let result = result
        .and_then(|()| Project::open(&project.root))
        .map(|p| TargetOutcome::Changed(Box::new(p)));
    answer(messages, Message::TargetDone { task, name, result });
}
