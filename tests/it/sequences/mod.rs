//! Generated operations of two customers against a reference model: text that was not judged is never
//! returned, a removed file never found, no answer names a file that its asker may not know of, a code
//! opens as often as the model says, every operation leaves its record.

mod model;
mod run;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use model::Who;
use run::{Place, Run};

/// What somebody does. `file` and `link` count over what there is.
#[derive(Debug, Clone)]
pub enum Step {
    /// A caller's own file, or one of the program's that is common to all members.
    Upload {
        mine: bool,
        harmful: bool,
    },
    NewVersion {
        file: usize,
        harmful: bool,
    },
    /// The workers and the index do what waits.
    Inspect,
    Find {
        file: usize,
    },
    FindText {
        file: usize,
    },
    Describe {
        file: usize,
    },
    /// Metadata and bytes.
    Read {
        file: usize,
        program: bool,
    },
    List {
        program: bool,
    },
    /// To share it with somebody inside, or outside.
    Ask {
        file: usize,
        to: Option<Who>,
    },
    /// Heard by the platform too, or the model's word alone.
    Answer {
        yes: bool,
        heard: bool,
    },
    Code,
    Redeem {
        link: usize,
        right: bool,
    },
    Remove {
        file: usize,
        program: bool,
    },
    Wait {
        seconds: i64,
    },
    /// Another person takes the line.
    Caller {
        who: Who,
    },
    End,
}

fn step() -> impl Strategy<Value = Step> {
    let file = 0_usize..5;
    let inside = prop_oneof![Just(None), Just(Some(Who::Colleague)), Just(Some(Who::Guest))];
    prop_oneof![
        4 => (any::<bool>(), prop::bool::weighted(0.2)).prop_map(|(mine, harmful)| Step::Upload { mine, harmful }),
        2 => (file.clone(), prop::bool::weighted(0.3)).prop_map(|(file, harmful)| Step::NewVersion { file, harmful }),
        5 => Just(Step::Inspect),
        4 => file.clone().prop_map(|file| Step::Find { file }),
        2 => file.clone().prop_map(|file| Step::FindText { file }),
        2 => file.clone().prop_map(|file| Step::Describe { file }),
        3 => (file.clone(), any::<bool>()).prop_map(|(file, program)| Step::Read { file, program }),
        3 => any::<bool>().prop_map(|program| Step::List { program }),
        5 => (file.clone(), inside).prop_map(|(file, to)| Step::Ask { file, to }),
        6 => (prop::bool::weighted(0.8), prop::bool::weighted(0.7)).prop_map(|(yes, heard)| Step::Answer { yes, heard }),
        2 => Just(Step::Code),
        5 => (0_usize..3, any::<bool>()).prop_map(|(link, right)| Step::Redeem { link, right }),
        2 => (file, any::<bool>()).prop_map(|(file, program)| Step::Remove { file, program }),
        2 => prop_oneof![Just(5_i64), Just(60), Just(130), Just(700), Just(5 * 3600)].prop_map(|seconds| Step::Wait { seconds }),
        4 => prop::sample::select(Who::CALLERS.to_vec()).prop_map(|who| Step::Caller { who }),
        1 => Just(Step::End),
    ]
}

fn run(place: Place, seed: u64, steps: &[(usize, Step)]) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async { Run::start(seed, place).await.all(steps).await });
}

fn generated(place: Place, cases: u32, length: usize) {
    let config = Config { cases, max_shrink_iters: 12, failure_persistence: None, ..Config::default() };
    let steps = prop::collection::vec((prop::sample::select(vec![0, 0, 0, 1]), step()), length / 2..length);
    let mut runner = TestRunner::new(config);
    let result = runner.run(&steps, |steps| {
        run(place, 11, &steps);
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn whatever_two_customers_do_each_is_told_what_is_its_own() {
    generated(Place::Folder, 12, 40);
}

#[test]
fn the_same_holds_where_the_catalog_is_on_a_server() {
    generated(Place::Server, 4, 40);
}

mod long {
    #[test]
    fn long_many_sequences_of_many_operations() {
        super::generated(super::Place::Folder, 400, 120);
    }
}

/// Sequences that once found something, each under what it found.
mod found {
    use super::Step::{Answer, Ask, Caller, Code, Inspect, List, NewVersion, Remove, Upload};
    use super::{Place, Who, run};

    #[test]
    fn a_page_that_ends_at_a_file_of_somebody_else_does_not_name_it() {
        let add = Upload { mine: true, harmful: false };
        run(
            Place::Folder,
            11,
            &[(0, add.clone()), (0, add.clone()), (0, add), (0, Caller { who: Who::Colleague }), (0, List { program: false })],
        );
    }

    #[test]
    fn the_question_about_a_file_that_was_removed_since_is_not_asked_again() {
        let steps = [
            (0, Upload { mine: true, harmful: false }),
            (0, Inspect),
            (0, Ask { file: 0, to: None }),
            (0, Remove { file: 0, program: true }),
            (0, Answer { yes: true, heard: false }),
        ];
        run(Place::Folder, 11, &steps);
    }

    #[test]
    fn a_version_that_comes_before_its_predecessor_was_judged_is_refused_and_recorded() {
        run(Place::Folder, 11, &[(0, Upload { mine: true, harmful: false }), (0, NewVersion { file: 0, harmful: false })]);
    }
    /// A shared file of the person who had the line before, and then "give me a code".
    fn shared_and_then(between: &[super::Step]) {
        let mut steps = vec![
            (0, Upload { mine: true, harmful: false }),
            (0, Inspect),
            (0, Ask { file: 0, to: None }),
            (0, Answer { yes: true, heard: true }),
        ];
        steps.extend(between.iter().cloned().map(|step| (0, step)));
        steps.push((0, Code));
        run(Place::Folder, 11, &steps);
    }

    #[test]
    fn a_code_for_what_the_person_before_shared_does_not_name_it() {
        shared_and_then(&[Caller { who: Who::Guest }]);
        shared_and_then(&[Caller { who: Who::Colleague }]);
    }

    #[test]
    fn a_code_for_what_was_shared_and_removed_since_does_not_name_it() {
        shared_and_then(&[Remove { file: 0, program: true }]);
    }
}
