use super::*;

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// A server that works on so many requests at a time, each for so long, and keeps the others waiting.
struct Server {
    workers: usize,
    work: Duration,
}

/// Lets a pacer submit to a server for a time; gives the requests that were done and the largest number under way.
fn drive(pacer: &mut Pacer, server: &Server, from: Duration, time: Duration) -> (usize, usize) {
    let mut free = vec![from; server.workers];
    let mut under_way: Vec<(Duration, Duration)> = Vec::new();
    let (mut now, mut done, mut most) = (from, 0, 0);
    while now < from + time {
        let mut next = from + time;
        loop {
            match pacer.admit(now) {
                Admission::Now => {
                    let worker = free.iter_mut().min().expect("there are workers");
                    *worker = (*worker).max(now) + server.work;
                    under_way.push((*worker, now));
                    most = most.max(under_way.len());
                }
                Admission::At(at) => break next = next.min(at),
                Admission::WhenAnswered => break,
            }
        }
        under_way.sort_unstable();
        if under_way.first().is_some_and(|(ends, _)| *ends <= next) {
            let (ends, sent) = under_way.remove(0);
            now = ends;
            pacer.answered(now, sent, Signal::Good);
            done += 1;
        } else {
            now = next;
        }
    }
    for (ends, sent) in under_way {
        pacer.answered(ends, sent, Signal::Good);
    }
    (done, most)
}

fn pacer(per_second_max: Option<f64>) -> Pacer {
    Pacer::new(Pace {
        per_second_max,
        ..Pace::default()
    })
}

#[test]
fn it_starts_with_four_requests() {
    let mut pacer = pacer(None);
    for _ in 0..4 {
        assert_eq!(pacer.admit(ms(0)), Admission::Now);
    }
    assert_eq!(pacer.admit(ms(0)), Admission::WhenAnswered);
}

#[test]
fn it_keeps_any_server_busy_without_a_long_queue() {
    for (workers, work, most_allowed) in [
        (1, ms(5), 24),
        (4, ms(10), 28),
        (16, ms(40), 40),
        (64, ms(100), 64),
    ] {
        let server = Server { workers, work };
        let (done, most) = drive(&mut pacer(None), &server, ms(0), ms(10_000));
        let possible = workers * 10_000 / work.as_millis() as usize;
        assert!(
            done * 100 >= possible * 90,
            "{workers} workers, {work:?}: {done} of {possible}"
        );
        assert!(most <= most_allowed, "{workers} workers: {most} at a time");
    }
}

#[test]
fn it_makes_room_when_the_server_gets_slower() {
    let mut pacer = pacer(None);
    let quick = Server {
        workers: 40,
        work: ms(10),
    };
    drive(&mut pacer, &quick, ms(0), ms(5_000));
    let before = pacer.window;
    let slow = Server {
        workers: 4,
        work: ms(200),
    };
    drive(&mut pacer, &slow, ms(5_000), ms(60_000));
    assert!(before >= 40, "{before}");
    assert!(pacer.window <= 20, "{} after {before}", pacer.window);
}

#[test]
fn a_ceiling_holds_over_any_second() {
    for most in [0.5, 10.0, 250.0, 4000.0] {
        let server = Server {
            workers: 64,
            work: ms(1),
        };
        let (done, _) = drive(&mut pacer(Some(most)), &server, ms(0), ms(10_000));
        let allowed = most * 10.0;
        assert!(
            (done as f64) <= allowed + most * BURST.as_secs_f64() + 1.0,
            "{done} for {most}"
        );
        assert!((done as f64) >= allowed * 0.9 - 1.0, "{done} for {most}");
    }
}

#[test]
fn retry_after_is_honoured_and_has_a_limit() {
    for (asked, least, most) in [(7, 7, 7), (100_000, 120, 120), (0, 0, 1)] {
        let mut pacer = pacer(None);
        pacer.admit(ms(0));
        pacer.answered(
            ms(10),
            ms(0),
            Signal::Busy(Some(Duration::from_secs(asked))),
        );
        let left = pacer.pause_left(ms(10));
        assert!(
            (Duration::from_secs(least)..=Duration::from_secs(most)).contains(&left),
            "{asked}: {left:?}"
        );
        assert!(matches!(pacer.admit(ms(11)), Admission::At(_)));
    }
}

#[test]
fn pauses_grow_with_failures_in_a_row_and_end_with_success() {
    let mut pacer = pacer(None);
    let mut now = ms(0);
    let mut pauses = Vec::new();
    for _ in 0..10 {
        assert_eq!(pacer.admit(now), Admission::Now);
        pacer.answered(now, now, Signal::Busy(None));
        pauses.push(pacer.pause_left(now));
        now += pacer.pause_left(now);
    }
    assert!(
        pauses.windows(2).take(7).all(|two| two[0] < two[1] * 2),
        "{pauses:?}"
    );
    assert!(pauses[9] >= PAUSE_MAX / 2 && pauses[9] <= PAUSE_MAX);
    pacer.admit(now);
    pacer.answered(now + ms(5), now, Signal::Good);
    pacer.admit(now + ms(6));
    pacer.answered(now + ms(7), now + ms(6), Signal::Busy(None));
    assert!(pacer.pause_left(now + ms(7)) <= PAUSE_FIRST);
}

#[test]
fn many_failures_at_once_are_one_failure() {
    let mut pacer = pacer(None);
    pacer.window = 32;
    for _ in 0..32 {
        assert_eq!(pacer.admit(ms(0)), Admission::Now);
    }
    for _ in 0..32 {
        pacer.answered(ms(10), ms(0), Signal::Busy(None));
    }
    assert_eq!(pacer.window, 16);
    assert!(pacer.pause_left(ms(10)) <= PAUSE_FIRST);
}

#[test]
fn a_used_up_quota_is_probed_with_one_request() {
    let mut pacer = pacer(None);
    pacer.admit(ms(0));
    pacer.admit(ms(0));
    pacer.answered(ms(5), ms(0), Signal::QuotaUsed);
    pacer.answered(ms(5), ms(0), Signal::QuotaUsed);
    let later = ms(5) + pacer.pause_left(ms(5));
    assert!(later > ms(400) && later < ms(1_100), "{later:?}");
    assert_eq!(pacer.admit(later), Admission::Now);
    assert_eq!(pacer.admit(later), Admission::WhenAnswered);
    // Room again: as quick as at the beginning.
    pacer.answered(later + ms(5), later, Signal::Good);
    assert!(pacer.is_starting);
}

#[test]
fn slow_answers_alone_do_not_stop_it() {
    let mut pacer = pacer(None);
    let mut now = ms(0);
    for _ in 0..50 {
        assert_eq!(pacer.admit(now), Admission::Now);
        pacer.answered(now + ms(8_000), now, Signal::Good);
        now += ms(8_000);
    }
    assert!(pacer.window >= 1);
}
