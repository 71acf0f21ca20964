//! A kill at any moment: the start behind it goes on as if there had been none.

use super::*;

/// What a start goes on from: the transitions and counts that were handed out until then.
pub(super) fn remember(kept: &mut Kept, changes: &Changes) {
    for transition in &changes.transitions {
        let known = kept.objects.entry(transition.name.clone()).or_default();
        known.standing = transition.new.clone();
        known.since = Some(if transition.is_of_state() { transition.at } else { transition.old_since });
        kept.last = kept.last.max(transition.at);
    }
    for keep in &changes.keep {
        match keep.clone() {
            Keep::Target(name, target, periods) => {
                let known = kept.objects.entry(name).or_default();
                (known.target, known.periods) = (target, periods);
            }
            Keep::Above(name, above) => kept.objects.entry(name).or_default().above = above,
            Keep::Met(name, _) => kept.objects.entry(name).or_default().is_met = true,
            Keep::CanaryLost(is_lost) => kept.is_canary_lost = is_lost,
            Keep::Figures { .. } => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn whoever_is_killed_at_any_time_goes_on_as_if_it_had_not_been(
        acts in prop::collection::vec((0usize..2, 0usize..5, any::<bool>()), 1..60),
        (fall, rise) in (1u32..4, 1u32..4),
    ) {
        let mut tcp = tcp("tcp", Rule::Any, &[]);
        (tcp.timing.fall, tcp.timing.rise) = (fall, rise);
        tcp.timing.max_silence = Duration::from_secs(100_000);
        let web = group("web", &["a", "b"], vec![tcp]);
        let settings = file(vec![web], vec![node("n", &["web/tcp"], Rule::All, false)], false);
        let (mut spared, mut killed) = (start(&settings), start(&settings));
        let mut kept = Kept::default();
        for (turn, (who, result, is_killed)) in (1..).zip(acts) {
            let now = at(turn * 5_000);
            let target = name(["web/tcp/a", "web/tcp/b"][who]);
            let outcome = match [200, 200, 300, 500, 0][result] {
                0 => Outcome::Own { reason: "no descriptors" },
                code => Outcome::Told { code: Code::new(code).unwrap(), reason: "" },
            };
            let [of_spared, of_killed] = [&mut spared, &mut killed].map(|fleet| {
                let mut changes = Changes::default();
                let Some(MemberId::Target(id)) = fleet.find(&target) else { panic!("{target}") };
                fleet.outcome(id, outcome, now.boot, now, &mut changes);
                fleet.expire(now, &mut changes);
                changes.notes.retain(|note| matches!(note, Note::Flapping(..)));
                for transition in &mut changes.transitions {
                    // Other words alone are not kept.
                    (transition.old.reason, transition.new.reason) = ("".into(), "".into());
                    if kept.objects.get(&transition.name).is_none_or(|known| known.since.is_none()) {
                        // Since when nothing was known of it stands nowhere.
                        transition.old_since = Millis(START);
                    }
                }
                changes
            });
            prop_assert_eq!(&of_spared.transitions, &of_killed.transitions);
            prop_assert_eq!(&of_spared.notes, &of_killed.notes);
            for name in ["web/tcp", "node:n"].map(name) {
                let [of_spared, of_killed] =
                    [&spared, &killed].map(|fleet| fleet.kept(fleet.find(&name).unwrap()).unwrap().above);
                prop_assert_eq!(of_spared, of_killed, "{}", name);
            }
            remember(&mut kept, &of_killed);
            if is_killed {
                let mut changes = Changes::default();
                killed = Fleet::new(&settings, &kept, now, &mut changes);
                prop_assert!(changes.is_empty());
            }
        }
    }
}
