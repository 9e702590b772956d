//! The effective policy as TOML: what `policy show` prints; reading it again gives the same policy.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde::Serialize;

use super::Policy;
use countersign_model::Severity;

/// One value in TOML.
fn value(of: impl Serialize) -> String {
    toml::Value::try_from(of).map(|v| v.to_string()).unwrap_or_default()
}

fn table<K: Serialize, V: Serialize>(out: &mut String, name: &str, rows: &BTreeMap<K, BTreeSet<V>>) {
    if rows.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n[{name}]");
    for (key, values) in rows {
        let _ = writeln!(out, "{} = {}", value(key).trim_matches('"'), value(values));
    }
}

pub(super) fn toml(policy: &Policy) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "name = {}\nextends = \"none\"\nceiling = {}", value(&policy.name), value(policy.ceiling));
    if !policy.marks.is_empty() {
        let files: Vec<_> = policy.marks.iter().map(|file| file.to_string_lossy()).collect();
        let _ = writeln!(out, "marks = {}", value(files));
    }
    if !policy.roles.rows().is_empty() {
        let _ = writeln!(out, "\n[roles]");
    }
    let mut seen = BTreeSet::new();
    // A pattern that an earlier row already decides would be a repeated key.
    for (pattern, role) in policy.roles.rows().iter().filter(|(p, _)| seen.insert(p.text().to_owned())) {
        let _ = writeln!(out, "{} = {}", value(pattern.text()), value(role));
    }
    for (id, setting) in &policy.rules {
        let _ = writeln!(out, "\n[rules.{id}]");
        match (&setting.off, setting.severity) {
            (Some(reason), _) => writeln!(out, "off = true\nreason = {}", value(reason)),
            (None, Some(severity)) => writeln!(out, "severity = {}", value(severity)),
            (None, None) => writeln!(out, "off = false"),
        }
        .unwrap_or_default();
    }
    let a = &policy.approvals;
    let _ = writeln!(out, "\n[approvals]\nleast-grade = {}", value(a.least_grade));
    let _ = writeln!(out, "path-only = {}\nconditional = {}", value(&a.path_only), a.conditional);
    let _ = writeln!(out, "expiring-days = {}", a.expiring_days);
    let _ = writeln!(out, "consent = {}", value(&a.consent));
    table(&mut out, "approvals.claims", &a.claims);
    table(&mut out, "approvals.scopes", &a.scopes);
    if !a.grades.is_empty() {
        let _ = writeln!(out, "\n[approvals.grades]");
    }
    for (scope, grade) in &a.grades {
        let _ = writeln!(out, "{} = {}", scope.word(), value(grade));
    }
    if !a.marks.is_empty() {
        let _ = writeln!(out, "\n[approvals.marks]");
    }
    for (mark, scopes) in &a.marks {
        let _ = writeln!(out, "{} = {}", value(mark), value(scopes));
    }
    for row in &policy.require {
        let _ =
            writeln!(out, "\n[[require]]\npattern = {}\nscopes = {}", value(row.pattern.text()), value(&row.scopes));
    }
    for row in &policy.suppress {
        let _ = writeln!(out, "\n[[suppress]]\nrule = {}\npattern = {}", value(&row.rule), value(row.pattern.text()));
        let _ = writeln!(out, "reason = {}\nexpires = {}", value(&row.reason), row.expires);
    }
    let supported = policy.supported_archival.map_or("off", Severity::word);
    let custody = policy.digitized_needs_custody;
    let _ = writeln!(out, "\n[archival]\ncustody = {custody}\nsupported = {}", value(supported));
    let heading = &policy.report;
    if *heading != super::ReportHeading::default() {
        let _ = writeln!(out, "\n[report]");
        for (key, said) in heading.rows().into_iter().filter_map(|(key, said)| Some((key, said?))) {
            let _ = writeln!(out, "{key} = {}", value(said));
        }
    }
    if let Some(role) = policy.unused_role {
        let _ = writeln!(out, "\n[timelines]\nunused = {}", value(role));
    }
    if !policy.trust.lists.is_empty() {
        let lists: Vec<_> = policy.trust.lists.iter().map(|l| l.to_string_lossy()).collect();
        let _ = writeln!(out, "\n[trust]\nlists = {}", value(lists));
    }
    for key in &policy.trust.keys {
        let text = data_encoding::BASE64.encode(&key.key);
        let _ = writeln!(out, "\n[[trust.keys]]\nname = {}\nkey = {}", value(&key.name), value(text));
        for (name, day) in [("valid-from", key.from), ("valid-until", key.until)] {
            let _ = day.map(|day| writeln!(out, "{name} = {day}"));
        }
    }
    let limits = [
        ("archive-depth", policy.limits.archive_depth.map(u64::from)),
        ("seconds-per-asset", policy.limits.seconds_per_asset.map(|n| u64::from(n.get()))),
    ];
    if limits.iter().any(|(_, v)| v.is_some()) {
        let _ = writeln!(out, "\n[limits]");
    }
    for (name, limit) in limits.iter().filter_map(|(n, v)| v.map(|v| (n, v))) {
        let _ = writeln!(out, "{name} = {limit}");
    }
    out
}
