//! Where keys and region come from: the environment, then the profile files, then the container's own address, as the
//! AWS command line looks for them (AWS SDKs and Tools Reference Guide, "Configuration and authentication settings").
//!
//! Without any, requests are not signed: public buckets answer all the same.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The variables of a process that say how stores are asked, and its home folder.
#[derive(Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
    home: Option<PathBuf>,
}

impl std::fmt::Debug for Environment {
    /// Names only: values are secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Environment").field("variables", &self.variables.keys()).field("home", &self.home).finish()
    }
}

impl Environment {
    /// That of this process: the variables whose names begin with `AWS_`.
    #[must_use]
    pub fn of_process() -> Self {
        let named = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            let name = name.into_string().ok().filter(|name| name.starts_with("AWS_"))?;
            Some((name, value.into_string().ok()?))
        };
        let home = std::env::var_os(if cfg!(windows) { "USERPROFILE" } else { "HOME" }).map(PathBuf::from);
        Self { variables: std::env::vars_os().filter_map(named).collect(), home }
    }

    /// These variables and no others.
    #[must_use]
    pub fn of<'a>(variables: impl IntoIterator<Item = (&'a str, &'a str)>, home: Option<&Path>) -> Self {
        let variables = variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Self { variables, home: home.map(Path::to_path_buf) }
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    fn file(&self, variable: &str, default: &str) -> Option<PathBuf> {
        let named = self.get(variable).map(PathBuf::from);
        named.or_else(|| Some(self.home.as_ref()?.join(".aws").join(default)))
    }
}

/// What requests are signed with.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Keys {
    pub key: String,
    pub secret: String,
    pub token: Option<String>,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys").field("key", &self.key).finish_non_exhaustive()
    }
}

/// All that was found.
#[derive(Clone, Debug)]
pub(crate) struct Resolved {
    pub keys: Option<Keys>,
    pub region: String,
    pub endpoint: Option<String>,
}

type Section = BTreeMap<String, String>;

/// Looks everywhere in the usual order.
pub(crate) fn resolve(environment: &Environment) -> io::Result<Resolved> {
    let named = environment.get("AWS_PROFILE").or_else(|| environment.get("AWS_DEFAULT_PROFILE"));
    let profile = named.unwrap_or("default");
    let secrets = section(environment.file("AWS_SHARED_CREDENTIALS_FILE", "credentials"), profile)?;
    let settings = section(environment.file("AWS_CONFIG_FILE", "config"), profile)?;
    if named.is_some() && secrets.is_none() && settings.is_none() {
        let what = format!("no file of credentials has the profile '{profile}' that AWS_PROFILE names");
        return Err(io::Error::new(io::ErrorKind::NotFound, what));
    }
    let (secrets, settings) = (secrets.unwrap_or_default(), settings.unwrap_or_default());
    let setting = |name: &str| settings.get(name).or_else(|| secrets.get(name)).cloned();
    let variable = |names: &[&str]| names.iter().find_map(|name| environment.get(name)).map(str::to_owned);
    let keys = match (of_environment(environment), of_section(&secrets).or_else(|| of_section(&settings))) {
        // A profile that was named comes before keys of the environment.
        (_, Some(keys)) if named.is_some() => Some(keys),
        (Some(keys), _) | (None, Some(keys)) => Some(keys),
        (None, None) => of_container(environment)?,
    };
    Ok(Resolved {
        keys,
        region: variable(&["AWS_REGION", "AWS_DEFAULT_REGION"])
            .or_else(|| setting("region"))
            .unwrap_or_else(|| "us-east-1".to_owned()),
        endpoint: variable(&["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"]).or_else(|| setting("endpoint_url")),
    })
}

fn of_environment(environment: &Environment) -> Option<Keys> {
    let get = |name| environment.get(name).map(str::to_owned);
    Some(Keys {
        key: get("AWS_ACCESS_KEY_ID")?,
        secret: get("AWS_SECRET_ACCESS_KEY")?,
        token: get("AWS_SESSION_TOKEN"),
    })
}

fn of_section(section: &Section) -> Option<Keys> {
    let get = |name: &str| section.get(name).cloned();
    Some(Keys {
        key: get("aws_access_key_id")?,
        secret: get("aws_secret_access_key")?,
        token: get("aws_session_token"),
    })
}

/// The settings of one profile; `None` where there is no such file or section.
fn section(file: Option<PathBuf>, profile: &str) -> io::Result<Option<Section>> {
    let Some(file) = file else { return Ok(None) };
    let text = match std::fs::read(&file) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io::Error::new(error.kind(), format!("{}: {error}", file.display()))),
    };
    Ok(parse(&text, profile))
}

/// Lines of `[name]`, in the file of settings `[profile name]`, and `key = value`; `#` and `;` begin a remark.
fn parse(text: &str, profile: &str) -> Option<Section> {
    let (mut inside, mut found) = (false, None::<Section>);
    for line in text.lines() {
        // Deeper settings are indented below an empty key: none of them is of use here.
        let nested = line.starts_with([' ', '\t']);
        let line = line.trim();
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
            let name = name.trim();
            inside = name == profile || name.strip_prefix("profile").is_some_and(|rest| rest.trim() == profile);
            if inside {
                found.get_or_insert_default();
            }
        } else if inside
            && !nested
            && !line.starts_with(['#', ';'])
            && let Some((key, value)) = line.split_once('=')
            && let Some(section) = &mut found
        {
            section.insert(key.trim().to_ascii_lowercase(), value.trim().to_owned());
        }
    }
    found
}

/// Answers of the address that a container is given for its keys.
#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ContainerKeys {
    access_key_id: String,
    secret_access_key: String,
    token: Option<String>,
}

/// Asks the address that the container's environment names (Amazon ECS, EKS Pod Identity).
fn of_container(environment: &Environment) -> io::Result<Option<Keys>> {
    let relative = environment.get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    let address = match (relative, environment.get("AWS_CONTAINER_CREDENTIALS_FULL_URI")) {
        (Some(path), _) => format!("http://169.254.170.2{path}"),
        (None, Some(address)) => address.to_owned(),
        (None, None) => return Ok(None),
    };
    let from_file =
        environment.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE").map(std::fs::read_to_string).transpose()?;
    let token = from_file.or_else(|| environment.get("AWS_CONTAINER_AUTHORIZATION_TOKEN").map(str::to_owned));
    let agent: ureq::Agent = ureq::Agent::config_builder().timeout_global(Some(Duration::from_secs(5))).build().into();
    let mut request = agent.get(&address);
    if let Some(token) = token {
        request = request.header("authorization", token.trim());
    }
    let told = |what: String| io::Error::other(format!("the container's credentials at {address}: {what}"));
    let text = request.call().and_then(|mut answer| answer.body_mut().with_config().limit(64 * 1024).read_to_string());
    let keys: ContainerKeys = serde_json::from_str(&text.map_err(|e| told(e.to_string()))?)
        .map_err(|_| told("the answer cannot be read".to_owned()))?;
    Ok(Some(Keys { key: keys.access_key_id, secret: keys.secret_access_key, token: keys.token }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CREDENTIALS: &str = "# made by hand\n[default]\naws_access_key_id = A\naws_secret_access_key=a/b=c\n\n[show]\n\
                               AWS_ACCESS_KEY_ID = B\naws_secret_access_key = b\naws_session_token = t\n";
    const CONFIG: &str = "[default]\nregion = eu-west-1\n[profile show]\nregion=us-west-2\nendpoint_url = http://h:1\n\
                          s3 =\n  region = nested\n[profile sho]\nregion = wrong\n";

    fn home() -> tempfile::TempDir {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join(".aws")).unwrap();
        std::fs::write(home.path().join(".aws/credentials"), CREDENTIALS).unwrap();
        std::fs::write(home.path().join(".aws/config"), CONFIG).unwrap();
        home
    }

    #[test]
    fn keys_come_from_profiles_and_the_environment() {
        let home = home();
        let found = |variables: &[(&str, &str)]| {
            resolve(&Environment::of(variables.iter().copied(), Some(home.path()))).unwrap()
        };
        let plain = found(&[]);
        assert_eq!((plain.keys.as_ref().unwrap().key.as_str(), plain.region.as_str()), ("A", "eu-west-1"));
        assert_eq!(plain.keys.unwrap().secret, "a/b=c");
        let show = found(&[("AWS_PROFILE", "show"), ("AWS_ACCESS_KEY_ID", "E"), ("AWS_SECRET_ACCESS_KEY", "e")]);
        assert_eq!(show.keys, Some(Keys { key: "B".into(), secret: "b".into(), token: Some("t".into()) }));
        assert_eq!((show.region.as_str(), show.endpoint.as_deref()), ("us-west-2", Some("http://h:1")));
        let typed = found(&[("AWS_ACCESS_KEY_ID", "E"), ("AWS_SECRET_ACCESS_KEY", "e"), ("AWS_REGION", "r")]);
        assert_eq!((typed.keys.unwrap().key.as_str(), typed.region.as_str()), ("E", "r"));
    }

    #[test]
    fn a_profile_that_is_nowhere_is_told() {
        let home = home();
        let error = resolve(&Environment::of([("AWS_PROFILE", "other")], Some(home.path()))).unwrap_err();
        assert!(error.to_string().contains("'other'"), "{error}");
        let nothing = resolve(&Environment::of([], None)).unwrap();
        assert_eq!((nothing.keys, nothing.region.as_str()), (None, "us-east-1"));
    }
}
