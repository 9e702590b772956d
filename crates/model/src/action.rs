//! What to do about a finding, as data, and the one place where that is put into words.
//!
//! A sentence is made of [`Piece`]s: prose and commands of this program, so that a report can lay out a command as one
//! without looking for it in the text.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::Scope;
use crate::text::shell_word;

/// What to do about a finding.
///
/// ```
/// use countersign_model::{Command, FindingAction, Piece};
///
/// let approve = Command::new("approve", b"final/it's.png", b"approvals.jsonl").option("--scope final-deliverable");
/// let action = FindingAction::RemoveOrApprove { approve };
/// // A report lays the command out as one; its words are quoted for a shell already.
/// assert!(action.pieces().iter().any(|piece| matches!(piece, Piece::Command(words) if words.len() > 4)));
/// assert!(action.help().contains("--scope final-deliverable"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum FindingAction {
    /// Nothing, while the approval that covers it holds.
    KeepApproved,
    /// Nothing, while the disclosure that covers it holds.
    KeepDisclosed,
    /// Nothing, while the record that covers it holds.
    KeepRecorded,
    /// Nothing, while it stays temporary.
    KeepTemporary,
    /// Generated material in the final cut without a record: take it out, or have it approved.
    RemoveOrApprove {
        /// The command that records the approval.
        approve: Command,
    },
    /// `record` is the approval of the bytes that were there before.
    RestoreOrApprove {
        /// The command that records an approval of the bytes that are there now.
        approve: Command,
        /// Id of the ledger's record about the earlier bytes, as `approvals revoke` takes it.
        record: String,
    },
    /// The approval will run out soon.
    RenewInTime {
        /// The command that records a new approval.
        approve: Command,
    },
    /// The approval has run out.
    RenewOrReplace {
        /// The command that records a new approval.
        approve: Command,
    },
    /// `approver` is the one who withdrew the approval.
    ReplaceOrClearUp {
        /// Name of the person as the ledger has it.
        approver: String,
        /// The command that records a new approval.
        approve: Command,
    },
    /// An approval is there, and the policy demands a consent with it that is not recorded.
    RecordConsent {
        /// The command that records the approval with its consent.
        approve: Command,
    },
    /// An approval is there, and does not cover all scopes that the policy demands.
    ApproveScopes {
        /// The scopes that are lacking, in the order of [`Scope::ALL`].
        scopes: Vec<Scope>,
        /// The command that records an approval for them.
        approve: Command,
    },
    /// `signed` where only a signed record will do.
    RecordForTheseBytes {
        /// Whether the policy accepts only records that are signed.
        signed: bool,
        /// The command that records an approval with the digest of these bytes.
        approve: Command,
    },
    /// Generated material stands where authentic sources should.
    ReplaceOrDisclose {
        /// The command that records that the audience is told.
        disclose: Command,
    },
    /// A source was processed by a model without new content.
    ReviewEnhancement {
        /// The command that records an approval of the enhancement.
        approve: Command,
        /// The command that records that the audience is told.
        disclose: Command,
    },
    /// Nothing in an archival file tells where it comes from.
    RecordOrigin {
        /// The command that records its origin.
        approve: Command,
    },
    /// The policy demands that somebody is told of AI material in temporary work.
    Notify {
        /// The command that records that it was told.
        notify: Command,
    },
    /// A mark says that a generative tool may have been used, and not how.
    AskHowItWasMade,
    /// It resembles an asset that is known to be generated.
    LookAtBoth,
    /// The file's own statements about how it was made contradict each other.
    AskWhereItComesFrom,
    /// The file contradicts itself about its origin: thumbnail and picture, dates, an editor beside a claim of capture.
    AskTheArchive,
    /// Bytes and Content Credentials do not match.
    AskForTheSignedFile,
    /// Content Credentials break their specification without speaking of other bytes.
    AskForSoundCredentials,
    /// The file shows that it once had Content Credentials.
    AskForTheFileBeforeCredentialsWereLost,
    /// The signer is on no trust list in force.
    ImportTrustList,
    /// Part of the Content Credentials' chain is vouched for by nobody.
    TreatHistoryAsUnproven,
    /// The operating system refused or failed to read the file.
    CheckDriveAndScanAgain,
    /// The file is cut or damaged.
    CopyAgainFromSource,
    /// A bound of [`crate::limits`] kept the file from being read to its end.
    InspectOversizedFile,
    /// The file is encrypted or of a variant that no reader here understands.
    InspectUnsupportedFile,
    /// A reader gave up in a way it never should.
    ReportProgramFault,
    /// The file changed while it was read.
    WaitForTheCopyAndScanAgain,
    /// No reader knows the format, so that nothing is known of what is in it.
    InspectIfMedia,
    /// Extension and bytes name two formats.
    Rename,
    /// The policy or ledger in force lies in the delivery.
    KeepConfigurationOutside,
    /// A policy or a ledger lies in the delivery and was not obeyed.
    AskWhyConfigurationWasDelivered,
    /// A manifest lists a file that is not there.
    AskForTheMissingFile,
    /// Size or hash of a file is not what its package's manifest states.
    CopyAgainOrAskForNewPackage,
    /// A file lies in a package whose manifest does not list it.
    AskWhetherItBelongs,
    /// A package's manifest breaks its specification.
    AskForSoundPackage,
    /// A manifest, or a statement in it, cannot be checked here.
    AskForCheckableManifest,
    /// A manifest is signed in a way that is not verified here.
    VerifySignatureElsewhere,
    /// An archive holds what no honest one does: names that lead out, members that hide each other.
    AskForSoundArchive,
    /// An image sequence has gaps in its numbers.
    AskForMissingFrames,
    /// An event of a timeline has no asset here.
    AskForMissingMedia,
    /// An event of a timeline may play any of several assets.
    TellApartMedia,
    /// A timeline cannot be read.
    AskForSoundTimeline,
    /// A record in force is about an asset that is not in the delivery.
    LookForTheAsset,
    /// The ledger holds records that are about nothing in the delivery.
    ListUnusedRecords,
    /// A suppression of the policy has run out or matched nothing.
    RemoveOrRenewSuppression,
    /// What a report of another version says, as it says it.
    Text {
        /// The sentence, with its commands between backticks, as [`FindingAction::help`] makes it.
        text: String,
    },
}

/// A part of a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Text without a command in it.
    Prose(Cow<'a, str>),
    /// The words of a command, each as a shell reads it.
    Command(Vec<Cow<'a, str>>),
}

fn prose(text: &str) -> Piece<'_> {
    Piece::Prose(Cow::Borrowed(text))
}

fn command(words: &'static str) -> Piece<'static> {
    Piece::Command(words.split(' ').map(Cow::Borrowed).collect())
}

fn revoke(record: &str) -> Piece<'_> {
    let words = ["countersign", "approvals", "revoke"].map(Cow::Borrowed);
    Piece::Command(words.into_iter().chain([shell_word(record.as_bytes()).into()]).collect())
}

impl FindingAction {
    /// The sentence, with its commands between backticks.
    #[must_use]
    pub fn help(&self) -> String {
        let mut out = String::new();
        for piece in self.pieces() {
            match piece {
                Piece::Prose(text) => out.push_str(&text),
                Piece::Command(words) => {
                    out.push('`');
                    out.push_str(&words.join(" "));
                    out.push('`');
                }
            }
        }
        out
    }

    /// The sentence in its parts.
    #[must_use]
    pub fn pieces(&self) -> Vec<Piece<'_>> {
        self.of_records().unwrap_or_else(|| self.of_the_delivery())
    }

    /// Actions that end in a record, with the command that makes it.
    fn of_records(&self) -> Option<Vec<Piece<'_>>> {
        Some(match self {
            Self::RemoveOrApprove { approve } => vec![
                prose("Remove or replace it before delivery, or have it approved and record that: "),
                approve.piece(),
                prose("."),
            ],
            Self::RestoreOrApprove { approve, record } => vec![
                prose("Restore the file that was approved, or have this one approved: "),
                approve.piece(),
                prose(". If it was replaced by one without AI material: "),
                revoke(record),
                prose("."),
            ],
            Self::RenewInTime { approve } => {
                vec![prose("Have it renewed before that day and record it: "), approve.piece(), prose(".")]
            }
            Self::RenewOrReplace { approve } => {
                vec![prose("Have it approved anew and record that: "), approve.piece(), prose("; or replace it.")]
            }
            Self::ReplaceOrClearUp { approver, approve } => {
                let start = format!("Replace it, or clear it up with {approver} and record a new approval: ");
                vec![Piece::Prose(start.into()), approve.piece(), prose(".")]
            }
            Self::RecordConsent { approve } => {
                vec![prose("Record the approval with its consent: "), approve.piece(), prose(".")]
            }
            Self::ApproveScopes { scopes, approve } => {
                let words: Vec<_> = scopes.iter().map(|scope| scope.word()).collect();
                let start = format!("Have it approved for {} too and record that: ", words.join(", "));
                vec![Piece::Prose(start.into()), approve.piece(), prose(".")]
            }
            Self::RecordForTheseBytes { signed, approve } => vec![
                prose(match signed {
                    true => "Have it recorded for these bytes, with `--key KEY` of the approver: ",
                    false => "Have it recorded for these bytes: ",
                }),
                approve.piece(),
                prose("."),
            ],
            Self::ReplaceOrDisclose { disclose } => vec![
                prose(
                    "Replace it with the authentic source or move it out of the archival material; if the audience is \
                     told, record that: ",
                ),
                disclose.piece(),
                prose("."),
            ],
            Self::ReviewEnhancement { approve, disclose } => vec![
                prose("Use the untouched scan, or have the enhancement reviewed and record that: "),
                approve.piece(),
                prose(" or "),
                disclose.piece(),
                prose("."),
            ],
            Self::RecordOrigin { approve } => vec![
                prose("Ask the archive for credentials or the transfer's metadata, or record where it comes from: "),
                approve.piece(),
                prose("."),
            ],
            Self::Notify { notify } => vec![prose("Tell the contact and record that: "), notify.piece(), prose(".")],
            _ => return None,
        })
    }

    /// Actions that need no record: most are one sentence.
    fn of_the_delivery(&self) -> Vec<Piece<'_>> {
        match self {
            Self::ImportTrustList => vec![
                prose("If you know the signer, import its trust list: "),
                command("countersign trust import FILE"),
                prose("."),
            ],
            Self::ListUnusedRecords => vec![
                command("countersign approvals list"),
                prose(
                    " shows them. A ledger for more than this delivery always holds such records: turn the rule off \
                     then, with that reason.",
                ),
            ],
            Self::Text { text } => vec![prose(text)],
            action => vec![prose(action.sentence())],
        }
    }

    fn sentence(&self) -> &'static str {
        match self {
            Self::KeepApproved => "Nothing to do while the approval is in force and the file stays as it is.",
            Self::KeepDisclosed => "Nothing to do while the disclosure is in force and the file stays as it is.",
            Self::KeepRecorded => "Nothing to do while the record is in force and the file stays as it is.",
            Self::KeepTemporary => "Nothing to do while it stays temporary.",
            Self::AskHowItWasMade => "Ask the supplier whether and how a generative tool was used.",
            Self::LookAtBoth => {
                "Look at both: a copy is to be replaced or approved for these bytes; where they only look alike, nothing \
                 is to be done."
            }
            Self::AskWhereItComesFrom => {
                "Ask the supplier where it comes from; take it as AI-made until that is clear."
            }
            Self::AskTheArchive => {
                "Ask the archive which of the two is right, and for the file as it was received. Neither proves or \
                 disproves what the picture shows."
            }
            Self::AskForTheSignedFile => {
                "Ask the supplier for the file as it was signed; what the credentials say of AI counts all the same."
            }
            Self::AskForSoundCredentials => {
                "Ask the supplier for the file, or for the ingredient, with credentials that follow the specification; \
                 what these say of AI counts all the same."
            }
            Self::AskForTheFileBeforeCredentialsWereLost => {
                "Ask the supplier for the file before the step that lost its credentials; a manifest kept elsewhere is \
                 read with `--fetch-remote`, or from a file `NAME.c2pa` beside it."
            }
            Self::TreatHistoryAsUnproven => "Take the part of the history that nobody vouches for as unproven.",
            Self::CheckDriveAndScanAgain => "Check the drive, the permissions and the connection, then scan again.",
            Self::CopyAgainFromSource => {
                "Copy the file again from its source and compare checksums; ask the supplier for a sound one."
            }
            Self::InspectOversizedFile => {
                "Look at the file by other means: it is built to be, or happens to be, larger than is safe to read."
            }
            Self::InspectUnsupportedFile => {
                "Look at the file by other means, or ask for it in an open or unencrypted form."
            }
            Self::ReportProgramFault => {
                "This is a fault of Countersign: please report it, with the file if you can share it."
            }
            Self::WaitForTheCopyAndScanAgain => {
                "The file changed while it was read: wait until the copy is complete and scan again."
            }
            Self::InspectIfMedia => "If it holds media, look at it by other means.",
            Self::Rename => "Rename it, or ask the supplier which of the two was meant.",
            Self::KeepConfigurationOutside => {
                "Keep it outside of what is scanned: whoever can write to the delivery can write to it."
            }
            Self::AskWhyConfigurationWasDelivered => {
                "Ask why it was delivered; keep policy and ledger outside of what is scanned, and name them by \
                 --policy and --approvals."
            }
            Self::AskForTheMissingFile => "Ask the supplier for the file, or for a corrected manifest.",
            Self::CopyAgainOrAskForNewPackage => {
                "Copy it again from its source; if it still differs, ask for a new package."
            }
            Self::AskWhetherItBelongs => "Ask the supplier whether it belongs to the delivery.",
            Self::AskForSoundPackage => "Ask the supplier for a sound package.",
            Self::AskForCheckableManifest => {
                "Ask the supplier for a manifest with hashes that can be checked, or compare the files by other means."
            }
            Self::VerifySignatureElsewhere => "Where the signature matters, verify it with the tools of whoever signs.",
            Self::AskForSoundArchive => "Ask the supplier for a sound archive; do not unpack this one.",
            Self::AskForMissingFrames => "Ask the supplier for the missing frames, or whether the gap is meant.",
            Self::AskForMissingMedia => {
                "Ask the supplier for the media, or scan it together with the timeline: what is not here is not judged."
            }
            Self::TellApartMedia => {
                "Look which of them the cut plays; a timeline with whole paths, or the copies named apart, will tell."
            }
            Self::AskForSoundTimeline => "Export the timeline again, or ask the supplier for a sound one.",
            Self::LookForTheAsset => "Check whether the asset should be here under another name or in another version.",
            Self::RemoveOrRenewSuppression => "Take it out of the policy, or renew it with a reason that still holds.",
            // These have parts of their own.
            _ => "",
        }
    }

    /// The commands in it, for whoever has to name other files in them.
    pub fn commands_mut(&mut self) -> Vec<&mut Command> {
        match self {
            Self::RemoveOrApprove { approve }
            | Self::RestoreOrApprove { approve, .. }
            | Self::RenewInTime { approve }
            | Self::RenewOrReplace { approve }
            | Self::ReplaceOrClearUp { approve, .. }
            | Self::RecordConsent { approve }
            | Self::ApproveScopes { approve, .. }
            | Self::RecordForTheseBytes { approve, .. }
            | Self::RecordOrigin { approve } => vec![approve],
            Self::ReplaceOrDisclose { disclose } => vec![disclose],
            Self::ReviewEnhancement { approve, disclose } => vec![approve, disclose],
            Self::Notify { notify } => vec![notify],
            _ => vec![],
        }
    }
}

/// A command of this program that records something about a file: `countersign VERB FILE --approvals LEDGER OPTIONS`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// `approve`, `approvals notify`, `approvals disclose`.
    pub verb: String,
    /// The file that the record is about.
    pub file: CommandPath,
    /// The ledger that the record is added to.
    pub ledger: CommandPath,
    /// Each `--NAME` or `--NAME VALUE`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
}

impl Command {
    /// A command without options; paths are given by their bytes, for not all of them are UTF-8.
    #[must_use]
    pub fn new(verb: &str, file: &[u8], ledger: &[u8]) -> Self {
        let (file, ledger) = (CommandPath(file.to_vec()), CommandPath(ledger.to_vec()));
        Self { verb: verb.to_owned(), file, ledger, options: Vec::new() }
    }

    /// Adds `--NAME` or `--NAME VALUE`.
    #[must_use]
    pub fn option(mut self, option: impl Into<String>) -> Self {
        self.options.push(option.into());
        self
    }

    fn piece(&self) -> Piece<'_> {
        let mut words = vec![Cow::Borrowed("countersign")];
        words.extend(self.verb.split(' ').map(Cow::Borrowed));
        words.push(shell_word(&self.file.0).into());
        words.push("--approvals".into());
        words.push(shell_word(&self.ledger.0).into());
        words.extend(self.options.iter().flat_map(|option| option.split(' ')).map(Cow::Borrowed));
        Piece::Command(words)
    }
}

/// A path in a command: text in JSON where it is UTF-8, else its bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "PathForm", into = "PathForm")]
pub struct CommandPath(pub Vec<u8>);

impl CommandPath {
    /// Puts another file name in place of the last one, where that is `old`.
    pub fn replace_file_name(&mut self, old: &str, new: &str) {
        let Some(folder) = self.0.strip_suffix(old.as_bytes()) else { return };
        if folder.is_empty() || folder.ends_with(b"/") || folder.ends_with(b"\\") {
            self.0 = [folder, new.as_bytes()].concat();
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum PathForm {
    Text(String),
    Bytes(Vec<u8>),
}

impl From<PathForm> for CommandPath {
    fn from(form: PathForm) -> Self {
        match form {
            PathForm::Text(text) => Self(text.into_bytes()),
            PathForm::Bytes(bytes) => Self(bytes),
        }
    }
}

impl From<CommandPath> for PathForm {
    fn from(path: CommandPath) -> Self {
        String::from_utf8(path.0).map_or_else(|e| Self::Bytes(e.into_bytes()), Self::Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_frames_are_named_in_a_command_as_one_word() {
        let help = |file: &[u8]| {
            let mut action = FindingAction::Notify { notify: Command::new("approvals notify", file, b"a b.jsonl") };
            for command in action.commands_mut() {
                command.file.replace_file_name("s.1001.dpx", "s.[1-9].dpx");
            }
            action.help()
        };
        let told = |word: &str| {
            format!("Tell the contact and record that: `countersign approvals notify {word} --approvals 'a b.jsonl'`.")
        };
        assert_eq!(help(b"d/s.1001.dpx"), told("'d/s.[1-9].dpx'"));
        assert_eq!(help(b"it's/s.1001.dpx"), told(r"'it'\''s/s.[1-9].dpx'"));
        assert_eq!(help("\u{202e}/s.1001.dpx".as_bytes()), told(r"$'\342\200\256/s.[1-9].dpx'"));
        assert_eq!(help(b"d/this.1001.dpx"), told("d/this.1001.dpx"));
    }
}
