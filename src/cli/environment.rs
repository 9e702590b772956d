//! Variables of the environment: a name that is none of ours is an error, for the option that it was to set is not set;
//! and a value that makes no sense is blamed on its variable, not on an option that nobody typed.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::defaults::OPTIONS;
use countersign_model::error::{Error, Result};

const PREFIX: &str = "COUNTERSIGN_";

/// Variables that stand for no option, with what they are.
pub(super) const OTHERS: &[(&str, &str)] = &[
    ("COUNTERSIGN_CONFIG", "the configuration folder, in place of the usual one"),
    ("COUNTERSIGN_CACHE_FOLDER", "where what can be made again is kept"),
    ("COUNTERSIGN_PASSPHRASE", "the passphrase of the signing key, where nobody can be asked"),
    ("COUNTERSIGN_OIDC_SECRET", "what an identity provider knows `serve --oidc-client` by"),
    ("COUNTERSIGN_WEBHOOK_SECRET", "what `serve --webhook` signs its messages with"),
];

/// Variables of the project's own tests and checks; what they start inherits them.
const OF_TESTS: &[&str] = &["CORPUS", "TRUST_LISTS", "WITHOUT", "BLESS", "GALLERY", "PAGE"];

/// Kubernetes sets variables of these names in every container beside a service that is called `countersign`.
const OF_KUBERNETES: &[&str] = &["SERVICE_", "PORT"];

/// Tells of the first variable that only looks like one of ours.
///
/// # Errors
/// Such a variable, with the one that was probably meant.
pub(super) fn check() -> Result<()> {
    let mut names: Vec<String> = std::env::vars_os()
        .filter(|(_, value)| !value.is_empty())
        .filter_map(|(name, _)| name.into_string().ok())
        .filter(|name| unknown(name))
        .collect();
    names.sort();
    let Some(name) = names.first() else { return Ok(()) };
    let known = || OPTIONS.iter().map(|(_, name)| *name).chain(OTHERS.iter().map(|(name, _)| *name));
    let rest = |name: &str| name.strip_prefix(PREFIX).unwrap_or_default().to_owned();
    let near = known().map(|other| (strsim::jaro_winkler(&rest(name), &rest(other)), other));
    let near = near.max_by(|a, b| a.0.total_cmp(&b.0)).filter(|(score, _)| *score > 0.75);
    Err(Error::Usage {
        what: format!("the environment sets {name}, which is no variable of this program"),
        hint: match near {
            Some((_, near)) => format!("did you mean {near}? Otherwise unset it"),
            None => "unset it; `countersign man` lists the variables".to_owned(),
        },
    })
}

fn unknown(name: &str) -> bool {
    let Some(rest) = name.strip_prefix(PREFIX) else { return false };
    let ours = OPTIONS.iter().map(|(_, name)| name).chain(OTHERS.iter().map(|(name, _)| name));
    let known = ours.into_iter().any(|known| *known == name) || OF_TESTS.contains(&rest) || rest.starts_with("TEST_");
    !known && !OF_KUBERNETES.iter().any(|start| rest.starts_with(start))
}

/// What is wrong with what was typed, or with a variable whose value nobody typed.
///
/// # Errors
/// A variable whose value its option does not take.
pub(super) fn blamed<T>(
    error: clap::Error,
    mut typed: impl Iterator<Item = OsString>,
) -> Result<std::result::Result<T, clap::Error>> {
    if !matches!(error.kind(), ErrorKind::InvalidValue | ErrorKind::ValueValidation) {
        return Ok(Err(error));
    }
    let said = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        _ => None,
    };
    let (Some(argument), Some(value)) = (said(ContextKind::InvalidArg), said(ContextKind::InvalidValue)) else {
        return Ok(Err(error));
    };
    let option = argument.split([' ', '=', '[']).next().unwrap_or_default();
    let variable = option.strip_prefix("--").and_then(|long| OPTIONS.iter().find(|(name, _)| *name == long));
    let Some((_, variable)) = variable.filter(|(_, name)| std::env::var(name).is_ok_and(|set| set == value)) else {
        return Ok(Err(error));
    };
    if typed.any(|word| word.to_string_lossy().starts_with(option)) {
        return Ok(Err(error));
    }
    let why = std::error::Error::source(&error).map(|why| format!(": {why}")).unwrap_or_default();
    let takes = match error.get(ContextKind::ValidValue) {
        Some(ContextValue::Strings(values)) if !values.is_empty() => format!("one of: {}", values.join(", ")),
        _ => format!("correct or unset {variable}"),
    };
    Err(Error::Usage { what: format!("{variable} is `{value}`, which is no value for {option}{why}"), hint: takes })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_misspelt_or_somebody_elses() {
        for name in ["COUNTERSIGN_POLICY", "COUNTERSIGN_CONFIG", "COUNTERSIGN_CORPUS", "POLICY", "COUNTERSIGNS_X"] {
            assert!(!unknown(name), "{name}");
        }
        for name in ["COUNTERSIGN_PORT_80_TCP", "COUNTERSIGN_SERVICE_HOST", "COUNTERSIGN_PORT"] {
            assert!(!unknown(name), "{name} is of Kubernetes");
        }
        for name in ["COUNTERSIGN_POLCY", "COUNTERSIGN_LEDGER", "COUNTERSIGN_"] {
            assert!(unknown(name), "{name}");
        }
    }
}
