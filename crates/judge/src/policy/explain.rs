//! What a policy amounts to for one path, and which line says so: `policy explain`.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use serde::Serialize;

use super::{Origin, Policy, Setting};
use crate::roles::{Placed, Seen, looks, place_from};
use countersign_model::{Grade, Role, Scope, Severity};

/// A path, and from where it is seen.
#[derive(Clone, Copy, Debug, Default)]
pub struct Place<'a> {
    /// Names of the folders from the delivery's own root to the scanned one; see [`Seen`].
    pub above: &'a str,
    /// The path below the scanned folder, with `/` between the parts.
    pub rel: &'a str,
    /// The role of files that nothing else places.
    pub option: Option<Role>,
}

/// What the policy says of a path.
#[derive(Clone, Debug, Serialize)]
pub struct Explanation {
    /// The path that was asked about.
    pub path: String,
    /// What its place is for, unless a package or a timeline says otherwise.
    pub role: Role,
    /// `policy:<pattern>`, `option` or `default`, as in reports.
    pub role_basis: String,
    /// Where the pattern fits only together with names above the scanned folder: those names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role_above: Option<String>,
    /// The line that places it; `None` for the option and the default.
    pub origin: Option<PolicyLine>,
    /// A folder of the path that looks archival or temporary, where no pattern places it.
    pub looks: Option<Looks>,
    /// Which claims need a record here.
    pub claims: Demand,
    /// Scopes that an approval must have here.
    pub scopes: Vec<Demand>,
    /// The least grade of a record, in general and by scope.
    pub grades: Vec<Demand>,
    /// What the policy says of rules.
    pub rules: Vec<RuleSetting>,
    /// Suppressions that fit this path.
    pub suppressed: Vec<Suppressed>,
}

/// A line of a policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PolicyLine {
    /// The file, or `built-in policy NAME`.
    pub file: String,
    /// Counted from 1.
    pub line: usize,
}

impl From<&Origin> for PolicyLine {
    fn from(origin: &Origin) -> Self {
        Self { file: origin.file.clone(), line: origin.line }
    }
}

/// What a folder's name looks like.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Looks {
    /// Its path below the scanned folder.
    pub folder: String,
    /// What it looks like.
    pub role: Role,
}

/// Something that is demanded, why, and by which line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Demand {
    /// The words of it: `generated, composite`, `talent-likeness`, `signed`.
    pub what: String,
    /// Where it holds: `role final`, `pattern **/hero/**`, `scope talent-likeness`, `every record`.
    pub of: String,
    /// The line that says so; `None` where no policy says it and the program's own default holds.
    pub origin: Option<PolicyLine>,
}

/// What the policy says of one rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuleSetting {
    /// The rule's id.
    pub rule: String,
    /// The severity that the policy gives it.
    pub severity: Option<Severity>,
    /// Why it is off, where it is.
    pub off: Option<String>,
    /// The line that says so.
    pub origin: Option<PolicyLine>,
}

/// A suppression that fits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Suppressed {
    /// The rule's id.
    pub rule: String,
    /// The pattern that fits the path.
    pub pattern: String,
    /// The policy's reason.
    pub reason: String,
    /// The last day on which it holds.
    pub expires: NaiveDate,
    /// The line that says so.
    pub origin: Option<PolicyLine>,
}

/// What the policy says of this place.
///
/// ```
/// use countersign_judge::policy::Policy;
/// use countersign_judge::policy::explain::{Place, explain};
/// use countersign_model::Role;
///
/// let policy = Policy::parse("[roles]\n\"**/offcuts/**\" = \"temporary\"\n", "show.toml")?;
/// let said = explain(&policy, Place { rel: "reel 1/offcuts/a.mov", ..Place::default() });
/// assert_eq!((said.role, said.origin.unwrap().line), (Role::Temporary, 2));
/// # Ok::<(), countersign_model::error::Error>(())
/// ```
#[must_use]
pub fn explain(policy: &Policy, place: Place<'_>) -> Explanation {
    let seen = Seen { above: place.above, rel: place.rel };
    let Placed { role, basis: role_basis, by_above } = place_from(seen, &policy.roles, None, place.option);
    let said = |name: &str| policy.origins.get(name).map(PolicyLine::from);
    let origin = role_basis.strip_prefix("policy:").and_then(|pattern| said(&format!("roles.{pattern}")));
    let unplaced = origin.is_none() && !role_basis.starts_with("policy:");
    let looks = looks::like(place.rel).filter(|(_, like)| unplaced && *like != role);
    let empty = BTreeSet::new();
    let claims = policy.approvals.claims.get(&role).unwrap_or(&empty);
    let words: Vec<&str> = claims.iter().map(|claim| claim.word()).collect();
    Explanation {
        path: place.rel.to_owned(),
        role,
        role_basis,
        role_above: by_above.then(|| place.above.to_owned()),
        origin,
        looks: looks.map(|(folder, role)| Looks { folder: folder.to_owned(), role }),
        claims: Demand {
            what: words.join(", "),
            of: of_role(role),
            origin: said(&format!("approvals.claims.{}", word(role))),
        },
        scopes: scopes(policy, role, seen),
        grades: grades(policy, role, seen),
        rules: policy.settings().map(|(id, setting)| rule(id, setting, said(&format!("rules.{id}")))).collect(),
        suppressed: suppressed(policy, seen),
    }
}

/// The word that policies and reports use.
fn word(role: Role) -> String {
    serde_json::to_value(role).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

fn of_role(role: Role) -> String {
    format!("role {}", word(role))
}

fn rule(id: &str, setting: &Setting, origin: Option<PolicyLine>) -> RuleSetting {
    RuleSetting { rule: id.to_owned(), severity: setting.severity, off: setting.off.clone(), origin }
}

fn scopes(policy: &Policy, role: Role, seen: Seen<'_>) -> Vec<Demand> {
    let demand = |scope: &Scope, of: String, name: String| Demand {
        what: scope.word().to_owned(),
        of,
        origin: policy.origins.get(&name).map(PolicyLine::from),
    };
    let own = policy.approvals.scopes.get(&role).into_iter().flatten();
    let own = own.map(|scope| demand(scope, of_role(role), format!("approvals.scopes.{}", word(role))));
    let rows = policy.require.iter().enumerate().filter(|(_, row)| seen.fits(&row.pattern));
    let of_rows = rows.flat_map(|(number, row)| {
        let of = format!("pattern {}", row.pattern.text());
        row.scopes.iter().map(move |scope| demand(scope, of.clone(), format!("require.{number}")))
    });
    own.chain(of_rows).collect()
}

fn grades(policy: &Policy, role: Role, seen: Seen<'_>) -> Vec<Demand> {
    let of_grade = |grade: Grade| grade.word().to_owned();
    let said = |name: &str| policy.origins.get(name).map(PolicyLine::from);
    let every = Demand {
        what: of_grade(policy.approvals.least_grade),
        of: "every record".to_owned(),
        origin: said("approvals.least-grade"),
    };
    let demanded = policy.scopes(role, seen);
    let by_scope = policy.approvals.grades.iter().filter(|(scope, _)| demanded.contains(scope));
    let by_scope = by_scope.map(|(scope, grade)| Demand {
        what: of_grade(*grade),
        of: format!("scope {}", scope.word()),
        origin: said(&format!("approvals.grades.{}", scope.word())),
    });
    std::iter::once(every).chain(by_scope).collect()
}

fn suppressed(policy: &Policy, seen: Seen<'_>) -> Vec<Suppressed> {
    let rows = policy.suppress.iter().enumerate().filter(|(_, row)| seen.fits(&row.pattern));
    let told = |(number, row): (usize, &super::Suppression)| Suppressed {
        rule: row.rule.clone(),
        pattern: row.pattern.text().to_owned(),
        reason: row.reason.clone(),
        expires: row.expires,
        origin: policy.origins.get(&format!("suppress.{number}")).map(PolicyLine::from),
    };
    rows.map(told).collect()
}
