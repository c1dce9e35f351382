//! Mutates good input at random and feeds every parser of untrusted bytes with it, for hours if told.
//!
//! `certseal-mutate SECONDS [TARGET…]` runs; `certseal-mutate --seeds DIR` writes the good inputs, a
//! folder a target, which is what libFuzzer begins with. With `CERTSEAL_CORPORA` naming a folder with
//! other people's PDF files, these are mutated too.

#![allow(clippy::print_stdout)]

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use certseal_tests::{
    Random,
    documents::issue,
    fuzz::{TARGETS, Target, named, run, seeds},
    installation,
};

/// One target's share of the time before the next has its turn.
const SHARE: Duration = Duration::from_secs(20);

fn main() {
    let mut arguments = std::env::args().skip(1);
    let first = arguments.next().unwrap_or_else(|| "60".to_owned());
    let home = installation();
    let issued = issue(home.path(), "teacher-qualification-certificate", &[]);
    let mut seeds = seeds(home.path(), &issued.document);
    if first == "--seeds" {
        let folder = PathBuf::from(arguments.next().expect("--seeds DIR"));
        for (target, inputs) in &seeds {
            let folder = folder.join(target);
            fs::create_dir_all(&folder).expect("the folder can be made");
            for (number, input) in inputs.iter().enumerate() {
                fs::write(folder.join(format!("seed-{number}")), input).expect("a seed can be written");
            }
        }
        return;
    }

    let until = Instant::now() + Duration::from_secs(first.parse().expect("a number of seconds"));
    let named: Vec<Target> = arguments.map(|name| named(&name)).collect();
    let targets = if named.is_empty() { TARGETS.to_vec() } else { named };
    for file in foreign() {
        for target in ["difference", "pdf", "verify"] {
            seeds.entry(target).or_default().push(file.clone());
        }
    }
    seeds.entry("ofd").or_default().extend(foreign_ofd());
    let begun = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    let mut random = Random(begun);
    println!("seed {begun}");
    // What is being read stands in this file: should the process be killed, it is the culprit.
    let culprit = std::env::temp_dir().join(format!("certseal-mutate-{}", std::process::id()));
    println!("the input being read stands in {}", culprit.display());
    while Instant::now() < until {
        for target in &targets {
            let share = until.min(Instant::now() + SHARE);
            let (turns, slowest) = run(*target, &seeds[target.name], &mut random, &mut |_, bytes| {
                fs::write(&culprit, bytes).expect("the input can be kept");
                Instant::now() < share
            });
            println!(
                "{:12} {turns:8} turns, slowest {slowest:?}, memory {} MB",
                target.name,
                peak()
            );
        }
    }
    let _ = fs::remove_file(culprit);
}

/// Other people's files, where there are any.
fn foreign() -> Vec<Vec<u8>> {
    let Some(root) = std::env::var_os("CERTSEAL_CORPORA").map(|root| PathBuf::from(root).join("pdf")) else {
        return Vec::new();
    };
    let manifest = fs::read_to_string(root.join("manifest.tsv")).expect("the corpora have a manifest");
    let names = manifest.lines().filter_map(|row| row.split('\t').next());
    names
        .map(|name| root.join(name))
        .filter(|path| path.extension().is_some_and(|ending| ending == "pdf"))
        .map(|path| fs::read(&path).expect("the manifest names files"))
        .collect()
}

/// Other people's OFD files, where there are any.
fn foreign_ofd() -> Vec<Vec<u8>> {
    let root = std::env::var_os("CERTSEAL_CORPORA").map(|root| PathBuf::from(root).join("ofd"));
    let folders = root
        .and_then(|root| fs::read_dir(root).ok())
        .into_iter()
        .flatten()
        .flatten();
    let files = folders
        .filter_map(|folder| fs::read_dir(folder.path()).ok())
        .flatten()
        .flatten();
    files
        .map(|file| file.path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "ofd"))
        .map(|path| fs::read(&path).expect("the folder lists it"))
        .collect()
}

/// The largest resident size so far, in megabytes.
fn peak() -> u64 {
    let status = fs::read_to_string(Path::new("/proc/self/status")).unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    peak.and_then(|text| text.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok())
        .unwrap_or(0)
        / 1024
}
