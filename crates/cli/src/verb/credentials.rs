//! `aloft credentials set|remove ADDRESS`

use crate::{Result, screen::Screen};
use aloft_secrets::Sensitive;
use aloft_spec::{Code, Problem};
use clap::{Args, Subcommand};
use serde_json::json;
use std::{collections::BTreeMap, io};

#[derive(Args)]
pub struct Arguments {
    #[command(subcommand)]
    verb: CredentialsVerb,
}

#[derive(Subcommand)]
enum CredentialsVerb {
    /// Keep the settings of a store in the keyring; read from standard input, `name=value` a line
    ///
    /// The names are those that object stores know: aws_access_key_id, aws_secret_access_key, aws_session_token, aws_region;
    /// google_service_account, google_service_account_key; azure_storage_account_name, azure_storage_account_key,
    /// azure_storage_sas_key; for https://HOST names and values of headers. The JSON file of a service account of Google
    /// is taken as it is: aloft credentials set gs://BUCKET < key.json
    Set(Named),
    /// Forget them
    Remove(Named),
}

#[derive(Args)]
struct Named {
    /// The store: s3://BUCKET, gs://BUCKET, az://CONTAINER or https://HOST
    address: String,
}

impl Arguments {
    pub fn run(self, screen: &Screen) -> Result {
        let (store, done) = match self.verb {
            CredentialsVerb::Set(named) => {
                let settings =
                    settings(&io::read_to_string(io::stdin().lock()).map_err(|error| unreadable(&error))?)?;
                (aloft_engine::keep_credentials(&named.address, &settings)?, "kept")
            }
            CredentialsVerb::Remove(named) => (aloft_engine::forget_credentials(&named.address)?, "removed"),
        };
        screen.result(&json!({ "store": store, "credentials": done }), |screen| {
            screen.line(format_args!("{store}: credentials {done}"));
        });
        Ok(0)
    }
}

fn unreadable(error: &io::Error) -> Problem {
    Problem::new(Code::BadValue, format!("standard input can't be read: {error}"))
        .with_hint("write `name=value` on each line")
}

/// Settings by their names. What was typed is repeated by no problem: it may be a secret.
fn settings(input: &str) -> Result<BTreeMap<String, Sensitive<String>>> {
    if input.trim_start().starts_with('{') {
        return service_account(input);
    }
    let mut settings = BTreeMap::new();
    for (index, line) in input.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        let (name, value) = line.split_once('=').ok_or_else(|| {
            Problem::new(Code::BadValue, format!("line {} has no `=`", index + 1))
                .with_hint("write `name=value` on each line")
        })?;
        settings.insert(
            name.trim().to_lowercase(),
            Sensitive::new(value.trim().to_owned()),
        );
    }
    Ok(settings)
}

/// The JSON file of a service account of Google, which is one setting.
fn service_account(input: &str) -> Result<BTreeMap<String, Sensitive<String>>> {
    let bad = |what: String| {
        Problem::new(Code::BadValue, what).with_hint("give the JSON file of the account as it was downloaded")
    };
    let account: serde_json::Value = serde_json::from_str(input)
        .map_err(|error| bad(format!("line {} isn't valid JSON", error.line())))?;
    for key in ["client_email", "private_key", "private_key_id"] {
        if !account.get(key).is_some_and(serde_json::Value::is_string) {
            return Err(bad(format!(
                "this is no service account of Google: it has no `{key}`"
            )));
        }
    }
    let name = "google_service_account_key".to_owned();
    Ok(BTreeMap::from([(name, Sensitive::new(account.to_string()))]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_lines() {
        let read = settings("AWS_Access_Key_Id = a\n\naws_secret_access_key=b=c\n").unwrap();
        assert_eq!(read["aws_access_key_id"].expose(), "a");
        assert_eq!(read["aws_secret_access_key"].expose(), "b=c");
        let problem = settings("topsecret\n").err().unwrap();
        assert!(!problem.to_string().contains("topsecret"));
    }

    #[test]
    fn a_service_account_is_one_setting() {
        let file = "{\n  \"client_email\": \"a@b\",\n  \"private_key\": \"x\\ny\",\n  \"private_key_id\": \"1\"\n}\n";
        let read = settings(file).unwrap();
        let kept: serde_json::Value =
            serde_json::from_str(read["google_service_account_key"].expose()).unwrap();
        assert_eq!((read.len(), &kept["private_key"]), (1, &json!("x\ny")));
        for (file, said) in [
            ("{\"private_key\": \"topsecret\"}", "client_email"),
            ("{\"private_key\": \"topsecret", "line 1"),
        ] {
            let problem = settings(file).err().unwrap();
            assert!(problem.message.contains(said) && !problem.to_string().contains("topsecret"));
        }
    }
}
