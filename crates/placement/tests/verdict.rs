//! Verdicts: each reason by its text, and where a run belongs by property.
#![allow(clippy::unwrap_used, reason = "a test may fail by a panic")]

use aloft_placement::{History, Machine, may_leave, verdict};
use aloft_spec::{
    DataClass,
    project::{Policy, Thresholds},
    verdict::{Forecast, Placement, Range, Reason, ReasonKind, ReasonState, Stability, Verdict},
};
use proptest::prelude::*;

const GB: u64 = 1_000_000_000;

fn small() -> Forecast {
    Forecast {
        seconds: Range {
            low: 38.0,
            mid: 40.0,
            high: 42.0,
        },
        memory_bytes: 4 * GB,
        disk_bytes: GB,
        steps_measured: 50,
        ..Forecast::default()
    }
}

fn long() -> Forecast {
    Forecast {
        seconds: Range {
            low: 5.9 * 3600.0,
            mid: 6.4 * 3600.0,
            high: 6.9 * 3600.0,
        },
        ..small()
    }
}

fn machine() -> Machine {
    Machine {
        memory_bytes: 16 * GB,
        free_disk_bytes: 100 * GB,
    }
}

fn judge(forecast: &Forecast, class: DataClass) -> Verdict {
    judge_with(forecast, class, &History::default())
}

fn judge_with(forecast: &Forecast, class: DataClass, history: &History) -> Verdict {
    verdict(
        forecast,
        &machine(),
        &Thresholds::default(),
        &Policy::default(),
        class,
        history,
    )
}

fn reason(verdict: &Verdict, kind: ReasonKind) -> &Reason {
    verdict.reasons.iter().find(|reason| reason.kind == kind).unwrap()
}

#[test]
fn a_small_run_belongs_here_and_each_reason_has_its_number() {
    let verdict = judge(&small(), DataClass::Internal);
    assert_eq!(verdict.placement, Placement::Here);
    let told: Vec<String> = verdict
        .reasons
        .iter()
        .map(|r| {
            format!(
                "{:?} {:?} | {} | {} | {}",
                r.kind, r.state, r.value, r.text, r.setting
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            "Privacy Ok | internal | internal data may leave this machine | policy.may_leave",
            "Storage Ok | 1.0 GB of 100 GB | data, checkpoints and model take 1.0 GB, limit 50 GB (50 % of 100 GB free disk) | thresholds.disk_share",
            "Memory Ok | 4.0 GB of 16 GB | peak memory 4.0 GB, limit 11 GB (70 % of 16 GB memory) | thresholds.memory_share",
            "Time Ok | 40 s | forecast 40 s (38–42 s), limit 1 h, measured on 50 warm-up steps | thresholds.minutes",
            "Queue Ok | none ahead | no other run is ahead on this machine | thresholds.minutes",
            "Stability Unknown | 0 of 5 | 0 of the 5 finished runs that it takes to tell | ",
        ]
    );
    assert_eq!(reason(&verdict, ReasonKind::Memory).share, Some(4.0 / 11.2));
}

#[test]
fn a_long_run_belongs_elsewhere_and_the_text_says_by_how_much() {
    let verdict = judge(&long(), DataClass::Internal);
    assert_eq!(verdict.placement, Placement::Cloud);
    let over: Vec<&Reason> = verdict.exceeded().collect();
    assert_eq!(over.len(), 1);
    assert_eq!(
        over[0].text,
        "forecast 6.4 h (5.9–6.9 h), limit 1 h, measured on 50 warm-up steps"
    );
    assert_eq!((over[0].value.as_str(), over[0].share), ("6.4 h", Some(6.4)));
}

#[test]
fn data_that_may_not_leave_blocks_only_a_run_that_would_have_to() {
    for class in [DataClass::Confidential, DataClass::Restricted] {
        let here = judge(&small(), class);
        assert_eq!(here.placement, Placement::Here);
        let privacy = reason(&here, ReasonKind::Privacy);
        assert_eq!(privacy.state, ReasonState::Ok);
        assert!(privacy.text.ends_with("and needn't"), "{}", privacy.text);
        let blocked = judge(&long(), class);
        assert_eq!(blocked.placement, Placement::Blocked);
        assert_eq!(blocked.reasons[0].state, ReasonState::Over);
    }
    let policy = |may_leave| Policy { may_leave };
    assert!(may_leave(&policy(DataClass::Confidential), DataClass::Confidential).is_ok());
    let refused = may_leave(&policy(DataClass::Public), DataClass::Internal).unwrap_err();
    assert_eq!(
        refused,
        "internal data may not leave this machine: policy.may_leave is public"
    );
    // Whatever is written in the file.
    assert!(may_leave(&policy(DataClass::Restricted), DataClass::Restricted).is_err());
}

#[test]
fn near_is_from_eighty_percent_on_or_when_the_range_reaches_over() {
    let mut forecast = small();
    forecast.memory_bytes = 10 * GB;
    let verdict = judge(&forecast, DataClass::Public);
    assert_eq!(reason(&verdict, ReasonKind::Memory).state, ReasonState::Near);
    forecast.seconds = Range {
        low: 1000.0,
        mid: 2000.0,
        high: 4000.0,
    };
    let verdict = judge(&forecast, DataClass::Public);
    assert_eq!(reason(&verdict, ReasonKind::Time).state, ReasonState::Near);
    assert_eq!(verdict.placement, Placement::Here);
}

#[test]
fn runs_ahead_count_when_the_wait_makes_it_too_long() {
    let wait = |runs_ahead, wait_seconds| History {
        runs_ahead,
        wait_seconds,
        ..History::default()
    };
    let short = judge_with(&small(), DataClass::Public, &wait(1, 60.0));
    let queue = reason(&short, ReasonKind::Queue);
    assert_eq!(queue.state, ReasonState::Near);
    assert_eq!(
        queue.text,
        "1 run is ahead on this machine: 1 min 40 s with the wait, limit 1 h"
    );
    assert_eq!(short.placement, Placement::Here);
    let long = judge_with(&small(), DataClass::Public, &wait(3, 9000.0));
    assert_eq!(reason(&long, ReasonKind::Queue).state, ReasonState::Over);
    assert_eq!(long.placement, Placement::Cloud);
}

#[test]
fn agreeing_runs_are_ready_for_production_and_ask_for_nothing() {
    let history = |agreeing, of| History {
        stability: Stability {
            agreeing,
            of,
            metric: Some("auc".into()),
            spread: Some(0.004),
        },
        ..History::default()
    };
    let stable = judge_with(&small(), DataClass::Public, &history(5, 5));
    let reason_of = |verdict: &Verdict| reason(verdict, ReasonKind::Stability).clone();
    assert_eq!(reason_of(&stable).state, ReasonState::Ok);
    assert_eq!(
        reason_of(&stable).text,
        "the last 5 runs agree within 1 % on auc: ready for production"
    );
    assert_eq!(stable.placement, Placement::Here);
    let moving = judge_with(&small(), DataClass::Public, &history(2, 5));
    assert_eq!(reason_of(&moving).state, ReasonState::Unknown);
    assert_eq!(
        reason_of(&moving).text,
        "the last 2 of 5 runs agree within 1 % on auc"
    );
    // Both numbers are of the same.
    let few = reason_of(&judge_with(&small(), DataClass::Public, &history(1, 2)));
    assert_eq!(
        (few.value.as_str(), few.text.as_str()),
        ("2 of 5", "2 of the 5 finished runs that it takes to tell")
    );
}

#[test]
fn what_is_not_known_is_said_and_a_limit_of_nothing_lets_nothing_through() {
    let unknown = verdict(
        &Forecast::default(),
        &Machine::default(),
        &Thresholds::default(),
        &Policy::default(),
        DataClass::Public,
        &History::default(),
    );
    for kind in [ReasonKind::Storage, ReasonKind::Memory, ReasonKind::Time] {
        assert_eq!(reason(&unknown, kind).state, ReasonState::Unknown);
    }
    assert_eq!(unknown.placement, Placement::Here);
    let strict = Thresholds {
        minutes: 0.0,
        memory_share: f64::NAN,
        disk_share: -1.0,
    };
    let verdict = verdict(
        &small(),
        &machine(),
        &strict,
        &Policy::default(),
        DataClass::Public,
        &History::default(),
    );
    assert_eq!(verdict.exceeded().count(), 3);
    assert_eq!(verdict.placement, Placement::Cloud);
}

fn class() -> impl Strategy<Value = DataClass> {
    prop_oneof![
        Just(DataClass::Public),
        Just(DataClass::Internal),
        Just(DataClass::Confidential),
        Just(DataClass::Restricted)
    ]
}

prop_compose! {
    fn any_forecast()(
        seconds in (0.0..1e6_f64, 0.0..1e6_f64, 0.0..1e6_f64),
        memory_bytes in 0..64 * GB,
        disk_bytes in 0..500 * GB,
        steps_measured in 0_u64..50,
    ) -> Forecast {
        let mut seconds = [seconds.0, seconds.1, seconds.2];
        seconds.sort_by(f64::total_cmp);
        let [low, mid, high] = seconds;
        Forecast {
            seconds: Range { low, mid, high },
            memory_bytes, disk_bytes, steps_measured,
            ..Forecast::default()
        }
    }
}

prop_compose! {
    fn any_thresholds()(
        minutes in prop_oneof![0.0..10_000.0_f64, Just(f64::INFINITY), Just(f64::NAN)],
        memory_share in -0.1..1.5_f64,
        disk_share in -0.1..1.5_f64,
    ) -> Thresholds {
        Thresholds { minutes, memory_share, disk_share }
    }
}

proptest! {
    #[test]
    fn a_run_stays_exactly_when_nothing_is_over_and_never_leaves_against_the_policy(
        forecast in any_forecast(),
        thresholds in any_thresholds(),
        memory_bytes in 0..128 * GB,
        free_disk_bytes in 0..1000 * GB,
        allowed in class(),
        class in class(),
        runs_ahead in 0_u32..4,
        wait_seconds in 0.0..1e5_f64,
    ) {
        let policy = Policy { may_leave: allowed };
        let history = History { runs_ahead, wait_seconds, ..History::default() };
        let machine = Machine { memory_bytes, free_disk_bytes };
        let verdict = verdict(&forecast, &machine, &thresholds, &policy, class, &history);
        let nothing_over = verdict.exceeded().next().is_none();
        prop_assert_eq!(verdict.placement == Placement::Here, nothing_over);
        if verdict.placement == Placement::Cloud {
            prop_assert!(may_leave(&policy, class).is_ok());
        }
        if verdict.placement == Placement::Blocked {
            prop_assert!(may_leave(&policy, class).is_err());
        }
        let kinds: Vec<ReasonKind> = verdict.reasons.iter().map(|reason| reason.kind).collect();
        prop_assert_eq!(kinds, [
            ReasonKind::Privacy, ReasonKind::Storage, ReasonKind::Memory,
            ReasonKind::Time, ReasonKind::Queue, ReasonKind::Stability,
        ]);
        for reason in &verdict.reasons {
            prop_assert!(reason.share.is_none_or(f64::is_finite));
            if let Some(share) = reason.share {
                prop_assert_eq!(reason.state == ReasonState::Over, share > 1.0);
            }
        }
    }
}
