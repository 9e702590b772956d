//! Options that `scan`, `extract` and `judge` share. What one of them calls otherwise stands in `headings.rs`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::ValueEnum;
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use super::config::load_policy;
use super::roots;
use countersign_io::Roots;
use countersign_judge::marks::{self, Catalogue};
use countersign_judge::policy::Policy;
use countersign_model::Role;
use countersign_model::error::{Error, Result};

#[derive(Debug, clap::Args)]
pub(super) struct SharedOptions {
    /// Policy file, or the name of a built-in policy (netflix-genai, archival, observe)
    #[arg(long, value_name = "FILE", env = "COUNTERSIGN_POLICY")]
    pub(super) policy: Option<PathBuf>,
    /// Role of files that nothing else places [default: final]
    #[arg(long, value_enum)]
    role: Option<RoleName>,
    /// Also hash every file that a package lists with a hash, and compare
    #[arg(long)]
    pub(super) integrity: bool,
    /// Marks of your own beside the built-in ones, in the catalogue's form, repeatable
    #[arg(long, value_name = "FILE")]
    pub(super) marks: Vec<PathBuf>,
    /// Ask this S3-compatible store instead of Amazon's for s3:// paths [default: AWS_ENDPOINT_URL, or Amazon's]
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,
    /// Threads [default: one for each core, at least 32 for object stores]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    #[arg(value_parser = clap::value_parser!(u16).range(0..=1024))]
    pub(super) jobs: u16,
    /// Pass over paths that match, repeatable
    #[arg(long, value_name = "GLOB")]
    pub(super) exclude: Vec<String>,
    /// No progress bar
    #[arg(long)]
    pub(super) no_progress: bool,
}

impl SharedOptions {
    /// The policy that is named, else the user's own.
    pub(super) fn policy(&self) -> Result<Policy> {
        load_policy(self.policy.as_deref())
    }

    pub(super) fn role(&self) -> Option<Role> {
        self.role.map(RoleName::role)
    }

    /// The role as it was typed.
    pub(super) fn role_name(&self) -> Option<String> {
        self.role.as_ref().map(typed)
    }

    /// The built-in marks, those of the policy and those that are named.
    pub(super) fn catalogue(&self, policy: &Policy) -> Result<Arc<Catalogue>> {
        marks::with_files(&[policy.marks.as_slice(), &self.marks].concat())
    }

    pub(super) fn exclude(&self) -> Result<GlobSet> {
        globs(&self.exclude)
    }

    pub(super) fn endpoint(&self) -> Option<&str> {
        self.endpoint.as_deref()
    }

    /// The trees of these roots, of the store that is named.
    pub(super) fn trees(&self, roots: &[PathBuf]) -> Result<Roots> {
        roots::trees(roots, self.endpoint())
    }

    /// Whether a progress bar may be shown.
    pub(super) fn progress(&self) -> bool {
        !self.no_progress
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum RoleName {
    Final,
    Temporary,
    Archival,
    Promotional,
}

impl RoleName {
    fn role(self) -> Role {
        match self {
            Self::Final => Role::Final,
            Self::Temporary => Role::Temporary,
            Self::Archival => Role::Archival,
            Self::Promotional => Role::Promotional,
        }
    }
}

/// The name of a value as it is typed.
pub(super) fn typed(value: &impl ValueEnum) -> String {
    value.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

/// Patterns of paths that are passed over.
pub(super) fn globs(patterns: &[String]) -> Result<GlobSet> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        let glob = GlobBuilder::new(pattern).literal_separator(true).build().map_err(|e| Error::Usage {
            what: format!("--exclude: {e}"),
            hint: "patterns look like '**/cache/**' or '*.tmp'".to_owned(),
        })?;
        set.add(glob);
    }
    set.build().map_err(|e| Error::Usage { what: format!("--exclude: {e}"), hint: String::new() })
}

/// The folder that relative paths start from; where the system does not tell it, they stay as they are.
pub(super) fn working_directory() -> PathBuf {
    std::env::current_dir().unwrap_or_default()
}

/// Paths as reports write them.
pub(super) fn written<'a>(paths: impl IntoIterator<Item = &'a PathBuf>) -> Vec<String> {
    paths.into_iter().map(|path: &PathBuf| countersign_engine::walk::lossless(Path::new(path))).collect()
}
