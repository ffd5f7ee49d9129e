//! What a specification may ask for: values that can be followed, and columns that are there.

use crate::{
    boosting,
    error::{Result, TrainError},
    table::Table,
};
use aloft_spec::train::{CategoryEncoding, ModelKind, SplitBy, TaskSpec, TrainSpec};

/// Refuses values that no table is needed to refuse.
pub fn check(spec: &TrainSpec) -> Result<()> {
    let optimizer = &spec.optimizer;
    let share = |number: f64| (0.0..1.0).contains(&number);
    let above = |number: f64| number > 0.0 && number.is_finite();
    let named = |key: &str, value: f64| format!("{key} is {value}");
    let (rate, warmup) = (spec.highest_rate(1), spec.schedule.warmup_share());
    let bad = if spec.epochs == Some(0) {
        Some(("epochs is 0".into(), "1 at the least"))
    } else if spec.batch_size == Some(0) {
        Some(("batch_size is 0".into(), "leave it out, or give 1 at the least"))
    } else if !above(rate) {
        let hint = "a number above 0, for instance 2e-3";
        Some((named("optimizer.learning_rate", rate), hint))
    } else if !(optimizer.weight_decay >= 0.0 && optimizer.weight_decay.is_finite()) {
        let hint = "0 or more, for instance 1e-2";
        Some((named("optimizer.weight_decay", optimizer.weight_decay), hint))
    } else if !share(optimizer.momentum) {
        let hint = "a share from 0 to less than 1, for instance 0.9";
        Some((named("optimizer.momentum", optimizer.momentum), hint))
    } else if let Some(clip) = optimizer.clip.filter(|clip| !above(*clip)) {
        Some((named("optimizer.clip", clip), "a number above 0, for instance 1"))
    } else if optimizer.accumulate == 0 {
        Some(("optimizer.accumulate is 0".into(), "1 at the least"))
    } else if !share(warmup) {
        let hint = "a share of the steps from 0 to less than 1, for instance 0.1";
        Some((named("schedule.warmup", warmup), hint))
    } else if !(above(spec.schedule.factor) && spec.schedule.factor < 1.0) {
        let hint = "above 0 and below 1, for instance 0.5";
        Some((named("schedule.factor", spec.schedule.factor), hint))
    } else if !share(spec.loss.label_smoothing) {
        let hint = "a share from 0 to less than 1, for instance 0.1";
        Some((named("loss.label_smoothing", spec.loss.label_smoothing), hint))
    } else if !(spec
        .quantiles
        .iter()
        .all(|quantile| above(*quantile) && *quantile < 1.0)
        && spec.quantiles.is_sorted_by(|a, b| a < b))
    {
        let hint = "rising, each above 0 and below 1, for instance [0.1, 0.5, 0.9]";
        Some((format!("quantiles are {:?}", spec.quantiles), hint))
    } else if spec.model.kind == ModelKind::Trees
        && (spec.forecast.is_some() || spec.image.is_some() || spec.text.is_some())
    {
        let hint = "leave `[forecast]`, `[image]` and `[text]` out, or choose another model.kind";
        Some(("trees read rows of a plain table".into(), hint))
    } else if spec.forecast.is_some() && spec.split.folds > 0 {
        let hint = "leave it out: a forecast is divided by time, once";
        Some((format!("split.folds is {}", spec.split.folds), hint))
    } else if (spec.forecast.is_some() || spec.model.kind == ModelKind::Autoencoder)
        && !spec.quantiles.is_empty()
    {
        let hint = "leave them out: forecasts and autoencoders have none";
        Some((format!("quantiles are {:?}", spec.quantiles), hint))
    } else if !spec.labels.is_empty() {
        labels(spec)
    } else {
        None
    };
    match bad {
        Some((message, hint)) => Err(TrainError::bad_value(message, hint)),
        None if spec.model.kind == ModelKind::Trees => boosting::check(&spec.model.trees),
        None => Ok(()),
    }
}

/// What several labels can't be combined with, and what to do.
fn labels(spec: &TrainSpec) -> Option<(String, &'static str)> {
    let with = |what: &str| Some(format!("`labels` can't be predicted {what}"));
    let (message, hint) = match spec.model.kind {
        _ if !spec.target.is_empty() => (with("beside a `target`"), "keep one of the two"),
        _ if spec.labels.len() == 1 => (
            Some("`labels` names a single column".to_owned()),
            "make it the `target`",
        ),
        ModelKind::Autoencoder => (
            with("by an autoencoder"),
            "use model.kind = \"mlp\" or \"linear\"",
        ),
        _ if spec.forecast.is_some() => (with("by a forecast"), "leave `[forecast]` out"),
        _ if spec.task != TaskSpec::Auto => (with("as another task"), "leave `task` out"),
        _ if !spec.quantiles.is_empty() => (with("as quantiles"), "leave `quantiles` out"),
        _ if spec.model.categories == CategoryEncoding::Target => (
            with("with categories = \"target\""),
            "use \"embedding\" or \"one-hot\"",
        ),
        _ if spec.loss.class_weights.is_some() || spec.loss.label_smoothing > 0.0 => (
            with("with weights of classes or smoothing"),
            "leave `loss.class_weights` and `loss.label_smoothing` out",
        ),
        _ => (None, ""),
    };
    Some((message?, hint))
}

/// The columns to learn from, in the table's order.
pub fn features(spec: &TrainSpec, table: &dyn Table) -> Result<Vec<String>> {
    let names = table.names();
    // What is ignored needn't be there: the rows of a run are of the columns that it needs.
    if let Some(unknown) = spec.features.iter().find(|name| !names.contains(&name.as_str())) {
        return Err(TrainError::unknown_column("the feature", unknown, names));
    }
    let wanted = |name: &&str| {
        let listed = |list: &[String]| list.iter().any(|listed| listed == name);
        // The test's groups are never seen in training: what is learned of a group by its name is of no use.
        let group = spec.split.by == SplitBy::Group && spec.split.column.as_deref() == Some(*name);
        spec.targets().iter().all(|target| target != name)
            && (!group || listed(&spec.features))
            && (spec.features.is_empty() || listed(&spec.features))
            && !listed(&spec.ignore)
    };
    Ok(names.into_iter().filter(wanted).map(str::to_owned).collect())
}
