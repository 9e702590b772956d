//! Traces of Content Credentials without a manifest that can be read where it should be.
//!
//! The traces: an XMP provenance pointer (`dcterms:provenance`), a remote manifest's address, a store that cannot be
//! read, one in a damaged or retagged box, one that fits none of the files it goes with, or a signature that leaves
//! out more of the file than its manifest needs.
//!
//! **Why it matters.** Credentials do not fall off by themselves. A tool or a person took them away or broke them,
//! and with them perhaps the mark that this asset was generated.
//!
//! **What to do.** Ask the supplier for the file before the step that lost them. A remote manifest is fetched only where
//! you type `--fetch-remote`; or fetch it yourself and put it beside the file as `NAME.c2pa`.
//!
//! **Example.** XMP points to `self#jumbf=/c2pa/…`, and the file holds no C2PA box.

use super::{AssetContext, Info, Manual, RawFinding, Rule};
use crate::archive::traces::of_credentials;
use countersign_model::{FindingAction, FindingSubject, Severity};

pub(super) struct StrippedCredentials;

static INFO: Info = Info {
    id: "stripped-credentials",
    severity: Severity::Warning,
    subject: FindingSubject::Credentials,
    explains: &[],
    manual: Manual::Source(include_str!("stripped_credentials.rs")),
};

impl Rule for StrippedCredentials {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn check_asset(&self, context: &AssetContext, out: &mut Vec<RawFinding>) {
        let Some(what) = of_credentials(context.facts) else { return };
        out.push(RawFinding::new(what, FindingAction::AskForTheFileBeforeCredentialsWereLost));
    }
}
