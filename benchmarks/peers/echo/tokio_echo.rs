//! TCP echo on Tokio's current_thread runtime, a task for each connection: tokio_echo --port P [--lifetime SECONDS]
use std::io;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{signal, SignalKind};

/// See server.h.
const BUFFER_SIZE: usize = 128 * 1024;

async fn serve(mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = vec![0; BUFFER_SIZE];
    loop {
        let n = stream.read(&mut buffer).await?;
        if n == 0 {
            return Ok(());
        }
        stream.write_all(&buffer[..n]).await?;
    }
}

async fn accept_all(listener: TcpListener) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(serve(stream));
    }
}

/// The value that follows `name` on the command line.
fn option(name: &str) -> Option<u64> {
    let words: Vec<String> = std::env::args().collect();
    words.windows(2).find(|pair| pair[0] == name).and_then(|pair| pair[1].parse().ok())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let port = match option("--port").and_then(|port| u16::try_from(port).ok()) {
        Some(port) => port,
        None => {
            eprintln!("usage: tokio_echo --port P [--lifetime SECONDS]");
            std::process::exit(2);
        }
    };
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("listening {}", listener.local_addr()?.port());

    let lifetime = Duration::from_secs(option("--lifetime").unwrap_or(120));
    let mut terminated = signal(SignalKind::terminate())?;
    tokio::select! {
        result = accept_all(listener) => result,
        _ = terminated.recv() => Ok(()),
        _ = tokio::time::sleep(lifetime) => Ok(()),
    }
}
