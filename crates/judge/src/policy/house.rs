//! Policy files that build on other files: a show's policy on its house's. A path is relative to the file that names it.

use std::path::{Path, PathBuf};

use super::{Policy, check};
use countersign_model::error::{Error, Result};

/// Files that may build on one another.
const DEEPEST: usize = 8;
/// The longest policy that is read.
const LONGEST: u64 = 4 * 1024 * 1024;

/// Refuses a file that a text extends which stands in none: its path would be relative to nothing.
pub(super) fn without_file(_: &Path, failed: &dyn Fn(String, String) -> Error) -> Result<Policy> {
    let hint = "write the policy into a file: the path is relative to it".to_owned();
    Err(failed("only a policy in a file can extend another file".to_owned(), hint))
}

/// The files that lead to the one that is read.
#[derive(Clone, Copy, Debug)]
struct Chain<'a> {
    file: &'a Path,
    before: Option<&'a Chain<'a>>,
}

impl Chain<'_> {
    /// The policy in the file that `name` names, seen from the last file of the chain; `failed` points at the name.
    fn load(&self, name: &Path, failed: &dyn Fn(String, String) -> Error) -> Result<Policy> {
        let path = self.file.parent().unwrap_or(Path::new("")).join(name);
        if self.length() >= DEEPEST {
            let hint = "put what several of them say into one".to_owned();
            return Err(failed(format!("more than {DEEPEST} files build on one another"), hint));
        }
        if self.holds(&path) {
            let hint = "a policy builds on another one, and in the end on a built-in one or on \"none\"".to_owned();
            return Err(failed(format!("`{}` builds on itself", path.display()), hint));
        }
        if let Err(e) = readable(&path) {
            let hint = "the path is relative to the file that names it".to_owned();
            return Err(failed(format!("cannot read `{}`: {e}", name.display()), hint));
        }
        read(&path, Some(self))
    }

    fn length(&self) -> usize {
        1 + self.before.map_or(0, Chain::length)
    }

    fn holds(&self, path: &Path) -> bool {
        let same = match (std::fs::canonicalize(self.file), std::fs::canonicalize(path)) {
            (Ok(one), Ok(other)) => one == other,
            _ => self.file == path,
        };
        same || self.before.is_some_and(|before| before.holds(path))
    }
}

/// The policy in the file at `path`, with all that it builds on.
pub(super) fn load(path: &Path) -> Result<Policy> {
    let mut policy = read(path, None)?;
    policy.path = Some(path.to_owned());
    policy.extended.remove(0);
    Ok(policy)
}

/// The text of a policy file.
pub(super) fn text(path: &Path) -> Result<String> {
    readable(path).and_then(|()| std::fs::read_to_string(path)).map_err(|e| Error::File {
        path: path.to_owned(),
        what: format!("cannot read the policy: {e}"),
        hint: "built-in policies are netflix-genai, archival and observe; `countersign policy init` writes one"
            .to_owned(),
    })
}

fn readable(path: &Path) -> std::io::Result<()> {
    countersign_io::regular(path)?;
    match std::fs::metadata(path)?.len() {
        0..=LONGEST => Ok(()),
        _ => Err(std::io::Error::other(format!("it is longer than {LONGEST} bytes"))),
    }
}

/// The policy in one file; its own name is the first of those that are extended.
fn read(path: &Path, before: Option<&Chain<'_>>) -> Result<Policy> {
    let text = text(path)?;
    let chain = Chain { file: path, before };
    let mut policy = check::policy(&text, &path.to_string_lossy(), &|name, failed| chain.load(name, failed))?;
    // Lists and marks stand beside the file that names them, wherever the command was started.
    let base = path.parent().unwrap_or(Path::new(""));
    let beside = |files: &mut Vec<PathBuf>, inherited: usize| {
        files.iter_mut().skip(inherited).for_each(|file| *file = base.join(&file));
    };
    let (lists, marks) = (policy.inherited.lists, policy.inherited.marks);
    beside(&mut policy.trust.lists, lists);
    beside(&mut policy.marks, marks);
    policy.inherited = super::Inherited { lists: policy.trust.lists.len(), marks: policy.marks.len() };
    policy.extended.insert(0, path.to_owned());
    Ok(policy)
}
