//! The process with the tree: a hundred children, the socket and the log that it shows.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use rust_supervisor::ipc::IpcOptions;
use rust_supervisor::ipc::logs::LogLayer;
use rust_supervisor::prelude::*;
use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::task::factory::service_fn;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// What makes a process this one.
pub(crate) const COMMAND: &str = "serve";
/// The id of the target.
pub(crate) const TARGET: &str = "bench";
/// How many children are in the tree.
pub(crate) const CHILDREN: usize = 100;
/// What the clock ticks of `/proc` are counted in, on Linux always.
const TICK: Duration = Duration::from_millis(10);

/// The path of a child.
pub(crate) fn child(n: usize) -> String {
    format!("/root/c{n}")
}

/// Lives until whoever has started it is gone.
pub(crate) fn serve(path: PathBuf) -> Result<()> {
    tracing_subscriber::registry().with(LogLayer::new()).init();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let parked = |n: usize| {
            let task = service_fn(async |ctx: TaskContext| ctx.stopped().await);
            ChildSpec::new(format!("c{n}"), task)
        };
        let tree = (0..CHILDREN).map(parked).fold(SupervisorSpec::root(), SupervisorSpec::child);
        let socket = IpcOptions::new(TARGET)
            .path(path)
            .limits(|limits| limits.requests_per_second = u32::MAX);
        let handle = Supervisor::builder(tree).ipc(socket).start().await?;
        println!("ready");
        let over = || std::io::stdin().lock().read_line(&mut String::new());
        tokio::task::spawn_blocking(over).await??;
        handle.shutdown_tree("bench", "measured").await?;
        Ok(())
    })
}

/// The process, from the outside.
#[derive(Debug)]
pub(crate) struct Server {
    process: Child,
    folder: PathBuf,
    pub(crate) socket: PathBuf,
}

impl Server {
    /// Starts it and waits until clients can connect.
    pub(crate) fn start() -> Result<Self> {
        use std::os::unix::fs::DirBuilderExt as _;

        let folder = std::env::temp_dir().join(format!("bench-ipc-{}", std::process::id()));
        std::fs::DirBuilder::new()
            .mode(0o700)
            .create(&folder)
            .context("no folder for the socket")?;
        let socket = folder.join("bench.sock");
        let process = Command::new(std::env::current_exe()?)
            .arg(COMMAND)
            .arg(&socket)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut server = Self { process, folder, socket };
        let mut line = String::new();
        BufReader::new(server.process.stdout.take().context("it is piped")?)
            .read_line(&mut line)?;
        ensure!(line == "ready\n", "the tree does not start");
        Ok(server)
    }

    /// The CPU time that it has used; nothing where there is no `/proc`.
    pub(crate) fn cpu(&self) -> Duration {
        let stat = Path::new("/proc").join(self.process.id().to_string()).join("stat");
        let stat = std::fs::read_to_string(stat).unwrap_or_default();
        // The name of the program, in parentheses, may have blanks.
        let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
        // utime stime
        let ticks: u32 =
            fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<u32>().ok()).sum();
        TICK * ticks
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut stdin) = self.process.stdin.take() {
            // It may have gone already.
            drop(stdin.write_all(b"\n"));
        }
        drop(self.process.wait());
        drop(std::fs::remove_dir_all(&self.folder));
    }
}
