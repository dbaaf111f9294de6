//! An executor of its own for work that must never hold up the work of others.

use std::io;

use tokio::runtime::{EnterGuard, Runtime};

/// Threads for tasks, beside those the process began with. The tasks end when this is dropped.
#[derive(Debug)]
pub struct Executor(Option<Runtime>);

impl Executor {
    /// Starts `workers` threads whose names begin with `name`. On Linux they give way to other threads by `niceness`
    /// (0 to 19): when there is not enough processor for all, theirs is the smaller part.
    ///
    /// # Errors
    /// As the operating system says.
    pub fn beside(name: &str, workers: usize, niceness: i32) -> io::Result<Executor> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(workers)
            .thread_name(name)
            .on_thread_start(move || give_way(niceness))
            .enable_all()
            .build()?;
        Ok(Executor(Some(runtime)))
    }

    /// Within the answer's life, sockets and timers that are made belong to this executor.
    pub(crate) fn enter(&self) -> Option<EnterGuard<'_>> {
        self.0.as_ref().map(Runtime::enter)
    }

    /// Makes something inside: a listener whose readiness this executor shall watch.
    pub fn within<T>(&self, make: impl FnOnce() -> T) -> T {
        let _inside = self.enter();
        make()
    }
}

impl Drop for Executor {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            // Waiting here would block whoever drops it, often another executor.
            runtime.shutdown_background();
        }
    }
}

/// On Linux the priority is the thread's own, although POSIX says the process's (setpriority(2), "NOTES").
fn give_way(niceness: i32) {
    #[cfg(target_os = "linux")]
    if niceness > 0 {
        // Not being able to is no reason not to run.
        let _ = rustix::process::setpriority_process(Some(rustix::thread::gettid()), niceness);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{TaskKind, TaskTree};

    #[tokio::test]
    async fn tasks_run_on_threads_of_the_name_and_end_with_the_tree() {
        let executor = Executor::beside("http", 1, 5).unwrap();
        let (tree, (said, hears)) = (TaskTree::new(), tokio::sync::oneshot::channel());
        tree.spawn_on(&executor, TaskKind::Api, "test", async move {
            let _ = said.send(std::thread::current().name().map(str::to_owned));
        });
        assert_eq!(hears.await.unwrap().as_deref(), Some("http"));
        assert!(tree.shutdown(Duration::from_secs(5)).await.is_empty());
    }
}
