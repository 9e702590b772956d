//! Rows in object stores: where `extract --out s3://…` writes them, and `judge s3://…` takes them from.

use std::path::{Path, PathBuf};

use super::roots;
use countersign_io::{ByteRange, Entry, Kind, TempFiles, TempSpace, inside_roots};
use countersign_model::Problem;
use countersign_model::error::{Error, Result};
use countersign_objects::{Environment, Options};

/// Where a shard goes: a folder, or by way of a temporary one to a store.
pub(super) struct Target {
    out: PathBuf,
    temporary: Option<TempFiles>,
    options: Options,
}

impl Target {
    /// # Errors
    /// Where it lies in a root: rows would be files of the delivery. Where the folder cannot be made.
    pub(super) fn of(out: &Path, all: &[PathBuf], endpoint: Option<&str>) -> Result<Self> {
        let local = roots::local(all);
        let address = roots::is_address(out);
        let root = if address { roots::root_of_address(out, all).cloned() } else { inside_roots(out, &local) };
        if let Some(root) = root {
            let what = format!("rows are never written below a root, here {}", roots::name(&root));
            return Err(Error::Usage { what, hint: "name a folder elsewhere for --out".to_owned() });
        }
        let temporary = match address {
            true => Some(TempSpace::outside(&local).materialize(&[]).map_err(|problem| no_room(out, problem))?),
            false => None,
        };
        if !address {
            std::fs::create_dir_all(out).map_err(|e| refused(out, &e))?;
        }
        let options = Options {
            endpoint: endpoint.map(str::to_owned),
            environment: Environment::of_process(),
            ..Options::default()
        };
        Ok(Self { out: out.to_path_buf(), temporary, options })
    }

    /// The folder that the shard is written into.
    pub(super) fn folder(&self) -> &Path {
        self.temporary.as_ref().map_or(&self.out, TempFiles::folder)
    }

    /// Puts an empty object where the shard will be: what an earlier extraction said is of another time, and interrupted, this
    /// one must leave nothing to be judged. A folder was cleared already.
    ///
    /// # Errors
    /// What the store answers, before anything is read.
    pub(super) fn announce(&self, file: &Path) -> Result<()> {
        let (Some(files), Some(address)) = (&self.temporary, self.address()) else { return Ok(()) };
        let empty = files.folder().join("empty");
        let made = std::fs::write(&empty, b"");
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        made.and_then(|()| countersign_objects::put(address, &name, &empty, &self.options))
            .map_err(|e| self.refused(&e))?;
        Ok(())
    }

    /// Sends the whole shard where it belongs, and says where it is.
    ///
    /// # Errors
    /// What the store answers: there is no shard then.
    pub(super) fn deliver(&self, file: &Path) -> Result<String> {
        let (Some(address), Some(name)) = (self.address(), file.file_name()) else {
            return Ok(file.display().to_string());
        };
        countersign_objects::put(address, &name.to_string_lossy(), file, &self.options).map_err(|e| self.refused(&e))
    }

    fn address(&self) -> Option<&str> {
        self.out.to_str().filter(|_| self.temporary.is_some())
    }

    pub(super) fn refused(&self, error: &std::io::Error) -> Error {
        refused(&self.out, error)
    }
}

fn refused(out: &Path, error: &std::io::Error) -> Error {
    Error::File {
        path: out.to_path_buf(),
        what: format!("the rows cannot be written: {error}"),
        hint: "--out wants a folder with room, or the s3:// address of a folder, in which you may write".to_owned(),
    }
}

fn no_room(path: &Path, problem: Problem) -> Error {
    let hint = "TMPDIR names a folder with room for temporary files".to_owned();
    Error::File { path: path.to_path_buf(), what: problem.what, hint }
}

/// Folders of this machine with the shards, those of stores fetched.
pub(super) struct Fetched {
    pub(super) folders: Vec<PathBuf>,
    /// The temporary folders with the addresses whose shards they hold.
    fetched: Vec<(TempFiles, String)>,
}

impl Fetched {
    /// # Errors
    /// What keeps a store from being listed or read.
    pub(super) fn of(folders: &[PathBuf], endpoint: Option<&str>) -> Result<Self> {
        let space = TempSpace::outside(&roots::local(folders));
        let mut out = Self { folders: Vec::new(), fetched: Vec::new() };
        for folder in folders {
            if roots::is_address(folder) {
                let files = fetch(folder, endpoint, &space)?;
                out.folders.push(files.folder().to_path_buf());
                out.fetched.push((files, roots::name(folder)));
            } else {
                out.folders.push(folder.clone());
            }
        }
        Ok(out)
    }

    /// A message about fetched shards, which are called as they were typed.
    pub(super) fn told(&self, text: &str) -> String {
        let named = |text: String, (files, address): &(TempFiles, String)| {
            text.replace(&*files.folder().to_string_lossy(), address.trim_end_matches('/'))
        };
        self.fetched.iter().fold(text.to_owned(), named)
    }
}

fn fetch(folder: &Path, endpoint: Option<&str>, space: &TempSpace) -> Result<TempFiles> {
    let failed = |e: std::io::Error| Error::File {
        path: folder.to_path_buf(),
        what: e.to_string(),
        hint: "name folders or addresses that `countersign extract --out` filled".to_owned(),
    };
    let trees = roots::trees(&[folder.to_path_buf()], endpoint)?;
    let Some(listings) = trees.get(0) else { return Err(failed(std::io::ErrorKind::NotFound.into())) };
    let mut shards = Vec::new();
    for (name, kind) in listings.folder("").map_err(failed)?.iter() {
        if kind == Kind::File && name.starts_with("shard-") && name.ends_with(".ndjson.gz") {
            let stat = listings.tree().stat(name).map_err(failed)?;
            let handle = listings.tree().open(&Entry { path: name.to_owned(), stat }).map_err(failed)?;
            shards.push((PathBuf::from(name), ByteRange::of(handle)));
        }
    }
    let files: Vec<_> = shards.iter().map(|(name, bytes)| (name.as_path(), bytes)).collect();
    space.materialize(&files).map_err(|problem| no_room(folder, problem))
}
