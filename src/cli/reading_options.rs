//! Options of the commands that read files, `scan` and `extract`: how far their credentials are checked, what is decoded, and
//! what that may take.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;

use clap::ValueEnum;

use super::shared_options::typed;
use super::{trust_lists, worker};
use countersign_credentials::{self as c2pa, Bounds, Verifier, Verify};
use countersign_engine::extract;
use countersign_judge::marks::Catalogue;
use countersign_judge::policy::Policy;
use countersign_media::decoders;
use countersign_model::error::Result;
use countersign_model::limits;

/// Archives inside one another that are ever opened.
const DEEPEST: u32 = 16;

#[derive(Debug, clap::Args)]
pub(super) struct ReadingOptions {
    /// How far C2PA Content Credentials are checked
    #[arg(long, value_enum, default_value_t = VerifyName::Full)]
    verify: VerifyName,
    #[arg(long, value_name = "FILE", help = trust_lists::HELP)]
    pub(super) trust: Vec<PathBuf>,
    /// Also fetch manifests that files only point to: https, public addresses; opens connections
    #[arg(long)]
    pub(super) fetch_remote: bool,
    /// Also decode pixels for invisible marks (lossless images only)
    #[arg(long)]
    pub(super) pixels: bool,
    /// How many archives inside one another are opened [default: the policy's, or 4]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(0..=16))]
    max_archive_depth: Option<u8>,
    /// Seconds of computing for one file and all that is inside it [default: the policy's, or 60 and more for long files]
    #[arg(long, value_name = "N", alias = "seconds-per-file")]
    seconds_per_asset: Option<NonZeroU32>,
}

impl ReadingOptions {
    /// The way of checking as it was typed.
    pub(super) fn verify_name(&self) -> String {
        typed(&self.verify)
    }

    /// What checks credentials; decoders work in its processes, too.
    pub(super) fn verifier(&self, policy: &Policy) -> Result<Arc<Verifier>> {
        let trust = trust_lists::in_force(Some(policy), &self.trust)?;
        trust_lists::warn_of_overdue(&trust);
        let verifier = Arc::new(Verifier::new(&c2pa::Options {
            verify: self.verify.verify(),
            trust,
            worker: worker::program(),
            bounds: self.seconds(policy).map_or_else(Bounds::default, Bounds::of_seconds),
            fetch: self.fetch_remote.then(c2pa::Rules::default),
        })?);
        verifier.pool().cloned().into_iter().for_each(countersign_worker::set_decoding_pool);
        Ok(verifier)
    }

    /// How files are read.
    pub(super) fn extract(
        &self,
        policy: &Policy,
        verifier: &Arc<Verifier>,
        catalogue: Arc<Catalogue>,
    ) -> extract::Options {
        extract::Options {
            decoders: decoders::Options { pixels: self.pixels, thumbnails: self.pixels },
            verifier: Some(Arc::clone(verifier)),
            catalogue,
            seconds: self.seconds(policy),
            sidecars: None,
        }
    }

    /// What was asked for, else what the policy says; the stack bounds both.
    pub(super) fn archive_depth(&self, policy: &Policy) -> usize {
        let depth = self.max_archive_depth.map(u32::from).or(policy.limits.archive_depth);
        depth.map_or(limits::ARCHIVE_DEPTH, |depth| depth.min(DEEPEST) as usize)
    }

    fn seconds(&self, policy: &Policy) -> Option<NonZeroU32> {
        self.seconds_per_asset.or(policy.limits.seconds_per_asset)
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum VerifyName {
    /// Bytes, signature and trust
    Full,
    /// Signature and trust, without hashing the asset
    Signature,
    /// Read only
    Off,
}

impl VerifyName {
    fn verify(self) -> Verify {
        match self {
            Self::Full => Verify::Full,
            Self::Signature => Verify::Signature,
            Self::Off => Verify::Off,
        }
    }
}
