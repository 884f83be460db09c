//! `supctl`: sees and steers the supervision trees of this host from a terminal.
//!
//! It speaks the protocol of the socket that a running program opens (feature `ipc` of
//! `rust-tokio-supervisor`), and knows nothing of the program but what that says.

#[cfg(unix)]
mod act;
#[cfg(unix)]
mod arguments;
#[cfg(unix)]
mod client;
#[cfg(unix)]
mod error;
#[cfg(unix)]
mod find;
#[cfg(unix)]
mod look;
#[cfg(unix)]
mod show;
#[cfg(unix)]
mod tail;
#[cfg(unix)]
mod top;
#[cfg(unix)]
mod wait;

use std::process::ExitCode;

#[cfg(unix)]
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    use clap::Parser;
    arguments::run(arguments::Arguments::parse()).await
}

#[cfg(not(unix))]
fn main() -> ExitCode {
    eprintln!("supctl needs Unix sockets, which this system does not have");
    ExitCode::FAILURE
}
