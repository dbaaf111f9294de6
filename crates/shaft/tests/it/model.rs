//! The shaft against the simplest log there is: a `Vec`.

use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone)]
enum Step {
    Append(usize),
    Commit,
    Reopen,
    Crash,
    Read,
    Park,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => prop_oneof![0_usize..200, Just(5000)].prop_map(Step::Append),
        4 => Just(Step::Commit),
        1 => Just(Step::Reopen),
        1 => Just(Step::Crash),
        2 => Just(Step::Read),
        1 => Just(Step::Park),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn it_is_a_vec_that_survives(
        seed in any::<u64>(),
        steps in prop::collection::vec(step(), 0..80),
    ) {
        let mut disk = disk(seed);
        let mut shaft = open(&disk);
        let mut reader = oldest(&shaft, "r");
        let (mut model, mut committed, mut parked): (Vec<Vec<u8>>, _, _) = (Vec::new(), 0, 0);
        let mut fresh = 0_u8;
        for step in steps {
            match step {
                Step::Append(len) => {
                    fresh = fresh.wrapping_add(1);
                    let payload = vec![fresh; len];
                    prop_assert_eq!(shaft.append(BATCH, &payload).unwrap(), model.len() as u64);
                    model.push(payload);
                }
                Step::Commit => {
                    committed = model.len();
                    prop_assert_eq!(shaft.commit().next, committed as u64);
                }
                Step::Reopen => {
                    drop((reader, shaft));
                    committed = model.len();
                    shaft = open(&disk);
                    reader = oldest(&shaft, "r");
                }
                Step::Crash => {
                    disk = disk.crash();
                    drop((reader, shaft));
                    shaft = open(&disk);
                    model.truncate(committed);
                    prop_assert_eq!(shaft.status().next_offset, committed as u64);
                    reader = oldest(&shaft, "r");
                }
                Step::Park => {
                    parked = usize::try_from(reader.position()).unwrap();
                    reader.park(reader.position()).unwrap();
                    continue;
                }
                Step::Read => {
                    let mut at = usize::try_from(reader.position()).unwrap();
                    let mut records = Vec::new();
                    while reader.next(500, &mut records).unwrap() == ReadOutcome::Records {
                        for record in &records {
                            prop_assert_eq!(record.offset, at as u64);
                            prop_assert_eq!(&record.payload[..], &model[at][..]);
                            at += 1;
                        }
                    }
                    prop_assert_eq!(at, committed);
                    continue;
                }
            }
            if matches!(step, Step::Reopen | Step::Crash) {
                prop_assert_eq!(reader.position(), parked as u64);
            }
        }
    }
}
