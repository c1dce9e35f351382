//! A short, fixed round of mutations over every parser of untrusted bytes: it must come back from all of
//! them, without panic, in time. `make fuzz` goes on for hours; `fuzz/` is led by coverage.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use certseal_tests::{
    Random,
    documents::issue,
    fuzz::{TARGETS, run, seeds},
    installation,
};

#[test]
fn every_parser_comes_back_from_mutations_of_good_input() {
    let home = installation();
    let issued = issue(home.path(), "teacher-qualification-certificate", &[]);
    let seeds = seeds(home.path(), &issued.document);
    let threads: Vec<_> = TARGETS
        .iter()
        .map(|target| {
            let seeds = seeds[target.name].clone();
            let run = move || {
                run(*target, &seeds, &mut Random(0xF0_22), &mut |turn, _| {
                    turn < target.turns.into()
                })
            };
            (
                target,
                std::thread::Builder::new()
                    .name(target.name.to_owned())
                    .spawn(run)
                    .unwrap(),
            )
        })
        .collect();
    for (target, thread) in threads {
        let outcome = thread.join();
        assert!(
            outcome.is_ok(),
            "target {} broke: its panic is above",
            target.name
        );
        let (turns, slowest) = outcome.unwrap();
        println!("{:12} {turns:5} turns, slowest {slowest:?}", target.name);
    }
}
