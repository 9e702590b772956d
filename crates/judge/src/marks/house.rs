//! A house's own marks: files of the catalogue's form (`--marks FILE`, `marks` of a policy), checked when they are read.
//!
//! Every mark must answer its hits and none of its misses, and no id or table of the built-in catalogue may be taken. What
//! is wrong is said with file, line and reason.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::built_in;
use super::catalogue::{Catalogue, Wrong};
use super::mark::Mark;
use countersign_model::error::{Error, Result};
use countersign_model::{Facts, MarksFile, Tag};

/// The longest file that is read.
const LONGEST: u64 = 4 * 1024 * 1024;

/// A file of marks as it was read.
struct MarksText {
    path: String,
    text: String,
}

/// The built-in catalogue with the marks of these files.
///
/// # Errors
/// A file that cannot be read, and the first thing that is wrong in one, with its line.
pub fn with_files(files: &[PathBuf]) -> Result<Arc<Catalogue>> {
    if files.is_empty() {
        return Ok(built_in());
    }
    let texts = files.iter().map(|path| read(path)).collect::<Result<Vec<_>>>()?;
    let named: Vec<(&str, &str)> = texts.iter().map(|file| (file.path.as_str(), file.text.as_str())).collect();
    let mut whole = Catalogue::with_built_in(&named).map_err(|wrong| pointed(&texts, &wrong))?;
    for file in &texts {
        let own: Vec<&Mark> = whole.marks().filter(|mark| mark.file.as_deref() == Some(file.path.as_str())).collect();
        for mark in &own {
            if let Some(what) = unproven(&whole, mark) {
                let wrong = Wrong { file: file.path.clone(), mark: Some(mark.id.clone()), at: None, what };
                return Err(pointed(&texts, &wrong));
            }
        }
        let (marks, sha256) = (own.len(), data_encoding::HEXLOWER.encode(&Sha256::digest(file.text.as_bytes())));
        whole.files.push(MarksFile { path: file.path.clone(), marks, sha256 });
    }
    Ok(Arc::new(whole))
}

fn read(path: &Path) -> Result<MarksText> {
    let failed = |what: String| Error::File {
        path: path.to_path_buf(),
        what: format!("cannot read the marks: {what}"),
        hint: "--marks wants a TOML file in the form of the catalogue: see docs/marks-of-your-own.md".to_owned(),
    };
    let file = std::fs::File::open(path).map_err(|e| failed(e.to_string()))?;
    let mut text = String::new();
    file.take(LONGEST + 1).read_to_string(&mut text).map_err(|e| failed(e.to_string()))?;
    if text.len() as u64 > LONGEST {
        return Err(failed(format!("it is longer than {LONGEST} bytes")));
    }
    Ok(MarksText { path: path.to_string_lossy().into_owned(), text })
}

/// The error with the line that it is about.
fn pointed(texts: &[MarksText], wrong: &Wrong) -> Error {
    let text = texts.iter().find(|file| file.path == wrong.file).map(|file| file.text.clone()).unwrap_or_default();
    let of_mark =
        wrong.mark.as_ref().and_then(|id| text.find(&format!("\"{id}\"")).or_else(|| text.find(&format!("'{id}'"))));
    let at = wrong.at.or(of_mark).unwrap_or_default().min(text.len());
    let line = text.get(..at).map_or(0, |before| before.matches('\n').count()) + 1;
    let end = text.get(at..).and_then(|rest| rest.find('\n')).map_or(text.len(), |end| at + end);
    let mark = wrong.mark.as_ref().map(|id| format!("{id}: ")).unwrap_or_default();
    Error::Policy {
        path: wrong.file.clone(),
        text,
        span: Some((at, end.saturating_sub(at).max(1))),
        what: format!("line {line}: {mark}{}", wrong.what),
        hint: "the form of marks and an example: docs/marks-of-your-own.md; `countersign marks MARK` shows the built-in ones"
            .to_owned(),
    }
}

/// The first example that the catalogue does not answer as its mark says.
fn unproven(catalogue: &Catalogue, mark: &Mark) -> Option<String> {
    let evidence = |tags: &[(String, String, String)]| {
        let tag = |(space, key, value): &(String, String, String)| Tag {
            space: space.as_str().into(),
            key: key.as_str().into(),
            value: value.clone().into(),
            ..Tag::default()
        };
        catalogue.evidence(&Facts { tags: tags.iter().map(tag).collect(), ..Facts::default() })
    };
    let wanting = mark.examples().hits.iter().position(|hit| {
        let fits = |e: &countersign_model::Evidence| {
            e.mark == mark.id
                && e.claim == hit.claim
                && hit.strength.is_none_or(|strength| strength == e.strength)
                && hit.system.as_ref().is_none_or(|system| Some(system) == e.system.as_ref())
        };
        !evidence(&hit.tags).iter().any(fits)
    });
    if let Some(at) = wanting {
        return Some(format!("hit {} gives no such evidence", at + 1));
    }
    let answered = mark
        .examples()
        .misses
        .iter()
        .position(|miss| evidence(&miss.tags).iter().any(|e| miss.trap || e.mark == mark.id));
    answered.map(|at| format!("miss {} gives evidence", at + 1))
}

#[cfg(test)]
mod tests {
    use super::super::catalogue::catalogue;
    use super::*;

    const GOOD: &str = r#"
[[mark]]
id = "house.pipeline"
name = "Pipeline of the house"
system = "Dreamhouse"
lives = "PNG text `dh:job`"
claim = "generated"
strength = "declared"
guard = "Other jobs."
source = "Our own pipeline"
hits = [{ claim = "generated", tags = [["png", "dh:job", "gen-17"]] }]
misses = [{ trap = true, tags = [["png", "dh:job", "comp-17"]] }]
[[mark.test]]
in = ["png:dh:job"]
pattern = '^gen-\d+$'
"#;

    fn with(text: &str) -> Result<Arc<Catalogue>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("house.toml");
        std::fs::write(&path, text).unwrap();
        with_files(&[path])
    }

    #[test]
    fn a_house_has_marks_of_its_own() {
        let whole = with(GOOD).unwrap();
        let tag = Tag { space: "png".into(), key: "dh:job".into(), value: "gen-4".into(), ..Tag::default() };
        let facts = Facts { tags: vec![tag], ..Facts::default() };
        let found = whole.evidence(&facts);
        assert_eq!((found.len(), found[0].mark.as_str()), (1, "house.pipeline"));
        assert!(catalogue().evidence(&facts).is_empty());
        let reference = whole.reference();
        assert_eq!((reference.marks, reference.files.len()), (catalogue().marks().count() + 1, 1));
        assert_eq!((reference.files[0].marks, reference.files[0].sha256.len()), (1, 64));
        assert_ne!(reference.sha256, catalogue().reference().sha256);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        for (from, to, line, part) in [
            ("id = \"house.pipeline\"", "id = \"house\"", 3, "vendor.field"),
            ("id = \"house.pipeline\"", "id = \"tc260.aigc\"", 3, "built-in"),
            ("name = \"Pipeline of the house\"", "name = \"\"", 3, "name is empty"),
            ("claim = \"generated\"\nstrength", "claim = \"made\"\nstrength", 7, "made"),
            ("pattern = '^gen-\\d+$'", "pattern = '('", 3, "unclosed"),
            ("gen-17", "gen-x", 3, "hit 1"),
            ("comp-17", "gen-18", 3, "miss 1"),
            ("in = [\"png:dh:job\"]", "in = [\"@nowhere\"]", 3, "nowhere"),
            ("[[mark.test]]", "code = \"marks/x.rs\"\n[[mark.test]]", 3, "code"),
        ] {
            let bad = GOOD.replace(from, to);
            assert_ne!(bad, GOOD, "{from}");
            let why = with(&bad).unwrap_err().to_string();
            assert!(why.contains(&format!("house.toml: line {line}: ")) && why.contains(part), "{to}: {why}");
        }
        assert!(with(&format!("{GOOD}\n[fields]\ntool = [\"png:x\"]\n")).unwrap_err().to_string().contains("built-in"));
        assert!(with("[[mark]").unwrap_err().to_string().contains("line 1"));
        let absent = with_files(&[PathBuf::from("/no/such/marks.toml")]).unwrap_err();
        assert!(matches!(absent, Error::File { .. }));
    }
}
