//! From the file as written to a [`Policy`]: every mistake becomes an error with its span and a suggestion.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};

use chrono::{Datelike, NaiveDate};
use sha2::{Digest, Sha256};
use toml::Spanned;

use super::origins;
use super::public_key;
use super::raw::{Raw, RawApprovals, RawKey, RawReport, RawRequire, RawRule, RawSuppress};
use super::{Demands, Policy, ReportHeading, Require, Setting, Suppression, TrustedKey, known};
use crate::roles::{Pattern, Patterns, hidden};
use countersign_model::error::{Error, Result};
use countersign_model::{Role, Severity};

/// The text under check, for errors that point into it.
struct Text<'a> {
    text: &'a str,
    path: &'a str,
}

impl Text<'_> {
    fn error(&self, span: Range<usize>, what: impl Into<String>, hint: impl Into<String>) -> Error {
        Error::Policy {
            path: self.path.to_owned(),
            text: self.text.to_owned(),
            span: Some((span.start, span.len())),
            what: what.into(),
            hint: hint.into(),
        }
    }

    /// The TOML reader's own error, with a suggestion where a name was misspelled.
    fn toml(&self, error: &toml::de::Error) -> Error {
        let what = error.message().lines().next().unwrap_or_default().to_owned();
        let names: Vec<&str> = what.split('`').skip(1).step_by(2).collect();
        let hint = match names.split_first() {
            Some((word, candidates)) if what.starts_with("unknown ") => known::suggestion(word, candidates),
            _ => "`countersign policy init` writes a commented starter to compare with".to_owned(),
        };
        self.error(error.span().unwrap_or_default(), what, hint)
    }

    fn pattern(&self, spelled: &Spanned<String>) -> Result<Pattern> {
        Pattern::new(spelled.get_ref()).map_err(|e| {
            let what = format!("bad pattern `{}`: {e}", spelled.get_ref());
            self.error(spelled.span(), what, "such as `**/temp/**`, `hero/*.png` or `*.dpx`")
        })
    }

    fn rule(&self, id: &Spanned<String>) -> Result<String> {
        if known::RULES.contains(&id.get_ref().as_str()) {
            return Ok(id.get_ref().clone());
        }
        let what = format!("no rule is called `{}`", id.get_ref());
        Err(self.error(id.span(), what, known::suggestion(id.get_ref(), known::RULES)))
    }

    fn filled(&self, value: &Spanned<String>, name: &str) -> Result<String> {
        match value.get_ref().trim() {
            "" => {
                Err(self.error(value.span(), format!("`{name}` is empty"), "say it in words that a reader understands"))
            }
            trimmed => Ok(trimmed.to_owned()),
        }
    }

    fn date(&self, value: &Spanned<toml::Value>) -> Result<NaiveDate> {
        let date = match value.get_ref() {
            toml::Value::String(text) => NaiveDate::parse_from_str(text, "%Y-%m-%d").ok(),
            toml::Value::Datetime(when) => {
                when.date.and_then(|d| NaiveDate::from_ymd_opt(i32::from(d.year), d.month.into(), d.day.into()))
            }
            _ => None,
        };
        date.filter(|d| (1970..=9999).contains(&d.year()))
            .ok_or_else(|| self.error(value.span(), "not a date", "write year, month and day: 2027-06-30"))
    }
}

/// Reads the file that a policy extends, or says through the function that it is given what is wrong with its name.
pub(super) type Load<'a> = &'a dyn Fn(&Path, &dyn Fn(String, String) -> Error) -> Result<Policy>;

/// The policy that `text` spells; `load` reads a file that it extends.
pub(super) fn policy(text: &str, path: &str, load: Load<'_>) -> Result<Policy> {
    let at = Text { text, path };
    let raw: Raw = toml::from_str(text).map_err(|e| at.toml(&e))?;
    let mut policy = base(&at, raw.extends.as_ref(), load)?;
    policy.sha256 = sha256(text, &policy);
    policy.origins.take(origins::of(text, path), (policy.require.len(), policy.suppress.len()));
    policy.name = match &raw.name {
        Some(name) => at.filled(name, "name")?,
        None => path.rsplit(['/', '\\']).next().unwrap_or(path).trim_end_matches(".toml").to_owned(),
    };
    policy.ceiling = raw.ceiling.unwrap_or(policy.ceiling);
    policy.roles = roles(&at, &raw, &policy.roles)?;
    policy.unused_role = unused(&at, &raw)?.or(policy.unused_role);
    for (id, setting) in &raw.rules {
        let id = at.rule(id)?;
        let setting = rule(&at, &id, setting)?;
        policy.rules.insert(id, setting);
    }
    demands(&mut policy.approvals, raw.approvals);
    for row in &raw.require {
        policy.require.push(require(&at, row)?);
    }
    let mut seen = BTreeSet::new();
    for row in &raw.suppress {
        let suppression = suppress(&at, row)?;
        if !seen.insert((suppression.rule.clone(), suppression.pattern.text().to_owned())) {
            let what = format!("`{}` is suppressed for this pattern already", suppression.rule);
            return Err(at.error(row.span(), what, "keep one of the two"));
        }
        policy.suppress.push(suppression);
    }
    for file in &raw.marks {
        policy.marks.push(PathBuf::from(at.filled(file, "marks")?));
    }
    for list in &raw.trust.lists {
        policy.trust.lists.push(PathBuf::from(at.filled(list, "lists")?));
    }
    for row in &raw.trust.keys {
        let trusted = key(&at, row)?;
        if policy.trust.keys.iter().any(|k| k.name == trusted.name || k.key == trusted.key) {
            return Err(at.error(row.name.span(), "this name or key is listed already", "keep one of the two"));
        }
        policy.trust.keys.push(trusted);
    }
    policy.digitized_needs_custody = raw.archival.custody.unwrap_or(policy.digitized_needs_custody);
    if let Some(supported) = raw.archival.supported {
        policy.supported_archival = supported.into();
    }
    heading(&at, &mut policy.report, &raw.report)?;
    policy.limits.archive_depth = raw.limits.archive_depth.or(policy.limits.archive_depth);
    policy.limits.seconds_per_asset = raw.limits.seconds_per_asset.or(policy.limits.seconds_per_asset);
    Ok(policy)
}

/// The digest of a policy's text, and of the files that it extends.
fn sha256(text: &str, base: &Policy) -> String {
    let mut digest = Sha256::new_with_prefix(text.as_bytes());
    if !base.extended.is_empty() {
        digest.update(b"\n");
        digest.update(base.sha256.as_bytes());
    }
    data_encoding::HEXLOWER.encode(&digest.finalize())
}

/// Nothing, where no pattern of the file's own `[roles]` is hidden by an earlier one of them.
pub(super) fn hidden(text: &str, path: &str) -> Result<()> {
    let at = Text { text, path };
    let raw: Raw = toml::from_str(text).map_err(|e| at.toml(&e))?;
    let mut own: Vec<_> = raw.roles.keys().collect();
    own.sort_by_key(|pattern| pattern.span().start);
    let patterns = own.iter().map(|pattern| at.pattern(pattern)).collect::<Result<Vec<_>>>()?;
    let Some((later, earlier)) = hidden::rows(&patterns).first().copied() else { return Ok(()) };
    let (Some(later), Some(earlier)) = (own.get(later), own.get(earlier)) else { return Ok(()) };
    let line = origins::line(text, earlier.span().start);
    let what = format!("`{}` never decides: `{}` on line {line} fits first", later.get_ref(), earlier.get_ref());
    Err(at.error(
        later.span(),
        what,
        "the first pattern that fits decides: put the more specific one above, or leave it out",
    ))
}

/// What the file builds on.
fn base(at: &Text, extends: Option<&Spanned<String>>, load: Load<'_>) -> Result<Policy> {
    let name = extends.map_or(known::BUILT_IN[0].0, |e| e.get_ref().as_str());
    if let Some(extends) = extends.filter(|_| names_a_file(name)) {
        let failed = |what: String, hint: String| at.error(extends.span(), what, hint);
        return load(Path::new(name), &failed);
    }
    if name == "none" {
        return Ok(Policy {
            extended: Vec::new(),
            origins: origins::Origins::default(),
            name: String::new(),
            inherited: super::Inherited::default(),
            path: None,
            sha256: String::new(),
            ceiling: Severity::Error,
            roles: Patterns::default(),
            approvals: Demands::default(),
            require: Vec::new(),
            suppress: Vec::new(),
            marks: Vec::new(),
            trust: super::Trust::default(),
            limits: super::Limits::default(),
            digitized_needs_custody: false,
            supported_archival: None,
            report: ReportHeading::default(),
            unused_role: None,
            rules: std::collections::BTreeMap::new(),
        });
    }
    match known::BUILT_IN.iter().find(|(n, _)| *n == name) {
        // A built-in policy that extended itself would not end; a test parses each of them.
        Some((name, text)) => policy(text, &known::built_in_name(name), load),
        None => {
            let names: Vec<&str> = known::BUILT_IN.iter().map(|(n, _)| *n).chain(["none"]).collect();
            let what = format!("no built-in policy is called `{name}`");
            let hint = format!("{}; a file is named with its ending: \"house.toml\"", known::suggestion(name, &names));
            Err(at.error(extends.map(Spanned::span).unwrap_or_default(), what, hint))
        }
    }
}

/// Names of built-in policies have neither slashes nor dots.
fn names_a_file(name: &str) -> bool {
    name.contains(['/', '\\', '.'])
}

fn roles(at: &Text, raw: &Raw, inherited: &Patterns) -> Result<Patterns> {
    let mut own: Vec<_> = raw.roles.iter().collect();
    own.sort_by_key(|(pattern, _)| pattern.span().start);
    let mut rows = Vec::with_capacity(own.len());
    for (pattern, role) in own {
        rows.push((at.pattern(pattern)?, *role));
    }
    rows.extend(inherited.rows().iter().cloned());
    Ok(Patterns::new(rows))
}

fn rule(at: &Text, id: &str, raw: &Spanned<RawRule>) -> Result<Setting> {
    let row = raw.get_ref();
    match (row.severity, row.off, &row.reason) {
        (None, None, _) => Err(at.error(
            raw.span(),
            format!("`rules.{id}` changes nothing"),
            "give it `severity`, or `off = true` with a `reason`",
        )),
        (Some(_), Some(true), _) => {
            Err(at.error(raw.span(), format!("`{id}` cannot be off and have a severity"), "keep one of the two"))
        }
        (_, Some(true), None) => Err(at.error(
            raw.span(),
            format!("`{id}` is off without a reason"),
            "add `reason = \"…\"`: the report shows it",
        )),
        (_, Some(true), Some(reason)) => Ok(Setting { severity: None, off: Some(at.filled(reason, "reason")?) }),
        (severity, _, _) => Ok(Setting { severity, off: None }),
    }
}

fn demands(out: &mut Demands, raw: RawApprovals) {
    out.least_grade = raw.least_grade.unwrap_or(out.least_grade);
    out.conditional = raw.conditional.unwrap_or(out.conditional);
    out.expiring_days = raw.expiring_days.unwrap_or(out.expiring_days);
    if let Some(roles) = raw.path_only {
        out.path_only = roles.into_iter().collect();
    }
    if let Some(scopes) = raw.consent {
        out.consent = scopes.into_iter().collect();
    }
    out.claims.extend(raw.claims.into_iter().map(|(role, c)| (role, c.into_iter().map(Into::into).collect())));
    out.scopes.extend(raw.scopes.into_iter().map(|(role, scopes)| (role, scopes.into_iter().collect())));
    out.grades.extend(raw.grades);
    out.marks.extend(raw.marks.into_iter().map(|(mark, scopes)| (mark, scopes.into_iter().collect())));
}

/// What the papers say of the production.
fn heading(at: &Text, out: &mut ReportHeading, raw: &RawReport) -> Result<()> {
    let parts = [
        (&mut out.title, &raw.title),
        (&mut out.project, &raw.project),
        (&mut out.episode, &raw.episode),
        (&mut out.sender, &raw.sender),
        (&mut out.contact, &raw.contact),
    ];
    for (part, said) in parts {
        if let Some(said) = said.as_deref().map(str::trim).filter(|said| !said.is_empty()) {
            *part = Some(said.to_owned());
        }
    }
    if let Some(due) = &raw.due {
        out.due = Some(at.date(due)?.to_string());
    }
    Ok(())
}

/// The role of what no timeline plays: nobody makes archival material by leaving it out.
fn unused(at: &Text, raw: &Raw) -> Result<Option<Role>> {
    match &raw.timelines.unused {
        Some(role) if *role.get_ref() == Role::Archival => Err(at.error(
            role.span(),
            "what no timeline plays is not archival for that",
            "`temporary`, or `final` to leave it as it is",
        )),
        role => Ok(role.as_ref().map(|role| *role.get_ref())),
    }
}

fn require(at: &Text, raw: &RawRequire) -> Result<Require> {
    if raw.scopes.get_ref().is_empty() {
        return Err(at.error(raw.scopes.span(), "no scope is required", "name one, such as \"talent-likeness\""));
    }
    Ok(Require { pattern: at.pattern(&raw.pattern)?, scopes: raw.scopes.get_ref().iter().copied().collect() })
}

fn suppress(at: &Text, raw: &Spanned<RawSuppress>) -> Result<Suppression> {
    let row = raw.get_ref();
    let lacks = |name: &str| {
        at.error(
            raw.span(),
            format!("this suppression has no `{name}`"),
            "rule, pattern, reason and expires are all mandatory",
        )
    };
    Ok(Suppression {
        rule: at.rule(row.rule.as_ref().ok_or_else(|| lacks("rule"))?)?,
        pattern: at.pattern(row.pattern.as_ref().ok_or_else(|| lacks("pattern"))?)?,
        reason: at.filled(row.reason.as_ref().ok_or_else(|| lacks("reason"))?, "reason")?,
        expires: at.date(row.expires.as_ref().ok_or_else(|| lacks("expires"))?)?,
    })
}

fn key(at: &Text, raw: &RawKey) -> Result<TrustedKey> {
    let Some(key) = public_key::parse(raw.key.get_ref().trim()) else {
        return Err(at.error(
            raw.key.span(),
            "not a public Ed25519 key",
            "`countersign keys show` prints it: 32 bytes in base64; a line of OpenSSH will do too",
        ));
    };
    let date = |day: &Option<Spanned<toml::Value>>| day.as_ref().map(|day| at.date(day)).transpose();
    let (from, until) = (date(&raw.valid_from)?, date(&raw.valid_until)?);
    if let Some(span) = raw.valid_until.as_ref().map(Spanned::span).filter(|_| from > until) {
        return Err(at.error(
            span,
            "this key ends before it begins",
            "`valid-until` is the last day, `valid-from` the first",
        ));
    }
    Ok(TrustedKey { name: at.filled(&raw.name, "name")?, key, from, until })
}
