//! State changes here and nowhere else: a message comes in, the state changes, effects go out. Nothing in these files
//! reads a file, a clock or a network; `now` is handed in.

mod ask;
mod close;
mod cloud;
mod edit;
mod findings;
mod open;
mod page;
mod picture;
mod recall;
mod runs;
mod schedule;
mod select;
mod sweep;
#[cfg(test)]
mod tests;
mod thumbnails;
mod window;
mod work;

use crate::message::{Effect, Message};
use crate::state::State;
use aloft_protocol::Operation;
use std::time::Instant;

/// Reduces one message.
pub fn reduce(state: &mut State, message: Message, now: Instant) -> Vec<Effect> {
    let mut effects = Vec::new();
    match message {
        Message::Operation(operation) => operate(state, operation, now, &mut effects),
        Message::Tick => {
            edit::tick(state, now, &mut effects);
            close::tick(state, now);
        }
        Message::Machine(machine) => state.machine = machine,
        Message::Recent(recent) => state.recent = recent,
        Message::Loaded { task, result } => open::loaded(state, task, result, now, &mut effects),
        Message::NotebookRead { path, result } => {
            open::notebook_read(state, &path, result, now, &mut effects);
        }
        Message::Saved { path, text, result } => edit::saved(state, &path, text, result),
        Message::Listed(listing) => open::listed(state, listing),
        Message::Evaluated {
            task,
            key,
            seconds,
            cached,
            result,
        } => work::evaluated(state, task, key, seconds, cached, result),
        Message::Partial { task, output } => work::partial(state, task, output),
        Message::ChartSaved { path, result } => picture::saved(state, &path, result),
        Message::ChartDrawn(result) => picture::drawn(state, result),
        Message::Recalled {
            notebook,
            cell,
            key,
            recalled,
        } => recall::recalled(state, &notebook, &cell, key, recalled),
        Message::SweepRecalled {
            notebook,
            cell,
            key,
            recalled,
        } => recall::recalled_sweep(state, &notebook, &cell, key, *recalled),
        Message::RecallEnded { notebook } => recall::ended(state, &notebook, now),
        Message::Paged { task, result } => page::paged(state, task, result),
        Message::Looked { cell, key, result } => findings::looked(state, &cell, key, result),
        Message::Thumbnails {
            cell,
            key,
            thumbnails,
        } => thumbnails::shown(state, &cell, &key, thumbnails),
        Message::Planned { task, key, result } => work::planned(state, task, key, result),
        Message::RunStarted { task, key, result } => runs::started(state, task, key, result, &mut effects),
        Message::Swept { task, leaderboard } => sweep::swept(state, task, *leaderboard),
        Message::SweepEnded { task, key, result } => sweep::ended(state, task, key, result, &mut effects),
        Message::Resumed { task, run, result } => runs::resumed(state, task, &run, result, &mut effects),
        Message::RunAttached {
            cell,
            record,
            target,
            task,
        } => runs::attached(state, &cell, &record, target, task),
        Message::RunEvents { run, events } => runs::events(state, &run, events, &mut effects),
        Message::Reported { run, result } => runs::reported(state, &run, result),
        Message::RunEnded { run, status, problem } => {
            runs::ended(state, &run, status, problem, &mut effects);
        }
        Message::Preflighted { task, result } => cloud::preflighted(state, task, result, &mut effects),
        Message::SendProgress { task, done, total } => cloud::progress(state, task, done, total),
        Message::Sent {
            task,
            run_dir,
            result,
        } => cloud::sent(state, task, &run_dir, result, &mut effects),
        Message::JobState { run, result } => cloud::job_state(state, &run, result, &mut effects),
        Message::HostKey {
            task,
            host,
            port,
            result,
        } => cloud::host_key(state, task, host, port, result),
        Message::TargetDone { task, name, result } => cloud::target_done(state, task, name, result),
        Message::Exported { path } => state.tell(format!("The model is in {}", path.display())),
        Message::Failed(problem) => state.report(problem),
    }
    schedule::schedule(state, now, &mut effects);
    findings::schedule(state, &mut effects);
    effects
}

fn operate(state: &mut State, operation: Operation, now: Instant, effects: &mut Vec<Effect>) {
    match operation {
        Operation::Open { path } => open::open(state, path, effects),
        Operation::Drop { paths } => open::drop(state, paths, now, effects),
        Operation::OpenExample { name } => open::example(state, name, effects),
        Operation::ForgetRecent { path } => {
            effects.push(Effect::Remember {
                path,
                name: String::new(),
                forget: true,
            });
        }
        Operation::CloseProject => open::close_project(state, effects),
        Operation::OpenNotebook { notebook } => open::notebook(state, &notebook, effects),
        Operation::NewNotebook { name } => open::new_notebook(state, &name, effects),

        Operation::EditText { block, text } => edit::text(state, block, &text, now),
        Operation::RenameCell { block, name } => edit::rename(state, block, &name, now, effects),
        Operation::AddCell { after, kind } => edit::add_cell(state, after, &kind, now),
        Operation::PredictColumn { block, column } => edit::predict(state, block, &column, now),
        Operation::ChartColumn { block, column } => edit::chart(state, block, &column, now),
        Operation::Ask { block, ask } => ask::ask(state, block, &ask, now),
        Operation::SelectRows { block, brush } => select::select(state, block, brush, now),
        Operation::ClearSelection => select::clear(state),
        Operation::SaveChart { block, path } => picture::save(state, block, path, effects),
        Operation::CopyChart { block } => picture::copy(state, block, effects),
        Operation::SetParam {
            block,
            value,
            continues,
        } => edit::set_param(state, block, &value, continues, now),
        Operation::ShowPage { block, first } => page::show(state, block, first),
        Operation::ShowThumbnails {
            block,
            columns,
            first,
            last,
        } => thumbnails::show(state, block, &columns, first..=last, effects),
        Operation::KeepWidths { block, widths } => window::keep_widths(state, block, widths, effects),
        Operation::SetClass { block, class } => edit::set_class(state, block, class, now),
        Operation::UseTrial { block, trial } => sweep::use_trial(state, block, trial, now),
        Operation::AddProse { after } => edit::add_prose(state, after, now),
        Operation::Remove { block } => edit::remove(state, block, now),
        Operation::Move { block, down } => edit::move_block(state, block, down, now),
        Operation::Undo => edit::undo(state, now),
        Operation::Redo => edit::redo(state, now),
        Operation::Save => edit::save(state, effects),

        Operation::Run { block, rows } => work::run(state, block, rows),
        Operation::RunAll => work::run_all(state),
        Operation::Plan { block, rows } => work::plan(state, block, rows),
        Operation::Stop { task } => work::stop(state, task, effects),
        Operation::Resume { run } => runs::resume(state, &run, effects),
        Operation::ExportModel { run, path } => runs::export_model(state, &run, path, effects),

        Operation::Preflight { block, target, rows } => cloud::preflight(state, block, target, rows),
        Operation::ConfirmSend => cloud::confirm(state, effects),
        Operation::CancelSend => cloud::cancel(state, effects),
        Operation::StopJob { run } => cloud::stop_job(state, &run, effects),
        Operation::FetchJob { run } => cloud::fetch_job(state, &run, effects),
        Operation::ProbeHost { host, port } => cloud::probe(state, host, port, effects),
        Operation::AddTarget { name, target, secret } => {
            cloud::add_target(state, name, target, secret, effects);
        }
        Operation::TestTarget { name } => cloud::test_target(state, name, effects),
        Operation::RemoveTarget { name } => cloud::remove_target(state, name, effects),

        Operation::KeepPanels { panels } => window::keep_panels(state, panels, effects),
        Operation::SetTheme { theme } => {
            state.theme = theme;
            let word = match theme {
                aloft_protocol::operation::Theme::System => "system",
                aloft_protocol::operation::Theme::Light => "light",
                aloft_protocol::operation::Theme::Dark => "dark",
            };
            effects.push(Effect::KeepTheme(word.into()));
        }
        Operation::KeepZoom { percent } => {
            state.zoom_percent = Some(percent);
            effects.push(Effect::KeepZoom(percent));
        }
        Operation::DismissNotice { notice } => state.notices.retain(|other| other.id != notice),
        Operation::RequestClose => close::request(state, effects),
        Operation::Close { choice } => close::answer(state, choice, now, effects),
    }
}
