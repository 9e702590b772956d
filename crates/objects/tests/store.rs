//! Object trees against a server that fails: what is listed and read is right, or it is an error.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../../../tests/suite/shared/object_store.rs"]
mod fake;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use countersign_io::{Entry, Handle, Kind, Tree};
use countersign_objects::{Environment, ObjectTree, Options, Retries, open};
use fake::{Fault, Server};

fn picture() -> Vec<u8> {
    (0..300_000u32).map(|n| (n * 7 % 251) as u8).collect()
}

fn server() -> Server {
    Server::new(&[
        ("show/a.png", picture()),
        ("show/b & ü +.png", vec![1, 2, 3]),
        ("show/reel/1.mov", vec![9; 10]),
        ("show/reel/2.mov", vec![8; 10]),
        ("show/c.txt", b"text".to_vec()),
        ("show/d.txt", b"text".to_vec()),
        ("show.txt", b"beside".to_vec()),
    ])
}

fn tree(server: &Server, address: &str) -> Arc<ObjectTree> {
    let keys = [("AWS_ACCESS_KEY_ID", "key"), ("AWS_SECRET_ACCESS_KEY", "secret")];
    let options = Options {
        endpoint: Some(server.address.clone()),
        environment: Environment::of(keys, None),
        retries: Retries { tries: 4, first_wait: Duration::from_millis(1), timeout: Duration::from_secs(5) },
    };
    open(address, &options).unwrap()
}

fn opened(tree: &ObjectTree, path: &str) -> io::Result<Arc<dyn Handle>> {
    let stat = tree.stat(path)?;
    tree.open(&Entry { path: path.to_owned(), stat })
}

fn whole(handle: &dyn Handle) -> io::Result<Vec<u8>> {
    let mut out = vec![0; handle.len() as usize];
    let mut done = 0;
    while done < out.len() {
        match handle.read_at(&mut out[done..], done as u64)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            got => done += got,
        }
    }
    Ok(out)
}

#[test]
fn folders_are_what_keys_have_in_common() {
    let server = server();
    let tree = tree(&server, "s3://bucket/show/");
    let names: Vec<_> = tree.list("").unwrap().iter().map(|(name, kind)| (name.to_owned(), kind)).collect();
    let expected = [("a.png", Kind::File), ("b & ü +.png", Kind::File), ("c.txt", Kind::File), ("d.txt", Kind::File)];
    let expected = expected.into_iter().chain([("reel", Kind::Folder)]);
    assert_eq!(names, expected.map(|(name, kind)| (name.to_owned(), kind)).collect::<Vec<_>>());
    assert_eq!(tree.list("reel").unwrap().len(), 2);
    assert_eq!(tree.name(), "s3://bucket/show");
    // Two pages and one: what a listing said is not asked for again.
    assert_eq!(tree.requests().requests, 3);
    assert_eq!(tree.stat("b & ü +.png").unwrap().len, 3);
    assert_eq!(tree.requests().requests, 3);
    assert_eq!(tree.stat("reel").unwrap().kind, Kind::Folder);
    assert_eq!(tree.stat("nothing").unwrap_err().kind(), io::ErrorKind::NotFound);
}

#[test]
fn a_picture_takes_few_requests_and_its_bytes_are_right() {
    let server = server();
    let tree = tree(&server, "s3://bucket/show");
    tree.list("").unwrap();
    let before = tree.requests();
    let handle = opened(&tree, "a.png").unwrap();
    assert_eq!(whole(&*handle).unwrap(), picture());
    let spent = tree.requests().requests - before.requests;
    assert!(spent <= 4, "{spent} requests for 300 kB");
    assert!(tree.stat("a.png").unwrap().still(&handle.stat().unwrap()));
    assert_eq!(tree.requests().requests - before.requests, spent, "the last answer said how it stands");
    // The second read near the first costs nothing.
    let handle = opened(&tree, "a.png").unwrap();
    let (mut bytes, before) = ([0; 16], tree.requests());
    for at in [0, 100, 65_000] {
        handle.read_at(&mut bytes, at).unwrap();
        assert_eq!(bytes[..], picture()[at as usize..at as usize + 16]);
    }
    let after = tree.requests();
    assert_eq!((after.requests - before.requests, after.bytes - before.bytes), (1, 65_536));
}

#[test]
fn folders_that_come_next_are_listed_together() {
    let names: Vec<_> =
        (0..40).flat_map(|n| [format!("show/{n:02} ü/a.png"), format!("show/{n:02} ü/sub/b.png")]).collect();
    let server = Server::new(&names.iter().map(|name| (name.as_str(), vec![1])).collect::<Vec<_>>());
    {
        let mut state = server.state.lock().unwrap();
        (state.page, state.delay) = (1_000, Duration::from_millis(50));
    }
    let tree = tree(&server, "s3://bucket/show");
    // In the order of a walk.
    let folders: Vec<_> = tree.list("").unwrap().iter().map(|(name, _)| name.to_owned()).collect();
    assert_eq!(folders.len(), 40);
    for folder in &folders {
        let names: Vec<_> = tree.list(folder).unwrap().iter().map(|(name, _)| name.to_owned()).collect();
        assert_eq!(names, ["a.png", "sub"], "{folder}");
        assert_eq!(tree.list(&format!("{folder}/sub")).unwrap().len(), 1);
        assert_eq!(tree.stat(&format!("{folder}/a.png")).unwrap().len, 1);
    }
    assert_eq!(tree.requests().requests, 81, "a listing for each folder and no more");
    assert!(server.state.lock().unwrap().waiting.1 > 8, "listings wait for each other");
    // One that fails ahead of time is asked for again.
    let again = self::tree(&server, "s3://bucket/show");
    again.list("").unwrap();
    server.state.lock().unwrap().listing_faults = vec![Fault::Busy; 12];
    assert!(folders.iter().all(|folder| again.list(folder).is_ok_and(|listed| listed.len() == 2)));
}

#[test]
fn one_object_is_a_tree_of_its_own() {
    let server = server();
    let tree = tree(&server, "s3://bucket/show/reel/1.mov");
    assert_eq!(tree.list("").unwrap().iter().collect::<Vec<_>>(), [("1.mov", Kind::File)]);
    assert_eq!(whole(&*opened(&tree, "1.mov").unwrap()).unwrap(), vec![9; 10]);
}

#[test]
fn what_is_not_there_is_no_empty_folder() {
    let server = server();
    let error = tree(&server, "s3://bucket/other").list("").unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
    assert!(error.to_string().contains("s3://bucket/other"), "{error}");
}

#[test]
fn a_key_that_can_be_no_path_is_told() {
    for key in ["show//x.png", "show/./x.png", "show/../x.png"] {
        let server = Server::new(&[(key, vec![1])]);
        let error = tree(&server, "s3://bucket/show").list("").unwrap_err();
        assert!(error.to_string().contains("rename the object"), "{error}");
    }
    let marker = Server::new(&[("show/", vec![]), ("show/x.png", vec![1])]);
    assert_eq!(tree(&marker, "s3://bucket/show").list("").unwrap().len(), 1);
    let hidden = Server::new(&[("show/", vec![1]), ("show/x.png", vec![1])]);
    tree(&hidden, "s3://bucket/show").list("").unwrap_err();
}

#[test]
fn what_a_store_refuses_for_the_moment_is_asked_for_again() {
    let server = server();
    for faults in [[Fault::Busy; 3], [Fault::Cut; 3], [Fault::Closed, Fault::Busy, Fault::Cut]] {
        let tree = tree(&server, "s3://bucket/show");
        tree.list("").unwrap();
        server.fail(&faults);
        assert_eq!(whole(&*opened(&tree, "a.png").unwrap()).unwrap(), picture(), "{faults:?}");
    }
}

#[test]
fn a_body_that_stalls_is_asked_for_again() {
    let server = server();
    let options = Options {
        endpoint: Some(server.address.clone()),
        retries: Retries { tries: 3, first_wait: Duration::from_millis(1), timeout: Duration::from_millis(400) },
        ..Options::default()
    };
    let stalled = Fault::Stalled(Duration::from_secs(4));
    let tree = open("s3://bucket/show", &options).unwrap();
    tree.list("").unwrap();
    server.fail(&[stalled]);
    assert_eq!(whole(&*opened(&tree, "a.png").unwrap()).unwrap(), picture());
    assert!(server.state.lock().unwrap().faults.is_empty());
    // One that stalls for good is told, and does not hold the run.
    server.fail(&[stalled; 3]);
    let error = whole(&*opened(&tree, "d.txt").unwrap()).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut, "{error}");
    assert!(error.to_string().contains("(tried 3 times)"), "{error}");
}

#[test]
fn a_listing_that_breaks_off_is_asked_for_again() {
    let server = server();
    for faults in [[Fault::Busy; 2], [Fault::Cut; 2], [Fault::Closed, Fault::Cut]] {
        let tree = tree(&server, "s3://bucket/show");
        server.state.lock().unwrap().listing_faults = faults.to_vec();
        assert_eq!(tree.list("").unwrap().len(), 5, "{faults:?}");
        assert!(server.state.lock().unwrap().listing_faults.is_empty());
    }
    server.state.lock().unwrap().listing_faults = vec![Fault::Cut; 4];
    tree(&server, "s3://bucket/show").list("").unwrap_err();
}

#[test]
fn what_a_store_refuses_for_good_is_told() {
    let server = server();
    let tree = tree(&server, "s3://bucket/show");
    tree.list("").unwrap();
    server.fail(&[Fault::Busy; 4]);
    let error = whole(&*opened(&tree, "a.png").unwrap()).unwrap_err();
    assert!(error.to_string().contains("503 SlowDown (tried 4 times)"), "{error}");
    // Another pass does not find it well again: the first one has missed what it holds.
    let again = whole(&*opened(&tree, "a.png").unwrap()).unwrap_err();
    assert_eq!(again.to_string(), error.to_string());
    server.fail(&[Fault::Refused("ExpiredToken")]);
    let error = whole(&*opened(&tree, "c.txt").unwrap()).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::PermissionDenied, "{error}");
    assert!(error.to_string().contains("ExpiredToken"), "{error}");
}

#[test]
fn bytes_of_two_versions_never_mix() {
    let server = server();
    let tree = tree(&server, "s3://bucket/show");
    tree.list("").unwrap();
    let handle = opened(&tree, "a.png").unwrap();
    handle.read_at(&mut [0; 16], 0).unwrap();
    server.fail(&[Fault::Exchanged]);
    let error = handle.read_at(&mut [0; 16], 200_000).unwrap_err();
    assert!(error.to_string().contains("exchanged"), "{error}");
    // Exchanged between the listing and the first read.
    let handle = opened(&tree, "a.png").unwrap();
    assert!(handle.read_at(&mut [0; 16], 0).unwrap_err().to_string().contains("exchanged"));
}

#[test]
fn a_web_folder_without_a_list_is_an_error() {
    let server = server();
    let options = Options::default();
    let tree = open(&format!("{}/bucket/show/", server.address), &options).unwrap();
    tree.list("").unwrap_err();
    let tree = open(&format!("{}/bucket/show/b%20%26%20%C3%BC%20%2B.png", server.address), &options).unwrap();
    assert_eq!(tree.list("").unwrap().iter().collect::<Vec<_>>(), [("b & ü +.png", Kind::File)]);
    assert_eq!(whole(&*opened(&tree, "b & ü +.png").unwrap()).unwrap(), [1, 2, 3]);
}
