//! Kinds of models that are worth a try on what a train cell learns from, the quick ones first.

use crate::{Result, Workspace};
use aloft_spec::{
    Code, Problem,
    sweep::{SweepValue, Values},
    train::{ModelKind, TrainSpec},
};

/// Values to try: none at first, which is the cell as it stands; none twice.
pub(super) fn candidates(workspace: &Workspace, cell: &str, train: &TrainSpec) -> Result<Vec<Values>> {
    if train.model.kind == ModelKind::Autoencoder {
        let problem = Problem::new(
            Code::Unsupported,
            "what autoencoders score can't be compared with other kinds of models",
        );
        return Err(workspace
            .place(cell, problem)
            .with_hint("use a sweep cell over `model.hidden` and `model.code`"));
    }
    let mut found: Vec<(Values, TrainSpec)> = vec![(Values::new(), train.clone())];
    for values in recipes(train) {
        // A kind that can't read these rows is none to try.
        let spec = workspace
            .with_values(cell, &values)
            .and_then(|workspace| workspace.train(cell));
        if let Ok(spec) = spec
            && found.iter().all(|(_, known)| *known != spec)
        {
            found.push((values, spec));
        }
    }
    Ok(found.into_iter().map(|(values, _)| values).collect())
}

fn recipes(train: &TrainSpec) -> Vec<Values> {
    let kind = |kind: ModelKind| recipe(kind, &[]);
    if train.forecast.is_some() {
        return [
            ModelKind::Linear,
            ModelKind::Mlp,
            ModelKind::Gru,
            ModelKind::Temporal,
            ModelKind::Transformer,
            ModelKind::Lstm,
        ]
        .map(kind)
        .into();
    }
    if train.text.is_some() {
        return [ModelKind::Linear, ModelKind::Mlp, ModelKind::Transformer]
            .map(kind)
            .into();
    }
    let layers = |widths: &[i64]| SweepValue::List(widths.iter().copied().map(SweepValue::Integer).collect());
    if train.image.is_some() {
        return vec![
            kind(ModelKind::Linear),
            kind(ModelKind::Mlp),
            kind(ModelKind::Cnn),
            recipe(ModelKind::Cnn, &[("model.channels", layers(&[16, 32, 64]))]),
        ];
    }
    let number = SweepValue::Number;
    vec![
        kind(ModelKind::Linear),
        kind(ModelKind::Trees),
        recipe(ModelKind::Mlp, &[("model.hidden", layers(&[64, 64]))]),
        // Fewer leaves and smaller steps: smoother, for small tables.
        recipe(
            ModelKind::Trees,
            &[
                ("model.trees.learning_rate", number(0.05)),
                ("model.trees.leaves", SweepValue::Integer(8)),
                ("model.trees.rounds", SweepValue::Integer(1000)),
            ],
        ),
        // More leaves, each tree of a part of rows and columns: for large tables.
        recipe(
            ModelKind::Trees,
            &[
                ("model.trees.leaves", SweepValue::Integer(63)),
                ("model.trees.row_share", number(0.8)),
                ("model.trees.column_share", number(0.8)),
            ],
        ),
        recipe(
            ModelKind::Mlp,
            &[
                ("model.hidden", layers(&[256, 128])),
                ("model.dropout", number(0.2)),
            ],
        ),
    ]
}

fn recipe(kind: ModelKind, values: &[(&str, SweepValue)]) -> Values {
    let kind = ("model.kind", SweepValue::Text(kind.word().into()));
    let values = values.iter().cloned().chain([kind]);
    values.map(|(path, value)| (path.to_owned(), value)).collect()
}
