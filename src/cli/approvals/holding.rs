//! What a record says of archive material and of how the audience is told: where it is held, on which terms, in which words.

use countersign_judge::approvals::Record;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Holding {
    /// The archive that the material comes from
    #[arg(long, value_name = "TEXT")]
    archive: Option<String>,
    /// The collection in that archive
    #[arg(long, value_name = "TEXT")]
    collection: Option<String>,
    /// The number or name of the object in that collection
    #[arg(long, value_name = "TEXT")]
    object: Option<String>,
    /// The license under which it may be shown
    #[arg(long, visible_alias = "license", value_name = "TEXT")]
    licence: Option<String>,
    /// The words by which the audience is told
    #[arg(long, value_name = "TEXT")]
    disclosure_text: Option<String>,
}

impl Holding {
    /// The record, with what is said here.
    pub(in crate::cli) fn of(&self, record: Record) -> Record {
        Record {
            archive: self.archive.clone(),
            collection: self.collection.clone(),
            object: self.object.clone(),
            licence: self.licence.clone(),
            disclosure_text: self.disclosure_text.clone(),
            ..record
        }
    }
}
