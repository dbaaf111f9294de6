//! What a verification says, beyond that something is wrong (`tamper` has that).

use lineshaft_audit::{KnownOutcome, VerifierKey};

use super::*;

/// Proves: CR 3.3.
#[test]
fn a_running_trail_is_verified_while_it_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let real = Arc::new(lineshaft_runtime::disk::RealDisk);
    let trail = Trail::open(real, Clock::real(), dir.path(), options()).unwrap();
    let mut known = vec![trail.checkpoint()];
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| (0..300).for_each(|n| drop(trail.record_blocking(act(n)))));
        while !writer.is_finished() {
            let report = trail.verify(&known).unwrap();
            assert!(report.is_sound(), "{}", said(&report));
            known.push(trail.checkpoint());
            known.truncate(50);
        }
    });
    assert_eq!(trail.verify(&known).unwrap().entries, 300);
}

/// Proves: A29, P11-22.
#[test]
fn a_roll_back_to_an_older_copy_is_found_by_a_checkpoint_that_was_kept() {
    let disk = disk(1);
    let trail = open(&disk);
    fill(&trail, 50);
    trail.close();
    let old: Vec<_> =
        disk.files().into_iter().map(|(p, _)| (p.clone(), read_file(&disk, &p))).collect();
    let trail = open(&disk);
    fill(&trail, 20);
    let known = trail.checkpoint();
    trail.close();
    for (path, _) in disk.files() {
        disk.remove(&path).unwrap();
    }
    old.iter().for_each(|(path, bytes)| write_file(&disk, path, bytes));
    assert!(verify(&disk, &[]).is_sound(), "the copy is sound in itself");
    let report = verify(&disk, std::slice::from_ref(&known));
    assert_eq!(report.known[0].outcome, KnownOutcome::Truncated);
    // Written on, it is another trail from there on.
    let trail = open(&disk);
    for n in 0..20 {
        trail.record_blocking(act(1000 + n)).unwrap();
    }
    let report = trail.verify(&[known]).unwrap();
    assert_eq!(report.known[0].outcome, KnownOutcome::Changed);
    assert!(!report.is_sound() && report.broken.is_empty());
}

/// Proves: A03.
#[test]
fn checkpoints_of_others_are_told_apart() {
    let disk = disk(1);
    let trail = open(&disk);
    fill(&trail, 10);
    let own = trail.checkpoint();
    let same_name = open(&super::disk(2));
    fill(&same_name, 10);
    let other = try_open(&super::disk(3), Options::of_node("edge-2")).unwrap();
    fill(&other, 10);
    let forged = own.text().replacen("\n10\n", "\n11\n", 1);
    let known =
        [own, same_name.checkpoint(), other.checkpoint(), Checkpoint::parse(&forged).unwrap()];
    let report = trail.verify(&known).unwrap();
    let outcomes: Vec<_> = report.known.iter().map(|known| known.outcome).collect();
    use KnownOutcome::{BadSignature, Holds, OtherKey, OtherTrail};
    assert_eq!(outcomes, [Holds, OtherKey, OtherTrail, BadSignature]);
    assert!(!report.is_sound() && report.broken.is_empty());
}

#[test]
fn the_first_broken_entry_is_named_with_file_and_byte() {
    let disk = disk(1);
    let trail = open(&disk);
    fill(&trail, 100);
    drop(trail);
    let file = &segments(&disk)[1];
    let bytes = read_file(&disk, file);
    let first: u64 = file.file_stem().unwrap().to_str().unwrap().parse().unwrap();
    let line = format!("{{\"seq\":{},", first + 2);
    let at = bytes.windows(line.len()).position(|text| text == line.as_bytes()).unwrap() as u64;
    disk.flip(file, at + 60, 0);
    let report = verify(&disk, &[]);
    let broken = report.first_broken().unwrap();
    assert_eq!((broken.seq, broken.at), (Some(first + 2), Some(at - 9)), "{}", said(&report));
    assert_eq!(Some(broken.file.as_str()), file.file_name().unwrap().to_str());
    assert!(broken.to_string().ends_with("the checksum of a record is wrong"), "{broken}");
}

#[test]
fn an_empty_trail_is_sound_and_a_missing_one_is_an_error() {
    let disk = disk(1);
    let trail = open(&disk);
    let known = trail.checkpoint();
    trail.close();
    let report = verify(&disk, &[known]);
    assert!(report.is_sound(), "{}", said(&report));
    let nowhere =
        lineshaft_audit::verify(&lineshaft_runtime::disk::RealDisk, Path::new("/nowhere"), &[]);
    assert_eq!(nowhere.unwrap_err().code(), "LS-AUD-001");
}

#[test]
fn keys_are_written_and_read_as_c2sp_says() {
    // The example of golang.org/x/mod/sumdb/note, which the form is from.
    let text = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    let key = VerifierKey::parse(text).unwrap();
    assert_eq!((key.name(), key.to_string().as_str()), ("PeterNeumann", text));
    for bad in [
        "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+AhpcaaQcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3",
    ] {
        assert_eq!(VerifierKey::parse(bad), None, "{bad}");
    }
}

#[test]
fn texts_that_are_no_checkpoints_are_refused() {
    let trail = open(&disk(1));
    fill(&trail, 10);
    let good = trail.checkpoint().text().to_owned();
    for (from, to) in [
        ("\n10\n", "\n010\n"),
        ("\n10\n", "\n+10\n"),
        ("\n10\n", "\n\n10\n"),
        ("\n\n", "\n"),
        ("edge-1/audit\n10", "\n10"),
        ("— edge-1/audit ", "— edge-1/audit"),
        ("— ", "- "),
        ("=\n\n", "\n\n"),
        ("10\n", "10\r\n"),
    ] {
        let bad = good.replacen(from, to, 1);
        assert_ne!(bad, good, "{from:?}");
        assert!(Checkpoint::parse(&bad).is_err(), "{bad:?}");
    }
    assert!(Checkpoint::parse(good.trim_end()).is_err());
    assert!(Checkpoint::parse(&(good.clone() + "\n")).is_err());
    assert!(Checkpoint::parse("").is_err());
    // A witness may add its line; extension lines may stand behind the root.
    let more = format!("{good}— witness.example {}\n", "AAAAAAAAAAAA");
    assert!(Checkpoint::parse(&more).is_ok());
}
