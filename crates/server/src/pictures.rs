//! Small pictures of assets for pages: images and frames reduced, sounds as a waveform; of members of archives, and of a
//! sequence its first frame. They are made when they are first asked for, and kept by the bytes that they are of.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use countersign_engine::preview::{self, Found};
use countersign_model::AssetReport;
use countersign_report::{Picture, first_frame};

use crate::store::{AssetRow, Delivery};
use crate::{Server, secret};

const JPEG: &str = "image/jpeg";
const SVG: &str = "image/svg+xml";

/// The picture of an asset, with its type. That there is none is kept, too.
pub(crate) fn of(server: &Server, delivery: &Delivery, row: &AssetRow) -> Option<(&'static str, Vec<u8>)> {
    let root = server.settings.roots.iter().find(|root| root.name == delivery.root)?;
    let folder = root.path.join(&delivery.name);
    let (path, key) = match row.sha256.as_deref() {
        Some(sha256) => (None, Some(sha256.to_owned())),
        None => {
            let path = serde_json::from_str::<AssetReport>(&row.json).map(|asset| first_frame(&asset)).ok();
            let key = path.as_ref().and_then(|path| seen(delivery, path, &preview::find(&folder, path)?));
            (path, key)
        }
    };
    let key = key.filter(|key| key.len() == 64 && key.bytes().all(|b| b.is_ascii_hexdigit()))?;
    let kept = server.settings.data.join("pictures").join(key);
    if let Some(read) = read(&kept) {
        return read;
    }
    let found = preview::find(&folder, path.as_deref().unwrap_or(&row.path))?;
    // The bytes may be others by now: then there is no picture of those that the report is about, and nothing is kept.
    let made = found.picture(row.sha256.as_deref()).ok()?;
    keep(&kept, made.map(drawn))
}

/// What an asset without a digest is known by: as it looks now.
fn seen(delivery: &Delivery, path: &str, found: &Found) -> Option<String> {
    let known = found.file.metadata().ok()?;
    let modified = known.modified().ok()?.duration_since(UNIX_EPOCH).ok()?.as_nanos();
    Some(secret::digest(&format!("{}\n{path}\n{}\n{modified}", delivery.id, known.len())))
}

/// What was made before; `Some(None)` where it is known that there is none.
#[expect(clippy::option_option, reason = "unknown, known to be none, known")]
fn read(kept: &Path) -> Option<Option<(&'static str, Vec<u8>)>> {
    let of = |ending: &str| std::fs::read(kept.with_extension(ending)).ok();
    match of("jpg") {
        Some(read) => Some(Some(read).filter(|read| !read.is_empty()).map(|read| (JPEG, read))),
        None => of("svg").map(|read| Some((SVG, read))),
    }
}

/// Keeps a picture, or that there is none. Where it cannot be kept it is made again.
fn keep(kept: &Path, made: Option<(&'static str, Vec<u8>)>) -> Option<(&'static str, Vec<u8>)> {
    let (ending, bytes) = match &made {
        Some((SVG, bytes)) => ("svg", bytes.as_slice()),
        Some((_, bytes)) => ("jpg", bytes.as_slice()),
        None => ("jpg", &[][..]),
    };
    let fresh: PathBuf = kept.with_extension(format!("{}.new", secret::random().ok()?));
    let written = std::fs::write(&fresh, bytes).and_then(|()| std::fs::rename(&fresh, kept.with_extension(ending)));
    if written.is_err() {
        let _ = std::fs::remove_file(&fresh);
    }
    made
}

/// As browsers show it. A waveform is drawn on a ground of its own, so that it is seen on light and on dark pages; a short one is
/// as wide as a long one.
fn drawn(picture: Picture) -> (&'static str, Vec<u8>) {
    match picture {
        Picture::Jpeg(bytes) => (JPEG, bytes),
        Picture::Waveform(peaks) => {
            let mut line = String::new();
            for (x, peak) in peaks.iter().enumerate() {
                let half = (u32::from(*peak) / 2).max(1);
                let _ = write!(line, "M{x}.5 {}V{}", 50_u32.saturating_sub(half), 50 + half);
            }
            let svg = format!(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} 100\" width=\"320\" height=\"160\" \
                 preserveAspectRatio=\"none\"><rect width=\"100%\" height=\"100%\" fill=\"#eef3f7\"/><path d=\"{line}\" \
                 stroke=\"#1f5f8b\" stroke-width=\".7\"/></svg>",
                peaks.len()
            );
            (SVG, svg.into_bytes())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_read_again_and_that_there_is_none_too() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        assert!(read(&path("a")).is_none());
        let wave = drawn(Picture::Waveform(vec![0, 50, 100]));
        assert!(String::from_utf8_lossy(&wave.1).contains("M0.5 49V51M1.5 25V75M2.5 0V100"));
        assert_eq!(keep(&path("a"), Some(wave.clone())), Some(wave.clone()));
        assert_eq!(read(&path("a")), Some(Some(wave)));
        keep(&path("b"), Some(drawn(Picture::Jpeg(vec![1, 2]))));
        keep(&path("c"), None);
        assert_eq!((read(&path("b")), read(&path("c"))), (Some(Some((JPEG, vec![1, 2]))), Some(None)));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 3, "nothing half written stays");
    }
}
