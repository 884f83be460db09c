//! What the socket of a tree does in a second: a process with a tree behind its socket, and clients
//! in this one.
//!
//! ```text
//! cargo run --release --manifest-path benches/Cargo.toml -p bench-ipc -- --json ipc.json
//! ```
//!
//! Every check is on, and every limit as it is by default but for `requests_per_second`, which is
//! what would be measured otherwise.

#[cfg(unix)]
mod client;
#[cfg(unix)]
mod load;
#[cfg(unix)]
mod options;
#[cfg(unix)]
mod server;
#[cfg(unix)]
mod table;

#[cfg(unix)]
fn main() -> anyhow::Result<()> {
    use std::io::Write as _;

    use anyhow::Context as _;
    use clap::Parser as _;

    let options = options::Options::parse();
    if let Some(options::Part::Serve { socket }) = options.part {
        return server::serve(socket);
    }
    let figures = load::measure(&options)?;
    print!("{}", table::markdown(&figures));
    if let Some(file) = &options.json {
        let mut out =
            std::fs::File::create(file).with_context(|| format!("cannot write {file:?}"))?;
        for figure in &figures {
            writeln!(out, "{}", serde_json::to_string(figure)?)?;
        }
    }
    Ok(())
}

#[cfg(not(unix))]
fn main() -> anyhow::Result<()> {
    anyhow::bail!("there are sockets on Unix only")
}
