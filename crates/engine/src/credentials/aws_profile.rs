//! Keys of a named profile in AWS's own files, which object stores read the default profile of alone.
//!
//! The files are those of the AWS command line: `~/.aws/credentials` with a section `[name]`, `~/.aws/config` with a section
//! `[profile name]` (<https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-files.html>).

use crate::Result;
use aloft_spec::{Code, Problem};
use std::{
    collections::BTreeMap,
    env, fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

/// Keys of a profile that a store is opened with, and what object stores call them.
const KEYS: [(&str, &str); 5] = [
    ("aws_access_key_id", "aws_access_key_id"),
    ("aws_secret_access_key", "aws_secret_access_key"),
    ("aws_session_token", "aws_session_token"),
    ("region", "aws_region"),
    ("endpoint_url", "aws_endpoint_url"),
];
/// Keys of profiles whose credentials another program or another account gives out.
const ELSEWHERE: [&str; 4] = ["sso_session", "sso_start_url", "role_arn", "credential_process"];

/// The profile that `AWS_PROFILE` names; keys in the environment come before it, as with the AWS command line.
pub fn from_environment() -> Option<String> {
    let set = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
    match set("AWS_ACCESS_KEY_ID") {
        Some(_) => None,
        None => set("AWS_PROFILE"),
    }
}

/// The settings of a profile, by the names that object stores know.
///
/// # Errors
/// `NotFound` where no file has the profile; `BadValue` where its keys are given out elsewhere, or it has none.
pub fn settings(profile: &str) -> Result<BTreeMap<String, String>> {
    let home = env::home_dir().unwrap_or_default().join(".aws");
    let file = |variable: &str, name: &str| env::var_os(variable).map_or(home.join(name), PathBuf::from);
    settings_in(
        profile,
        &file("AWS_SHARED_CREDENTIALS_FILE", "credentials"),
        &file("AWS_CONFIG_FILE", "config"),
    )
}

fn settings_in(profile: &str, credentials: &Path, config: &Path) -> Result<BTreeMap<String, String>> {
    let mut found: Option<BTreeMap<String, String>> = None;
    for (file, section) in [
        (config, format!("profile {profile}")),
        (credentials, profile.to_owned()),
    ] {
        // The default profile has no prefix in either file.
        let section = if profile == "default" { profile } else { &section };
        if let Some(keys) = section_of(&read(file)?, section) {
            found.get_or_insert_default().extend(keys);
        }
    }
    let Some(found) = found else {
        return Err(
            Problem::new(Code::NotFound, format!("there is no AWS profile `{profile}`"))
                .in_file(config)
                .with_hint("`aws configure list-profiles` says which there are; AWS_PROFILE chooses one"),
        );
    };
    let settings: BTreeMap<String, String> = KEYS
        .iter()
        .filter_map(|(key, name)| Some(((*name).to_owned(), found.get(*key)?.clone())))
        .collect();
    if settings.contains_key("aws_access_key_id") && settings.contains_key("aws_secret_access_key") {
        return Ok(settings);
    }
    let message = match ELSEWHERE.iter().find(|key| found.contains_key(**key)) {
        Some(key) => format!("the keys of the AWS profile `{profile}` are given out elsewhere (`{key}`)"),
        None => format!("the AWS profile `{profile}` has no keys"),
    };
    Err(Problem::new(Code::BadValue, message).in_file(credentials).with_hint(format!(
        "bring them into the environment: `eval \"$(aws configure export-credentials --profile {profile} --format env)\"`"
    )))
}

/// A file that isn't there is empty.
fn read(file: &Path) -> Result<String> {
    match fs::read_to_string(file) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(
            Problem::new(Code::Unreadable, format!("the file can't be read: {error}"))
                .in_file(file.to_owned()),
        ),
    }
}

/// The keys of a section; `None` without one. Indented lines belong to the key before them, and none of ours has any.
fn section_of(text: &str, name: &str) -> Option<BTreeMap<String, String>> {
    let mut found: Option<BTreeMap<String, String>> = None;
    let mut inside = false;
    for line in text.lines() {
        if let Some(section) = line
            .trim()
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            inside = section.split_whitespace().eq(name.split_whitespace());
            if inside {
                found.get_or_insert_default();
            }
        } else if inside
            && !line.starts_with([' ', '\t', '#', ';'])
            && let (Some((key, value)), Some(found)) = (line.split_once('='), found.as_mut())
        {
            found.insert(key.trim().to_lowercase(), value.trim().to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const CREDENTIALS: &str = "# mine\n[default]\naws_access_key_id = A\naws_secret_access_key = B\n\n\
         [work]\naws_access_key_id=C\naws_secret_access_key = D=E\naws_session_token = F\n";
    const CONFIG: &str = "[default]\nregion = eu-west-1\n[profile work]\nregion = us-east-2\ns3 =\n  region = nested\n\
         [profile sso]\nsso_session = mine\nregion = x\n[profile bare]\nregion = y\n";

    fn of(profile: &str) -> Result<BTreeMap<String, String>> {
        let folder = tempfile::tempdir().unwrap();
        let (credentials, config) = (folder.path().join("credentials"), folder.path().join("config"));
        fs::write(&credentials, CREDENTIALS).unwrap();
        fs::write(&config, CONFIG).unwrap();
        settings_in(profile, &credentials, &config)
    }

    #[test]
    fn a_profile_is_read_from_both_files() {
        let work = of("work").unwrap();
        assert_eq!(work["aws_access_key_id"], "C");
        assert_eq!(work["aws_secret_access_key"], "D=E");
        assert_eq!(work["aws_session_token"], "F");
        assert_eq!(work["aws_region"], "us-east-2");
        assert_eq!(of("default").unwrap()["aws_region"], "eu-west-1");
    }

    #[test]
    fn what_a_profile_lacks_is_said() {
        assert_eq!(of("none").unwrap_err().code, Code::NotFound);
        let sso = of("sso").unwrap_err();
        assert!(sso.message.contains("sso_session") && sso.hint.unwrap().contains("export-credentials"));
        assert!(of("bare").unwrap_err().message.contains("no keys"));
        let nowhere = settings_in("work", Path::new("/nowhere/a"), Path::new("/nowhere/b"));
        assert_eq!(nowhere.unwrap_err().code, Code::NotFound);
    }
}
