//! What a supplier must do about a finding, in words that name no command of ours.

use countersign_model::{FindingAction, Piece};

/// The sentence for the supplier.
pub(super) fn ask(action: &FindingAction) -> String {
    if let FindingAction::ApproveScopes { scopes, .. } = action {
        let words: Vec<_> = scopes.iter().map(|scope| scope.word()).collect();
        return format!("Have it approved for {} too, and send the approval.", words.join(", "));
    }
    if let FindingAction::ReplaceOrClearUp { approver, .. } = action {
        return format!("Replace it, or clear it up with {approver} and send a new approval.");
    }
    match known(action) {
        Some(sentence) => sentence.to_owned(),
        None => plain(action),
    }
}

fn known(action: &FindingAction) -> Option<&'static str> {
    use FindingAction as A;
    if let Some(sentence) = of_approvals(action) {
        return Some(sentence);
    }
    Some(match action {
        A::AskHowItWasMade => "Say whether and how a generative tool was used.",
        A::LookAtBoth => {
            "Say whether it was made from the file that it resembles; a copy is to be replaced or approved."
        }
        A::AskWhereItComesFrom => "Say where it comes from, and how both statements came into the file.",
        A::AskTheArchive => "Send the file as the archive supplied it, and explain the discrepancy above.",
        A::AskForTheSignedFile => "Send the file as it was signed.",
        A::AskForSoundCredentials => "Send the file with credentials that follow the specification.",
        A::AskForTheFileBeforeCredentialsWereLost => "Send the file from before the step that lost its credentials.",
        A::CheckDriveAndScanAgain | A::WaitForTheCopyAndScanAgain => {
            "Make sure that the file was copied completely, and say so; it is read again here."
        }
        A::CopyAgainFromSource => "Send the file again; compare its checksum with the source first.",
        A::InspectOversizedFile | A::InspectUnsupportedFile | A::InspectIfMedia => {
            "Send it in an open, unencrypted form in common use, or say what it is."
        }
        A::Rename => "Say which of the two was meant, or rename it.",
        A::AskWhyConfigurationWasDelivered | A::KeepConfigurationOutside => "Say why it was delivered, or take it out.",
        A::AskForTheMissingFile => "Send the file, or a corrected manifest.",
        A::CopyAgainOrAskForNewPackage => {
            "Send the file again, or a new package; compare checksums with the source first."
        }
        A::AskWhetherItBelongs => "Say whether it belongs to the delivery.",
        A::AskForSoundPackage => "Send a sound package.",
        A::AskForCheckableManifest => "Send a manifest with hashes in common use, such as SHA-256.",
        A::AskForSoundArchive => "Send a sound archive.",
        A::AskForMissingFrames => "Send the missing frames, or say that the gap is meant.",
        A::AskForMissingMedia => "Send the media that the timeline plays.",
        A::TellApartMedia => "Say which of the files the cut plays.",
        A::AskForSoundTimeline => "Export the timeline again and send it.",
        A::ImportTrustList => "Say who signed it, and send the certificate of the signer's authority.",
        A::TreatHistoryAsUnproven => "Say who made the parts of its history that nobody vouches for.",
        _ => return None,
    })
}

fn of_approvals(action: &FindingAction) -> Option<&'static str> {
    use FindingAction as A;
    Some(match action {
        A::RemoveOrApprove { .. } => {
            "Replace it with material without generative AI, or send the written approval that covers this file."
        }
        A::RestoreOrApprove { .. } => "Send the version that was approved, or have this version approved.",
        A::RenewInTime { .. } => "Have the approval renewed before that day.",
        A::RenewOrReplace { .. } => "Have it approved anew, or replace it.",
        A::RecordConsent { .. } => "Send the reference of the consent that was given.",
        A::RecordForTheseBytes { signed: true, .. } => {
            "Send an approval that names exactly this file by its checksum and is signed by the approver."
        }
        A::RecordForTheseBytes { .. } => "Send an approval that names exactly this file by its checksum.",
        A::ReplaceOrDisclose { .. } => {
            "Replace it with the authentic source, or send the wording with which the audience is told of it."
        }
        A::ReviewEnhancement { .. } => "Send the untouched scan, or say how and why it was enhanced.",
        A::RecordOrigin { .. } => {
            "Send the archive's accession data, the file as it left the camera or the scanner, or its credentials."
        }
        A::Notify { .. } => "Say which tool was used, and for what.",
        _ => return None,
    })
}

/// The sentence of the operator, without what stands between backticks.
fn plain(action: &FindingAction) -> String {
    let commands = action.pieces().iter().any(|piece| match piece {
        Piece::Command(_) => true,
        Piece::Prose(text) => text.contains('`') || text.contains("countersign ") || text.contains(" --"),
    });
    if commands { "Resolve it, or write below why it is as it is.".to_owned() } else { action.help() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_model::Command;

    #[test]
    fn no_sentence_for_a_supplier_holds_a_command() {
        let command = || Command::new("approve", b"a.png", b"l.jsonl");
        let actions = [
            FindingAction::RemoveOrApprove { approve: command() },
            FindingAction::RestoreOrApprove { approve: command(), record: "r".into() },
            FindingAction::ReplaceOrClearUp { approver: "J".into(), approve: command() },
            FindingAction::ReviewEnhancement { approve: command(), disclose: command() },
            FindingAction::ImportTrustList,
            FindingAction::ListUnusedRecords,
            FindingAction::AskForTheFileBeforeCredentialsWereLost,
            FindingAction::Text { text: "Do `countersign approve x`.".into() },
            FindingAction::KeepApproved,
        ];
        let remove = ask(&actions[0]);
        assert!(remove.contains("send the written approval"), "{remove}");
        for action in actions {
            let said = ask(&action);
            assert!(
                !said.contains('`') && !said.contains("--") && !said.contains("countersign") && said.ends_with('.'),
                "{said}"
            );
        }
    }
}
