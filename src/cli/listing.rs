//! `--files-from FILE`: a list of paths becomes one root and what is scanned below it.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs::Metadata;
use std::io::Read;
use std::path::{Component, Path, PathBuf};

use countersign_io::paths;
use countersign_model::error::{Error, Result};

/// The longest list that is read.
const LONGEST: u64 = 1024 * 1024 * 1024;

/// What a list names.
pub(super) struct Listed {
    /// What all of it lies below. Root and path together are what was typed: the root is `.` for paths below the current
    /// folder, `..` (and so on up) for those that lead out of it, `/` for absolute ones; where both kinds are mixed, `.` or
    /// `/` serves all.
    pub(super) root: PathBuf,
    /// The listed paths below the root, each once.
    pub(super) paths: Vec<PathBuf>,
    /// Those that are folders, as they were typed.
    pub(super) folders: Vec<PathBuf>,
}

/// Reads a list.
///
/// # Errors
/// A list that cannot be read or is empty, and a path that is not there.
pub(super) fn read(list: &Path) -> Result<Listed> {
    let failed = |what: String| Error::File {
        path: list.to_path_buf(),
        what,
        hint: "--files-from wants a file with one path a line, or `-` and the paths on standard input".to_owned(),
    };
    let mut bytes = Vec::new();
    let reading = if list == Path::new("-") {
        std::io::stdin().lock().take(LONGEST).read_to_end(&mut bytes)
    } else {
        // A descriptor that the shell has open (`<(find …)`) has somebody at its other end; a pipe by its name may not.
        let handed_on = ["/dev/fd", "/dev/stdin", "/proc/self/fd"].iter().any(|open| list.starts_with(open));
        let regular = if handed_on { Ok(()) } else { countersign_io::regular(list) };
        regular.and_then(|()| std::fs::File::open(list)).and_then(|file| file.take(LONGEST).read_to_end(&mut bytes))
    };
    reading.map_err(|e| failed(e.to_string()))?;
    let paths = split(&bytes).map_err(|line| failed(format!("line {line} is not UTF-8")))?;
    let mut folders = Vec::new();
    for path in &paths {
        if !looked_at(path)?.is_file() && path.is_dir() {
            folders.push(path.clone());
        }
    }
    if paths.is_empty() {
        return Err(Error::Nothing { roots: vec![format!("{} (it lists no path)", list.display())] });
    }
    let here = std::env::current_dir().map_err(|e| failed(format!("the current folder is not known: {e}")))?;
    let (root, paths) = below(&here, &paths);
    Ok(Listed { root, paths, folders })
}

/// That there is something under this name.
pub(super) fn present(path: &Path) -> Result<()> {
    looked_at(path).map(drop)
}

/// What stands under this name, links not followed.
fn looked_at(path: &Path) -> Result<Metadata> {
    std::fs::symlink_metadata(path).map_err(|e| Error::File {
        path: path.to_path_buf(),
        what: e.to_string(),
        hint: match path == Path::new("-") {
            true => "for paths on standard input: --files-from -".to_owned(),
            false => "check that the drive is mounted and the path is the one you mean".to_owned(),
        },
    })
}

/// The paths of a list: ended by zero bytes where there is one (`find -print0`, `git ls-files -z`), else by lines.
fn split(bytes: &[u8]) -> std::result::Result<Vec<PathBuf>, usize> {
    let end = if bytes.contains(&0) { 0 } else { b'\n' };
    let rows = bytes.split(|b| *b == end).enumerate();
    let rows = rows.map(|(i, row)| (i, if end == b'\n' { row.strip_suffix(b"\r").unwrap_or(row) } else { row }));
    rows.filter(|(_, row)| !row.is_empty()).map(|(i, row)| native(row).map(PathBuf::from).ok_or(i + 1)).collect()
}

#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere not every name is one")]
fn native(name: &[u8]) -> Option<OsString> {
    use std::os::unix::ffi::OsStringExt;
    Some(OsString::from_vec(name.to_vec()))
}

#[cfg(not(unix))]
fn native(name: &[u8]) -> Option<OsString> {
    std::str::from_utf8(name).ok().map(OsString::from)
}

fn below(here: &Path, paths: &[PathBuf]) -> (PathBuf, Vec<PathBuf>) {
    let whole: Vec<PathBuf> = paths.iter().map(|path| plain(here.join(path))).collect();
    let inside = whole.iter().all(|path| path.starts_with(here));
    let absolute = paths.iter().filter(|path| path.is_absolute()).count();
    let up = paths.iter().map(|path| parents(path)).max().unwrap_or(0);
    let climbed = (absolute == 0 && up > 0).then(|| here.ancestors().nth(up)).flatten();
    let climbed = climbed.filter(|top| top.parent().is_some() && whole.iter().all(|path| path.starts_with(top)));
    let (root, base) = match climbed {
        Some(top) => (["..", "/"].concat().repeat(up).trim_end_matches('/').into(), top.to_path_buf()),
        None if inside && absolute < paths.len() => (PathBuf::from("."), here.to_path_buf()),
        None => {
            let root = |c: &Component<'_>| matches!(c, Component::Prefix(_) | Component::RootDir);
            let top: PathBuf = here.components().take_while(root).collect();
            (top.clone(), top)
        }
    };
    let mut seen = HashSet::new();
    let rel = whole.into_iter().map(|path| path.strip_prefix(&base).map(Path::to_path_buf).unwrap_or(path));
    // Paths without `.` parts are the same where they are written alike.
    (root, rel.filter(|path| seen.insert(path.clone().into_os_string())).collect())
}

/// How many folders a path goes up before it goes down.
fn parents(path: &Path) -> usize {
    let parts = path.components().filter(|part| *part != Component::CurDir);
    parts.take_while(|part| *part == Component::ParentDir).count()
}

/// Without `.` parts; with `..` parts resolved by the file system, for a link may stand before them.
fn plain(path: PathBuf) -> PathBuf {
    if path.to_str().is_some_and(|text| paths::is_plain(text) && !text.contains("..")) {
        return path;
    }
    if path.components().any(|c| c == Component::ParentDir) {
        return std::fs::canonicalize(&path).unwrap_or(path);
    }
    path.components().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(of: &[&str]) -> Vec<PathBuf> {
        of.iter().map(PathBuf::from).collect()
    }

    #[test]
    fn lists_are_lines_or_zero_ended() {
        assert_eq!(split(b"a.png\r\nb c.mov\n\n"), Ok(typed(&["a.png", "b c.mov"])));
        assert_eq!(split(b"a\nb.png\0c.png\0"), Ok(typed(&["a\nb.png", "c.png"])));
    }

    #[cfg(unix)]
    #[test]
    fn paths_are_relative_to_one_root() {
        let here = Path::new("/srv/here");
        let (root, rel) = below(here, &typed(&["./a/b.png", "/srv/here/c.png", "a/b.png"]));
        assert_eq!((root, rel), (PathBuf::from("."), typed(&["a/b.png", "c.png"])));
        let (root, rel) = below(here, &typed(&["a.png", "/mnt/x.png"]));
        assert_eq!((root, rel), (PathBuf::from("/"), typed(&["srv/here/a.png", "mnt/x.png"])));
        // What was typed is what root and path make together.
        let (root, rel) = below(here, &typed(&["/srv/here/a.png", "/srv/here/b/c.png"]));
        assert_eq!((root, rel), (PathBuf::from("/"), typed(&["srv/here/a.png", "srv/here/b/c.png"])));
    }

    #[cfg(unix)]
    #[test]
    fn paths_that_lead_up_stay_as_they_are_typed() {
        let dir = tempfile::tempdir().unwrap();
        let base = std::fs::canonicalize(dir.path()).unwrap();
        for folder in ["work/here", "delivery/final"] {
            std::fs::create_dir_all(base.join(folder)).unwrap();
        }
        std::fs::write(base.join("delivery/final/a.png"), "").unwrap();
        let here = base.join("work/here");
        let (root, rel) = below(&here, &typed(&["../../delivery/final/a.png"]));
        assert_eq!((root, rel), (PathBuf::from("../.."), typed(&["delivery/final/a.png"])));
    }
}
