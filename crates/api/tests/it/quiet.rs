//! A node that has little to tell of itself: what the doctor, the log and the scales of a test say.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use lineshaft_contract::{
    CheckOutcome, CheckResult, Doctor, Examination, LevelsRefused, LevelsWish, LogLevel, LogLevels,
    LogLine, LogPage, LogQuery, Logs, ReaderStorage, ShaftStorage, Storage, StorageStatus,
    TargetLevel,
};
use lineshaft_model::Timestamp;
use parking_lot::Mutex;

/// Keeps the questions it was asked, and the levels that were set.
#[derive(Default)]
pub(crate) struct Quiet {
    pub(crate) asked: Mutex<Vec<LogQuery>>,
    pub(crate) levels: Mutex<Vec<TargetLevel>>,
}

impl Doctor for Quiet {
    fn examine(&self) -> Pin<Box<dyn Future<Output = Examination> + Send + '_>> {
        let check = CheckResult {
            check: "disk-free",
            group: "storage",
            title: "There is room on the disk",
            outcome: CheckOutcome::Warn,
            what: "3.0 GiB free of 64.0 GiB (4.7 %)".into(),
            cause: Some("history has no room to grow".into()),
            fix: Some("make room".into()),
            code: Some("LS-SHF-005".into()),
        };
        let (examined, took) = (Timestamp::from_secs(1_000), Duration::from_millis(40));
        Box::pin(async move { Examination { examined, took, checks: vec![check] } })
    }
}

impl Logs for Quiet {
    fn read(&self, query: &LogQuery) -> LogPage {
        self.asked.lock().push(query.clone());
        let line = LogLine {
            n: 7,
            at: Timestamp::from_secs(1_000),
            level: LogLevel::Warn,
            target: "lineshaft_drivers::runner".into(),
            message: "lost".into(),
            fields: vec![("device".into(), "filler".into())],
        };
        LogPage { lines: vec![line], next: 9, first: 3, dropped: 2 }
    }

    fn levels(&self) -> LogLevels {
        LogLevels {
            default: LogLevel::Info,
            default_until: None,
            usual: "info".into(),
            levels: self.levels.lock().clone(),
            targets: vec!["lineshaft_drivers::runner".into()],
        }
    }

    fn check_levels(&self, wish: &LevelsWish) -> Result<LogLevels, LevelsRefused> {
        let mut levels = Vec::new();
        for (target, level, lasting) in wish.levels.clone() {
            if target.contains(' ') {
                return Err(LevelsRefused::Target { target });
            }
            let until = Timestamp::from_secs(1_000).saturating_add(lasting);
            levels.push(TargetLevel { target, level, until });
        }
        Ok(LogLevels { levels, ..self.levels() })
    }

    fn set_levels(&self, wish: &LevelsWish) -> Result<LogLevels, LevelsRefused> {
        let levels = self.check_levels(wish)?;
        self.levels.lock().clone_from(&levels.levels);
        Ok(levels)
    }
}

impl Storage for Quiet {
    fn measure(&self) -> StorageStatus {
        let reader = ReaderStorage {
            name: "historian".into(),
            offset: 5,
            lag_records: 3,
            lag_bytes: 300,
            oldest: Some(Timestamp::from_secs(900)),
            records_per_second: Some(2.0),
            drain: Some(Duration::from_secs(3)),
        };
        StorageStatus {
            shaft: ShaftStorage { bytes: 800, quota_bytes: 1_000, ..ShaftStorage::default() },
            readers: vec![reader],
            ..StorageStatus::default()
        }
    }
}
