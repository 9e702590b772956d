//! A tree that answers as the one of the extraction did.

use std::io;
use std::sync::Arc;

use super::kind_of;
use super::read::Recorded;
use countersign_io::{Entry, Folder, Handle, Roots, Stat, Tree};

/// The kinds of errors that something decides by; all others are told in their own words.
const KINDS: &[(&str, io::ErrorKind)] = &[
    ("NotFound", io::ErrorKind::NotFound),
    ("PermissionDenied", io::ErrorKind::PermissionDenied),
    ("InvalidInput", io::ErrorKind::InvalidInput),
    ("InvalidData", io::ErrorKind::InvalidData),
    ("UnexpectedEof", io::ErrorKind::UnexpectedEof),
    ("TimedOut", io::ErrorKind::TimedOut),
    ("ResourceBusy", io::ErrorKind::ResourceBusy),
    ("Unsupported", io::ErrorKind::Unsupported),
];

fn error((kind, what): &(String, String)) -> io::Error {
    let known = KINDS.iter().find(|(name, _)| name == kind).map_or(io::ErrorKind::Other, |(_, kind)| *kind);
    io::Error::new(known, what.clone())
}

fn unknown(path: &str) -> io::Error {
    io::Error::other(format!("{path}: no row of the extraction tells of it: extract again"))
}

impl Recorded {
    /// The roots as trees.
    #[must_use]
    pub fn roots(self: &Arc<Self>) -> Roots {
        let tree = |(root, name): (usize, &String)| {
            Arc::new(Replayed { rows: Arc::clone(self), root, name: name.clone() }) as Arc<dyn Tree>
        };
        Roots::of(self.header.roots.iter().enumerate().map(tree))
    }
}

#[derive(Debug)]
struct Replayed {
    rows: Arc<Recorded>,
    root: usize,
    name: String,
}

impl Tree for Replayed {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn list(&self, folder: &str) -> io::Result<Folder> {
        match self.rows.list(self.root, folder)? {
            Some(Ok(names)) => Folder::of(names.into_iter().map(|(name, kind)| (name, kind_of(kind)))),
            Some(Err(why)) => Err(error(&why)),
            None => Err(unknown(folder)),
        }
    }

    fn stat(&self, path: &str) -> io::Result<Stat> {
        match self.rows.stat(self.root, path)? {
            Some(Ok(known)) => Ok(Stat::from(&known)),
            Some(Err(why)) => Err(error(&why)),
            None => Err(unknown(path)),
        }
    }

    fn open(&self, entry: &Entry) -> io::Result<Arc<dyn Handle>> {
        let place = (self.root, entry.path.clone());
        if let Some(why) = self.rows.few.closed.get(&place) {
            return Err(error(why));
        }
        Ok(Arc::new(ReplayedHandle { rows: Arc::clone(&self.rows), place, stat: entry.stat }))
    }

    fn resolve(&self, path: &str) -> io::Result<Option<String>> {
        match self.rows.few.resolved.get(&(self.root, path.to_owned())) {
            Some(Ok(target)) => Ok(target.clone()),
            Some(Err(why)) => Err(error(why)),
            None => Ok(Some(path.to_owned())),
        }
    }

    fn is_link(&self, path: &str) -> bool {
        self.rows.few.links.contains_key(&(self.root, path.to_owned()))
    }
}

/// A file of which some bytes were carried along.
#[derive(Debug)]
struct ReplayedHandle {
    rows: Arc<Recorded>,
    place: (usize, String),
    stat: Stat,
}

impl Handle for ReplayedHandle {
    fn read_at(&self, out: &mut [u8], offset: u64) -> io::Result<usize> {
        if out.is_empty() || offset >= self.stat.len {
            return Ok(0);
        }
        let stretches = self.rows.few.bytes.get(&self.place);
        let found = stretches.and_then(|stretches| stretches.range(..=offset).next_back());
        let Some((from, (at, len))) = found.filter(|(from, (_, len))| offset < *from + u64::from(*len)) else {
            return Err(unknown(&self.place.1));
        };
        let skipped = offset - from;
        let left = (u64::from(*len) - skipped).min(out.len() as u64);
        let bytes = self.rows.stored(at + skipped, u32::try_from(left).unwrap_or(u32::MAX))?;
        out.iter_mut().zip(&bytes).for_each(|(to, byte)| *to = *byte);
        Ok(bytes.len())
    }

    fn len(&self) -> u64 {
        self.stat.len
    }

    fn stat(&self) -> io::Result<Stat> {
        Ok(self.stat)
    }
}
