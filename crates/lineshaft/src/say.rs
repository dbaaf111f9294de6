//! What is said to whoever typed a command.
//!
//! Whoever reads may go before all is said (`lineshaft audit list | head -1`). That is no mistake of anybody: the rest
//! is said to nobody, and what was begun is done to its end, so that a folder that was opened is closed in order.
//! `println!` would panic instead.

use std::fmt::Arguments;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether whoever reads standard output has gone.
static UNHEARD: AtomicBool = AtomicBool::new(false);

/// `println!` to a reader who may have gone.
macro_rules! say {
    ($($what:tt)*) => {
        $crate::say::out(format_args!("{}\n", format_args!($($what)*)))
    };
}

/// `print!` to a reader who may have gone.
macro_rules! say_text {
    ($($what:tt)*) => {
        $crate::say::out(format_args!($($what)*))
    };
}

/// `eprintln!` to a reader who may have gone.
macro_rules! complain {
    ($($what:tt)*) => {
        $crate::say::err(format_args!("{}\n", format_args!($($what)*)))
    };
}

/// Writes to standard output.
pub(crate) fn out(what: Arguments<'_>) {
    if is_heard() && to(&mut io::stdout().lock(), what).is_err() {
        UNHEARD.store(true, Ordering::Relaxed);
    }
}

/// Writes to standard error.
pub(crate) fn err(what: Arguments<'_>) {
    // There is nowhere left to say that nothing can be said.
    let _unheard = to(&mut io::stderr().lock(), what);
}

/// Whether there is still somebody who reads: a long list may end when there is not.
pub(crate) fn is_heard() -> bool {
    !UNHEARD.load(Ordering::Relaxed)
}

fn to(stream: &mut dyn Write, what: Arguments<'_>) -> io::Result<()> {
    stream.write_fmt(what)
}
