//! The policy in force: a TOML file, checked, with every mistake pointed at.
//!
//! [`raw`] is the file as written, [`check`] turns it into a [`Policy`], [`known`] holds the ids and the built-in
//! policies, [`show`] prints the effective one, [`public_key`] reads keys, [`origins`] knows which line of which file
//! says what, [`explain`] what a policy amounts to for one path, [`house`] reads the files that others extend. A file
//! takes what it does not say from what it extends: a built-in policy (`netflix-genai` unless it says otherwise), or
//! another file.

mod check;
pub mod explain;
mod house;
pub mod known;
pub mod origins;
pub mod public_key;
mod raw;
mod show;

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use chrono::NaiveDate;

use crate::roles::{Pattern, Patterns, Seen};
use countersign_model::error::{Error, Result};
use countersign_model::{Ai, Evidence, PolicyRef, Role, Severity, Strength, Via};
pub use countersign_model::{Grade, ReportHeading, Scope};
pub use origins::{Origin, Origins};

/// A checked policy.
#[derive(Clone, Debug)]
pub struct Policy {
    /// What the policy calls itself.
    pub name: String,
    /// The file that it was read from; built-in policies have none.
    pub path: Option<PathBuf>,
    /// SHA-256 of the policy's text, in hex.
    pub sha256: String,
    /// No finding is reported as more than this.
    pub ceiling: Severity,
    /// Which paths are for what.
    pub roles: Patterns,
    /// What an approval must be.
    pub approvals: Demands,
    /// Scopes that some files need beyond their role's.
    pub require: Vec<Require>,
    /// Findings that are known and accepted until a day.
    pub suppress: Vec<Suppression>,
    /// Files of a house's own marks, relative ones relative to the policy's folder.
    pub marks: Vec<PathBuf>,
    /// Whose signatures count, on Content Credentials and on approvals.
    pub trust: Trust,
    /// Bounds that the policy sets.
    pub limits: Limits,
    /// Whether a digitization mark authenticates archival material only together with a custody record.
    pub digitized_needs_custody: bool,
    /// How archival material is told of that its own fields support and that nobody vouches for; `None` for not at all.
    pub supported_archival: Option<Severity>,
    /// What the papers say of the production that the delivery is for.
    pub report: ReportHeading,
    /// What becomes of final material that no timeline plays, where one that the user named may say so.
    pub unused_role: Option<Role>,
    /// Files that it extends, the nearest first.
    pub extended: Vec<PathBuf>,
    /// Which line of which file says what.
    pub origins: Origins,
    inherited: Inherited,
    rules: BTreeMap<String, Setting>,
}

/// How many of its files' names a policy has from those that it extends.
#[derive(Clone, Copy, Debug, Default)]
struct Inherited {
    lists: usize,
    marks: usize,
}

/// What the policy says of one rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Setting {
    /// The severity of its findings, where the policy sets one.
    pub severity: Option<Severity>,
    /// Why the rule is off, where it is.
    pub off: Option<String>,
}

/// What an approval must be.
#[derive(Clone, Debug)]
pub struct Demands {
    /// The least grade of a record that counts, in scopes without a grade of their own.
    pub least_grade: Grade,
    /// Roles in which a record that names only a path still counts.
    pub path_only: BTreeSet<Role>,
    /// Whether an approval given on conditions counts.
    pub conditional: bool,
    /// Days before the last one of an approval from which on it is told that it runs out.
    pub expiring_days: u32,
    /// Scopes for which an approval counts only where it names a consent.
    pub consent: BTreeSet<Scope>,
    /// Which claims need an approval, by role.
    pub claims: BTreeMap<Role, BTreeSet<Ai>>,
    /// Which scopes an approval must cover, by role.
    pub scopes: BTreeMap<Role, BTreeSet<Scope>>,
    /// The least grade of a record that counts for a scope.
    pub grades: BTreeMap<Scope, Grade>,
    /// Scopes that some marks demand beyond the role's: by the id of a mark, or its beginning and `*`.
    pub marks: BTreeMap<String, BTreeSet<Scope>>,
}

impl Default for Demands {
    fn default() -> Self {
        let ai = BTreeSet::from([Ai::Generated, Ai::Composite]);
        let claims = [Role::Final, Role::Temporary, Role::Archival, Role::Promotional].map(|role| (role, ai.clone()));
        Self {
            least_grade: Grade::Imported,
            path_only: BTreeSet::new(),
            conditional: true,
            expiring_days: 30,
            consent: BTreeSet::new(),
            claims: claims.into(),
            scopes: BTreeMap::new(),
            grades: BTreeMap::new(),
            marks: BTreeMap::new(),
        }
    }
}

/// Scopes that some files need beyond their role's.
#[derive(Clone, Debug)]
pub struct Require {
    /// The paths of those files.
    pub pattern: Pattern,
    /// The scopes.
    pub scopes: BTreeSet<Scope>,
}

/// Findings that are known and accepted until a day.
#[derive(Clone, Debug)]
pub struct Suppression {
    /// The rule's id.
    pub rule: String,
    /// The paths that it may be about.
    pub pattern: Pattern,
    /// Why it is accepted; reports repeat it.
    pub reason: String,
    /// The last day on which it holds.
    pub expires: NaiveDate,
}

/// Whom the policy trusts.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// PEM files, as written; relative ones are relative to the policy's folder.
    pub lists: Vec<PathBuf>,
    /// Keys that sign approvals.
    pub keys: Vec<TrustedKey>,
}

/// A public Ed25519 key and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedKey {
    /// Whose key it is, as reports call it.
    pub name: String,
    /// The public key, 32 bytes (RFC 8032).
    pub key: [u8; 32],
    /// The first day whose decisions it may sign.
    pub from: Option<NaiveDate>,
    /// The last day whose decisions it may sign.
    pub until: Option<NaiveDate>,
}

impl TrustedKey {
    /// A key without bounds of time.
    pub fn new(name: impl Into<String>, key: [u8; 32]) -> Self {
        Self { name: name.into(), key, from: None, until: None }
    }

    /// Whether it may sign decisions of this day.
    #[must_use]
    pub fn valid_on(&self, day: NaiveDate) -> bool {
        self.from.is_none_or(|from| from <= day) && self.until.is_none_or(|until| day <= until)
    }
}

/// Bounds that a policy may set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Archives inside archives that are opened; 0 opens none.
    pub archive_depth: Option<u32>,
    /// Seconds of computing that one file may take with all that is inside it, and so many for verifying its Content
    /// Credentials.
    pub seconds_per_asset: Option<NonZeroU32>,
}

impl Policy {
    /// The built-in policy of this name.
    ///
    /// # Errors
    /// No such policy.
    pub fn builtin(name: &str) -> Result<Self> {
        let found = known::BUILT_IN.iter().find(|(n, _)| *n == name);
        let Some((name, text)) = found else {
            let names: Vec<_> = known::BUILT_IN.iter().map(|(n, _)| *n).collect();
            let hint = match known::nearest(name, names.iter().copied()) {
                Some(near) => format!("did you mean {near}? built in are {}", names.join(", ")),
                None => format!("built in are {}; a file is given by its path", names.join(", ")),
            };
            return Err(Error::Usage { what: format!("no policy is called {name}"), hint });
        };
        Self::parse(text, &known::built_in_name(name))
    }

    /// The policy in the file at `path`.
    ///
    /// # Errors
    /// The file, or one that it extends, cannot be read, or is wrong at a place that is pointed at.
    pub fn load(path: &Path) -> Result<Self> {
        house::load(path)
    }

    /// As [`Policy::load`], for whoever writes the policy: a pattern of `[roles]` that an earlier one of the same file
    /// always hides is an error as well.
    ///
    /// # Errors
    /// As [`Policy::load`].
    pub fn checked(path: &Path) -> Result<Self> {
        let text = house::text(path)?;
        let policy = house::load(path)?;
        check::hidden(&text, &path.to_string_lossy())?;
        Ok(policy)
    }

    /// What `--policy` names: a built-in policy where no file has that name, a file otherwise.
    ///
    /// # Errors
    /// As [`Policy::load`] and [`Policy::builtin`].
    pub fn named(name: &Path) -> Result<Self> {
        match name.to_str() {
            Some(word) if !name.exists() && !word.contains(['/', '\\', '.']) => Self::builtin(word),
            _ => Self::load(name),
        }
    }

    /// The policy that `text` spells; `path` is how errors call it.
    ///
    /// ```
    /// use countersign_judge::policy::Policy;
    /// use countersign_model::error::Error;
    /// use countersign_model::{Ai, Role};
    ///
    /// let policy = Policy::parse("name = \"house\"\n[approvals.claims]\nfinal = [\"generated\"]\n", "house.toml")?;
    /// assert!(policy.demands(Role::Final, Ai::Generated));
    /// // A mistake is pointed at.
    /// let text = "name = \"house\"\n[aprovals]\n";
    /// let Err(Error::Policy { span: Some((at, len)), .. }) = Policy::parse(text, "house.toml") else { panic!("taken") };
    /// assert_eq!(&text[at..at + len], "aprovals");
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Policy`] with the span of the mistake.
    pub fn parse(text: &str, path: &str) -> Result<Self> {
        check::policy(text, path, &house::without_file)
    }

    /// What the report says of it.
    #[must_use]
    pub fn reference(&self) -> PolicyRef {
        PolicyRef { name: self.name.clone(), sha256: self.sha256.clone() }
    }

    /// The effective policy as TOML, all that is inherited included.
    #[must_use]
    pub fn effective(&self) -> String {
        show::toml(self)
    }

    /// How severe this rule's findings are; `None` where the rule is off.
    #[must_use]
    pub fn severity(&self, rule: &str, usual: Severity) -> Option<Severity> {
        let Some(setting) = self.rules.get(rule) else { return Some(usual.min(self.ceiling)) };
        if setting.off.is_some() {
            return None;
        }
        Some(setting.severity.unwrap_or(usual).min(self.ceiling))
    }

    /// What the policy says of rules, by their ids, beside the rules' own severities.
    pub fn settings(&self) -> impl Iterator<Item = (&str, &Setting)> {
        self.rules.iter().map(|(id, setting)| (id.as_str(), setting))
    }

    /// Why this rule is off, where it is.
    #[must_use]
    pub fn off(&self, rule: &str) -> Option<&str> {
        self.rules.get(rule).and_then(|setting| setting.off.as_deref())
    }

    /// Whether such an asset in such a place needs a record.
    #[must_use]
    pub fn demands(&self, role: Role, ai: Ai) -> bool {
        self.approvals.claims.get(&role).is_some_and(|claims| claims.contains(&ai))
    }

    /// The scopes that an approval of this file must have, by its role and its path.
    #[must_use]
    pub fn scopes<'a>(&self, role: Role, path: impl Into<Seen<'a>>) -> BTreeSet<Scope> {
        let seen = path.into();
        let mut scopes = self.approvals.scopes.get(&role).cloned().unwrap_or_default();
        for row in self.require.iter().filter(|row| seen.fits(&row.pattern)) {
            scopes.extend(&row.scopes);
        }
        scopes
    }

    /// As [`Policy::scopes`], with those that the asset's own marks demand: in roles where approvals must have scopes at all.
    #[must_use]
    pub fn scopes_of(&self, role: Role, path: Seen<'_>, evidence: &[Evidence]) -> BTreeSet<Scope> {
        let mut scopes = self.scopes(role, path);
        if self.approvals.scopes.get(&role).is_none_or(BTreeSet::is_empty) {
            return scopes;
        }
        for (pattern, demanded) in &self.approvals.marks {
            let fits = |mark: &str| match pattern.strip_suffix('*') {
                Some(start) => mark.starts_with(start),
                None => mark == pattern,
            };
            if evidence.iter().any(|e| fits(&e.mark) && e.strength != Strength::Hint && e.via != Via::Input) {
                scopes.extend(demanded);
            }
        }
        scopes
    }

    /// The least grade of a record, for one scope or in general.
    #[must_use]
    pub fn least_grade(&self, scope: Option<Scope>) -> Grade {
        let of_scope = scope.and_then(|scope| self.approvals.grades.get(&scope).copied());
        of_scope.unwrap_or(self.approvals.least_grade)
    }
}

/// The commented policy that `policy init` writes.
#[must_use]
pub fn starter() -> &'static str {
    known::STARTER
}
