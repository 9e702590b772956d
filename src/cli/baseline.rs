//! Saved reports as they are read back: for `convert`, and as the baseline of `scan --baseline`.

use std::collections::HashSet;
use std::collections::hash_map::DefaultHasher;
use std::fs::File;
use std::hash::{Hash, Hasher};
use std::io::{BufReader, Read};
use std::path::Path;
use std::sync::Arc;

use super::console::warn;
use countersign_judge::judge::Baseline;
use countersign_model::error::{Error, Result};
use countersign_model::{AssetReport, Finding, FindingState, Run, Severity};
use countersign_report::EarlierFinding;
use countersign_report::saved::{self, Saved, Take};

/// A baseline, and whether any of its paths came up in the run.
pub(super) struct Compared {
    paths: HashSet<u64>,
    /// A path of the baseline and one of the run, to be told where none of them meet.
    first: Option<String>,
    own: Option<String>,
    met: bool,
}

impl Compared {
    /// Notes an asset of the run.
    pub(super) fn saw(&mut self, asset: &AssetReport) {
        if self.paths.is_empty() || self.met {
            return;
        }
        self.met = self.paths.contains(&hash(&asset.path));
        if self.own.is_none() {
            self.own = Some(asset.path.clone());
        }
    }

    /// Warns of a baseline that is about other paths altogether: nothing of it was used.
    pub(super) fn end(&self, path: &Path) {
        if let (Some(then), Some(now), false) = (&self.first, &self.own, self.met) {
            warn(&format!(
                "no path of the baseline {} is in this scan, so nothing was known from it: it names paths such as {then}, \
                 this scan such as {now}. Scan the same folder as for the baseline, or list the files the same way",
                path.display()
            ));
        }
    }
}

fn hash(path: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    path.hash(&mut hasher);
    hasher.finish()
}

/// What an earlier report already held, for `scan --baseline`.
pub(super) fn load(path: &Path) -> Result<(Baseline, Arc<[EarlierFinding]>, Compared)> {
    let mut kept = Kept::default();
    let saved = read(path, &mut kept)?;
    if saved.summary.interrupted {
        return Err(Error::Data {
            path: path.to_path_buf(),
            what: "its scan was interrupted: it does not say what was there".to_owned(),
            hint: "use the report of a whole scan as the baseline".to_owned(),
        });
    }
    let compared = Compared { paths: kept.paths, first: kept.first, own: None, met: false };
    let packages = saved.summary.packages.iter();
    kept.earlier.extend(packages.flat_map(|p| earlier(&p.findings, &p.root, None)));
    Ok((Baseline::new(&kept.assets).with_others(&saved.summary), kept.earlier.into(), compared))
}

/// The findings that were open then, for reports that tell the difference; notes ask for nothing.
fn earlier(findings: &[Finding], path: &str, listed: Option<&String>) -> Vec<EarlierFinding> {
    let open =
        |f: &&Finding| matches!(f.state, FindingState::Open | FindingState::Baseline) && f.severity > Severity::Note;
    let one = |f: &Finding| EarlierFinding {
        path: path.to_owned(),
        listed: listed.cloned(),
        rule: f.rule.clone(),
        message: f.message.clone(),
    };
    findings.iter().filter(open).map(one).collect()
}

/// Assets with findings, without all that a baseline does not need; of all assets their paths.
#[derive(Default)]
struct Kept {
    roots: Vec<String>,
    assets: Vec<AssetReport>,
    earlier: Vec<EarlierFinding>,
    paths: HashSet<u64>,
    first: Option<String>,
}

impl Kept {
    /// The path by which a list of files names the asset, where its root was typed relative to the same folder:
    /// `media` and `a.png` are `media/a.png` there.
    fn listed(&self, asset: &AssetReport) -> Option<String> {
        let root = self.roots.get(asset.root)?.trim_end_matches('/');
        let root = root.strip_prefix("./").unwrap_or(root);
        let below = !root.is_empty() && root != "." && !root.starts_with(['/', '.']);
        below.then(|| format!("{root}/{}", asset.path))
    }
}

impl Take for Kept {
    fn run(&mut self, run: &Run) -> std::result::Result<(), String> {
        self.roots.clone_from(&run.roots);
        Ok(())
    }

    fn asset(&mut self, mut asset: AssetReport) -> std::result::Result<(), String> {
        let listed = self.listed(&asset);
        self.paths.insert(hash(&asset.path));
        self.paths.extend(listed.as_deref().map(hash));
        if self.first.is_none() {
            self.first = Some(asset.path.clone());
        }
        if !asset.findings.is_empty() {
            (asset.evidence, asset.c2pa, asset.problems) = (Vec::new(), None, Vec::new());
            (asset.tags, asset.records) = (None, Vec::new());
            self.earlier.extend(earlier(&asset.findings, &asset.path, listed.as_ref()));
            self.assets.extend(listed.map(|path| AssetReport { path, ..asset.clone() }));
            self.assets.push(asset);
        }
        Ok(())
    }
}

/// Reads a saved report from a file, or from standard input where that is what `-` stands for.
pub(super) fn read(path: &Path, take: &mut dyn Take) -> Result<Saved> {
    let file: Box<dyn Read> = if path == Path::new("-") {
        Box::new(std::io::stdin().lock())
    } else {
        Box::new(File::open(path).map_err(|e| Error::File {
            path: path.to_path_buf(),
            what: e.to_string(),
            hint: "name a report that was saved with --report json=FILE".to_owned(),
        })?)
    };
    saved::read(BufReader::with_capacity(1 << 20, file), take).map_err(|what| Error::Data {
        path: path.to_path_buf(),
        what: format!("not a report that can be read: {what}"),
        hint: "name a whole report that was saved with --report json=FILE or --report ndjson=FILE".to_owned(),
    })
}
