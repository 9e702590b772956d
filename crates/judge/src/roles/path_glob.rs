//! A glob over paths. It is compiled when it is first asked: most policies name folders, which need no compiling, and what a
//! policy says of other places is often never asked in a run.

use std::sync::OnceLock;

use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};

/// Globs up to this length (bytes) and of so few alternatives, which may stand in each other, cannot be too large or too deep
/// to be compiled. Others are compiled when they are read, so that whoever wrote them is told.
const SHORT: usize = 1_000;
const FEW: usize = 16;

/// A glob whose text was checked.
#[derive(Clone, Debug)]
pub(super) struct PathGlob {
    glob: Glob,
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    /// `**/name/**`: everything below a folder of that name, wherever it stands.
    Folder(FolderName),
    /// Any other.
    Compiled(OnceLock<GlobSet>),
}

/// The name of a folder, or how it begins. Case does not matter in ASCII, as in globs.
#[derive(Clone, Debug)]
struct FolderName {
    name: String,
    goes_on: bool,
}

impl FolderName {
    /// The name in a glob that says nothing else.
    fn of(glob: &str) -> Option<Self> {
        let name = glob.strip_prefix("**/")?.strip_suffix("/**")?;
        let (name, goes_on) = name.strip_suffix('*').map_or((name, false), |name| (name, true));
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_ .".contains(&byte);
        (!name.is_empty() && name.bytes().all(plain)).then(|| Self { name: name.to_owned(), goes_on })
    }

    fn fits(&self, folder: &str) -> bool {
        let (folder, name) = (folder.as_bytes(), self.name.as_bytes());
        let begins = folder.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
        begins && (self.goes_on || folder.len() == name.len())
    }
}

impl PathGlob {
    /// The glob that `text` spells.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn new(text: &str) -> Result<Self, String> {
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
        let mut builder = GlobBuilder::new(&spelled);
        let glob = builder.case_insensitive(true).literal_separator(true).build().map_err(|e| e.kind().to_string())?;
        let kind = match FolderName::of(&spelled) {
            Some(name) => Kind::Folder(name),
            None if spelled.len() > SHORT || spelled.matches('{').count() > FEW => {
                Kind::Compiled(OnceLock::from(compiled([&glob])?))
            }
            None => Kind::Compiled(OnceLock::new()),
        };
        Ok(Self { glob, kind })
    }

    /// The glob as it is matched: with what stands for any folder where the text leaves it out.
    pub(super) fn spelled(&self) -> &str {
        self.glob.glob()
    }

    /// Whether the path fits.
    pub(super) fn matches(&self, rel: &str) -> bool {
        match &self.kind {
            Kind::Folder(name) => {
                rel.rsplit_once('/').is_some_and(|(folders, _)| folders.split('/').any(|folder| name.fits(folder)))
            }
            Kind::Compiled(set) => set.get_or_init(|| compiled([&self.glob]).unwrap_or_default()).is_match(rel),
        }
    }

    /// Whether it is about folders: then either every file of a folder fits or none.
    pub(super) fn is_about_folders(&self) -> bool {
        // A backslash may make another thing of what follows it.
        matches!(self.kind, Kind::Folder(_)) || self.spelled().ends_with("/**") && !self.spelled().contains('\\')
    }
}

fn compiled<'g>(globs: impl IntoIterator<Item = &'g Glob>) -> Result<GlobSet, String> {
    let mut builder = GlobSetBuilder::new();
    for glob in globs {
        builder.add(glob.clone());
    }
    builder.build().map_err(|e| e.kind().to_string())
}

/// Several globs that are asked together, compiled when that is first done.
#[derive(Clone, Debug, Default)]
pub(super) struct PathGlobs {
    globs: Vec<PathGlob>,
    set: OnceLock<Option<GlobSet>>,
}

impl PathGlobs {
    pub(super) fn new(globs: Vec<PathGlob>) -> Self {
        Self { globs, set: OnceLock::new() }
    }

    /// The number of the first glob that fits the path.
    pub(super) fn first(&self, rel: &str) -> Option<usize> {
        if self.globs.is_empty() {
            return None;
        }
        match self.set.get_or_init(|| compiled(self.globs.iter().map(|glob| &glob.glob)).ok()) {
            Some(set) => set.matches(rel).into_iter().min(),
            // Each of them can be compiled alone, all of them are too much: they go one by one.
            None => self.globs.iter().position(|glob| glob.matches(rel)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATHS: &[&str] = &[
        "a.png",
        "temp",
        "temp/a.png",
        "TEMP/a.png",
        "x/Temp/b/a.png",
        "x/temp",
        "x/temperature/a.png",
        "temp-1/a.png",
        "x/temp-/a.png",
        "x/y/temp-old/z/a.png",
        "x/temp-old",
        "x\n/temp/a\n.png",
        "/temp/a.png",
        "temp/",
        "wo rk.1/a.png",
        "wo rkx1/a.png",
        "ﬁ/temp/ä.png",
        "tëmp/a.png",
        "7_tmp/a.png",
        "x/7_tmp/b/a.png",
        "x/7_tmp",
        "a/b/c/d.dpx",
    ];

    #[test]
    fn folders_are_told_as_the_compiled_glob_tells_them() {
        let globs = ["**/temp/**", "temp/", "./temp/", "**/temp-*/**", "**/wo rk.1/**", "/**/temp/**"];
        for text in globs {
            let glob = PathGlob::new(text).unwrap();
            assert!(matches!(glob.kind, Kind::Folder(_)) && glob.is_about_folders(), "{text}");
            let set = compiled([&glob.glob]).unwrap();
            for path in PATHS {
                assert_eq!(glob.matches(path), set.is_match(path), "{text} on {path:?}");
            }
            assert!(PATHS.iter().any(|path| glob.matches(path)) && !glob.matches("a.png"), "{text}");
        }
        for text in ["**/te?p/**", "**/*/**", "**/a/b/**", "**/{a,b}/**", "**/a**/**", "/temp/", "**/temp/*", "**"] {
            assert!(matches!(PathGlob::new(text).unwrap().kind, Kind::Compiled(_)), "{text}");
        }
    }

    #[test]
    fn globs_about_folders_tell_the_same_of_all_files_in_one() {
        let globs = ["/temp/", "**/[0-9]*{_,-}tmp/**", "**/**", "x/**/**", "a/*/c/**", "{x,a/b}/**", "**/te?p/**"];
        for text in globs {
            let glob = PathGlob::new(text).unwrap();
            assert!(glob.is_about_folders(), "{text}");
            for folder in PATHS.iter().filter_map(|path| path.rsplit_once('/')).map(|(folder, _)| folder) {
                let fit = ["a", "temp", "7_tmp", "c", ".x"].map(|name| glob.matches(&format!("{folder}/{name}")));
                assert!(fit.iter().all(|fits| *fits == fit[0]), "{text} in {folder:?}");
            }
        }
        for text in ["*.dpx", "temp/*", "**/temp", r"a\/**", "{a/**,b}", "[a/**]x"] {
            assert!(!PathGlob::new(text).is_ok_and(|glob| glob.is_about_folders()), "{text}");
        }
    }

    #[test]
    fn globs_together_tell_the_first() {
        let globs = |texts: &[&str]| PathGlobs::new(texts.iter().map(|text| PathGlob::new(text).unwrap()).collect());
        assert_eq!(globs(&["*.png", "temp/*.png", "*.dpx"]).first("temp/a.png"), Some(0));
        assert_eq!(globs(&["temp/*.png", "*.png"]).first("x/a.png"), Some(1));
        assert_eq!((globs(&["*.dpx"]).first("a.png"), globs(&[]).first("a.png")), (None, None));
    }

    #[test]
    fn what_is_too_large_to_be_compiled_is_told_when_it_is_read() {
        assert!(PathGlob::new(&"?".repeat(SHORT - 3)).is_ok_and(|glob| glob.matches(&"x".repeat(SHORT - 3))));
        for (class, fits) in [("[!a]", "x"), ("[!é]", "x"), ("[a-z]", "x"), ("{?,é}", "x")] {
            let most = ((SHORT - 3) / class.len()).min(if class.starts_with('{') { FEW } else { SHORT });
            let glob = PathGlob::new(&class.repeat(most)).unwrap();
            assert!(glob.matches(&fits.repeat(most)), "{class}");
        }
        assert!(PathGlob::new(&"[!a]".repeat(1_000_000)).is_err());
        let nested = |deep: usize| format!("{}x{}", "{*,".repeat(deep), "}".repeat(deep));
        assert!(PathGlob::new(&nested(FEW)).is_ok_and(|glob| glob.matches("x")));
        assert!(PathGlob::new(&nested(200)).is_err());
    }
}
