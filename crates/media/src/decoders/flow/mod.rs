//! Graphs of nodes judged by what flows through them, from what is loaded to what is saved.
//!
//! Nodes that sample, animate or speak make something generated where nothing that was filmed enters, and a composite
//! where it does; nodes that only scale or denoise make something enhanced; nodes that only resize, convert or save make
//! nothing. Poses, masks, words and sizes that are taken from a loaded picture carry none of it into the result.

mod classes;

use std::collections::HashMap;

use self::classes::Role;

/// A graph: its nodes, and for each the nodes whose results it takes.
#[derive(Debug, Default)]
pub(super) struct Flow {
    pub(super) classes: Vec<String>,
    pub(super) takes: Vec<Vec<usize>>,
    /// Whether other programs draw graphs in the same form: then a sampler alone may be an instrument.
    pub(super) shared_form: bool,
}

/// What a graph does.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Effect {
    /// `generate`, `edit` (of something loaded), `enhance`, `process` (no model at work) or `unknown`.
    pub(super) verdict: &'static str,
    /// The class of the node that touches a person in something loaded.
    pub(super) person: Option<String>,
}

impl Flow {
    /// A graph of nodes with ids and of edges between them.
    pub(super) fn new<'a>(
        nodes: impl Iterator<Item = (String, String)>,
        edges: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> Self {
        let mut flow = Self::default();
        let mut at = HashMap::new();
        for (id, class) in nodes {
            at.insert(id, flow.classes.len());
            flow.classes.push(class);
        }
        flow.takes = vec![Vec::new(); flow.classes.len()];
        for (from, to) in edges {
            if let (Some(from), Some(to)) = (at.get(from), at.get(to))
                && let Some(takes) = flow.takes.get_mut(*to)
            {
                takes.push(*from);
            }
        }
        flow
    }

    /// What comes of it.
    pub(super) fn effect(&self) -> Effect {
        let roles: Vec<Role> = self.classes.iter().map(|class| self.role(class)).collect();
        let ends = self.ends(&roles);
        let joined = self.takes.iter().any(|takes| !takes.is_empty()) && !ends.is_empty();
        let reached = if joined { self.reached(&ends, |_| true) } else { vec![true; roles.len()] };
        let there =
            |wanted: &[Role]| roles.iter().zip(&reached).any(|(role, reached)| *reached && wanted.contains(role));
        let computes = there(&[Role::Generate, Role::Change, Role::Person])
            || (there(&[Role::Decode]) && !there(&[Role::Encode]))
            || (joined && self.unknown_with_model(&roles, &reached));
        let filmed = if joined {
            let carries = |at: usize| !matches!(roles.get(at), Some(Role::Look | Role::LooksLike | Role::Model));
            let carried = self.reached(&ends, carries);
            roles.iter().zip(&carried).any(|(role, carried)| *carried && *role == Role::Load)
        } else {
            // Without links the kinds of nodes have to do.
            there(&[Role::Load]) && (there(&[Role::Encode, Role::Change, Role::Person]) || self.hosted())
        };
        let verdict = if computes {
            if filmed { "edit" } else { "generate" }
        } else if there(&[Role::Enhance]) {
            "enhance"
        } else if roles.iter().zip(&reached).all(|(role, reached)| {
            !reached || matches!(role, Role::Load | Role::Save | Role::Preview | Role::Plain | Role::Look)
        }) {
            "process"
        } else {
            "unknown"
        };
        Effect { verdict, person: self.person(&roles, &reached, joined) }
    }

    /// A sampler of a graph that other programs draw too counts only beside nodes that they do not have.
    fn role(&self, class: &str) -> Role {
        let role = classes::role(class);
        let doubtful = self.shared_form
            && matches!(role, Role::Generate | Role::Model | Role::Enhance | Role::Change | Role::Person);
        if doubtful && !self.classes.iter().any(|class| classes::is_of_diffusion(class)) { Role::Unknown } else { role }
    }

    fn hosted(&self) -> bool {
        self.classes
            .iter()
            .any(|class| classes::role(class) == Role::Generate && !class.to_lowercase().contains("sampler"))
    }

    /// The nodes that end the graph: those that save; without any, those that show; without any, those that nothing takes.
    fn ends(&self, roles: &[Role]) -> Vec<usize> {
        let of = |wanted: Role| -> Vec<usize> {
            let found = roles
                .iter()
                .enumerate()
                .filter(|(at, role)| **role == wanted && self.takes.get(*at).is_some_and(|t| !t.is_empty()));
            found.map(|(at, _)| at).collect()
        };
        [of(Role::Save), of(Role::Preview)].into_iter().find(|ends| !ends.is_empty()).unwrap_or_else(|| {
            let mut taken = vec![false; roles.len()];
            self.takes.iter().flatten().for_each(|at| {
                if let Some(taken) = taken.get_mut(*at) {
                    *taken = true;
                }
            });
            (0..roles.len()).filter(|at| taken.get(*at) == Some(&false)).collect()
        })
    }

    /// The nodes whose results reach one of these; what a node takes is followed where `through` allows it.
    fn reached(&self, ends: &[usize], through: impl Fn(usize) -> bool) -> Vec<bool> {
        let mut reached = vec![false; self.classes.len()];
        let mut open: Vec<usize> = ends.to_vec();
        while let Some(at) = open.pop() {
            match reached.get_mut(at) {
                Some(known) if !*known => *known = true,
                _ => continue,
            }
            if through(at) {
                open.extend(self.takes.get(at).into_iter().flatten());
            }
        }
        reached
    }

    /// Whether a node that nobody knows takes a model that makes content.
    fn unknown_with_model(&self, roles: &[Role], reached: &[bool]) -> bool {
        if self.shared_form {
            return false;
        }
        let unknown =
            roles.iter().enumerate().filter(|(at, role)| **role == Role::Unknown && reached.get(*at) == Some(&true));
        let takes_model = |at: usize| {
            let above = self.reached(&[at], |_| true);
            roles.iter().zip(above).any(|(role, above)| above && *role == Role::Model)
        };
        // A long chain of nodes is not walked again for each of them.
        unknown.take(64).any(|(at, _)| takes_model(at))
    }

    /// The node that touches a person, where something loaded reaches it.
    fn person(&self, roles: &[Role], reached: &[bool], joined: bool) -> Option<String> {
        let touches = |at: &usize| {
            reached.get(*at) == Some(&true) && matches!(roles.get(*at), Some(Role::Person | Role::LooksLike))
        };
        let loads = |at: usize| {
            let above = if joined { self.reached(&[at], |_| true) } else { vec![true; roles.len()] };
            roles.iter().zip(above).any(|(role, above)| above && *role == Role::Load)
        };
        let found = (0..roles.len()).filter(touches).take(64).find(|at| loads(*at))?;
        self.classes.get(found).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A graph as a chain: each node takes the one before it; `+` starts a chain that the next `>` joins.
    fn chain(classes: &[&str]) -> Flow {
        let nodes: Vec<_> =
            classes.iter().enumerate().map(|(at, class)| (at.to_string(), (*class).to_owned())).collect();
        let ids: Vec<String> = (0..classes.len()).map(|at| at.to_string()).collect();
        let edges: Vec<_> = ids.windows(2).map(|pair| (pair[0].as_str(), pair[1].as_str())).collect();
        Flow::new(nodes.into_iter(), edges.into_iter())
    }

    #[test]
    fn what_flows_decides() {
        for (classes, expected) in [
            (&["CheckpointLoaderSimple", "KSampler", "VAEDecode", "SaveImage"][..], "generate"),
            (&["LoadImage", "VAEEncode", "KSampler", "VAEDecode", "SaveImage"], "edit"),
            (
                &["LoadImage", "CannyEdgePreprocessor", "ControlNetApply", "KSampler", "VAEDecode", "SaveImage"],
                "generate",
            ),
            (&["LoadImage", "Florence2Run", "CLIPTextEncode", "KSampler", "VAEDecode", "SaveImage"], "generate"),
            (&["LoadImage", "VAEEncode", "VAEDecode", "SaveImage"], "unknown"),
            (&["LoadImage", "ReActorFaceSwap", "SaveImage"], "edit"),
            (&["VHS_LoadVideo", "LatentSyncNode", "VHS_VideoCombine"], "edit"),
            (&["LoadAudio", "RVC_Infer", "SaveAudio"], "edit"),
            (&["LoadImage", "LamaRemover", "SaveImage"], "edit"),
            (&["LoadImage", "WanImageToVideo", "KSampler", "VAEDecode", "SaveVideo"], "edit"),
            (&["LoadImage", "ImageUpscaleWithModel", "SaveImage"], "enhance"),
            (&["VHS_LoadVideo", "RIFE VFI", "VHS_VideoCombine"], "enhance"),
            (&["LoadImage", "ImageScale", "SaveImage"], "process"),
            (&["LoadImage", "SaveImage"], "process"),
            (&["LoadImage", "MysteryNode", "SaveImage"], "unknown"),
            (&["SomethingModelLoader", "MysteryNode", "SaveImage"], "generate"),
            (&["LoadAudio", "MysteryNode", "SaveAudio"], "unknown"),
            (&["TextToSpeech", "SaveAudio"], "generate"),
        ] {
            assert_eq!(chain(classes).effect().verdict, expected, "{classes:?}");
        }
    }

    #[test]
    fn what_is_not_saved_does_not_count() {
        let nodes = ["LoadImage", "ImageScale", "SaveImage", "CheckpointLoaderSimple", "KSampler", "PreviewImage"];
        let nodes = nodes.iter().enumerate().map(|(at, class)| (at.to_string(), (*class).to_owned()));
        let flow = Flow::new(nodes, [("0", "1"), ("1", "2"), ("3", "4"), ("4", "5")].into_iter());
        assert_eq!(flow.effect().verdict, "process");
    }

    #[test]
    fn people_are_told() {
        let person = |classes: &[&str]| chain(classes).effect().person;
        assert_eq!(person(&["LoadImage", "ReActorFaceSwap", "SaveImage"]).as_deref(), Some("ReActorFaceSwap"));
        assert_eq!(
            person(&["LoadImage", "PulidFluxApply", "KSampler", "VAEDecode", "SaveImage"]).as_deref(),
            Some("PulidFluxApply")
        );
        assert_eq!(person(&["CheckpointLoaderSimple", "KSampler", "VAEDecode", "FaceDetailer", "SaveImage"]), None);
        assert_eq!(person(&["LoadImage", "LamaRemover", "SaveImage"]), None);
    }

    #[test]
    fn instruments_are_none() {
        let mut flow = chain(&["audio/source", "Sampler", "Reverb", "audio/destination"]);
        flow.shared_form = true;
        assert_eq!(flow.effect().verdict, "unknown");
    }

    #[test]
    fn circles_end() {
        let nodes =
            ["KSampler", "VAEDecode"].iter().enumerate().map(|(at, class)| (at.to_string(), (*class).to_owned()));
        let flow = Flow::new(nodes, [("0", "1"), ("1", "0")].into_iter());
        // Nothing ends it: then everything counts.
        assert_eq!(flow.effect().verdict, "generate");
    }
}
