//! Shared by the packages: paths as manifests write them, checked before anything is done with them.

/// Bytes of a path that is taken seriously.
const LONGEST: usize = 4096;

/// The path as the walk would name it, if it stays inside the package: no absolute path, no `..`, no drive
/// letter, no home folder, no backslash, no control character. `./` and doubled slashes are dropped.
///
/// ```
/// use countersign_delivery::packages::inside;
///
/// assert_eq!(inside("./reel/one.mov").as_deref(), Ok("reel/one.mov"));
/// assert!(inside("../one.mov").is_err());
/// ```
///
/// # Errors
/// What is wrong with it, as words to follow the path.
pub fn inside(text: &str) -> Result<String, &'static str> {
    if text.is_empty() {
        return Err("the path is empty");
    }
    if text.len() > LONGEST {
        return Err("the path is too long");
    }
    if text.starts_with('/') {
        return Err("the path is absolute");
    }
    if text.starts_with('~') {
        return Err("the path starts at a home folder");
    }
    if text.contains('\\') {
        return Err("the path has a backslash");
    }
    if text.chars().any(char::is_control) {
        return Err("the path has a control character");
    }
    let drive = text.as_bytes().get(1) == Some(&b':') && text.as_bytes().first().is_some_and(u8::is_ascii_alphabetic);
    if drive {
        return Err("the path names a drive");
    }
    let parts: Vec<&str> = text.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    if parts.contains(&"..") {
        return Err("the path leads out of the package");
    }
    if parts.is_empty() {
        return Err("the path names no file");
    }
    Ok(parts.join("/"))
}

/// `path` below `folder`, where an empty folder is the root.
pub(crate) fn join(folder: &str, path: &str) -> String {
    match (folder, path) {
        ("", path) => path.to_owned(),
        (folder, "") => folder.to_owned(),
        (folder, path) => format!("{folder}/{path}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_inside() {
        for (text, path) in [("a.mxf", "a.mxf"), ("./a//b.mxf", "a/b.mxf"), ("a/..b", "a/..b"), ("ab:c", "ab:c")] {
            assert_eq!(inside(text).as_deref(), Ok(path), "{text}");
        }
        for text in
            ["", ".", "/etc/passwd", "../a", "a/../../b", "C:/a", "c:a", "\\\\host\\a", "a\\..\\b", "~/a", "a\0b"]
        {
            assert!(inside(text).is_err(), "{text}");
        }
        assert!(inside(&"a/".repeat(3000)).is_err());
    }
}
