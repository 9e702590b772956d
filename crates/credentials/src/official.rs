//! The official C2PA lists that are built in: who may sign Content Credentials, and who may stamp the time on them.
//!
//! The files in `lists/` are those of the C2PA conformance program as published (CC-BY-4.0; see `NOTICE`). They are
//! dated: past the day of the next update they are still used, and whoever reads the report is told. A run reads what the
//! build script made of them.

use std::sync::OnceLock;

use super::published::Published;
use super::trust::TrustList;

/// The built-in lists.
#[must_use]
pub fn lists() -> Vec<TrustList> {
    parsed().to_vec()
}

/// Whether a list is one of the built-in ones, unchanged: what it holds is known to be certificates.
pub(crate) fn is_built_in(list: &TrustList) -> bool {
    parsed().contains(list)
}

fn parsed() -> &'static [TrustList] {
    static PARSED: OnceLock<Vec<TrustList>> = OnceLock::new();
    PARSED.get_or_init(|| {
        let text = include_str!(concat!(env!("OUT_DIR"), "/official.json"));
        // Ours: a test sees to it that it can be read.
        let lists: Vec<Published> = serde_json::from_str(text).unwrap_or_default();
        lists.into_iter().map(|list| TrustList::published(list, "C2PA")).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::super::official_files;
    use super::super::trust::Standing;
    use super::*;

    #[test]
    fn what_the_build_makes_of_them_is_what_they_say() {
        let said: Vec<_> = official_files::ALL.iter().map(|text| TrustList::parse(text, "C2PA").unwrap()).collect();
        assert_eq!(lists(), said);
    }

    #[test]
    fn both_are_there_whole_and_dated() {
        let lists = lists();
        let told: Vec<_> = lists.iter().map(|l| (l.name.as_str(), l.stamps_only, l.certificates().count())).collect();
        assert_eq!(told, [("C2PA Trust List", false, 30), ("C2PA TSA Trust List", true, 22)]);
        for list in &lists {
            assert_eq!((list.broken(), list.standing), (0, Some(Standing::Official)), "{}", list.name);
            assert_eq!(list.issued.as_deref(), Some("2026-08-05"));
            assert_eq!(list.next_update.as_deref(), Some("2027-08-05"));
            assert_eq!(&TrustList::parse(&list.pem(), "x").unwrap(), list, "kept and read again it is the same");
        }
    }

    #[test]
    fn only_what_is_unchanged_is_built_in() {
        let mut lists = lists();
        assert!(lists.iter().all(is_built_in));
        lists[0].anchors_pem.push_str("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n");
        assert!(!is_built_in(&lists[0]) && is_built_in(&lists[1]));
    }

    #[test]
    fn certificates_alone_get_their_date_back() {
        let bare = |list: &TrustList| TrustList {
            name: "x".into(),
            anchors_pem: list.anchors_pem.clone(),
            ..TrustList::default()
        };
        for list in lists() {
            assert_eq!(bare(&list).dated_like(&lists()), list);
        }
        let other = TrustList { anchors_pem: String::new(), ..bare(&lists()[0]) };
        assert_eq!(other.clone().dated_like(&lists()), other);
    }
}
