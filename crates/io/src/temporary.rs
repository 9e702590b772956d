//! Where temporary files go: never below what is scanned. The only place that makes any.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Component, Path, PathBuf};

use super::ByteRange;
use countersign_model::{Problem, ProblemKind};

/// The longest name that a temporary file takes over.
const NAME: usize = 200;
/// Bytes that are copied at once.
const COPIED: usize = 256 * 1024;
/// Where a problem is that is none of the bytes.
const PLACE: &str = "temporary file";

/// A folder for temporary files outside of every root, or why there is none.
///
/// ```
/// use std::path::Path;
///
/// use countersign_io::{ByteRange, TempSpace};
///
/// let scanned = tempfile::tempdir()?;
/// let space = TempSpace::outside(&[scanned.path().to_owned()]);
/// let clip = ByteRange::memory(b"moving pictures".to_vec());
/// let files = space.materialize(&[(Path::new("a.zip!/reel/../clip.mov"), &clip)]).unwrap();
/// // Only the last part of the name is taken over, and nothing is written below what is scanned.
/// assert!(files.paths[0].ends_with("clip.mov") && !files.paths[0].starts_with(scanned.path()));
/// assert_eq!(std::fs::read(&files.paths[0])?, b"moving pictures");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct TempSpace {
    folder: Result<PathBuf, String>,
}

impl TempSpace {
    /// The system's folder for temporary files, unless that lies in one of the scanned folders.
    #[must_use]
    pub fn outside(scanned: &[PathBuf]) -> Self {
        let folder = std::env::temp_dir();
        let real = std::fs::canonicalize(&folder).unwrap_or_else(|_| folder.clone());
        let inside = |root: &&PathBuf| std::fs::canonicalize(root).is_ok_and(|r| r.is_dir() && real.starts_with(r));
        let folder = match scanned.iter().find(inside) {
            None => Ok(folder),
            Some(root) => Err(format!(
                "{} lies in {}, which is scanned: nothing is written there; set TMPDIR to a folder elsewhere",
                folder.display(),
                root.display()
            )),
        };
        Self { folder }
    }

    fn place(&self) -> Result<&Path, Problem> {
        let refused =
            |what: &String| Problem::new(ProblemKind::Io, PLACE, None, format!("needed to unfold it, but {what}"));
        self.folder.as_deref().map_err(refused)
    }

    /// A file that nobody else sees and that vanishes with its last reader.
    ///
    /// # Errors
    /// Where there is no room.
    pub fn file(&self) -> Result<File, Problem> {
        tempfile::tempfile_in(self.place()?).map_err(|e| self.full(&e))
    }

    /// Gives bytes a name on disk, for what can only open files: all of them in one folder, under the last part of
    /// their paths.
    ///
    /// # Errors
    /// Where there is no room.
    pub fn materialize(&self, files: &[(&Path, &ByteRange)]) -> Result<TempFiles, Problem> {
        let mut laid = self.empty(files.len())?;
        for (path, held) in files {
            let path = laid.folder.path().join(safe(path));
            self.write(&path, held)?;
            laid.paths.push(path);
        }
        Ok(laid)
    }

    /// As [`TempSpace::materialize`], with the folders that the paths name. What leads out of the folder that is made is
    /// left out.
    ///
    /// # Errors
    /// Where there is no room, and what keeps the bytes from being read.
    pub fn materialize_below(&self, files: &[(PathBuf, ByteRange)]) -> Result<TempFiles, Problem> {
        let mut laid = self.empty(files.len())?;
        for (below, held) in files {
            if !below.components().all(|part| matches!(part, Component::Normal(_))) {
                continue;
            }
            let path = laid.folder.path().join(below);
            // The same file by two names of one meaning is there already.
            if path.exists() {
                continue;
            }
            path.parent().map_or(Ok(()), std::fs::create_dir_all).map_err(|e| self.full(&e))?;
            self.write(&path, held)?;
            laid.paths.push(path);
        }
        Ok(laid)
    }

    fn empty(&self, count: usize) -> Result<TempFiles, Problem> {
        let folder = tempfile::Builder::new().prefix("countersign-").tempdir_in(self.place()?);
        Ok(TempFiles { paths: Vec::with_capacity(count), folder: folder.map_err(|e| self.full(&e))? })
    }

    fn write(&self, path: &Path, held: &ByteRange) -> Result<(), Problem> {
        let mut to = File::create_new(path).map_err(|e| self.full(&e))?;
        let room = usize::try_from(held.len()).unwrap_or(COPIED).clamp(1, COPIED);
        let (mut from, mut buffer) = (held.stream(), vec![0; room]);
        loop {
            let read = match from.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(read) => read,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(Problem::new(ProblemKind::Io, "file", None, e.to_string())),
            };
            to.write_all(buffer.get(..read).unwrap_or_default()).map_err(|e| self.full(&e))?;
        }
    }

    /// What it means that a temporary file cannot be written.
    #[must_use]
    pub fn full(&self, error: &io::Error) -> Problem {
        let place = self.folder.as_deref().unwrap_or(Path::new("")).display();
        Problem::new(ProblemKind::Io, PLACE, None, format!("cannot be written in {place}: {error}"))
    }
}

/// Whether a problem is one of the temporary space, and not of the bytes that were to be written there.
#[must_use]
pub fn is_of_space(problem: &Problem) -> bool {
    problem.place == PLACE
}

/// Files on disk until this is dropped.
#[derive(Debug)]
pub struct TempFiles {
    /// One path for each file that was given, in that order.
    pub paths: Vec<PathBuf>,
    folder: tempfile::TempDir,
}

impl TempFiles {
    /// The folder that holds them.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// The last part of a path as a name that every system takes.
fn safe(path: &Path) -> OsString {
    let name = path.file_name().and_then(|n| n.to_str()).unwrap_or("member");
    let fit = |c: char| !c.is_control() && !r#"<>:"/\|?*"#.contains(c);
    let mut name: String = name.chars().filter(|c| fit(*c)).collect();
    // The ending says what it is: of a long name it is kept.
    while name.len() > NAME {
        name.remove(0);
    }
    if name.is_empty() { "member".into() } else { name.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn laid_out_names_lead_nowhere() {
        for (path, name) in
            [("a/b.png", "b.png"), ("../..", "member"), ("a/..\\..\\x.png", "....x.png"), ("/", "member")]
        {
            assert_eq!(safe(Path::new(path)), name, "{path}");
        }
        assert!(safe(Path::new(&format!("{}.png", "x".repeat(999)))).to_str().unwrap().ends_with("xx.png"));
    }
}
