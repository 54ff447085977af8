//! Files on tokio's blocking threads, one hop for each open, read and write, the cases of benchmarks/Files: tokio_files [--rounds N] [--files N]. One JSON object
//! for each case. tokio::fs reads and writes where the file stands, so that an offset costs it a hop more.
use std::fs::{File, OpenOptions};
use std::future::Future;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;
use tokio::fs;
use tokio::task::spawn_blocking;

const SMALL: usize = 10_000;
const LARGE: usize = 8 * 1024 * 1024;
const BLOCK: usize = 4096;
const READS: usize = 5_000;
const WRITES: usize = 2_000;
const ALLS: usize = 10;

struct Site {
    folder: PathBuf,
    count: usize,
}

impl Site {
    fn new(folder: PathBuf, count: usize) -> Site {
        std::fs::create_dir_all(&folder).unwrap();
        for i in 0..count {
            std::fs::write(folder.join(format!("{i}.html")), vec![0; SMALL]).unwrap();
        }
        std::fs::write(folder.join("large"), vec![0; LARGE]).unwrap();
        Site { folder, count }
    }

    fn large(&self) -> PathBuf {
        self.folder.join("large")
    }

    /// The small files have to come from the disk again, as far as the system listens to dd.
    fn forget(&self) {
        let script = "sync -f . ; for file in *.html; do dd if=$file iflag=nocache count=0 status=none; done";
        Command::new("sh").args(["-c", script]).current_dir(&self.folder).status().unwrap();
    }
}

fn at(i: usize) -> u64 {
    (i * 7919 % (LARGE / BLOCK) * BLOCK) as u64
}

async fn open(site: &Site) {
    let mut buffer = vec![0; SMALL];
    for i in 0..site.count {
        let path = site.folder.join(format!("{i}.html"));
        let file = Arc::new(spawn_blocking(move || File::open(path)).await.unwrap().unwrap());
        buffer = read_at(&file, buffer, 0).await;
    } // here it is closed, on this thread
}

async fn read(site: &Site) {
    let mut buffer = vec![0; BLOCK];
    let file = Arc::new(File::open(site.large()).unwrap());
    for i in 0..READS {
        buffer = read_at(&file, buffer, at(i)).await;
    }
}

async fn write(site: &Site) {
    let mut buffer = vec![0; BLOCK];
    let file = Arc::new(OpenOptions::new().write(true).create(true).truncate(false).open(site.folder.join("written")).unwrap());
    for i in 0..WRITES {
        let file = file.clone();
        buffer = spawn_blocking(move || {
            file.write_all_at(&buffer, at(i)).unwrap();
            buffer
        })
        .await
        .unwrap();
    }
}

/// The buffer goes there and comes back.
async fn read_at(file: &Arc<File>, mut buffer: Vec<u8>, offset: u64) -> Vec<u8> {
    let file = file.clone();
    spawn_blocking(move || {
        assert!(file.read_at(&mut buffer, offset).unwrap() > 0);
        buffer
    })
    .await
    .unwrap()
}

async fn read_all(site: &Site) {
    for _ in 0..ALLS {
        assert_eq!(fs::read(site.large()).await.unwrap().len(), LARGE);
    }
}

#[repr(C)]
struct Timespec {
    seconds: i64,
    nanoseconds: i64,
}

extern "C" {
    fn clock_gettime(clock: i32, time: *mut Timespec) -> i32;
}

/// Of the whole process, in microseconds.
fn cpu() -> f64 {
    const PROCESS: i32 = 2;
    let mut time = Timespec { seconds: 0, nanoseconds: 0 };
    assert_eq!(unsafe { clock_gettime(PROCESS, &mut time) }, 0);
    time.seconds as f64 * 1e6 + time.nanoseconds as f64 / 1e3
}

type Case = for<'a> fn(&'a Site) -> Pin<Box<dyn Future<Output = ()> + 'a>>;

async fn all(site: &Site, rounds: usize) {
    let cases: [(&str, Case, usize, bool); 5] = [
        ("open, read 10 kB, close", |site| Box::pin(open(site)), site.count, false),
        ("the same, not in memory", |site| Box::pin(open(site)), site.count, true),
        ("read 4 kB", |site| Box::pin(read(site)), READS, false),
        ("write 4 kB", |site| Box::pin(write(site)), WRITES, false),
        ("read 8 MB", |site| Box::pin(read_all(site)), ALLS, false),
    ];
    for (name, case, operations, is_cold) in cases {
        let (mut us, mut cpu_us) = (vec![], vec![]);
        for round in 0..=rounds {
            if is_cold {
                site.forget();
            }
            let (start, used) = (Instant::now(), cpu());
            case(site).await;
            if round > 0 {
                us.push(start.elapsed().as_secs_f64() * 1e6 / operations as f64);
                cpu_us.push((cpu() - used) / operations as f64);
            }
        }
        println!("{{\"case\":\"{name}\",\"way\":\"tokio, threads\",\"us\":{us:?},\"cpu_us\":{cpu_us:?}}}");
    }
}

fn option(name: &str, otherwise: usize) -> usize {
    let words: Vec<String> = std::env::args().collect();
    let found = words.iter().position(|word| word == name).and_then(|place| words.get(place + 1));
    found.map_or(otherwise, |word| word.parse().expect("a number"))
}

fn main() {
    let folder = std::env::temp_dir().join(format!("benchmark-files-tokio-{}", std::process::id()));
    let site = Site::new(folder, option("--files", 500));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(all(&site, option("--rounds", 5)));
    remove(&site.folder);
}

fn remove(folder: &Path) {
    std::fs::remove_dir_all(folder).unwrap();
}
