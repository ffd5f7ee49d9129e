//! What a train cell says about windows, pictures and texts, and whether its kind of model can read them.

use super::Body;
use crate::toml_reader::Finding;
use aloft_spec::Code;
use aloft_spec::inputs::{ForecastSpec, ImageSpec, TextSpec};
use aloft_spec::train::{ModelKind, ModelSpec, SplitBy, TaskSpec, TrainSpec};

/// Checks the tables of a train cell that say how rows are made, and what depends on them.
pub(super) fn inputs(body: &mut Body<'_, TrainSpec>, train: &TrainSpec) {
    target(body, train);
    model(body, &train.model);
    let tables = [
        ("forecast", train.forecast.is_some()),
        ("image", train.image.is_some()),
        ("text", train.text.is_some()),
    ];
    let given: Vec<&str> = tables
        .into_iter()
        .filter(|(_, given)| *given)
        .map(|(key, _)| key)
        .collect();
    if let [first, second, ..] = given[..] {
        body.error(
            &[second],
            &format!("a model reads `[{first}]` or `[{second}]`, not both"),
            "remove one of them, or make two train cells",
        );
        return;
    }
    kind(body, train);
    quantiles(body, train);
    if let Some(forecast) = &train.forecast {
        self::forecast(body, train, forecast);
    } else if train.task == TaskSpec::Forecast {
        body.error(
            &["task"],
            "a forecast needs a column of time",
            "add `[forecast]` with `time = \"a column\"`",
        );
    }
    if let Some(image) = &train.image {
        self::image(body, image);
    }
    if let Some(text) = &train.text {
        self::text(body, text);
    }
    if let Some(key) = given.first().filter(|key| **key != "forecast")
        && !train.features.is_empty()
    {
        let message = format!("with `[{key}]` a model learns from its `column` alone");
        body.unused(&["features"], &message, "remove it");
    }
}

/// All but an autoencoder have a target.
fn target(body: &mut Body<'_, TrainSpec>, train: &TrainSpec) {
    let autoencoder = train.model.kind == ModelKind::Autoencoder;
    if !train.labels.is_empty() {
        return labels(body, train);
    }
    match (
        autoencoder,
        train.target.is_empty(),
        body.reading.span(&["target"]),
    ) {
        (false, true, None) => body.error(
            &["target"],
            "the key `target` is missing",
            "add `target = …`, or `labels = […]` for several columns of yes or no",
        ),
        (false, true, Some(_)) => body.error(
            &["target"],
            "`target` is empty",
            "for example `target = \"a column\"`",
        ),
        (true, false, _) => body.unused(
            &["target"],
            "an autoencoder learns to give rows back and has no target",
            "remove it; add the column to `ignore` if the rows shouldn't be judged by it",
        ),
        _ => {}
    }
    if train.task == TaskSpec::Anomaly && !autoencoder {
        body.error(
            &["task"],
            "anomalies are found by an autoencoder",
            "add `kind = \"autoencoder\"` to `[model]`",
        );
    }
    if autoencoder && !matches!(train.task, TaskSpec::Auto | TaskSpec::Anomaly) {
        body.bad(&["task"], "the task of an autoencoder is \"anomaly\"");
    }
}

/// Several labels stand in place of a target.
fn labels(body: &mut Body<'_, TrainSpec>, train: &TrainSpec) {
    if !train.target.is_empty() {
        body.bad(&["labels"], "a cell predicts a `target` or `labels`, not both");
    }
    let mut seen = Vec::new();
    for label in &train.labels {
        if seen.contains(&label) {
            body.bad(&["labels"], &format!("the label `{label}` is there twice"));
        }
        seen.push(label);
    }
    if train.labels.len() == 1 {
        body.error(&["labels"], "a single label is a target", "write `target = …`");
    }
    if !matches!(
        train.model.kind,
        ModelKind::Mlp | ModelKind::Linear | ModelKind::Trees | ModelKind::Cnn | ModelKind::Transformer
    ) || train.forecast.is_some()
    {
        body.error(
            &["model", "kind"],
            "several labels are predicted by trees, or by networks of a table, of pictures or of texts",
            "use \"mlp\", \"linear\" or \"trees\", or a cell for each label",
        );
    }
    if train.task != TaskSpec::Auto {
        body.bad(&["task"], "the task of `labels` is theirs: remove the key");
    }
}

/// Whether the kind of model reads what the table is made into.
fn kind(body: &mut Body<'_, TrainSpec>, train: &TrainSpec) {
    use ModelKind::{Autoencoder, Cnn, Gru, Linear, Lstm, Mlp, Temporal, Transformer, Trees};
    let kind = train.model.kind;
    let (what, suits) = if train.forecast.is_some() {
        ("windows of a series", !matches!(kind, Cnn | Autoencoder | Trees))
    } else if train.image.is_some() {
        ("pictures", matches!(kind, Cnn | Mlp | Linear))
    } else if train.text.is_some() {
        ("texts", matches!(kind, Transformer | Mlp | Linear))
    } else {
        (
            "a plain table",
            matches!(kind, Mlp | Linear | Autoencoder | Trees),
        )
    };
    if suits {
        return;
    }
    let (reads, hint) = match kind {
        Cnn => ("pictures", "add `[image]` with the column of pictures"),
        Gru | Lstm | Temporal => (
            "windows of a series",
            "add `[forecast]` with `time = \"a column\"`",
        ),
        Transformer => (
            "windows of a series or texts",
            "add `[forecast]` with the column of time, or `[text]` with the column of texts",
        ),
        Mlp | Linear | Autoencoder | Trees => (
            "rows of a plain table",
            "leave `[forecast]`, `[image]` and `[text]` out",
        ),
    };
    let message = format!(
        "a model of kind \"{}\" reads {reads}, and this is {what}",
        kind.word()
    );
    body.error(&["model", "kind"], &message, hint);
}

/// Forecasts and autoencoders predict no quantiles, and a forecast has no folds.
fn quantiles(body: &mut Body<'_, TrainSpec>, train: &TrainSpec) {
    let forecast = train.forecast.is_some();
    if (forecast || train.model.kind == ModelKind::Autoencoder) && !train.quantiles.is_empty() {
        body.error(
            &["quantiles"],
            "forecasts and autoencoders predict no quantiles",
            "remove it",
        );
    }
    if forecast && train.split.folds > 0 {
        body.error(
            &["split", "folds"],
            "a forecast is divided by time, once: it has no folds",
            "remove it",
        );
    }
}

fn image(body: &mut Body<'_, TrainSpec>, image: &ImageSpec) {
    if image.size.is_some_and(|size| size.contains(&0)) {
        body.error(
            &["image", "size"],
            "a picture has at least one pixel",
            "for example `size = [28, 28]`",
        );
    }
    if !(0.0..1.0).contains(&image.crop) {
        body.bad(
            &["image", "crop"],
            "a share that is cut off is at least 0 and less than 1",
        );
    }
}

fn text(body: &mut Body<'_, TrainSpec>, text: &TextSpec) {
    if text.words == 0 && text.letters == 0 {
        body.error(
            &["text", "words"],
            "without words and without letters nothing is read",
            "for example `words = 2`, or `letters = 4`",
        );
    }
    if text.buckets < 2 {
        body.bad(&["text", "buckets"], "there are at least two places for tokens");
    }
    if text.length == Some(0) {
        body.bad(&["text", "length"], "a text has at least one token");
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

/// Sizes of models.
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
    if model.code == Some(0) {
        body.bad(&["model", "code"], "a code has at least one number");
    }
    if !(model.quantile > 0.0 && model.quantile <= 1.0) {
        body.bad(
            &["model", "quantile"],
            "a share of rows is greater than 0 and at most 1",
        );
    }
    if model.heads > 0 && !model.width.is_multiple_of(model.heads) {
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
    pub(super) fn error(&mut self, path: &[&str], message: &str, hint: &str) {
        let span = self.reading.span(path);
        self.push(Finding::error(Code::BadValue, message, span).with_hint(hint));
    }
}
