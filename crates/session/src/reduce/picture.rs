//! Charts as files and as pictures on the clipboard.

use crate::message::Effect;
use crate::state::State;
use aloft_data::Picture;
use aloft_protocol::{BlockId, snapshot::PictureView};
use aloft_spec::{Code, Output, Problem, chart::ChartData};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Writes a chart to a file. A name without an ending is that of a PNG file.
pub fn save(state: &mut State, block: BlockId, path: PathBuf, effects: &mut Vec<Effect>) {
    let path = match path.extension() {
        Some(_) => path,
        None => path.with_extension("png"),
    };
    if let Some(chart) = chart(state, block) {
        effects.push(Effect::SaveChart { chart, path });
    }
}

/// Puts a chart on the clipboard.
pub fn copy(state: &mut State, block: BlockId, effects: &mut Vec<Effect>) {
    if let Some(chart) = chart(state, block) {
        effects.push(Effect::DrawChart { chart });
    }
}

/// The chart that a block shows; where it shows none, that is said.
fn chart(state: &mut State, block: BlockId) -> Option<Arc<ChartData>> {
    let notebook = state.notebook()?;
    let name = notebook.cell_name(block)?;
    if let Some(Output::Chart(chart)) = notebook.shown(name) {
        return Some(chart.clone());
    }
    let problem =
        Problem::new(Code::EmptyData, format!("`{name}` shows no chart yet")).with_hint("run it first");
    state.report(problem);
    None
}

/// A chart was written.
pub fn saved(state: &mut State, path: &Path, result: Result<(), Problem>) {
    match result {
        Ok(()) => state.tell(format!("Saved the chart to {}", path.display())),
        Err(problem) if problem.place.is_none() => state.report(problem.in_file(path)),
        Err(problem) => state.report(problem),
    }
}

/// A chart was drawn for the clipboard.
pub fn drawn(state: &mut State, result: Result<Picture, Problem>) {
    match result {
        Ok(picture) => {
            let number = state.picture.as_ref().map_or(0, |picture| picture.number) + 1;
            state.picture = Some(Arc::new(PictureView {
                number,
                size: [picture.width as usize, picture.height as usize],
                rgba: picture.rgba,
            }));
            state.tell("Copied the chart as a picture");
        }
        Err(problem) => state.report(problem),
    }
}
