//! The names of folders above what is scanned that say what a file is for, so that its role does not depend on where
//! the scan starts.
//!
//! The scanned folder's own name counts: whoever scans `show/temp` scans temporary material. Names further up count as
//! far as the delivery's own root, which is known where the user names it, or where a folder above holds a package's
//! manifest: the outermost one that does. All others are names of somebody's disk: a delivery below `/tmp`, in a home called
//! `archive` or in a folder that a program made is no less final for that; where one of them looks archival or temporary,
//! this is told. A list of files has no folder of its own.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use countersign_delivery::packages::{self, Listing};
use countersign_io::paths::lossless;
use countersign_io::{Listings, Roots};
use countersign_judge::roles::{self, Patterns, looks};
use countersign_model::Role;

/// Folders above the scanned one that are looked at for a manifest.
const UP: usize = 8;
/// Names of one of them that are read.
const NAMES: usize = 4096;

/// Of each root the names from the delivery's own root down to it, `/` between them; `listed` says that the last root is
/// a list of files, `delivery` is the delivery's own root, where it is known.
#[must_use]
pub fn names(roots: &Roots, listed: bool, delivery: Option<&Path>) -> Vec<Arc<str>> {
    let own = roots.len() - usize::from(listed);
    let named = |(number, listings): (usize, &Arc<Listings>)| match (listings.tree().local_path(""), delivery) {
        (Some(path), Some(delivery)) if below(&path, delivery).is_some() => {
            below(&path, delivery).unwrap_or_default().into()
        }
        _ if number >= own => Arc::default(),
        (Some(path), _) => of(&path).into(),
        (None, _) => of_address(&listings.tree().name()).into(),
    };
    roots.iter().enumerate().map(named).collect()
}

/// The name that counts for a tree that is on no drive: its last part, as for a folder. A host or a bucket is nobody's
/// place for material of one kind.
fn of_address(name: &str) -> &str {
    let below = name.split_once("://").map_or("", |(_, rest)| rest.trim_end_matches('/'));
    below.split_once('/').and_then(|(_, path)| path.rsplit('/').next()).unwrap_or_default()
}

/// The names that count for a scan of this folder, or of this file, in the delivery whose own root is `delivery`; none where
/// it does not lie there.
#[must_use]
pub fn below(root: &Path, delivery: &Path) -> Option<String> {
    let (root, delivery) = (std::fs::canonicalize(root).ok()?, std::fs::canonicalize(delivery).ok()?);
    let folder = if root.is_dir() { root.as_path() } else { root.parent()? };
    let rest = lossless(folder.strip_prefix(&delivery).ok()?);
    let names = [of(&delivery), rest];
    Some(names.iter().filter(|name| !name.is_empty()).map(String::as_str).collect::<Vec<_>>().join("/"))
}

/// Of each root the nearest folder above it that looks archival or temporary and does not count.
#[must_use]
pub fn uncounted_of(roots: &Roots, patterns: &Patterns) -> Vec<Option<(String, Role)>> {
    roots.iter().map(|listings| uncounted(&listings.tree().local_path("")?, patterns)).collect()
}

/// The nearest folder above that looks archival or temporary by this policy or by its name, and does not count, since nothing
/// shows that it belongs to the delivery.
fn uncounted(root: &Path, patterns: &Patterns) -> Option<(String, Role)> {
    let real = std::fs::canonicalize(root).ok()?;
    let folder = if real.is_dir() { real.as_path() } else { real.parent()? };
    let above = || folder.ancestors().skip(1).take(UP).take_while(|above| !is_shared(above));
    if above().any(holds_manifest) {
        return None;
    }
    above().filter(|above| !above.parent().is_none_or(is_scratch)).find_map(|above| {
        let rel = format!("{}/x", lossless(Path::new(above.file_name()?)));
        let placed = roles::place(&rel, patterns, None, None);
        let role = if placed.1 == "default" { looks::like(&rel).map(|(_, role)| role) } else { Some(placed.0) };
        Some((lossless(above), role.filter(|role| *role != Role::Final)?))
    })
}

/// The names that count for a scan of this folder, or of this file: its folder's.
///
/// ```
/// let drive = tempfile::tempdir()?;
/// let shots = drive.path().join("show/temp/shots");
/// std::fs::create_dir_all(&shots)?;
/// assert_eq!(countersign_engine::scan::above::of(&shots), "shots");
/// // A manifest says where the delivery begins.
/// std::fs::write(drive.path().join("show/bagit.txt"), "")?;
/// assert_eq!(countersign_engine::scan::above::of(&shots), "show/temp/shots");
/// # Ok::<(), std::io::Error>(())
/// ```
#[must_use]
pub fn of(root: &Path) -> String {
    let Ok(real) = std::fs::canonicalize(root) else { return String::new() };
    let folder = match real.is_dir() {
        true => real.as_path(),
        false => real.parent().unwrap_or(Path::new("")),
    };
    let above = folder.ancestors().skip(1).take(UP).take_while(|above| !is_shared(above));
    let below = match above.filter(|above| holds_manifest(above)).last().and_then(Path::parent) {
        Some(outside) => folder.strip_prefix(outside).unwrap_or(Path::new("")).to_owned(),
        None if folder.parent().is_none_or(is_scratch) || is_shared(folder) => PathBuf::new(),
        None => folder.file_name().map(PathBuf::from).unwrap_or_default(),
    };
    lossless(&below)
}

/// Folders in which everybody's things lie: no delivery begins there, and their names say nothing.
fn is_shared(folder: &Path) -> bool {
    let home = std::env::home_dir().and_then(|home| std::fs::canonicalize(home).ok());
    let homes = [Path::new("/home"), Path::new("/Users"), Path::new("/root")];
    folder.parent().is_none()
        || is_scratch(folder)
        || home.as_deref() == Some(folder)
        || homes.iter().any(|homes| folder == *homes || folder.parent() == Some(homes))
}

/// Folders in which programs make folders of their own, under names that mean nothing.
fn is_scratch(folder: &Path) -> bool {
    let own = std::fs::canonicalize(std::env::temp_dir()).ok();
    own.as_deref() == Some(folder) || ["/tmp", "/var/tmp", "/private/tmp"].iter().any(|path| folder == Path::new(path))
}

fn holds_manifest(folder: &Path) -> bool {
    let Ok(entries) = std::fs::read_dir(folder) else { return false };
    let mut listing = Listing::default();
    for entry in entries.take(NAMES).flatten() {
        let Ok(name) = entry.file_name().into_string() else { continue };
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => listing.folders.push(name),
            Ok(_) => listing.files.push(name),
            Err(_) => {}
        }
    }
    listing.files.sort();
    listing.folders.sort();
    packages::ALL.iter().any(|kind| kind.detect(&listing))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_own_name_and_names_of_the_delivery_count() {
        let drive = tempfile::tempdir().unwrap();
        let place = |path: &str| {
            let folder = drive.path().join(path);
            std::fs::create_dir_all(&folder).unwrap();
            folder
        };
        assert_eq!(of(&place("archive/2026/show")), "show", "a folder above is somebody's disk");
        assert_eq!(of(&place("show/07_TEMP")), "07_TEMP");
        assert_eq!(of(drive.path()), "", "a program made this name");
        assert_eq!(of(&std::env::temp_dir()), "");
        std::fs::write(place("show/07_TEMP").join("a.png"), "").unwrap();
        assert_eq!(of(&drive.path().join("show/07_TEMP/a.png")), "07_TEMP", "a file is in its folder");
        place("show/ascmhl");
        assert_eq!(of(&place("show/07_TEMP/shots/a")), "show/07_TEMP/shots/a");
        assert_eq!(of(&place("show")), "show");
        place("show/07_TEMP/ascmhl");
        assert_eq!(of(&place("show/07_TEMP/shots/a")), "show/07_TEMP/shots/a", "the outermost delivery counts");
        assert_eq!(of(Path::new("/nowhere/at/all")), "");
    }

    #[test]
    fn a_named_root_says_which_names_count() {
        let drive = tempfile::tempdir().unwrap();
        let shots = drive.path().join("show/temp/shots/a");
        std::fs::create_dir_all(&shots).unwrap();
        std::fs::write(shots.join("a.png"), "").unwrap();
        let show = drive.path().join("show");
        assert_eq!(below(&shots, &show).unwrap(), "show/temp/shots/a");
        assert_eq!(below(&shots.join("a.png"), &show).unwrap(), "show/temp/shots/a");
        assert_eq!(below(&show, &show).unwrap(), of(&show));
        assert_eq!(below(&show, &shots), None);
        assert_eq!(below(&shots, &drive.path().join("nowhere")), None);
        // A program made the name of the drive's folder.
        assert_eq!(below(&shots, drive.path()).unwrap(), "show/temp/shots/a");
    }

    #[test]
    fn what_does_not_count_is_told_where_it_looks_like_something() {
        let drive = tempfile::tempdir().unwrap();
        let at = |path: &str| drive.path().join(path);
        for path in ["show/07_TEMP/shots/a", "archive/2026/show", "stock footage/x/y", "plain/x"] {
            std::fs::create_dir_all(at(path)).unwrap();
        }
        let patterns = countersign_judge::policy::Policy::builtin("netflix-genai").unwrap().roles;
        let told = |path: &str| {
            let (folder, role) = uncounted(&at(path), &patterns)?;
            Some((folder.rsplit('/').next().unwrap_or_default().to_owned(), role))
        };
        assert_eq!(told("show/07_TEMP/shots/a"), Some(("07_TEMP".to_owned(), Role::Temporary)));
        assert_eq!(told("archive/2026/show"), Some(("archive".to_owned(), Role::Archival)));
        assert_eq!(told("stock footage/x/y"), Some(("stock footage".to_owned(), Role::Archival)));
        assert_eq!(told("plain/x"), None);
        assert_eq!(told("show/07_TEMP"), None, "its own name counts");
        std::fs::create_dir_all(at("show/ascmhl")).unwrap();
        assert_eq!(told("show/07_TEMP/shots/a"), None, "its names count");
    }
}
