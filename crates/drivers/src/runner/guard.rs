//! The deadline around each call of a driver, and the net under it: a panic of one driver ends one call.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use lineshaft_contract::{Class, DriverError, Fault};

/// Why a call of a driver gave nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum CallError {
    /// The driver says so.
    #[error(transparent)]
    Driver(#[from] DriverError),
    /// The driver panicked.
    #[error("the driver of {party} failed inside: {what}")]
    Panicked { party: String, what: String },
}

impl Fault for CallError {
    fn class(&self) -> Class {
        match self {
            CallError::Driver(error) => error.class(),
            CallError::Panicked { .. } => Class::Bug,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            CallError::Driver(error) => error.code(),
            CallError::Panicked { .. } => "LS-DRV-008",
        }
    }
}

/// Calls a driver: after `limit` it has not answered, and a panic becomes an error.
///
/// This is the liveness watchdog too: a driver that hangs is dropped with its session, so no link stays silent longer
/// than one limit.
pub(super) async fn call<T>(
    party: &str,
    limit: Duration,
    future: impl Future<Output = Result<T, DriverError>>,
) -> Result<T, CallError> {
    match tokio::time::timeout(limit, caught(future)).await {
        Ok(Ok(answer)) => Ok(answer?),
        Ok(Err(what)) => Err(CallError::Panicked { party: party.into(), what }),
        Err(_elapsed) => Err(DriverError::Timeout { party: party.into(), limit }.into()),
    }
}

/// Runs a future to its end or to its panic, whose message is the error.
pub(super) async fn caught<T>(future: impl Future<Output = T>) -> Result<T, String> {
    let mut future = pin!(future);
    std::future::poll_fn(|context| {
        // Whatever the future leaves half done is dropped with it: the session after a driver's panic, the
        // whole link after one of the runner's.
        match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
            Err(panic) => Poll::Ready(Err(message_of(&*panic))),
        }
    })
    .await
}

/// Runs a computation to its end or to its panic, whose message is the error.
pub(super) fn caught_now<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| message_of(&*panic))
}

fn message_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a panic without a message").to_owned()
}
