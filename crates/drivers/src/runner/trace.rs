//! The frames of a device, kept while somebody looks: a ring, and the way frames get into it.
//!
//! Off, which is the rule, it costs one load of a flag per request: the session is not told to tell anything.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use lineshaft_contract::{Frame, TracePage, Traced, Tracer};
use lineshaft_model::Timestamp;
use lineshaft_runtime::Clock;
use parking_lot::Mutex;

use super::link::Link;
use super::{Runner, limits};

/// The ring of one device.
pub(super) struct Trace {
    clock: Clock,
    is_on: AtomicBool,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    frames: VecDeque<Traced>,
    /// The number of the newest frame; they count from 1.
    last: u64,
    /// The newest frame when frames were last thrown away on purpose: up to it nothing is missing.
    cleared: u64,
    /// When it ends: by steady time, and as people see it.
    until: Option<(Duration, Timestamp)>,
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Trace")
    }
}

impl Tracer for Trace {
    fn frame(&self, frame: Frame) {
        let at = self.clock.now();
        let mut kept = self.kept.lock();
        kept.last += 1;
        let n = kept.last;
        if kept.frames.len() >= limits::TRACE_FRAMES_MAX {
            kept.frames.pop_front();
        }
        kept.frames.push_back(Traced { n, at, frame });
    }
}

impl Trace {
    pub(super) fn new(clock: Clock) -> Trace {
        Trace { clock, is_on: AtomicBool::new(false), kept: Mutex::default() }
    }

    /// Whether frames are kept now.
    fn is_on(&self) -> bool {
        if !self.is_on.load(Ordering::Acquire) {
            return false;
        }
        let mut kept = self.kept.lock();
        if kept.until.is_some_and(|(until, _)| self.clock.steady() < until) {
            return true;
        }
        kept.until = None;
        self.is_on.store(false, Ordering::Release);
        false
    }

    /// Keeps frames for so long from now on; zero ends it and leaves what was kept.
    fn keep(&self, lasting: Duration) {
        let lasting = lasting.min(limits::TRACE_MAX);
        let mut kept = self.kept.lock();
        if lasting.is_zero() {
            kept.until = None;
        } else {
            if kept.until.is_none() {
                kept.frames.clear();
                kept.cleared = kept.last;
            }
            let until = self.clock.now().saturating_add(lasting);
            kept.until = Some((self.clock.steady() + lasting, until));
        }
        self.is_on.store(kept.until.is_some(), Ordering::Release);
    }

    /// The frames with numbers above `after`. A number from before the device was configured anew means all.
    fn page(&self, after: u64) -> TracePage {
        self.is_on();
        let kept = self.kept.lock();
        let after = if after > kept.last { 0 } else { after };
        let first = kept.frames.front().map_or(kept.last + 1, |first| first.n);
        let frames = kept.frames.iter().filter(|frame| frame.n > after).cloned().collect();
        TracePage {
            until: kept.until.map(|(_, until)| until),
            frames,
            last: kept.last,
            dropped: first.saturating_sub(after.max(kept.cleared) + 1),
        }
    }
}

impl Link<'_> {
    /// Lets the session tell its frames, or no more, as the device whose turn it is wants.
    pub(super) fn follow_trace(&mut self, at: usize) {
        let trace = &self.units[at].fitted.trace;
        let wanted = trace.is_on();
        if (wanted || self.is_traced)
            && let Some(session) = self.session.as_mut()
        {
            let to = wanted.then(|| trace.clone() as Arc<dyn Tracer>);
            session.trace(to);
            self.is_traced = wanted;
        }
    }
}

impl Runner {
    /// The frames of a device with numbers above `after`; `None` when there is no such device.
    #[must_use]
    pub fn trace(&self, device: &str, after: u64) -> Option<TracePage> {
        let fitted = self.0.plant.lock().devices.get(device).cloned();
        fitted.map(|fitted| fitted.trace.page(after))
    }

    /// Keeps the frames of a device for so long from now on, at most an hour; zero ends it.
    #[must_use]
    pub fn keep_trace(&self, device: &str, lasting: Duration) -> Option<TracePage> {
        let fitted = self.0.plant.lock().devices.get(device).cloned()?;
        fitted.trace.keep(lasting);
        Some(fitted.trace.page(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lineshaft_contract::Direction;

    fn frame() -> Frame {
        Frame { direction: Direction::Sent, bytes: [1].into(), text: "x".into(), took: None }
    }

    #[test]
    fn a_trace_ends_by_itself_and_what_was_kept_stays() {
        let clock = Clock::simulated(Timestamp::from_secs(1_000));
        let trace = Trace::new(clock.clone());
        assert!(!trace.is_on());
        trace.keep(Duration::from_secs(60));
        assert!(trace.is_on());
        trace.frame(frame());
        clock.advance(Duration::from_secs(60));
        assert!(!trace.is_on());
        let page = trace.page(0);
        assert_eq!((page.frames.len(), page.last, page.until), (1, 1, None));
    }

    #[test]
    fn the_ring_drops_the_oldest_and_says_how_many() {
        let trace = Trace::new(Clock::simulated(Timestamp::from_secs(0)));
        trace.keep(Duration::from_secs(60));
        for _ in 0..1_200 {
            trace.frame(frame());
        }
        let page = trace.page(100);
        assert_eq!((page.frames.len(), page.dropped, page.last), (1_000, 100, 1_200));
        let page = trace.page(1_199);
        assert_eq!((page.frames[0].n, page.dropped), (1_200, 0));
        assert_eq!(trace.page(1_200).frames.len(), 0);
        assert_eq!(trace.page(9_999).frames.len(), 1_000, "a number from before");
    }
}
