//! The source files of the workspace as the tests of the architecture see them: whose they are, which paths they name, and
//! which files of their own crate those paths lead to.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::rust_code;

/// One source file of the command or of a crate, tests in it left out.
#[derive(Debug)]
pub(crate) struct SourceFile {
    /// From the repository's root, with `/`: `crates/media/src/formats/png.rs`.
    pub(crate) name: String,
    /// The folder of its crate: `crates/media`, or `.` for the command.
    pub(crate) package: String,
    /// Its module, from the root of its crate: `formats`, `png`.
    pub(crate) module: Vec<String>,
    /// The file as it stands.
    pub(crate) text: String,
    /// Without comments, text in quotes and what is compiled for tests only.
    pub(crate) code: String,
    /// Every path that the code names, in full; see [`rust_code::paths`].
    pub(crate) paths: Vec<String>,
}

impl SourceFile {
    /// The folder that it stands in.
    pub(crate) fn folder(&self) -> &str {
        self.name.rsplit_once('/').map_or("", |(folder, _)| folder)
    }
}

/// The repository's root.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The folders of the crates below `crates/`, by name.
pub(crate) fn crates() -> Vec<String> {
    let entries = fs::read_dir(root().join("crates")).unwrap().map(|entry| entry.unwrap().path());
    let named = |path: PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
    let mut out: Vec<_> = entries.filter(|path| path.is_dir()).map(named).collect();
    out.sort();
    out
}

/// Every source file of the command and the crates, in the order of their names; read once.
pub(crate) fn files() -> &'static [SourceFile] {
    static FILES: OnceLock<Vec<SourceFile>> = OnceLock::new();
    FILES.get_or_init(read_all)
}

fn read_all() -> Vec<SourceFile> {
    let mut out = Vec::new();
    collect(".", &root().join("src"), &mut out);
    for name in crates() {
        let package = format!("crates/{name}");
        collect(&package, &root().join(&package).join("src"), &mut out);
    }
    out.sort_by(|a, b| a.name.cmp(&b.name));
    assert!(out.len() > 300, "the source trees were not found");
    out
}

fn collect(package: &str, folder: &Path, out: &mut Vec<SourceFile>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            collect(package, &path, out);
        } else if path.extension().is_some_and(|e| e == "rs") {
            out.push(read(package, &path));
        }
    }
}

fn read(package: &str, path: &Path) -> SourceFile {
    let name = path.strip_prefix(root()).unwrap().to_str().unwrap().replace('\\', "/");
    let inside = name.split_once("src/").unwrap().1.trim_end_matches(".rs");
    let module: Vec<_> =
        inside.split('/').filter(|part| !["mod", "lib", "main"].contains(part)).map(str::to_owned).collect();
    let text = fs::read_to_string(path).unwrap();
    let code = rust_code::code(&text);
    let parts: Vec<_> = module.iter().map(String::as_str).collect();
    let paths = rust_code::paths(&code, &parts);
    SourceFile { name, package: package.to_owned(), module, text, code, paths }
}

/// Which file of the same crate names something of which other, by index. That a module lists those below it is left out:
/// a list of plug-ins names each of them, and each of them names what the list is of.
pub(crate) fn imports(files: &[SourceFile]) -> Vec<Vec<usize>> {
    let by_module: BTreeMap<(&str, String), usize> = files
        .iter()
        .enumerate()
        .filter(|(_, file)| !file.name.ends_with("src/main.rs"))
        .map(|(index, file)| ((file.package.as_str(), file.module.join("::")), index))
        .collect();
    let target = |file: &SourceFile, path: &str| -> Option<usize> {
        let own = file.module.join("::");
        let below = if own.is_empty() { path.to_owned() } else { format!("{own}::{path}") };
        // A path without `crate` may start at a module below the file's own.
        let path = path.strip_prefix("crate::").unwrap_or(&below);
        let known = |path: &str| by_module.get(&(file.package.as_str(), path.to_owned())).copied();
        let ends = path.match_indices("::").map(|(at, _)| at).chain([path.len()]);
        ends.filter_map(|end| known(&path[..end])).last()
    };
    files
        .iter()
        .enumerate()
        .map(|(index, file)| {
            let below = |to: &usize| files[*to].module.starts_with(&file.module);
            let mut to: Vec<_> = file
                .paths
                .iter()
                .filter_map(|path| target(file, path))
                .filter(|to| *to != index && !below(to))
                .collect();
            to.sort_unstable();
            to.dedup();
            to
        })
        .collect()
}

/// The circles of a graph: groups of nodes each of which leads to all others of its group.
pub(crate) fn circles(edges: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let reach: Vec<Vec<bool>> = (0..edges.len()).map(|from| reachable(edges, from)).collect();
    let mut out: Vec<Vec<usize>> = Vec::new();
    for (node, reached) in reach.iter().enumerate() {
        if out.iter().any(|group| group.contains(&node)) {
            continue;
        }
        let back = |other: &usize| reached[*other] && reach[*other][node];
        let group: Vec<_> = (node..edges.len()).filter(back).collect();
        if group.len() > 1 {
            out.push(group);
        }
    }
    out
}

fn reachable(edges: &[Vec<usize>], from: usize) -> Vec<bool> {
    let mut seen = vec![false; edges.len()];
    let mut open = vec![from];
    while let Some(node) = open.pop() {
        for next in &edges[node] {
            if !std::mem::replace(&mut seen[*next], true) {
                open.push(*next);
            }
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::circles;

    #[test]
    fn circles_are_found_however_long() {
        let edges = [vec![1], vec![2], vec![0, 3], vec![4], vec![]];
        assert_eq!(circles(&edges), [vec![0, 1, 2]]);
        assert_eq!(circles(&[vec![1], vec![2], vec![]]), Vec::<Vec<usize>>::new());
    }
}
