//! What a train cell says about windows, and whether the kind of model can read what it makes of the table.

use super::Body;
use crate::toml_reader::Finding;
use aloft_spec::Code;
use aloft_spec::inputs::ForecastSpec;
use aloft_spec::train::{ModelSpec, SplitBy, TaskSpec, TrainSpec};

/// Checks the tables of a train cell that say how rows are made, and what depends on them.
pub(super) fn inputs(body: &mut Body<'_, TrainSpec>, train: &TrainSpec) {
    model(body, &train.model);
    match &train.forecast {
        Some(forecast) => self::forecast(body, train, forecast),
        None => without_windows(body, train),
    }
}

fn forecast(body: &mut Body<'_, TrainSpec>, train: &TrainSpec, forecast: &ForecastSpec) {
    if !matches!(train.task, TaskSpec::Auto | TaskSpec::Forecast) {
        body.bad(&["task"], "with `[forecast]` the task is \"forecast\"");
    }
    if forecast.time.is_empty() {
        body.error(
            &["forecast", "time"],
            "a forecast needs the column that orders the rows",
            "for example `time = \"hour\"`",
        );
    } else if forecast.time == train.target {
        body.bad(
            &["forecast", "time"],
            "the target is predicted, and not what orders the rows",
        );
    }
    let steps = [
        ("horizon", forecast.horizon),
        ("lags", forecast.lags),
        ("season", forecast.season),
    ];
    for (key, steps) in steps {
        if steps == Some(0) {
            body.bad(&["forecast", key], &format!("`{key}` is at least one step"));
        }
    }
    for (key, names) in [("series", &forecast.series), ("known", &forecast.known)] {
        let taken = |name: &&String| **name == train.target || **name == forecast.time;
        if let Some(name) = names.iter().find(taken) {
            body.bad(
                &["forecast", key],
                &format!("`{name}` is the target or the time already"),
            );
        }
    }
    if let Some(name) = forecast.known.iter().find(|name| train.ignore.contains(name)) {
        body.bad(
            &["ignore"],
            &format!("the column `{name}` is known ahead and to be ignored"),
        );
    }
    let says_random = train.split.by == SplitBy::Random && body.reading.span(&["split", "by"]).is_some();
    if says_random {
        body.error(
            &["split", "by"],
            "a forecast is always divided by time: a window would otherwise be tested on what it has seen",
            "leave `by` out; `validation` and `test` are shares of the time",
        );
    } else if train
        .split
        .column
        .as_ref()
        .is_some_and(|column| *column != forecast.time)
    {
        body.unused(
            &["split", "column"],
            "a forecast is divided by its own column of time",
            "remove it",
        );
    }
}

fn without_windows(body: &mut Body<'_, TrainSpec>, train: &TrainSpec) {
    let hint = "add `[forecast]` with `time = \"a column\"`";
    if train.task == TaskSpec::Forecast {
        body.error(&["task"], "a forecast needs a column of time", hint);
    } else if train.model.kind.reads_sequences() {
        let message = format!(
            "a {} reads windows of a series, and this is a plain table",
            train.model.kind.word()
        );
        body.error(&["model", "kind"], &message, hint);
    }
}

/// Sizes of the kinds of models that read windows.
fn model(body: &mut Body<'_, TrainSpec>, model: &ModelSpec) {
    for (key, sizes) in [("state", &model.state), ("channels", &model.channels)] {
        if sizes
            .as_ref()
            .is_some_and(|sizes| sizes.is_empty() || sizes.contains(&0))
        {
            body.error(
                &["model", key],
                &format!("`{key}` has a size above 0 for each layer"),
                &format!("for example `{key} = [64]`, or leave it out"),
            );
        }
    }
    for (key, size) in [
        ("width", model.width),
        ("blocks", model.blocks),
        ("heads", model.heads),
    ] {
        if size == 0 {
            body.bad(&["model", key], &format!("`{key}` is at least 1"));
        }
    }
    if model.heads > 0 && model.width % model.heads != 0 {
        let key = match body.reading.span(&["model", "width"]) {
            Some(_) => "width",
            None => "heads",
        };
        body.error(
            &["model", key],
            &format!("{} heads don't divide a width of {}", model.heads, model.width),
            "make `width` a multiple of `heads`, for example 64 and 4",
        );
    }
}

impl Body<'_, TrainSpec> {
    fn error(&mut self, path: &[&str], message: &str, hint: &str) {
        let span = self.reading.span(path);
        self.push(Finding::error(Code::BadValue, message, span).with_hint(hint));
    }
}
