//! A price service on the loopback, for the examples to depend on.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// Starts the service on a free port. It lives as long as the runtime.
///
/// # Errors
///
/// Where there is no free port.
pub async fn open() -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        // A client that goes away is its own affair.
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(answer(client));
        }
    });
    Ok(address)
}

async fn answer(client: TcpStream) -> io::Result<()> {
    let mut client = BufReader::new(client);
    let mut question = String::new();
    client.read_line(&mut question).await?;
    match question.trim_end() {
        "price" => client.write_all(b"12.50\n").await,
        "silence" => std::future::pending().await,
        _ => client.write_all(b"twelve fifty\n").await,
    }
}

/// Asks the service something: `price` is answered with a number, `silence` with nothing at all,
/// and everything else with words.
///
/// # Errors
///
/// Where there is no service, or it hangs up.
pub async fn ask(service: SocketAddr, question: &str) -> io::Result<String> {
    let mut service = BufReader::new(TcpStream::connect(service).await?);
    service.write_all(format!("{question}\n").as_bytes()).await?;
    let mut answer = String::new();
    service.read_line(&mut answer).await?;
    Ok(answer.trim_end().to_owned())
}
