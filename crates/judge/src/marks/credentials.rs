//! Marks in Content Credentials: what the manifests of an asset claim about its making.
//!
//! Follows the C2PA asset rubrics ("signals", 2026-08): inception actions, perceptible transformations and
//! non-editorial actions; ingredients pass on what they are according to their relationship. Permissions
//! (`c2pa.training-mining`, `cawg.training-mining`) say nothing about origin and are no marks.

use super::generators::{self, Field};
use super::source_type::{self, SourceType};
use countersign_model::{Action, Claim, CredentialState, Credentials, Evidence, Manifest, Strength, Via};

/// A mark of this file; what people read of it stands in `catalogue/credentials.toml`.
#[derive(Clone, Copy, Debug)]
pub struct Coded {
    /// The mark's id: `c2pa.source-type`.
    pub id: &'static str,
    /// At best: where the signature does not hold, a signed statement is a declared one.
    pub strength: Strength,
}

const fn signed(id: &'static str) -> Coded {
    Coded { id, strength: Strength::Signed }
}

const SOURCE_TYPE: Coded = signed("c2pa.source-type");
const ADOBE_SOURCE_TYPE: Coded = signed("c2pa.adobe-source-type");
const METADATA_SOURCE_TYPE: Coded = signed("c2pa.metadata-source-type");
const AI_SYSTEM: Coded = signed("c2pa.metadata-ai-system");
const ADOBE_GENERATIVE: Coded = signed("c2pa.adobe-generative-ai");
const GENERATED_CONTENT: Coded = signed("c2pa.ai-generated-content");
const DISCLOSURE: Coded = signed("c2pa.ai-disclosure");
const GENERATOR: Coded = Coded { id: "c2pa.generator", strength: Strength::Fingerprint };

/// Every mark of this file.
pub static ALL: &[Coded] = &[
    SOURCE_TYPE,
    ADOBE_SOURCE_TYPE,
    METADATA_SOURCE_TYPE,
    AI_SYSTEM,
    ADOBE_GENERATIVE,
    GENERATED_CONTENT,
    DISCLOSURE,
    GENERATOR,
];

/// What an action does to the asset, as the rubrics sort actions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Inception,
    Transformation,
    NonEditorial,
}

const INCEPTION: &[&str] = &["c2pa.created", "c2pa.opened", "c2pa.ingredient"];
const NON_EDITORIAL: &[&str] = &[
    "c2pa.converted",
    "c2pa.published",
    "c2pa.repackaged",
    "c2pa.transcoded",
    "c2pa.resized.proportional",
    "c2pa.enhanced",
    "c2pa.edited.metadata",
    "c2pa.watermarked",
    "c2pa.watermarked.bound",
    "c2pa.watermarked.unbound",
    "c2pa.redacted",
];

fn kind(action: &str) -> Kind {
    match action {
        a if INCEPTION.contains(&a) => Kind::Inception,
        a if NON_EDITORIAL.contains(&a) => Kind::NonEditorial,
        _ => Kind::Transformation,
    }
}

/// What a source type on an action of this kind claims about the asset.
fn claim(kind: Kind, source_type: SourceType) -> Option<Claim> {
    let claim = source_type.claim?;
    match (kind, claim) {
        (Kind::Inception, claim) => Some(claim),
        // A generated thing put into an asset makes the asset a composite.
        (Kind::Transformation, Claim::Generated | Claim::Composite) => Some(Claim::Composite),
        (Kind::Transformation, Claim::Possible) if source_type.term != "screenCapture" => Some(Claim::Possible),
        (_, Claim::Enhanced) => Some(Claim::Enhanced),
        (Kind::Transformation, Claim::NotAi) => Some(Claim::NotAi),
        // The rubrics look past these actions; a model named on one is still worth a look.
        (Kind::NonEditorial, Claim::Generated | Claim::Composite) => Some(Claim::Possible),
        _ => None,
    }
}

/// The evidence in an asset's credentials.
#[must_use]
pub fn evidence(credentials: &Credentials) -> Vec<Evidence> {
    let mut out = Vec::new();
    for (index, manifest) in credentials.chain.iter().enumerate() {
        let subject = Subject { credentials, manifest, active: index == 0 };
        subject.actions(&mut out);
        subject.values(&mut out);
        subject.generators(&mut out);
    }
    out
}

struct Subject<'a> {
    credentials: &'a Credentials,
    manifest: &'a Manifest,
    active: bool,
}

impl Subject<'_> {
    fn actions(&self, out: &mut Vec<Evidence>) {
        for action in &self.manifest.actions {
            let field = format!("c2pa.actions {} digitalSourceType", action.action);
            if let Some(written) = &action.source_type {
                out.extend(self.source_type(SOURCE_TYPE, action, written, &field));
            }
            for (key, written) in &action.parameters {
                let field = format!("c2pa.actions {} parameters {key}", action.action);
                out.extend(self.source_type(ADOBE_SOURCE_TYPE, action, written, &field));
            }
        }
    }

    fn source_type(&self, mark: Coded, action: &Action, written: &str, field: &str) -> Option<Evidence> {
        let claim = source_type::parse(written).and_then(|t| claim(kind(&action.action), t))?;
        let system = action.agent.clone().or_else(|| self.manifest.generator.clone());
        let mut evidence = Evidence { system, ..self.stated(mark, claim, field, written) };
        if !action.created {
            // Gathered: the signer repeats it without vouching for it.
            evidence.strength = Strength::Declared;
        }
        Some(evidence)
    }

    fn values(&self, out: &mut Vec<Evidence>) {
        for (key, value) in &self.manifest.values {
            let system = || self.system();
            let (label, field) = key.split_once('#').unwrap_or((key, ""));
            let before = out.len();
            let name = field.rsplit(':').next().unwrap_or(field);
            if name.eq_ignore_ascii_case("digitalSourceType") {
                let claim = source_type::parse(value).and_then(|t| claim(Kind::Inception, t));
                let of = |claim| self.stated(METADATA_SOURCE_TYPE, claim, key, value);
                out.extend(claim.map(|c| Evidence { system: system(), ..of(c) }));
            } else if name.eq_ignore_ascii_case("AISystemUsed") && !value.trim().is_empty() {
                let system = Some(value.trim().to_owned());
                out.push(Evidence { system, ..self.stated(AI_SYSTEM, Claim::Composite, key, value) });
            } else if label.starts_with("com.adobe.generative-ai") || label.starts_with("com.adobe.firefly") {
                let claim = self.adobe();
                let system = system().or_else(|| Some("Adobe Firefly".to_owned()));
                out.push(Evidence { system, ..self.stated(ADOBE_GENERATIVE, claim, label, value) });
            } else if label.starts_with("c2pa.ai_generated_content") {
                let stated = self.stated(GENERATED_CONTENT, Claim::Generated, label, value);
                out.push(Evidence { system: system(), ..stated });
            } else if label.starts_with("c2pa.ai-disclosure") && !self.states_source_type() {
                out.push(Evidence { system: system(), ..self.stated(DISCLOSURE, Claim::Composite, label, value) });
            }
            if self.manifest.gathered.iter().any(|l| l == label) {
                out[before..].iter_mut().for_each(|e| e.strength = Strength::Declared);
            }
        }
    }

    /// Firefly itself generates; the other products change what was there.
    fn adobe(&self) -> Claim {
        let m = self.manifest;
        let firefly = |text: &str| text.replace('_', " ").to_lowercase().contains("firefly");
        let made = m.actions.iter().any(|a| a.action == "c2pa.created");
        let parents =
            self.credentials.chain.iter().any(|c| c.path.len() == m.path.len() + 1 && c.path.starts_with(&m.path));
        let by_firefly =
            m.generator.iter().chain(m.actions.iter().filter_map(|a| a.agent.as_ref())).any(|t| firefly(t));
        if by_firefly && made && !parents { Claim::Generated } else { Claim::Composite }
    }

    /// Known generators, where the manifest itself says nothing of how the asset was made.
    fn generators(&self, out: &mut Vec<Evidence>) {
        let m = self.manifest;
        if self.states_source_type()
            || out.iter().any(|e| e.place.contains(&self.place("")) && e.claim <= Claim::Composite)
        {
            return;
        }
        let agents = m.actions.iter().filter_map(|a| a.agent.as_deref());
        let agents = agents.map(|a| (Field::Agent, "c2pa.actions softwareAgent", a));
        let value = |key: &'static str| m.values.iter().filter(move |(k, _)| k == key).map(|(_, v)| v.as_str());
        let tools = m.generator.as_deref().into_iter().chain(value("claim_generator"));
        let tools = tools.map(|g| (Field::Generator, "claim generator", g));
        let certificate = value("signer#O").chain(m.signer.as_deref());
        let certificate = certificate.map(|c| (Field::Certificate, "signing certificate", c));
        let found = agents
            .chain(tools)
            .chain(certificate)
            .find_map(|(field, name, text)| generators::find(field, text).map(|g| (g, name, text)));
        if let Some((generator, field, text)) = found {
            let system = Some(generator.system.to_owned());
            let stated = self.stated(GENERATOR, generator.claim, field, text);
            out.push(Evidence { system, strength: Strength::Fingerprint, ..stated });
        }
    }

    fn states_source_type(&self) -> bool {
        let known = |written: &str| source_type::parse(written).is_some_and(|t| t.claim.is_some());
        self.manifest
            .actions
            .iter()
            .any(|a| a.source_type.as_deref().is_some_and(known) || a.parameters.iter().any(|(_, value)| known(value)))
    }

    fn system(&self) -> Option<String> {
        let agent = self.manifest.actions.iter().find_map(|a| a.agent.clone());
        agent.or_else(|| self.manifest.generator.clone())
    }

    /// Evidence of no system that is named.
    fn stated(&self, mark: Coded, claim: Claim, field: &str, value: &str) -> Evidence {
        let via = self.via();
        let holds = matches!(self.credentials.state, CredentialState::Trusted | CredentialState::Valid);
        let own = !self.manifest.path.contains(&Via::CoverArt) && !self.manifest.unproven;
        Evidence {
            mark: mark.id.to_owned(),
            claim: handed_down(claim, via),
            strength: if holds && own { Strength::Signed } else { Strength::Declared },
            system: None,
            place: self.place(field),
            offset: self.credentials.offset,
            value: value.to_owned(),
            via,
            of: None,
        }
    }

    fn place(&self, field: &str) -> String {
        let store = self.credentials.place.as_deref().map(|p| format!("{p}, ")).unwrap_or_default();
        if self.active {
            return format!("{store}C2PA active manifest {field}");
        }
        let relation = self.manifest.path.last().map_or("other", |v| match v {
            Via::Parent => "parentOf",
            Via::Component => "componentOf",
            Via::Input => "inputTo",
            _ => "embedded",
        });
        let title = self.manifest.title.as_deref().unwrap_or(&self.manifest.label);
        format!("{store}C2PA {relation} ingredient {title:?} {field}")
    }

    /// The weakest link between the asset and the manifest.
    fn via(&self) -> Via {
        let path = &self.manifest.path;
        let weakest = [Via::Input, Via::CoverArt, Via::Component, Via::Parent].into_iter().find(|v| path.contains(v));
        weakest.unwrap_or(self.credentials.via)
    }
}

/// What an ingredient's claim means for the asset made from it.
fn handed_down(claim: Claim, via: Via) -> Claim {
    match (via, claim) {
        (Via::Component, Claim::Generated) => Claim::Composite,
        (Via::Input, Claim::Generated | Claim::Composite | Claim::Enhanced) => Claim::Possible,
        _ => claim,
    }
}
