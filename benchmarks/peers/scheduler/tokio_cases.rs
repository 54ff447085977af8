//! Scheduler cases on Tokio's current_thread runtime: tokio_cases all|sleep N [--json]
use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio::task::yield_now;

const ROUNDS: usize = 4;
const TIMERS: usize = 100_000;
const SLEEP: Duration = Duration::from_secs(10);

async fn yielder(n: usize) {
    for _ in 0..n {
        yield_now().await;
    }
}

async fn two_yielders(n: usize) {
    let (a, b) = (tokio::spawn(yielder(n)), tokio::spawn(yielder(n)));
    a.await.unwrap();
    b.await.unwrap();
}

/// Boxed, or the compiler would leave nothing of it: a call of a method that is not known before, as of a trait, is one.
fn nothing() -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async {})
}

async fn call_one_by_one(n: usize) {
    for _ in 0..n {
        std::hint::black_box(nothing as fn() -> _)().await;
    }
}

async fn nested_awaits(n: usize) {
    for _ in 0..n {
        let call: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(yield_now());
        std::hint::black_box(call).await;
    }
}

async fn spawn_one_by_one(n: usize) {
    for _ in 0..n {
        tokio::spawn(async {}).await.unwrap();
    }
}

async fn spawn_all_then_join(n: usize) {
    let tasks: Vec<_> = (0..n).map(|_| tokio::spawn(yield_now())).collect();
    for task in tasks {
        task.await.unwrap();
    }
}

async fn ping_pong(n: usize) {
    let (to_pong, mut from_ping) = mpsc::channel::<()>(1);
    let (to_ping, mut from_pong) = mpsc::channel::<()>(1);
    let ping = tokio::spawn(async move {
        for _ in 0..n {
            to_pong.send(()).await.unwrap();
            from_pong.recv().await.unwrap();
        }
    });
    let pong = tokio::spawn(async move {
        for _ in 0..n {
            from_ping.recv().await.unwrap();
            to_ping.send(()).await.unwrap();
        }
    });
    ping.await.unwrap();
    pong.await.unwrap();
}

/// Due in ten to eleven seconds, long after the case is over; in no order, as timeouts of different kinds are.
async fn timers(n: usize) {
    let mut started = Vec::with_capacity(n);
    for i in 0..n {
        let delay = Duration::from_millis(10_000 + (i * 7919 % 1000) as u64);
        let mut timer = Box::pin(tokio::time::sleep(delay));
        // A timer starts when it is polled for the first time.
        tokio::select! {
            biased;
            _ = &mut timer => unreachable!("a timer was due at once"),
            _ = std::future::ready(()) => {}
        }
        started.push(timer);
    }
    for timer in started {
        drop(timer);
    }
}

struct Output {
    json: bool,
}

impl Output {
    fn case(&self, name: &str, round: usize, ns: f64) {
        if self.json {
            println!(
                r#"{{"runtime":"tokio","version":"{}","case":"{name}","round":{round},"ns":{ns:.2}}}"#,
                version()
            );
        } else {
            println!("{name:<10} {ns:10.1}");
        }
    }

    fn sleep(&self, n: usize, ms: f64) {
        let rss = peak_rss_mb();
        if self.json {
            println!(
                r#"{{"runtime":"tokio","version":"{}","case":"sleep","n":{n},"ms":{ms:.1},"rss_mb":{rss:.1}}}"#,
                version()
            );
        } else {
            println!("sleep {n}: {ms:.0} ms, peak RSS {rss:.0} MB");
        }
    }
}

/// The build script passes it on from the package: Tokio does not tell its version.
fn version() -> &'static str {
    option_env!("TOKIO_VERSION").unwrap_or("unknown")
}

/// VmHWM and not getrusage's maximum: that one begins with what the parent had at the fork.
fn peak_rss_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
}

type Case = fn(usize) -> Pin<Box<dyn Future<Output = ()> + Send>>;

async fn all_cases(n: usize, output: Output) {
    let cases: [(&str, Case, usize, usize); 7] = [
        ("yield", |n| Box::pin(two_yielders(n)), n, 2),
        ("call", |n| Box::pin(call_one_by_one(n)), n, 1),
        ("nested", |n| Box::pin(nested_awaits(n)), n, 1),
        ("spawn", |n| Box::pin(spawn_one_by_one(n)), n, 1),
        ("spawnjoin", |n| Box::pin(spawn_all_then_join(n)), n, 1),
        ("pingpong", |n| Box::pin(ping_pong(n)), n, 1),
        ("timers", |n| Box::pin(timers(n)), n.min(TIMERS), 1),
    ];
    for round in 0..ROUNDS {
        for (name, case, count, per_n) in cases {
            let start = Instant::now();
            case(count).await;
            output.case(name, round, start.elapsed().as_nanos() as f64 / (count * per_n) as f64);
        }
    }
}

async fn sleepers(n: usize, output: Output) {
    let start = Instant::now();
    let tasks: Vec<_> = (0..n).map(|_| tokio::spawn(tokio::time::sleep(SLEEP))).collect();
    for task in tasks {
        task.await.unwrap();
    }
    output.sleep(n, start.elapsed().as_secs_f64() * 1000.0);
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let (options, words): (Vec<String>, Vec<String>) = std::env::args().skip(1).partition(|word| word.starts_with("--"));
    let output = Output {
        json: options.iter().any(|option| option == "--json"),
    };
    let n = words.get(1).and_then(|word| word.parse().ok()).filter(|&n: &usize| n > 0);
    match (words.first().map(String::as_str), n) {
        // In a task of their own: what block_on itself awaits is polled after a look at the I/O driver, which makes spawn eight times
        // slower.
        (Some("all"), Some(n)) => tokio::spawn(all_cases(n, output)).await.unwrap(),
        (Some("sleep"), Some(n)) => sleepers(n, output).await,
        _ => {
            eprintln!("usage: tokio_cases all|sleep N [--json]");
            std::process::exit(2);
        }
    }
}
