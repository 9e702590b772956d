//! The manifests of every kind of package: the same bytes under each name that manifests have.
#![no_main]

use countersign_delivery::packages::{self, FileIndex, Folder, Listing, PackageFiles};
use countersign_io::source::Source;
use countersign_model::Problem;

/// Names in byte order, as listings have them.
const FILES: &[&str] = &[
    "ASSETMAP",
    "ASSETMAP.xml",
    "CPL.xml",
    "PKL.xml",
    "bagit.txt",
    "manifest-md5.txt",
    "tagmanifest-sha256.txt",
    "x.hash",
    "x.hashdeep",
    "x.md5",
    "x.mhl",
    "x.sfv",
];
const FOLDERS: &[&str] = &["ascmhl", "data"];
const GENERATIONS: &[&str] = &["0001_x.mhl", "ascmhl_chain.xml"];

struct Same<'a>(&'a [u8], &'a FileIndex);

impl PackageFiles for Same<'_> {
    fn source(&self, _: &str) -> Result<Source, Problem> {
        Ok(Source::memory(self.0.to_vec(), 0))
    }

    fn list(&self, path: &str) -> Result<Listing, Problem> {
        Ok(match path {
            "" => listing(FILES, FOLDERS),
            _ => listing(GENERATIONS, &[]),
        })
    }

    fn index(&self) -> Option<&FileIndex> {
        Some(self.1)
    }
}

fn listing(files: &[&str], folders: &[&str]) -> Listing {
    let owned = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect();
    Listing { files: owned(files), folders: owned(folders) }
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let mut index = FileIndex::default();
    for folder in ["", "a", "a/b", "data", "copy/a/b"] {
        index.add(folder, &listing(FILES, FOLDERS));
    }
    index.sort();
    let ground = Same(bytes, &index);
    let names = listing(FILES, FOLDERS);
    let folder = Folder::new("", &names, &ground);
    for kind in packages::ALL.iter().filter(|kind| kind.detect(&names)) {
        let _ = kind.open(&folder);
    }
});
