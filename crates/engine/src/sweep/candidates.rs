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

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn tried(body: &str) -> Result<Vec<Values>> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("t.aloft.md");
        let text = format!(
            "```toml source rows\npath = \"a.csv\"\n```\n\n```toml train m\ndata = \"rows\"\n{body}\n```\n"
        );
        std::fs::write(&file, text).unwrap();
        let workspace = Workspace::open(&file).unwrap();
        candidates(&workspace, "m", &workspace.train("m")?)
    }

    fn kinds(values: &[Values]) -> BTreeSet<String> {
        let kinds = values.iter().filter_map(|values| values.get("model.kind"));
        kinds.map(ToString::to_string).collect()
    }

    #[test]
    fn kinds_are_those_that_can_read_the_rows() {
        let plain = tried("target = \"y\"").unwrap();
        assert_eq!(
            kinds(&plain),
            ["linear", "trees"]
                .map(str::to_owned)
                .into_iter()
                .chain(["mlp".into()])
                .collect()
        );
        assert_eq!(plain[0], Values::new(), "the cell as it stands");
        let default = plain
            .iter()
            .filter(|values| values.len() == 2 && values.contains_key("model.hidden"));
        assert_eq!(default.count(), 0, "the default network is the cell as it stands");
        let trees = tried("target = \"y\"\nmodel = { kind = \"trees\" }").unwrap();
        assert!(kinds(&trees).contains("mlp") && trees.len() == plain.len());
        let series = tried("target = \"y\"\n[forecast]\ntime = \"t\"").unwrap();
        assert!(kinds(&series).contains("gru") && !kinds(&series).contains("trees"));
        let texts = tried("target = \"y\"\n[text]\ncolumn = \"words\"").unwrap();
        assert_eq!(kinds(&texts), ["linear", "transformer"].map(str::to_owned).into());
        let pictures =
            tried("target = \"y\"\n[image]\ncolumn = \"picture\"\n[model]\nkind = \"cnn\"").unwrap();
        assert!(kinds(&pictures).contains("cnn") && !kinds(&pictures).contains("trees"));
    }

    #[test]
    fn autoencoders_are_refused_with_a_way_out() {
        let problem = tried("model = { kind = \"autoencoder\" }").unwrap_err();
        assert_eq!(problem.code, Code::Unsupported);
        assert!(problem.hint.unwrap().contains("sweep"));
    }
}
