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
    /// azure_storage_sas_key; for https://HOST names and values of headers.
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
                let settings = settings(io::stdin().lock())?;
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

fn settings(input: impl io::BufRead) -> Result<BTreeMap<String, Sensitive<String>>> {
    let mut settings = BTreeMap::new();
    for (index, line) in input.lines().enumerate() {
        // What was typed isn't repeated: it may be a secret.
        let bad = |what: &str| {
            Problem::new(Code::BadValue, format!("line {} {what}", index + 1))
                .with_hint("write `name=value` on each line")
        };
        let line = line.map_err(|_| bad("can't be read"))?;
        if line.trim().is_empty() {
            continue;
        }
        let (name, value) = line.split_once('=').ok_or_else(|| bad("has no `=`"))?;
        settings.insert(
            name.trim().to_lowercase(),
            Sensitive::new(value.trim().to_owned()),
        );
    }
    Ok(settings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_lines() {
        let read = settings(&b"AWS_Access_Key_Id = a\n\naws_secret_access_key=b=c\n"[..]).unwrap();
        assert_eq!(read["aws_access_key_id"].expose(), "a");
        assert_eq!(read["aws_secret_access_key"].expose(), "b=c");
        let problem = settings(&b"topsecret\n"[..]).err().unwrap();
        assert!(!problem.to_string().contains("topsecret"));
    }
}
