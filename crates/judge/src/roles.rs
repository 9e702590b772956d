//! What a place in the delivery is for: package membership and policy patterns give the role, with its basis.
//!
//! A pattern is a glob over the path below its root: `*` and `?` stay inside one folder, `**` crosses folders,
//! case does not matter, and a pattern without `/` is about the file's name in any folder.

use globset::{Glob, GlobBuilder, GlobMatcher, GlobSet, GlobSetBuilder};

pub use countersign_model::Membership;
use countersign_model::Role;

/// A glob as the policy wrote it, and ready to match.
///
/// ```
/// use countersign_judge::roles::Pattern;
///
/// let anywhere = Pattern::new("*.dpx")?;
/// assert!(anywhere.matches("reel 1/A001.DPX"));
/// let folder = Pattern::new("/final/*.png")?;
/// assert!(folder.matches("final/shot.png") && !folder.matches("final/old/shot.png"));
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Debug)]
pub struct Pattern {
    text: String,
    matcher: GlobMatcher,
}

impl Pattern {
    /// The pattern that `text` spells.
    ///
    /// # Errors
    /// What is wrong with the glob, as words to follow `bad pattern: `.
    pub fn new(text: &str) -> Result<Self, String> {
        let glob = compile(text)?;
        Ok(Self { text: text.to_owned(), matcher: glob.compile_matcher() })
    }

    /// The pattern as the policy wrote it.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the path (parts separated by `/`) fits.
    #[must_use]
    pub fn matches(&self, rel: &str) -> bool {
        self.matcher.is_match(rel)
    }
}

fn compile(text: &str) -> Result<Glob, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err("it is empty".to_owned());
    }
    let anchored = text.strip_prefix("./").unwrap_or(text).trim_start_matches('/');
    // A bare name or extension means that name anywhere, a trailing slash means all below that folder.
    let mut spelled = if anchored.contains('/') { anchored.to_owned() } else { format!("**/{anchored}") };
    if spelled.ends_with('/') {
        spelled = if text.starts_with('/') { format!("{spelled}**") } else { format!("**/{spelled}**") };
    }
    GlobBuilder::new(&spelled).case_insensitive(true).literal_separator(true).build().map_err(|e| e.kind().to_string())
}

/// Patterns and the roles they give, in order: the first that fits decides.
#[derive(Clone, Debug, Default)]
pub struct Patterns {
    rows: Vec<(Pattern, Role)>,
    set: GlobSet,
}

impl Patterns {
    /// Compiles the rows; their order is kept.
    #[must_use]
    pub fn new(rows: Vec<(Pattern, Role)>) -> Self {
        let mut builder = GlobSetBuilder::new();
        for (pattern, _) in &rows {
            builder.add(pattern.matcher.glob().clone());
        }
        // Every glob was compiled alone already; should the set as a whole be refused, `first` goes row by row.
        Self { set: builder.build().unwrap_or_default(), rows }
    }

    /// The rows in the order in which they are tried.
    #[must_use]
    pub fn rows(&self) -> &[(Pattern, Role)] {
        &self.rows
    }

    fn first(&self, rel: &str) -> Option<&(Pattern, Role)> {
        if self.set.len() != self.rows.len() {
            return self.rows.iter().find(|(pattern, _)| pattern.matches(rel));
        }
        self.set.matches(rel).into_iter().min().and_then(|index| self.rows.get(index))
    }
}

/// The role of the file at `rel` and why: `cpl`, `pkl`, `manifest`, `policy:<pattern>`, `option` or `default`.
///
/// What a package delivers is final, whatever its folder is called; only an archival or a promotional pattern stands
/// above a membership: the first is the stricter role, the second reaches an audience too, and hash lists name everything on
/// a drive.
///
/// ```
/// use countersign_judge::policy::Policy;
/// use countersign_judge::roles::{Membership, place};
/// use countersign_model::Role;
///
/// let roles = Policy::builtin("netflix-genai")?.roles;
/// // What a composition plays reaches the screen, wherever it lies.
/// assert_eq!(place("temp/shot.mxf", &roles, Some(Membership::Cpl), None), (Role::Final, "cpl".to_owned()));
/// assert_eq!(place("temp/shot.mxf", &roles, None, None).0, Role::Temporary);
/// assert_eq!(place("shot.mxf", &roles, None, Some(Role::Archival)), (Role::Archival, "option".to_owned()));
/// # Ok::<(), countersign_model::error::Error>(())
/// ```
#[must_use]
pub fn place(rel: &str, patterns: &Patterns, member: Option<Membership>, option: Option<Role>) -> (Role, String) {
    let placed = patterns.first(rel).map(|(pattern, role)| (*role, format!("policy:{}", pattern.text())));
    match (member, placed, option) {
        (Some(_), Some(special @ (Role::Archival | Role::Promotional, _)), _) => special,
        (Some(member), _, _) => (Role::Final, member.basis().to_owned()),
        (None, Some(placed), _) => placed,
        (None, None, Some(role)) => (role, "option".to_owned()),
        (None, None, None) => (Role::Final, "default".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patterns(rows: &[(&str, Role)]) -> Patterns {
        Patterns::new(rows.iter().map(|(p, r)| (Pattern::new(p).unwrap(), *r)).collect())
    }

    #[test]
    fn the_first_pattern_that_fits_decides() {
        let some = patterns(&[("**/temp/keep/**", Role::Final), ("**/temp/**", Role::Temporary)]);
        let cases = [
            ("temp/a.png", Role::Temporary, "policy:**/temp/**"),
            ("reel/TEMP/deep/er/a.png", Role::Temporary, "policy:**/temp/**"),
            ("temp/keep/a.png", Role::Final, "policy:**/temp/keep/**"),
            ("temperature/a.png", Role::Final, "default"),
            ("a/temp", Role::Final, "default"),
        ];
        for (rel, role, basis) in cases {
            assert_eq!(place(rel, &some, None, None), (role, basis.to_owned()), "{rel}");
        }
    }

    #[test]
    fn option_and_membership_have_their_rank() {
        let some = patterns(&[("temp/**", Role::Temporary), ("archive/**", Role::Archival)]);
        let cpl = Some(Membership::Cpl);
        let option = Some(Role::Temporary);
        assert_eq!(place("x.png", &some, None, option), (Role::Temporary, "option".to_owned()));
        assert_eq!(place("archive/x.png", &some, None, option).0, Role::Archival);
        assert_eq!(place("temp/x.png", &some, cpl, option), (Role::Final, "cpl".to_owned()));
        assert_eq!(place("archive/x.png", &some, Some(Membership::Manifest), None).0, Role::Archival);
        assert_eq!(place("x.png", &some, Some(Membership::Pkl), None), (Role::Final, "pkl".to_owned()));
    }

    #[test]
    fn patterns_mean_what_they_look_like() {
        let cases = [
            ("*.dpx", "a/b/C.DPX", true),
            ("*.dpx", "a/b/c.dpx.txt", false),
            ("hero/*.png", "hero/a.png", true),
            ("hero/*.png", "hero/b/a.png", false),
            ("hero/*.png", "x/hero/a.png", false),
            ("hero/", "x/hero/b/a.png", true),
            ("/hero/", "x/hero/b/a.png", false),
            ("**/hero/**", "hero/a.png", true),
            ("{a,b}/*.tif", "b/x.tif", true),
        ];
        for (pattern, rel, fits) in cases {
            assert_eq!(Pattern::new(pattern).unwrap().matches(rel), fits, "{pattern} on {rel}");
        }
        for bad in ["", "a[", "{a,b", "**/[z-a]"] {
            assert!(Pattern::new(bad).is_err(), "{bad}");
        }
    }
}
