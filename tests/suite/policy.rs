//! The policy file: what is wrong is pointed at, what is right means what it says.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use countersign::error::Error;
use countersign::model::{Ai, Role, Severity};
use countersign::policy::{self, Grade, Policy, Scope};
use countersign::roles::place;

/// The text that the error points at, its words, its hint.
fn wrong(text: &str) -> (String, String, String) {
    match Policy::parse(text, "p.toml") {
        Err(Error::Policy { span: Some((start, len)), what, hint, .. }) => {
            (text[start..start + len].to_owned(), what, hint)
        }
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn mistakes_are_pointed_at_with_a_suggestion() {
    let supp = "[[suppress]]\nrule = \"possible-ai\"\npattern = \"a/**\"\nreason = \"r\"\nexpires = ";
    let cases = [
        ("rolse = 1", "rolse", "unknown field `rolse`", "did you mean `roles`?"),
        ("[roles]\n\"a/**\" = \"finl\"", "\"finl\"", "unknown variant `finl`", "did you mean `final`?"),
        ("[roles]\n\"a[\" = \"final\"", "\"a[\"", "bad pattern `a[`", "such as"),
        ("[rules.posible-ai]\noff = true", "posible-ai", "no rule is called", "did you mean `possible-ai`?"),
        ("[rules.possible-ai]\nseverity = \"warn\"", "\"warn\"", "unknown variant `warn`", "did you mean `warning`?"),
        ("extends = \"netflix\"", "\"netflix\"", "no built-in policy", "did you mean `netflix-genai`?"),
        ("extends = \"archivl\"", "\"archivl\"", "no built-in policy", "did you mean `archival`?"),
        ("[approvals]\nleast-grade = \"sined\"", "\"sined\"", "unknown variant", "did you mean `signed`?"),
        ("[approvals.scopes]\nfinal = [\"talent\"]", "\"talent\"", "unknown variant", "talent-likeness"),
        ("[[require]]\npattern = \"a/**\"\nscopes = []", "[]", "no scope is required", "talent-likeness"),
        (&format!("{supp}\"soon\""), "\"soon\"", "not a date", "2027-06-30"),
        (&format!("{supp}2027-06"), "", "", ""),
        (&format!("{supp}\"2027-02-30\""), "\"2027-02-30\"", "not a date", ""),
        ("[[trust.keys]]\nname = \"x\"\nkey = \"abc\"", "\"abc\"", "not a public Ed25519 key", "keys show"),
        ("[rules.possible-ai]\nseverity = \"note\"\n[rules.possible-ai]\noff = true", "", "duplicate key", ""),
        ("name = ", "", "", ""),
        ("name = \" \"", "\" \"", "`name` is empty", ""),
    ];
    for (text, at, what, hint) in cases {
        let found = wrong(text);
        assert!(at.is_empty() || found.0 == at, "{text}: points at {found:?}");
        assert!(found.1.contains(what) && found.2.contains(hint), "{text}: {found:?}");
    }
}

#[test]
fn what_is_mandatory_is_demanded() {
    let rows = ["rule = \"possible-ai\"", "pattern = \"a/**\"", "reason = \"r\"", "expires = 2027-01-01"];
    let whole = format!("[[suppress]]\n{}", rows.join("\n"));
    assert!(Policy::parse(&whole, "p").is_ok());
    for (left_out, name) in ["rule", "pattern", "reason", "expires"].iter().enumerate() {
        let kept: Vec<_> = rows.iter().enumerate().filter(|(i, _)| *i != left_out).map(|(_, r)| *r).collect();
        let (_, what, _) = wrong(&format!("[[suppress]]\n{}", kept.join("\n")));
        assert!(what.contains(&format!("`{name}`")), "{what}");
    }
    assert!(wrong(&format!("{whole}\n{whole}")).1.contains("suppressed for this pattern already"));
    assert!(wrong("[rules.possible-ai]\noff = true").1.contains("off without a reason"));
    assert!(wrong("[rules.possible-ai]\noff = true\nreason = \"\"").1.contains("`reason` is empty"));
    assert!(wrong("[rules.possible-ai]\noff = true\nreason = \"x\"\nseverity = \"note\"").1.contains("cannot be off"));
    assert!(wrong("[rules.possible-ai]").1.contains("changes nothing"));
}

#[test]
fn the_error_shows_the_line() {
    let error = Policy::parse("name = \"x\"\n\n[roles]\n\"a/**\" = \"finl\"\n", "show.toml").unwrap_err();
    let Error::Policy { path, text, span: Some((start, length)), .. } = &error else { panic!("{error:?}") };
    assert_eq!((path.as_str(), &text[*start..start + length]), ("show.toml", "\"finl\""));
}

#[test]
fn roles_are_tried_in_file_order_before_the_inherited_ones() {
    let text = "[roles]\n\"z/keep/**\" = \"final\"\n\"z/**\" = \"archival\"\n\"a/**\" = \"temporary\"\n\"temp/ok/**\" = \"final\"";
    let policy = Policy::parse(text, "p").unwrap();
    let cases = [
        ("z/keep/x.png", Role::Final, "policy:z/keep/**"),
        ("z/x.png", Role::Archival, "policy:z/**"),
        ("a/x.png", Role::Temporary, "policy:a/**"),
        ("temp/ok/x.png", Role::Final, "policy:temp/ok/**"),
        ("temp/x.png", Role::Temporary, "policy:**/temp/**"),
        ("x.png", Role::Final, "default"),
    ];
    for (rel, role, basis) in cases {
        assert_eq!(place(rel, &policy.roles, None, None), (role, basis.to_owned()), "{rel}");
    }
}

#[test]
fn built_in_policies_are_what_they_say() {
    let usual = Policy::builtin("netflix-genai").unwrap();
    assert_eq!(usual.name, "netflix-genai");
    assert!(usual.demands(Role::Final, Ai::Composite) && !usual.demands(Role::Final, Ai::Enhanced));
    assert_eq!(usual.scopes(Role::Final, "x").into_iter().collect::<Vec<_>>(), [Scope::FinalDeliverable]);
    assert_eq!(usual.least_grade(None), Grade::Imported);
    for (rel, role) in [
        ("show/Temp/a.mov", Role::Temporary),
        ("previs/a.mov", Role::Temporary),
        ("WIP/a.mov", Role::Temporary),
        ("x/reference/a.png", Role::Temporary),
        ("archive-stills/a.png", Role::Archival),
        ("archival/temp/a.png", Role::Archival),
        ("templates/a.png", Role::Final),
        ("temp.png", Role::Final),
    ] {
        assert_eq!(place(rel, &usual.roles, None, None).0, role, "{rel}");
    }
    let archival = Policy::builtin("archival").unwrap();
    assert!(archival.demands(Role::Final, Ai::Enhanced));
    assert_eq!(archival.severity("enhanced-archival", Severity::Warning), Some(Severity::Error));
    let observe = Policy::builtin("observe").unwrap();
    assert_eq!(observe.severity("unreadable-asset", Severity::Error), Some(Severity::Note));
    assert!(matches!(Policy::builtin("netflix"), Err(Error::Usage { .. })));
    assert_ne!(usual.sha256, archival.sha256);
}

#[test]
fn the_starter_and_every_commented_line_in_it_are_valid() {
    let starter = Policy::parse(policy::starter(), "starter").unwrap();
    let usual = Policy::builtin("netflix-genai").unwrap();
    let settings = |p: &Policy| p.effective().lines().skip(1).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(settings(&starter), settings(&usual), "the starter alone changes nothing");
    // A comment that starts a table or a setting is an example; all of them together must be a policy.
    let example = |l: &str| {
        l.starts_with('[')
            || (l.starts_with('"') && l.contains(" = "))
            || l.split_once(" = ").is_some_and(|(k, _)| !k.contains(' '))
    };
    let lines: Vec<_> = policy::starter()
        .lines()
        .map(|l| l.strip_prefix("# ").filter(|l| example(l)).unwrap_or(l))
        .map(|l| if l.starts_with("key = ") { "key = \"6kpsY+KcUgq+9VB7Ey7F+ZVHdq6+vnuSQh7qaRRG0iw=\"" } else { l })
        .collect();
    let all = Policy::parse(&lines.join("\n"), "starter").unwrap();
    assert_eq!(
        (all.suppress.len(), all.require.len(), all.trust.keys.len(), all.roles.rows().len()),
        (1, 1, 1, usual.roles.rows().len() + 3)
    );
    assert_eq!(all.limits.archive_depth, Some(3));
    let again = Policy::parse(&all.effective(), "again").unwrap();
    assert_eq!(again.effective(), all.effective());
}

#[test]
fn what_stands_above_what() {
    // Being specific gives no rank: the general pattern above takes it all.
    let policy = Policy::parse("[roles]\n\"a/**\" = \"temporary\"\n\"a/keep/x.png\" = \"final\"\n", "p").unwrap();
    assert_eq!(place("a/keep/x.png", &policy.roles, None, None).0, Role::Temporary);
    // Scopes add up; values of one key are replaced.
    let text = "[approvals.scopes]\nfinal = [\"personal-data\"]\n\
                [approvals.grades]\npersonal-data = \"path-only\"\n\
                [[require]]\npattern = \"hero/**\"\nscopes = [\"talent-likeness\"]\n\
                [[require]]\npattern = \"*.png\"\nscopes = [\"third-party-ip\"]\n";
    let policy = Policy::parse(text, "p").unwrap();
    let scopes = |rel: &str| policy.scopes(Role::Final, rel).into_iter().collect::<Vec<_>>();
    assert_eq!(scopes("a.jpg"), [Scope::PersonalData]);
    assert_eq!(scopes("hero/a.png"), [Scope::TalentLikeness, Scope::PersonalData, Scope::ThirdPartyIp]);
    // A scope's own grade stands, even where it is the lower one.
    assert_eq!(policy.least_grade(Some(Scope::PersonalData)), Grade::PathOnly);
    assert_eq!(policy.least_grade(Some(Scope::TalentLikeness)), Grade::Imported);
    // What a file does not say, it inherits.
    assert!(policy.demands(Role::Archival, Ai::Enhanced));
    // The ceiling and the severity: the lower one.
    let policy = Policy::parse("ceiling = \"warning\"\n[rules.possible-ai]\nseverity = \"error\"\n", "p").unwrap();
    assert_eq!(policy.severity("possible-ai", Severity::Note), Some(Severity::Warning));
    assert_eq!(policy.severity("untrusted-signer", Severity::Note), Some(Severity::Note));
}

#[test]
fn keys_are_read_as_they_are_printed() {
    let base64 = "6kpsY+KcUgq+9VB7Ey7F+ZVHdq6+vnuSQh7qaRRG0iw=";
    let bytes = data_encoding::BASE64.decode(base64.as_bytes()).unwrap();
    let blob = [b"\0\0\0\x0bssh-ed25519\0\0\0\x20", &bytes[..]].concat();
    let line = format!("ssh-ed25519 {} legal@studio", data_encoding::BASE64.encode(&blob));
    for key in [base64.to_owned(), format!("ed25519:{base64}"), data_encoding::HEXLOWER.encode(&bytes), line] {
        let text = format!("[[trust.keys]]\nname = \"x\"\nkey = \"{key}\"\nvalid-until = 2027-01-01\n");
        let policy = Policy::parse(&text, "p").unwrap();
        assert_eq!(policy.trust.keys[0].key.to_vec(), bytes, "{key}");
        assert!(policy.trust.keys[0].valid_on("2027-01-01".parse().unwrap()));
    }
    let ends = format!(
        "[[trust.keys]]\nname = \"x\"\nkey = \"{base64}\"\nvalid-from = 2027-01-02\nvalid-until = 2027-01-01\n"
    );
    assert!(wrong(&ends).1.contains("ends before it begins"));
}
