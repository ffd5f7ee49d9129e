//! `--param NAME=VALUE`, for every verb that reads a notebook.

use crate::Result;
use aloft_engine::Workspace;
use aloft_notebook::param::Argument;
use aloft_spec::{Code, Problem};
use clap::Args;
use std::collections::BTreeMap;

/// Values of parameters.
#[derive(Args)]
pub struct Parameters {
    /// Another value for a parameter of the notebook; the file stays as it is
    #[arg(long = "param", value_name = "NAME=VALUE")]
    given: Vec<String>,
}

impl Parameters {
    /// The names with their texts.
    fn pairs(&self) -> Result<Vec<(&str, &str)>> {
        let pair = |given: &'_ String| {
            Problem::new(
                Code::BadValue,
                format!("`{given}` names no value for a parameter"),
            )
            .with_hint("write `--param threshold=15`")
        };
        self.given
            .iter()
            .map(|given| {
                given
                    .split_once('=')
                    .map(|(name, text)| (name.trim(), text))
                    .ok_or_else(|| pair(given))
            })
            .collect()
    }

    /// The notebook with these values.
    pub fn apply(&self, workspace: Workspace) -> Result<Workspace> {
        self.pairs()?
            .into_iter()
            .try_fold(workspace, |workspace, (name, text)| {
                workspace.with_param(name, text)
            })
    }

    /// Several notebooks with these values: each needs to be a parameter of one of them.
    pub fn apply_to_all(&self, mut workspaces: Vec<Workspace>) -> Result<Vec<Workspace>> {
        for (name, text) in self.pairs()? {
            let has = |workspace: &Workspace| workspace.document.cell(name).is_some();
            if !workspaces.iter().any(has)
                && let Some(first) = workspaces.first()
            {
                // The problem says which parameters there are.
                first.with_param(name, text)?;
            }
            for workspace in workspaces.iter_mut().filter(|workspace| has(workspace)) {
                *workspace = workspace.with_param(name, text)?;
            }
        }
        Ok(workspaces)
    }

    /// The values for a statement that no notebook says the types of.
    pub fn arguments(&self) -> Result<BTreeMap<String, Argument>> {
        let pairs = self.pairs()?.into_iter();
        Ok(pairs
            .map(|(name, text)| (name.to_owned(), Argument::guess(text)))
            .collect())
    }
}
