//! Whether a delivery has come to rest.
//!
//! Network drives send no events, so a delivery is looked at again and again: a digest over the path, size and time of
//! everything in it. It has settled once that stays the same for a configured time, or once it says itself that it is complete:
//! by a marker file, by an asset map whose packing lists name only files that are there in full (SMPTE ST 429-8, 429-9), or by an
//! ASC MHL whose newest generation does (ASC MHL 2.0).

use std::collections::HashMap;
use std::fs::Metadata;
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use data_encoding::HEXLOWER;
use quick_xml::Reader;
use quick_xml::events::Event;
use sha2::{Digest, Sha256};

/// Folders inside one another that are looked into.
const DEEPEST: usize = 64;
/// The longest manifest that is read here; a longer one only means that the delivery settles by time.
const MANIFEST: u64 = 64 << 20;

/// What a delivery looked like at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// Over paths, sizes and times, in hex.
    pub digest: String,
    /// Files.
    pub files: u64,
    /// Bytes.
    pub bytes: u64,
    /// Whether a manifest or marker says that all of it is there.
    pub complete: bool,
}

/// Looks at everything below a folder. Links are told apart, not followed.
///
/// # Errors
/// The first folder or file that cannot be looked at.
pub fn look(folder: &Path, marker: Option<&str>) -> io::Result<Snapshot> {
    let mut files: Vec<(PathBuf, Metadata)> = Vec::new();
    let mut folders = vec![(PathBuf::new(), 0)];
    while let Some((relative, depth)) = folders.pop() {
        for entry in std::fs::read_dir(folder.join(&relative))? {
            let entry = entry?;
            let path = relative.join(entry.file_name());
            let meta = entry.metadata()?;
            match meta.is_dir() && depth < DEEPEST {
                true => folders.push((path, depth + 1)),
                false => files.push((path, meta)),
            }
        }
    }
    files.sort_by(|a, b| a.0.cmp(&b.0));
    let mut hasher = Sha256::new();
    let mut bytes = 0;
    for (path, meta) in &files {
        let modified = meta.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        hasher.update(path.as_os_str().as_encoded_bytes());
        hasher.update([0]);
        hasher.update(meta.len().to_le_bytes());
        hasher.update(modified.map_or(0, |since| since.as_nanos()).to_le_bytes());
        bytes += meta.len();
    }
    let digest = HEXLOWER.encode(&hasher.finalize());
    let sizes: HashMap<PathBuf, u64> = files.iter().map(|(path, meta)| (path.clone(), meta.len())).collect();
    let complete = marker.is_some_and(|name| sizes.contains_key(Path::new(name))) || says_complete(folder, &sizes);
    Ok(Snapshot { digest, files: files.len() as u64, bytes, complete })
}

/// Whether the manifests in the delivery's own folder name files, and all of them are there with their sizes.
fn says_complete(folder: &Path, sizes: &HashMap<PathBuf, u64>) -> bool {
    let asset_map = ["ASSETMAP.xml", "ASSETMAP"].iter().find(|name| sizes.contains_key(Path::new(*name)));
    match asset_map {
        Some(name) => mapped(folder, name, sizes).unwrap_or_default(),
        None => listed(folder, sizes).unwrap_or_default(),
    }
}

/// An asset map: each packing list that it names is there, and each asset of those with the size that it states.
fn mapped(folder: &Path, name: &str, sizes: &HashMap<PathBuf, u64>) -> Option<bool> {
    let paths: HashMap<String, String> = elements(&read(folder, name, sizes)?, "Asset", &["Id", "Path"])?
        .into_iter()
        .filter_map(|mut row| Some((row.remove("Id")?, row.remove("Path")?)))
        .collect();
    let mut stated = 0;
    for path in paths.values() {
        let size = sizes.get(Path::new(path))?;
        if !path.to_ascii_lowercase().ends_with(".xml") || *size > MANIFEST {
            continue;
        }
        for mut row in elements(&read(folder, path, sizes)?, "Asset", &["Id", "Size"]).unwrap_or_default() {
            let (Some(id), Some(size)) = (row.remove("Id"), row.remove("Size")) else { continue };
            let Some(path) = paths.get(&id) else { continue };
            stated += 1;
            if sizes.get(Path::new(path)).copied() != size.parse().ok() {
                return Some(false);
            }
        }
    }
    Some(stated > 0)
}

/// The newest generation of an ASC MHL: each path that it names is there with its size.
fn listed(folder: &Path, sizes: &HashMap<PathBuf, u64>) -> Option<bool> {
    let generations =
        sizes.keys().filter(|path| path.starts_with("ascmhl") && path.extension().is_some_and(|e| e == "mhl"));
    let newest = generations.max()?.to_str()?;
    let rows = paths_with_sizes(&read(folder, newest, sizes)?)?;
    let there = |(path, size): &(String, u64)| sizes.get(Path::new(path)) == Some(size);
    Some(!rows.is_empty() && rows.iter().all(there))
}

fn read(folder: &Path, name: &str, sizes: &HashMap<PathBuf, u64>) -> Option<Vec<u8>> {
    sizes.get(Path::new(name)).filter(|size| **size <= MANIFEST)?;
    std::fs::read(folder.join(name)).ok()
}

/// For each `outer` element the first text of each of the `wanted` elements in it, names without prefixes.
fn elements(xml: &[u8], outer: &str, wanted: &[&str]) -> Option<Vec<HashMap<String, String>>> {
    let mut reader = Reader::from_reader(xml);
    let (mut rows, mut row, mut inside) = (Vec::new(), HashMap::new(), None::<String>);
    let mut depth = 0usize;
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) => {
                let name = String::from_utf8_lossy(start.local_name().as_ref()).into_owned();
                if depth > 0 {
                    depth += 1;
                    inside = wanted.contains(&name.as_str()).then_some(name);
                } else if name == outer {
                    depth = 1;
                    row = HashMap::new();
                }
            }
            Event::Text(text) => {
                if let Some(name) = &inside {
                    let text = text.decode().ok()?.trim().to_owned();
                    row.entry(name.clone()).or_insert(text);
                }
            }
            Event::End(_) => {
                inside = None;
                if depth == 1 {
                    rows.push(std::mem::take(&mut row));
                }
                depth = depth.saturating_sub(1);
            }
            Event::Eof => return Some(rows),
            _ => {}
        }
    }
}

/// `<path size="…">name</path>` elements.
fn paths_with_sizes(xml: &[u8]) -> Option<Vec<(String, u64)>> {
    let mut reader = Reader::from_reader(xml);
    let (mut rows, mut size) = (Vec::new(), None);
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) if start.local_name().as_ref() == b"path" => {
                let stated = start.try_get_attribute("size").ok()?;
                size = stated.and_then(|value| String::from_utf8_lossy(&value.value).parse().ok());
            }
            Event::Text(text) => {
                if let Some(size) = size.take() {
                    rows.push((text.decode().ok()?.trim().to_owned(), size));
                }
            }
            Event::End(_) => size = None,
            Event::Eof => return Some(rows),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_change_shows() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("reel")).unwrap();
        std::fs::write(folder.path().join("reel/a.mov"), "1234").unwrap();
        let first = look(folder.path(), None).unwrap();
        assert_eq!((first.files, first.bytes, first.complete), (1, 4, false));
        assert_eq!(look(folder.path(), None).unwrap(), first);
        std::fs::write(folder.path().join("reel/a.mov"), "12345").unwrap();
        let grown = look(folder.path(), None).unwrap();
        assert_ne!(grown.digest, first.digest);
        std::fs::rename(folder.path().join("reel/a.mov"), folder.path().join("reel/b.mov")).unwrap();
        assert_ne!(look(folder.path(), None).unwrap().digest, grown.digest);
    }

    #[test]
    fn a_delivery_may_say_that_it_is_complete() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write(
            "ASSETMAP.xml",
            "<AssetMap><AssetList><Asset><Id>urn:1</Id><PackingList/><ChunkList><Chunk><Path>pkl.xml</Path>\
            </Chunk></ChunkList></Asset><Asset><Id>urn:2</Id><ChunkList><Chunk><Path>v.mxf</Path></Chunk></ChunkList></Asset>\
            </AssetList></AssetMap>",
        );
        write(
            "pkl.xml",
            "<PackingList><AssetList><Asset><Id>urn:2</Id><Size>5</Size></Asset></AssetList></PackingList>",
        );
        assert!(!look(folder.path(), None).unwrap().complete, "the video is not there");
        write("v.mxf", "1234");
        assert!(!look(folder.path(), None).unwrap().complete, "the video is still being copied");
        write("v.mxf", "12345");
        assert!(look(folder.path(), None).unwrap().complete);
    }

    #[test]
    fn a_media_hash_list_may_say_that_it_is_complete() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("ascmhl")).unwrap();
        let list = r#"<hashlist><hashes><hash><path size="3">a.mov</path><md5>x</md5></hash></hashes></hashlist>"#;
        std::fs::write(folder.path().join("ascmhl/0001_a.mhl"), list).unwrap();
        std::fs::write(folder.path().join("a.mov"), "12").unwrap();
        assert!(!look(folder.path(), None).unwrap().complete);
        std::fs::write(folder.path().join("a.mov"), "123").unwrap();
        assert!(look(folder.path(), None).unwrap().complete);
        assert!(look(folder.path(), Some("DONE")).unwrap().complete);
        std::fs::write(folder.path().join("b.mov"), "").unwrap();
        std::fs::remove_file(folder.path().join("ascmhl/0001_a.mhl")).unwrap();
        assert!(!look(folder.path(), Some("DONE")).unwrap().complete);
        std::fs::write(folder.path().join("DONE"), "").unwrap();
        assert!(look(folder.path(), Some("DONE")).unwrap().complete);
    }
}
