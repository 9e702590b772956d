//! What a scan is given as its roots: folders and files of this machine, and addresses of object stores.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use globset::GlobSet;

use countersign_engine::walk::{lossless, passes_over};
use countersign_io::{LocalTree, Roots, Tree};
use countersign_model::error::{Error, Result};
use countersign_objects::{Environment, Options};

/// Threads where a root is behind a network: they wait for answers most of the time.
const WAITING: usize = 32;

/// Whether a root names an object store and no place of this machine.
pub(super) fn is_address(root: &Path) -> bool {
    root.to_str().is_some_and(countersign_objects::is_address)
}

/// How reports call a root: an address as it was typed, a place of this machine by its path.
pub(super) fn name(root: &Path) -> String {
    root.to_str().filter(|_| is_address(root)).map_or_else(|| lossless(root), str::to_owned)
}

/// The roots that are places of this machine.
pub(super) fn local(roots: &[PathBuf]) -> Vec<PathBuf> {
    roots.iter().filter(|root| !is_address(root)).cloned().collect()
}

/// The trees of the roots, in their order. No store is asked yet.
///
/// # Errors
/// An address or an endpoint that is none, and credentials that are named and cannot be had.
pub(super) fn trees(roots: &[PathBuf], endpoint: Option<&str>) -> Result<Roots> {
    let environment = Environment::of_process();
    let options = Options { endpoint: endpoint.map(str::to_owned), environment, ..Options::default() };
    let tree = |root: &PathBuf| {
        match root.to_str().filter(|text| countersign_objects::is_address(text)) {
        None => Ok(Arc::new(LocalTree::new(root)) as Arc<dyn Tree>),
        Some(address) => match countersign_objects::open(address, &options) {
            Ok(tree) => Ok(tree as Arc<dyn Tree>),
            Err(error) => Err(Error::Usage {
                what: error.to_string(),
                hint: "an address is s3://BUCKET/PREFIX or https://HOST/PATH/; keys come from the environment (AWS_PROFILE, \
                       AWS_ACCESS_KEY_ID, …) or ~/.aws, and --endpoint names a store that is not Amazon's"
                    .to_owned(),
            }),
        },
    }
    };
    Ok(Roots::of(roots.iter().map(tree).collect::<Result<Vec<_>>>()?))
}

/// Threads for a number that was asked for, or 0 for one a core: more where a store is asked.
pub(super) fn jobs(asked: u16, roots: &[PathBuf]) -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    match asked {
        0 if roots.iter().any(|root| is_address(root)) => cores().max(WAITING),
        asked => usize::from(asked),
    }
}

/// Takes out the addresses that others hold, and gives each with the one that holds it. Of equals the first stays.
pub(super) fn addresses_inside_others(roots: &mut Vec<PathBuf>, exclude: &GlobSet) -> Vec<(PathBuf, PathBuf)> {
    let whole: Vec<Option<String>> = roots.iter().map(|root| plain(root)).collect();
    let mut taken = Vec::new();
    for (n, own) in whole.iter().enumerate() {
        let Some(own) = own else { continue };
        let holds = |(other, address): (usize, &Option<String>)| {
            let rest = own.strip_prefix(address.as_deref().filter(|_| other != n)?)?;
            let inside = rest.strip_prefix('/').is_some_and(|rest| !passes_over(Path::new(rest), exclude));
            (inside || (rest.is_empty() && other < n)).then_some(other)
        };
        taken.extend(whole.iter().enumerate().find_map(holds).map(|outer| (n, outer)));
    }
    let pairs =
        taken.iter().filter_map(|(n, outer)| Some((roots.get(*n)?.clone(), roots.get(*outer)?.clone()))).collect();
    for (n, _) in taken.iter().rev() {
        roots.remove(*n);
    }
    pairs
}

/// The root that an address is or lies below.
pub(super) fn root_of_address<'a>(address: &Path, roots: &'a [PathBuf]) -> Option<&'a PathBuf> {
    let address = plain(address)?;
    roots.iter().find(|root| {
        let rest = plain(root).and_then(|root| address.strip_prefix(&root).map(str::to_owned));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

/// An address without the slash at its end and with its scheme in small letters.
fn plain(root: &Path) -> Option<String> {
    let (scheme, rest) = root.to_str()?.split_once("://").filter(|_| is_address(root))?;
    Some(format!("{}://{}", scheme.to_ascii_lowercase(), rest.trim_end_matches('/')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_in_another_is_scanned_with_it() {
        let mut roots: Vec<PathBuf> =
            ["s3://b/show/ep1/", "s3://b/show", "s3://b/show2", "/show", "S3://b/show/", "s3://b/show/.Trashes"]
                .map(PathBuf::from)
                .into();
        let taken = addresses_inside_others(&mut roots, &GlobSet::empty());
        assert_eq!(roots, ["s3://b/show", "s3://b/show2", "/show", "s3://b/show/.Trashes"].map(PathBuf::from));
        assert_eq!(taken.len(), 2);
        let below = |address: &str| root_of_address(Path::new(address), &roots).is_some();
        assert!(below("s3://b/show/rows") && below("s3://b/show/") && !below("s3://b/rows") && !below("/show/rows"));
        assert_eq!(local(&roots), [PathBuf::from("/show")]);
        assert_eq!(jobs(0, &local(&roots)), 0);
        assert!(jobs(0, &roots) >= WAITING && jobs(3, &roots) == 3);
    }
}
