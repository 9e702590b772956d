//! A path as a list of checksums names it: of this system or of Windows, relative to some folder or not.

/// Bytes of a path that is taken seriously.
const LONGEST: usize = 4096;

/// A path taken apart, `.` and `..` followed as far as the path itself leads.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct NamedPath {
    /// What makes it absolute, as it is shown: `/`, `D:/`, `//`, `~/`; empty for a relative path.
    pub(super) start: String,
    /// How many folders it first leads up, where it is relative.
    pub(super) up: usize,
    /// The folders, then the file's name.
    pub(super) parts: Vec<String>,
}

impl NamedPath {
    /// Takes a path apart; `literal` where the list says that a backslash in it is one.
    ///
    /// # Errors
    /// What is wrong with it, as words to follow the path.
    pub(super) fn read(written: &str, literal: bool) -> Result<Self, &'static str> {
        if written.len() > LONGEST {
            return Err("the path is too long");
        }
        if written.contains('\0') || !literal && written.chars().any(char::is_control) {
            return Err("the path has a control character");
        }
        let windows = !literal && (!written.contains('/') || has_drive(written) || written.starts_with("\\\\"));
        let text = if windows { written.replace('\\', "/") } else { written.to_owned() };
        let text = text.strip_prefix("//?/").filter(|_| windows).unwrap_or(&text);
        let (start, rest) = split_start(text, literal);
        let mut out = Self { start, ..Self::default() };
        for part in rest.split('/').filter(|part| !part.is_empty() && *part != ".") {
            if part != ".." {
                out.parts.push(part.to_owned());
            } else if out.parts.pop().is_none() {
                out.up += 1;
            }
        }
        let file = !rest.ends_with('/') && !rest.ends_with("/..") && !out.parts.is_empty();
        if file { Ok(out) } else { Err("the path names no file") }
    }

    /// The path below the tree's root that it means where it is relative to the folder `own`; `None` where it is not, or
    /// leads out of the tree.
    pub(super) fn from(&self, own: &[&str]) -> Option<String> {
        let keep = own.len().checked_sub(self.up).filter(|_| self.start.is_empty())?;
        let parts = own.iter().take(keep).copied().chain(self.parts.iter().map(String::as_str));
        Some(parts.collect::<Vec<_>>().join("/"))
    }

    /// The folder that its first `count` parts name, as it was written.
    pub(super) fn leading(&self, count: usize) -> String {
        let up = "../".repeat(self.up.min(LONGEST / 3));
        let folder = self.parts.get(..count).unwrap_or_default().join("/");
        format!("{}{up}{folder}", self.start)
    }

    /// The file's own name.
    pub(super) fn name(&self) -> &str {
        self.parts.last().map_or("", String::as_str)
    }

    /// The path without its first `strip` parts, below the folder `base`.
    pub(super) fn below(&self, base: &str, strip: usize) -> Option<String> {
        let rest = self.parts.get(strip..).filter(|rest| !rest.is_empty())?.join("/");
        Some(if base.is_empty() { rest } else { format!("{base}/{rest}") })
    }
}

fn has_drive(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|b| b.is_ascii_alphabetic())
        && bytes.next() == Some(b':')
        && bytes.next().is_some_and(|b| matches!(b, b'/' | b'\\'))
}

/// What makes the path absolute, and the rest.
fn split_start(text: &str, literal: bool) -> (String, &str) {
    if !literal && has_drive(text) {
        let (drive, rest) = text.split_at(2);
        return (format!("{drive}/"), rest);
    }
    let start = ["//", "/", "~/"].into_iter().find(|start| text.starts_with(start));
    start.map_or((String::new(), text), |start| (start.to_owned(), text.get(start.len()..).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_every_system_are_taken_apart() {
        for (written, start, up, parts) in [
            ("show/a.mov", "", 0, &["show", "a.mov"][..]),
            ("./show//./a.mov", "", 0, &["show", "a.mov"]),
            ("show/../a.mov", "", 0, &["a.mov"]),
            ("../../a.mov", "", 2, &["a.mov"]),
            ("/Volumes/X/a.mov", "/", 0, &["Volumes", "X", "a.mov"]),
            ("D:\\show\\a b.mov", "D:/", 0, &["show", "a b.mov"]),
            ("D:/show\\a.mov", "D:/", 0, &["show", "a.mov"]),
            ("\\\\host\\share\\a.mov", "//", 0, &["host", "share", "a.mov"]),
            ("\\\\?\\D:\\show\\a.mov", "D:/", 0, &["show", "a.mov"]),
            ("..\\media\\a.mov", "", 1, &["media", "a.mov"]),
            ("~/show/a.mov", "~/", 0, &["show", "a.mov"]),
            ("~a.mov", "", 0, &["~a.mov"]),
            ("show/a\\b.mov", "", 0, &["show", "a\\b.mov"]),
            ("a:b.mov", "", 0, &["a:b.mov"]),
        ] {
            let found = NamedPath::read(written, false).unwrap();
            assert_eq!((found.start.as_str(), found.up), (start, up), "{written}");
            assert_eq!(found.parts, parts, "{written}");
        }
        assert_eq!(NamedPath::read("a\\b\n.mov", true).unwrap().parts, ["a\\b\n.mov"]);
    }

    #[test]
    fn what_names_no_file_is_told() {
        for written in ["", ".", "..", "/", "a/..", "show/", "D:\\", "a\u{7}", "a\0"] {
            assert!(NamedPath::read(written, false).is_err(), "{written:?}");
        }
        assert!(NamedPath::read(&"a/".repeat(3000), false).is_err());
        assert!(NamedPath::read("a\0", true).is_err());
    }

    #[test]
    fn what_a_relative_path_means_stays_in_the_tree() {
        let path = |written| NamedPath::read(written, false).unwrap();
        assert_eq!(path("a.mov").from(&["x", "y"]).as_deref(), Some("x/y/a.mov"));
        assert_eq!(path("../m/a.mov").from(&["x", "y"]).as_deref(), Some("x/m/a.mov"));
        assert_eq!(path("../../a.mov").from(&["x", "y"]).as_deref(), Some("a.mov"));
        assert_eq!(path("../../../a.mov").from(&["x", "y"]), None);
        assert_eq!(path("/a.mov").from(&["x"]), None);
        assert_eq!(path("D:/show/a.mov").leading(1), "D:/show");
        assert_eq!(path("../m/a.mov").leading(1), "../m");
    }
}
