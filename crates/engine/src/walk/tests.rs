//! What is walked, in which order, and where links lead.

use super::*;
use std::os::unix::fs::symlink;

fn walk(root: &Path) -> (Vec<Asset>, u64) {
    let mut walk = Walk::new(&[root.to_path_buf()], GlobSet::empty());
    let assets = walk.by_ref().flatten().collect();
    let passed = walk.passed_over();
    (assets, passed.system + passed.excluded)
}

fn rels(assets: &[Asset]) -> Vec<&str> {
    assets.iter().map(|a| a.rel.as_str()).collect()
}

#[test]
fn files_come_before_folders_in_byte_order() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["b.txt", "a/z.png", "a/b/c.png", "c.txt", "B.txt"] {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, b"x").unwrap();
    }
    let (assets, _) = walk(dir.path());
    assert_eq!(rels(&assets), ["B.txt", "b.txt", "c.txt", "a/z.png", "a/b/c.png"]);
}

#[test]
fn system_files_are_counted_and_passed_over() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join(".Trashes")).unwrap();
    for name in [".DS_Store", ".Trashes/old.png", "Thumbs.db", "a.png"] {
        std::fs::write(dir.path().join(name), b"x").unwrap();
    }
    let (assets, ignored) = walk(dir.path());
    assert_eq!((rels(&assets), ignored), (vec!["a.png"], 3));
}

#[test]
fn links_stay_inside_the_root_and_loops_end() {
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("secret.png"), b"x").unwrap();
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    std::fs::create_dir(root.join("a")).unwrap();
    std::fs::write(root.join("a/real.png"), b"x").unwrap();
    symlink(root.join("a"), root.join("a/loop")).unwrap();
    symlink(root.join("a/real.png"), root.join("inside.png")).unwrap();
    symlink(outside.path().join("secret.png"), root.join("out.png")).unwrap();
    symlink(outside.path(), root.join("outdir")).unwrap();
    symlink("nowhere", root.join("broken.png")).unwrap();
    let (assets, _) = walk(root);
    let blocked: Vec<_> = assets.iter().filter(|a| a.obstacle.is_some()).map(|a| a.rel.as_str()).collect();
    assert_eq!(rels(&assets), ["broken.png", "inside.png", "out.png", "a/real.png", "a/loop/real.png", "outdir"]);
    assert_eq!(blocked, ["broken.png", "out.png", "outdir"]);
}

#[test]
fn listed_paths_are_followed_as_they_are_written() {
    let (outside, dir) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for path in [outside.path().join("x.png"), dir.path().join("in.png"), dir.path().join("in.xmp")] {
        std::fs::write(path, b"x").unwrap();
    }
    symlink(outside.path(), dir.path().join("far")).unwrap();
    symlink(outside.path().join("x.png"), dir.path().join("out.png")).unwrap();
    let listed = ["far/x.png", "out.png", "./in.png", "gone.png"].map(PathBuf::from);
    let walk = Walk::new(&[dir.path().to_path_buf()], GlobSet::empty()).listing(Some(&listed));
    let assets: Vec<_> = walk.flatten().collect();
    assert_eq!(rels(&assets), ["far/x.png", "out.png", "in.png", "gone.png"]);
    let blocked: Vec<_> = assets.iter().map(|a| a.obstacle.is_some()).collect();
    assert_eq!(blocked, [false, true, false, true]);
    assert_eq!(assets[2].sidecars, [dir.path().join("in.xmp")]);
}

#[test]
fn each_link_to_a_folder_is_followed_under_its_own_name() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    for path in ["a/temp", "final", "work"] {
        std::fs::create_dir_all(root.join(path)).unwrap();
    }
    std::fs::write(root.join("work/f.png"), b"x").unwrap();
    symlink(root.join("work"), root.join("a/temp/ref")).unwrap();
    symlink(root.join("work"), root.join("final/stills")).unwrap();
    let (assets, passed) = walk(root);
    assert_eq!((rels(&assets), passed), (vec!["a/temp/ref/f.png", "final/stills/f.png", "work/f.png"], 0));
}

#[test]
fn a_link_to_a_folder_around_it_shows_that_folder_once_more() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    std::fs::create_dir_all(root.join("final")).unwrap();
    std::fs::create_dir_all(root.join("temp")).unwrap();
    std::fs::write(root.join("temp/f.png"), b"x").unwrap();
    symlink(root, root.join("final/all")).unwrap();
    let (assets, _) = walk(root);
    assert_eq!(rels(&assets), ["final/all/temp/f.png", "temp/f.png"]);
}

#[test]
fn links_that_multiply_a_tree_end_and_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    // Each folder leads twice into the next: 2^16 ways to the file.
    for n in 0..16 {
        std::fs::create_dir(root.join(format!("f{n:02}"))).unwrap();
    }
    for n in 0..15 {
        for link in ["x", "y"] {
            symlink(root.join(format!("f{:02}", n + 1)), root.join(format!("f{n:02}/{link}"))).unwrap();
        }
    }
    std::fs::write(root.join("f15/f.png"), b"x").unwrap();
    let (assets, _) = walk(root);
    assert!(assets.len() < 4 * limits::LINKED_FOLDERS, "{}", assets.len());
    let told = |a: &&Asset| a.obstacle.as_ref().is_some_and(|p| p.kind == ProblemKind::Limit && p.blocking);
    assert!(assets.iter().any(|a| told(&a)));
}

#[test]
fn what_a_manifest_names_below_a_system_name_is_walked() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(dir.path().join("reel/.Trashes/deep")).unwrap();
    for name in ["reel/.Trashes/insert.mxf", "reel/.Trashes/other.mxf", "reel/.Trashes/deep/x.mxf", "reel/Thumbs.db"] {
        std::fs::write(dir.path().join(name), b"x").unwrap();
    }
    let list = "<hashlist version='1.1'><hash><file>.Trashes/insert.mxf</file><size>1</size>\
                <md5>9dd4e461268c8034f5c8564e155c67a6</md5></hash></hashlist>";
    std::fs::write(dir.path().join("reel/x.mhl"), list).unwrap();
    let roots = Roots::local(&[dir.path().to_path_buf()]);
    let packages = crate::survey::deliveries(&roots, &GlobSet::empty(), &std::sync::atomic::AtomicBool::new(false));
    let mut walk = Walk::over(&roots, GlobSet::empty()).naming(Named::of(&packages));
    let assets: Vec<_> = walk.by_ref().flatten().collect();
    assert_eq!(rels(&assets), ["reel/x.mhl", "reel/.Trashes/insert.mxf"]);
    let passed: Vec<_> = walk.passed_over().paths.iter().map(|p| p.path.as_str()).collect();
    assert_eq!(passed, ["reel/Thumbs.db", "reel/.Trashes/deep", "reel/.Trashes/other.mxf"]);
}

#[test]
fn pipes_are_named_and_never_opened() {
    let dir = tempfile::tempdir().unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(dir.path().join("s.png")).unwrap();
    let (assets, _) = walk(dir.path());
    assert_eq!(assets[0].obstacle.as_ref().unwrap().kind, ProblemKind::Unsupported);
}

#[test]
fn sidecars_are_found_beside_their_asset() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["clip.mxf", "clip.mxf.c2pa", "clip.xmp", "other.txt"] {
        std::fs::write(dir.path().join(name), b"x").unwrap();
    }
    let (assets, _) = walk(dir.path());
    let clip = assets.iter().find(|a| a.rel == "clip.mxf").unwrap();
    let names: Vec<_> = clip.sidecars.iter().map(|p| p.file_name().unwrap().to_str().unwrap()).collect();
    assert_eq!(names, ["clip.xmp", "clip.mxf.c2pa"]);
    assert!(assets.iter().filter(|a| a.rel != "clip.mxf").all(|a| a.sidecars.is_empty()));
}

#[test]
fn a_single_file_is_a_root_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("still.png");
    std::fs::write(&path, b"x").unwrap();
    let (assets, _) = walk(&path);
    assert_eq!((assets[0].rel.as_str(), &assets[0].path), ("still.png", &path));
}

#[test]
fn a_folder_is_handed_out_in_parts_and_sidecars_are_found_across_them() {
    let (outside, dir) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let root = dir.path();
    std::fs::create_dir(root.join("sub")).unwrap();
    for name in ["a.CR2", "a.jpg", "a.xmp", "b.jpg", "c.jpg", "c.jpg.txt", "d.jpg", "sub/e.jpg"] {
        std::fs::write(root.join(name), b"x").unwrap();
    }
    std::fs::write(outside.path().join("secret.xmp"), b"x").unwrap();
    // What can be no sidecar: a link out of the root, one that leads nowhere, a socket.
    symlink(outside.path().join("secret.xmp"), root.join("b.xmp")).unwrap();
    symlink("nowhere", root.join("c.xmp")).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(root.join("d.xmp")).unwrap();
    let whole: Vec<_> = Walk::new(&[root.to_path_buf()], GlobSet::empty()).flatten().collect();
    let sidecars: Vec<_> = whole.iter().filter(|asset| !asset.sidecars.is_empty()).collect();
    assert_eq!(sidecars.iter().map(|asset| asset.rel.as_str()).collect::<Vec<_>>(), ["a.CR2", "a.jpg", "c.jpg"]);
    assert_eq!(sidecars[1].sidecars, [root.join("a.xmp")]);
    assert_eq!(sidecars[1].raw_sibling.as_deref(), Some("a.CR2"));
    assert_eq!(sidecars[2].sidecars, [root.join("c.jpg.txt")]);
    for batch in [1, 2, 3, 100] {
        let walk = Walk { batch, ..Walk::new(&[root.to_path_buf()], GlobSet::empty()) };
        let parts: Vec<Vec<Asset>> = walk.collect();
        assert!(parts.iter().all(|part| part.len() <= batch), "{batch}");
        assert_eq!(parts.concat(), whole, "{batch}");
    }
}

#[test]
fn few_assets_of_a_folder_wait_to_be_handed_out() {
    let dir = tempfile::tempdir().unwrap();
    (0..50).for_each(|n| std::fs::write(dir.path().join(format!("{n:02}.png")), b"x").unwrap());
    let mut walk = Walk { batch: 8, ..Walk::new(&[dir.path().to_path_buf()], GlobSet::empty()) };
    let mut handed_out = 0;
    while let Some(batch) = walk.next() {
        handed_out += batch.len();
        assert!(walk.ready.len() <= 8, "{} assets are made that nobody asked for", walk.ready.len());
    }
    assert_eq!(handed_out, 50);
}
