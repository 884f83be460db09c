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
    match arguments::Arguments::try_parse() {
        Ok(arguments) => arguments::run(arguments).await,
        Err(error) => {
            // Where nothing can be written there is nobody to tell, and the code still counts.
            drop(error.print());
            if error.use_stderr() { ExitCode::from(64) } else { ExitCode::SUCCESS }
        }
    }
}

#[cfg(not(unix))]
fn main() -> ExitCode {
    eprintln!("supctl needs Unix sockets, which this system does not have");
    ExitCode::FAILURE
}
