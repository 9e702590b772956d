//! Who of a provider's people may sign in, and with which role.

use serde_json::{Map, Value};

use crate::settings::{Allowed, Who};
use crate::store::Role;

/// The groups that a token names: a list of texts, or one text.
pub(super) fn groups(claims: &Map<String, Value>, claim: &str) -> Vec<String> {
    match claims.get(claim) {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// The highest role of what fits; none where nothing does. `email` is in small letters, and the person's for certain.
pub(super) fn role(allowed: &[Allowed], email: Option<&str>, groups: &[String]) -> Option<Role> {
    let fits = |who: &Who| match who {
        Who::Everyone => true,
        Who::Group(name) => groups.contains(name),
        Who::Address(address) => email == Some(address.as_str()),
        Who::Domain(domain) => email.and_then(|email| email.rsplit_once('@')).is_some_and(|(_, of)| of == domain),
    };
    allowed.iter().filter(|one| fits(&one.who)).map(|one| one.role).max()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::settings::allowed;

    #[test]
    fn the_highest_role_of_what_fits_counts() {
        let all = ["@example.com", "group:Legal=approver", "dana@example.com=qc"].map(|text| allowed(text).unwrap());
        let role = |email, groups: &[&str]| {
            let groups: Vec<String> = groups.iter().map(|group| (*group).to_owned()).collect();
            super::role(&all, email, &groups)
        };
        assert_eq!(role(Some("sam@example.com"), &[]), Some(Role::Viewer));
        assert_eq!(role(Some("dana@example.com"), &["Other"]), Some(Role::Qc));
        assert_eq!(role(Some("dana@example.com"), &["Legal"]), Some(Role::Approver));
        assert_eq!(role(None, &["Legal"]), Some(Role::Approver));
        for stranger in ["sam@example.com.evil.example", "sam@sub.example.com", "x@evil.example", "example.com"] {
            assert_eq!(role(Some(stranger), &["legal", ""]), None, "{stranger}");
        }
        assert_eq!(role(None, &[]), None);
        let everyone = [allowed("everyone").unwrap()];
        assert_eq!(super::role(&everyone, None, &[]), Some(Role::Viewer));
    }

    #[test]
    fn groups_are_texts() {
        let claims = json!({ "groups": ["a", 1, {"b": 2}, "c"], "one": "d", "odd": 7 });
        let claims = claims.as_object().unwrap();
        assert_eq!(groups(claims, "groups"), ["a", "c"]);
        assert_eq!(groups(claims, "one"), ["d"]);
        assert!(groups(claims, "odd").is_empty() && groups(claims, "none").is_empty());
    }
}
