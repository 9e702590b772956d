//! What a place in the delivery is for: package membership and policy patterns give the role, with its basis.
//!
//! A pattern is a glob over the path below its root: `*` and `?` stay inside one folder, `**` crosses folders,
//! case does not matter, and a pattern without `/` is about the file's name in any folder. `~temp/` is about the words of
//! a folder's name ([`words`]): everything below `07_TEMP`, `temp_vfx` or `TempComps`. [`hidden`] says which patterns can
//! never decide, [`looks`] what a folder's name says that no pattern speaks of.

pub mod hidden;
mod known_folders;
pub mod looks;
mod path_glob;
mod words;

pub use countersign_model::Membership;
use countersign_model::{Asset, Role};
use known_folders::KnownFolders;
use path_glob::{PathGlob, PathGlobs};
use words::FolderWords;

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
    matcher: Matcher,
}

#[derive(Clone, Debug)]
enum Matcher {
    Glob(PathGlob),
    Words(FolderWords),
}

impl Pattern {
    /// The pattern that `text` spells.
    ///
    /// # Errors
    /// What is wrong with the glob, as words to follow `bad pattern: `.
    pub fn new(text: &str) -> Result<Self, String> {
        let matcher = match text.trim().strip_prefix('~') {
            Some(folder) => Matcher::Words(folder_words(folder)?),
            None => Matcher::Glob(PathGlob::new(text)?),
        };
        Ok(Self { text: text.to_owned(), matcher })
    }

    /// The pattern as the policy wrote it.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the path (parts separated by `/`) fits.
    #[must_use]
    pub fn matches(&self, rel: &str) -> bool {
        match &self.matcher {
            Matcher::Glob(glob) => glob.matches(rel),
            Matcher::Words(words) => words.matches(rel),
        }
    }
}

fn folder_words(text: &str) -> Result<FolderWords, String> {
    let name = text.strip_suffix('/').filter(|name| !name.contains(['/', '*', '?', '[', '{']));
    let words = name.and_then(FolderWords::new);
    words.ok_or_else(|| "`~` stands before the words of a folder's name and `/`, as in `~temp/`".to_owned())
}

/// Patterns and the roles they give, in order: the first that fits decides.
#[derive(Clone, Debug, Default)]
pub struct Patterns {
    rows: Vec<(Pattern, Role)>,
    /// The globs that are about files, too, and their rows.
    globs: PathGlobs,
    of_globs: Vec<usize>,
    /// The other rows: of each of them, all files of a folder fit or none.
    of_folders: Vec<usize>,
    /// The first of them that folders fit.
    known: KnownFolders,
}

impl Patterns {
    /// Takes the rows; their order is kept.
    #[must_use]
    pub fn new(rows: Vec<(Pattern, Role)>) -> Self {
        let mut globs = Vec::new();
        let (mut of_globs, mut of_folders) = (Vec::new(), Vec::new());
        for (number, (pattern, _)) in rows.iter().enumerate() {
            match &pattern.matcher {
                Matcher::Glob(glob) if !glob.is_about_folders() => {
                    globs.push(glob.clone());
                    of_globs.push(number);
                }
                Matcher::Glob(_) | Matcher::Words(_) => of_folders.push(number),
            }
        }
        Self { rows, globs: PathGlobs::new(globs), of_globs, of_folders, known: KnownFolders::default() }
    }

    /// The rows in the order in which they are tried.
    #[must_use]
    pub fn rows(&self) -> &[(Pattern, Role)] {
        &self.rows
    }

    /// The number of the first row that fits the path.
    fn first(&self, rel: &str) -> Option<usize> {
        let glob = self.globs.first(rel).and_then(|index| self.of_globs.get(index).copied());
        let before = |row: &usize| glob.is_none_or(|glob| *row < glob);
        if !self.of_folders.first().is_some_and(before) {
            return glob;
        }
        let of_folders = self.known.get_or_look(rel, || self.first_of_folders(rel));
        of_folders.filter(before).or(glob)
    }

    /// The number of the first row that is about one of the path's folders.
    fn first_of_folders(&self, rel: &str) -> Option<usize> {
        // Cut once for all patterns.
        let folders = words::of_folders(rel);
        let fits = |row: &usize| match self.rows.get(*row).map(|(pattern, _)| &pattern.matcher) {
            Some(Matcher::Words(words)) => words.means(&folders),
            Some(Matcher::Glob(glob)) => glob.matches(rel),
            None => false,
        };
        self.of_folders.iter().copied().find(fits)
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
    let placed = place_from(rel.into(), patterns, member, option);
    (placed.role, placed.basis)
}

/// A path as the patterns of a policy see it: as a scan of the delivery's own root would have it, wherever this one starts.
///
/// ```
/// use countersign_judge::roles::{Pattern, Seen};
///
/// let shots = Seen { above: "show/temp/shots", rel: "a.png" };
/// for pattern in ["*.png", "/a.png", "temp/shots/*", "**/temp/**", "show/temp/**"] {
///     assert!(shots.fits(&Pattern::new(pattern)?), "{pattern}");
/// }
/// assert!(!shots.fits(&Pattern::new("/shots/*")?), "neither the delivery's root nor the scanned folder");
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Seen<'a> {
    /// Names of the folders from the delivery's own root down to the scanned one, `/` between them; empty where the scan
    /// starts at that root.
    pub above: &'a str,
    /// The path below the scanned folder, with `/` between the parts.
    pub rel: &'a str,
}

impl<'a> From<&'a str> for Seen<'a> {
    fn from(rel: &'a str) -> Self {
        Self { above: "", rel }
    }
}

impl<'a> From<&'a Asset> for Seen<'a> {
    fn from(asset: &'a Asset) -> Self {
        Self { above: &asset.above, rel: &asset.rel }
    }
}

impl Seen<'_> {
    /// The path from the delivery's own root on, and with that root's name; none where the scan starts there.
    fn whole(self) -> impl Iterator<Item = String> {
        let named = (!self.above.is_empty()).then(|| format!("{}/{}", self.above, self.rel));
        let below = self.above.split_once('/').map(|(_, below)| format!("{below}/{}", self.rel));
        below.into_iter().chain(named)
    }

    /// Whether the pattern fits the path below the scanned folder or from the delivery's own root on.
    #[must_use]
    pub fn fits(self, pattern: &Pattern) -> bool {
        pattern.matches(self.rel) || self.whole().any(|path| pattern.matches(&path))
    }
}

/// What a place is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Final, temporary or archival.
    pub role: Role,
    /// `cpl`, `pkl`, `manifest`, `policy:<pattern>`, `option` or `default`.
    pub basis: String,
    /// Whether a pattern decided that fits only together with the names above what was scanned.
    pub by_above: bool,
}

/// As [`place`], of a scan that may start at a folder of the delivery.
///
/// A file has the same role wherever the scan starts. The user's option stands above what only the names above the scanned
/// folder say: whoever types it says what that folder is.
#[must_use]
pub fn place_from(seen: Seen<'_>, patterns: &Patterns, member: Option<Membership>, option: Option<Role>) -> Placed {
    let below = patterns.first(seen.rel);
    let asked = below.is_some() || option.is_none();
    let whole = seen.whole().filter(|_| asked).filter_map(|path| patterns.first(&path)).min();
    let by_above = whole.is_some_and(|whole| below.is_none_or(|below| whole < below));
    let first = below.into_iter().chain(whole).min().and_then(|row| patterns.rows.get(row));
    let placed = first.map(|(pattern, role)| (*role, format!("policy:{}", pattern.text())));
    let ((role, basis), by_above) = match (member, placed, option) {
        (Some(_), Some(special @ (Role::Archival | Role::Promotional, _)), _) => (special, by_above),
        (Some(member), _, _) => ((Role::Final, member.basis().to_owned()), false),
        (None, Some(placed), _) => (placed, by_above),
        (None, None, Some(role)) => ((role, "option".to_owned()), false),
        (None, None, None) => ((Role::Final, "default".to_owned()), false),
    };
    Placed { role, basis, by_above }
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
    fn a_file_has_its_role_wherever_the_scan_starts() {
        let some = patterns(&[
            ("**/temp/keep/**", Role::Final),
            ("~archive/", Role::Archival),
            ("**/temp/**", Role::Temporary),
            ("/final/**", Role::Final),
            ("/show/refs/**", Role::Temporary),
        ]);
        for path in [
            "show/temp/a.png",
            "show/refs/x/y/a.png",
            "show/temp/keep/a.png",
            "show/08_ARCHIVE/temp/a.png",
            "show/reel/a.png",
        ] {
            let whole = place(path, &some, None, None);
            for (at, _) in path.match_indices('/') {
                let (above, rel) = (&path[..at], &path[at + 1..]);
                let placed = place_from(Seen { above, rel }, &some, None, None);
                assert_eq!((placed.role, placed.basis), whole, "{path} from {above}");
            }
        }
        // What is typed says what the scanned folder is; what lies below it is placed as ever.
        let seen = |above, rel, member, option| place_from(Seen { above, rel }, &some, member, option);
        assert_eq!(seen("temp", "a.png", None, Some(Role::Final)).basis, "option");
        assert_eq!(seen("x", "temp/a.png", None, Some(Role::Final)).role, Role::Temporary);
        assert_eq!(seen("temp", "a.png", Some(Membership::Cpl), None).role, Role::Final);
        // What a person does not see in the path is told apart.
        assert!(seen("show/temp", "a.png", None, None).by_above && !seen("show", "temp/a.png", None, None).by_above);
        // Below the delivery's own root, as the policy has it, wherever the scan starts.
        assert_eq!(seen("show/final/x", "a.png", None, None).basis, "policy:/final/**");
    }

    #[test]
    fn globs_and_words_keep_their_order() {
        let some =
            patterns(&[("~temp/", Role::Temporary), ("**/07_temp/keep/**", Role::Final), ("*.dpx", Role::Archival)]);
        assert_eq!(place("07_TEMP/keep/a.png", &some, None, None).1, "policy:~temp/");
        assert_eq!(place("x/a.dpx", &some, None, None).1, "policy:*.dpx");
        let other = patterns(&[("**/07_temp/keep/**", Role::Final), ("~temp/", Role::Temporary)]);
        assert_eq!(place("07_TEMP/keep/a.png", &other, None, None).0, Role::Final);
        assert_eq!(place("07_TEMP/a.png", &other, None, None).0, Role::Temporary);
        for bad in ["~", "~/", "~temp", "~a/b/", "~te*mp/", "~07/"] {
            assert!(Pattern::new(bad).is_err(), "{bad}");
        }
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
