//! What the trials of a sweep have in common: a change of it makes another sweep, whose trials start anew.

use crate::{Result, resolved::json};
use aloft_spec::{
    Code, Problem,
    sweep::{SweepSpec, Values},
    train::TrainSpec,
};
use serde::Serialize;
use serde_json::Value;

/// The train cell without the keys that a sweep searches, which are as if nobody had written them. Each trial has values of
/// its own for them, so that the best ones can be put into the cell and the sweep stays the one that found them.
///
/// # Errors
/// `Internal` where a train cell can't be without one of the keys, which no sweep cell may search.
pub fn searched_around(train: &TrainSpec, sweep: &SweepSpec) -> Result<TrainSpec> {
    let failed = |error: serde_json::Error| {
        Problem::new(
            Code::Internal,
            format!("the train cell can't be told without the keys that are searched: {error}"),
        )
    };
    let mut value = serde_json::to_value(train).map_err(failed)?;
    for path in sweep.space.keys() {
        remove(&mut value, path);
    }
    serde_json::from_value(value).map_err(failed)
}

/// Takes the value at a path like `model.trees.leaves` away.
fn remove(value: &mut Value, path: &str) {
    match (path.split_once('.'), value) {
        (Some((table, rest)), Value::Object(keys)) => {
            if let Some(inner) = keys.get_mut(table) {
                remove(inner, rest);
            }
        }
        (None, Value::Object(keys)) => {
            keys.remove(path);
        }
        _ => {}
    }
}

/// What is searched around a train cell, and how. Budgets are no part of it: with a greater one a sweep goes on.
#[derive(Serialize)]
pub(super) struct Identity {
    train: TrainSpec,
    search: Search,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Search {
    Space(SweepSpec),
    List(Vec<Values>),
}

impl Identity {
    /// Of a sweep cell over a train cell.
    pub fn of_space(train: &TrainSpec, sweep: &SweepSpec) -> Result<Self> {
        Ok(Self {
            train: searched_around(train, sweep)?,
            search: Search::Space(SweepSpec {
                trials: None,
                seconds: None,
                parallel: None,
                ..sweep.clone()
            }),
        })
    }

    /// Of a list of values, the first of which are those of the cell as it stands.
    pub fn of_list(train: &TrainSpec, list: &[Values]) -> Self {
        Self {
            train: train.clone(),
            search: Search::List(list.to_vec()),
        }
    }

    /// Its hash, for a sweep of this name on these rows; it is in the `run.toml` of each trial.
    pub fn key(&self, name: &str, data_hash: &str) -> Result<String> {
        let mut hasher = blake3::Hasher::new();
        for part in [name, &json(self)?, data_hash] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        Ok(hasher.finalize().to_hex()[..32].to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Workspace;
    use aloft_spec::sweep::SweepValue;

    fn workspace(train: &str, space: &str) -> Workspace {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("t.aloft.md");
        let text = format!(
            "```toml source rows\npath = \"a.csv\"\n```\n\n```toml train m\ndata = \"rows\"\ntarget = \"y\"\n{train}\n```\n\n\
             ```toml sweep s\ntrain = \"m\"\n{space}\n```\n"
        );
        std::fs::write(&file, text).unwrap();
        Workspace::open(&file).unwrap()
    }

    fn key(workspace: &Workspace) -> String {
        let identity = Identity::of_space(&workspace.train("m").unwrap(), &workspace.sweep("s").unwrap());
        identity.unwrap().key("s", "rows").unwrap()
    }

    #[test]
    fn values_that_were_found_make_no_other_sweep() {
        let space = "[space]\n\"model.kind\" = { choice = [\"trees\", \"linear\"] }\n\"model.trees.leaves\" = { choice = [7, 31] }\n\"optimizer.learning_rate\" = { log_uniform = [1e-4, 1e-1] }\nepochs = { choice = [3, 30] }";
        for train in [
            "",
            "[model.trees]\nrounds = 50",
            "seed = 3\n[optimizer]\nkind = \"sgd\"",
        ] {
            let before = workspace(train, space);
            let values = Values::from([
                ("model.kind".to_owned(), SweepValue::Text("trees".into())),
                ("model.trees.leaves".to_owned(), SweepValue::Integer(7)),
                ("optimizer.learning_rate".to_owned(), SweepValue::Number(0.0123)),
                ("epochs".to_owned(), SweepValue::Integer(3)),
            ]);
            let after = before.with_values("m", &values).unwrap();
            assert_ne!(before.train("m").unwrap(), after.train("m").unwrap());
            assert_eq!(key(&before), key(&after), "{train}");
        }
    }

    #[test]
    fn other_keys_methods_and_spaces_make_another_sweep_and_budgets_do_not() {
        let space = "[space]\n\"model.dropout\" = { uniform = [0.0, 0.4] }";
        let plain = key(&workspace("", space));
        assert_eq!(plain, key(&workspace("# said\n[model]\ndropout = 0.3", space)));
        assert_eq!(
            plain,
            key(&workspace("", &format!("trials = 3\nseconds = 9.0\n{space}")))
        );
        for (train, space) in [
            ("seed = 8", space.to_owned()),
            ("[model]\nmembers = 2", space.to_owned()),
            ("", format!("method = \"random\"\n{space}")),
            ("", space.replace("0.4", "0.5")),
        ] {
            assert_ne!(plain, key(&workspace(train, &space)), "{train} {space}");
        }
    }
}
