//! What timelines change of an asset: its role, and what a timeline itself is told as.

use countersign_delivery::packages::{Membership, Place};
use countersign_media::tags::push_problem;
use countersign_model::{Asset, Facts, FormatId, Media, Play, Problem, ProblemKind, Role, TimelineRange, Use, UseKind};
use countersign_timelines::{Rate, Timecode};

/// The basis of a role that the policy gives to what no timeline plays.
const UNUSED: &str = "policy:timelines.unused";

/// A timeline that no reader of media knows is a companion: it describes other files.
pub(super) fn note_timeline(asset: &Asset, facts: &mut Facts) {
    let Some(state) = asset.cut.timeline.as_ref().filter(|_| facts.format.is_none()) else { return };
    (facts.format, facts.media) = (FormatId::parse(&state.format), Some(Media::Companion));
    // A mark could stand in what the file carries.
    if state.essence > 0 {
        let what = format!("{} media inside the file are not read: export them as files", state.essence);
        let place = format!("{} (essence data)", state.format);
        push_problem(facts, Problem::new(ProblemKind::Unsupported, place, None, what));
    }
}

/// What a cut plays is final; what no cut plays is what the policy says, where a timeline may say so.
///
/// An archival pattern stands above what is played, as it stands above packages, and a composition or packing list says
/// by itself what is delivered.
pub(super) fn settle_role(
    asset: &mut Asset,
    media: Option<Media>,
    membership: Option<Membership>,
    unused: Option<Role>,
) {
    if media.is_some_and(|media| !media.is_content()) {
        asset.cut.in_cut = None;
        return;
    }
    // Sound alone does not make a picture final.
    let counts = |of: &&Use| of.kind == UseKind::Video || !matches!(media, Some(Media::Image | Media::Video));
    let by_chance = matches!(asset.role_basis.as_str(), "default" | "option");
    match asset.cut.uses.iter().find(counts) {
        Some(of) if asset.role == Role::Temporary || (asset.role == Role::Final && by_chance) => {
            asset.role_basis = format!("timeline:{} event {}", of.timeline, of.event);
            asset.role = Role::Final;
        }
        Some(_) => {}
        None => {
            let delivered = matches!(membership, Some(Membership::Cpl | Membership::Pkl));
            let lowered = unused.filter(|_| asset.role == Role::Final && !delivered);
            if let Some(role) = lowered.filter(|_| asset.cut.in_cut == Some(false)) {
                (asset.role, asset.role_basis) = (role, UNUSED.to_owned());
            }
        }
    }
}

/// What compositions of packages play is in the cut like what timelines play.
pub(super) fn add_compositions(asset: &mut Asset, place: &Place<'_>) {
    if !place.plays.is_empty() {
        asset.cut.in_cut = Some(true);
        // A composition that the user named as a timeline was told already.
        let named = std::mem::take(&mut asset.cut.uses);
        let told = |of: &Use| {
            named
                .iter()
                .any(|known| known.title == of.title && (&known.record, &known.source) == (&of.record, &of.source))
        };
        let own: Vec<_> = place.plays.iter().map(|play| composition(play)).filter(|of| !told(of)).collect();
        asset.cut.uses = named.into_iter().chain(own).collect();
    }
}

fn composition(play: &Play) -> Use {
    let (over, under) = play.rate;
    let rate = u32::try_from(over).ok().zip(u32::try_from(under).ok()).and_then(|(over, under)| Rate::new(over, under));
    let text = rate.map_or_else(|| format!("{over}/{under}"), |rate| rate.to_string());
    // Sound counts in samples: there are no frames to tell.
    let picture = rate.filter(|rate| rate.is_of_pictures());
    let units = |units: u64| i64::try_from(units).unwrap_or(i64::MAX);
    let address = |frames: u64| match picture {
        Some(rate) => Timecode { frames: units(frames), rate, drop: false }.to_string(),
        None => frames.to_string(),
    };
    let end = play.entry.saturating_add(play.duration);
    let audio = ["Audio", "Sound"].iter().any(|word| play.track.contains(word));
    Use {
        timeline: play.composition.clone(),
        title: play.title.clone(),
        event: play.track.clone(),
        track: play.track.clone(),
        kind: if audio { UseKind::Audio } else { UseKind::Video },
        record: play.record.clone(),
        source: TimelineRange {
            from: address(play.entry),
            to: address(end),
            rate: text,
            start: units(play.entry),
            duration: units(play.duration),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asset(role: Role, basis: &str, kind: Option<UseKind>, in_cut: Option<bool>) -> Asset {
        let mut asset = Asset::new("a.png".into(), "a.png".to_owned(), 0, 1, None);
        (asset.role, asset.role_basis, asset.cut.in_cut) = (role, basis.to_owned(), in_cut);
        asset.cut.uses.extend(kind.map(|kind| Use {
            timeline: "r.edl".to_owned(),
            event: "003".to_owned(),
            kind,
            ..Use::default()
        }));
        asset
    }

    fn settled(mut asset: Asset, media: Media, membership: Option<Membership>) -> (Role, String, Option<bool>) {
        settle_role(&mut asset, Some(media), membership, Some(Role::Temporary));
        (asset.role, asset.role_basis, asset.cut.in_cut)
    }

    #[test]
    fn a_cut_raises_and_never_lowers_what_it_plays() {
        let (video, audio) = (Some(UseKind::Video), Some(UseKind::Audio));
        let by = "timeline:r.edl event 003".to_owned();
        let of = |role, basis, kind, media| settled(asset(role, basis, kind, Some(true)), media, None);
        assert_eq!(of(Role::Temporary, "policy:temp/**", video, Media::Image), (Role::Final, by.clone(), Some(true)));
        assert_eq!(of(Role::Final, "default", video, Media::Image).1, by);
        assert_eq!(of(Role::Temporary, "policy:temp/**", audio, Media::Video).0, Role::Temporary, "sound only");
        assert_eq!(of(Role::Temporary, "policy:temp/**", audio, Media::Audio).0, Role::Final);
        assert_eq!(of(Role::Archival, "policy:a/**", video, Media::Image).0, Role::Archival);
        assert_eq!(of(Role::Temporary, "policy:temp/**", video, Media::Archive).0, Role::Temporary);
    }

    #[test]
    fn what_no_cut_plays_is_lowered_only_where_a_timeline_may_say_so() {
        let of = |in_cut, membership| settled(asset(Role::Final, "default", None, in_cut), Media::Image, membership).0;
        assert_eq!(of(Some(false), None), Role::Temporary);
        assert_eq!(of(Some(false), Some(Membership::Manifest)), Role::Temporary);
        assert_eq!(of(Some(false), Some(Membership::Cpl)), Role::Final);
        assert_eq!(of(None, None), Role::Final);
        let archival = settled(asset(Role::Archival, "policy:a/**", None, Some(false)), Media::Image, None);
        assert_eq!(archival.0, Role::Archival);
    }
}
