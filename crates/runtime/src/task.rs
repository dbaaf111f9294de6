//! Tasks with a name and a place in the order of shutdown.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::Executor;

/// What a task does; shutdown goes through the kinds in this order, with the flow of the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TaskKind {
    /// Watches the plant folder, the clock, signals. Stops first: no new work.
    Watch,
    /// Talks to devices.
    DriverRun,
    /// Takes batches from the drivers to the shaft.
    Pipeline,
    /// Writes and syncs the shaft.
    Shaft,
    /// Reads the shaft and keeps history.
    Historian,
    /// Answers people. Stops last: it can still say what is going on.
    Api,
}

impl TaskKind {
    /// The order of shutdown.
    pub const ORDER: [TaskKind; 6] = [
        TaskKind::Watch,
        TaskKind::DriverRun,
        TaskKind::Pipeline,
        TaskKind::Shaft,
        TaskKind::Historian,
        TaskKind::Api,
    ];
}

/// All tasks of the process. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct TaskTree(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    tokens: [CancellationToken; TaskKind::ORDER.len()],
    tasks: Mutex<Vec<Task>>,
}

#[derive(Debug)]
struct Task {
    kind: TaskKind,
    name: String,
    handle: JoinHandle<()>,
}

/// A task that did not stop in time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Straggler {
    /// What it does.
    pub kind: TaskKind,
    /// Its name.
    pub name: String,
}

impl TaskTree {
    /// No tasks yet.
    #[must_use]
    pub fn new() -> TaskTree {
        TaskTree::default()
    }

    /// Resolves when tasks of this kind shall stop.
    #[must_use]
    pub fn stop_token(&self, kind: TaskKind) -> CancellationToken {
        self.0.tokens[kind as usize].clone()
    }

    /// Starts a task. It watches [`TaskTree::stop_token`] of its kind and returns soon after.
    #[expect(clippy::disallowed_methods, reason = "this is where tasks get their names")]
    pub fn spawn(
        &self,
        kind: TaskKind,
        name: impl Into<String>,
        future: impl Future<Output = ()> + Send + 'static,
    ) {
        let handle = tokio::spawn(future);
        let mut tasks = self.0.tasks.lock();
        tasks.retain(|task| !task.handle.is_finished());
        tasks.push(Task { kind, name: name.into(), handle });
    }

    /// Starts a task on another executor of the process.
    pub fn spawn_on(
        &self,
        executor: &Executor,
        kind: TaskKind,
        name: impl Into<String>,
        future: impl Future<Output = ()> + Send + 'static,
    ) {
        let _inside = executor.enter();
        self.spawn(kind, name, future);
    }

    /// Starts a thread for work that blocks (disk). It watches the stop token too.
    pub fn spawn_blocking(
        &self,
        kind: TaskKind,
        name: impl Into<String>,
        work: impl FnOnce() + Send + 'static,
    ) {
        let handle = tokio::task::spawn_blocking(work);
        let mut tasks = self.0.tasks.lock();
        tasks.retain(|task| !task.handle.is_finished());
        tasks.push(Task { kind, name: name.into(), handle });
    }

    /// How many tasks run.
    #[must_use]
    pub fn running(&self) -> usize {
        self.0.tasks.lock().iter().filter(|task| !task.handle.is_finished()).count()
    }

    /// Stops all tasks, kind by kind in [`TaskKind::ORDER`], each kind within `limit`; says who did not stop.
    pub async fn shutdown(&self, limit: Duration) -> Vec<Straggler> {
        let mut stragglers = Vec::new();
        for kind in TaskKind::ORDER {
            self.0.tokens[kind as usize].cancel();
            let of_kind: Vec<Task> = {
                let mut tasks = self.0.tasks.lock();
                let (stop, keep) =
                    std::mem::take(&mut *tasks).into_iter().partition(|t| t.kind == kind);
                *tasks = keep;
                stop
            };
            let deadline = tokio::time::Instant::now() + limit;
            for mut task in of_kind {
                match tokio::time::timeout_at(deadline, &mut task.handle).await {
                    Ok(Ok(())) => {}
                    Ok(Err(panic)) => {
                        tracing::error!(task = task.name, error = %panic, "task failed")
                    }
                    Err(_elapsed) => {
                        task.handle.abort();
                        stragglers.push(Straggler { kind, name: task.name });
                    }
                }
            }
        }
        stragglers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn shutdown_goes_with_the_flow_and_names_who_does_not_stop() {
        let tree = TaskTree::new();
        let order = Arc::new(Mutex::new(Vec::new()));
        for kind in [TaskKind::Api, TaskKind::DriverRun, TaskKind::Shaft] {
            let (stop, order) = (tree.stop_token(kind), order.clone());
            tree.spawn(kind, "quick", async move {
                stop.cancelled().await;
                order.lock().push(kind);
            });
        }
        tree.spawn(TaskKind::Pipeline, "stuck", std::future::pending());
        let stragglers = tree.shutdown(Duration::from_secs(5)).await;
        assert_eq!(*order.lock(), [TaskKind::DriverRun, TaskKind::Shaft, TaskKind::Api]);
        assert_eq!(stragglers, [Straggler { kind: TaskKind::Pipeline, name: "stuck".into() }]);
    }
}
