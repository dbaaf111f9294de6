//! Exports, checked by a script that shares no code with us.

use std::process::Command;

use super::*;

fn script() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/verify_audit_export.py")
}

/// Runs the script: whether it holds, and what it said.
fn check(text: &[u8], more: &[&str]) -> (bool, String) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("export.txt");
    std::fs::write(&file, text).unwrap();
    let ran = Command::new("python3").arg(script()).arg(&file).args(more).output().unwrap();
    let said = String::from_utf8_lossy(&[ran.stdout, ran.stderr].concat()).into_owned();
    (ran.status.success(), said)
}

/// Runs the script's own function over many texts in one process, as its command does over one.
const MANY: &str = "
import importlib.util, sys
spec = importlib.util.spec_from_file_location('script', sys.argv[1])
script = importlib.util.module_from_spec(spec)
spec.loader.exec_module(script)
for path in sys.argv[2:]:
    try:
        print('OK:', *script.verdict(path).splitlines())
    except SystemExit as broken:
        print(*str(broken).splitlines())
";

fn check_many(texts: &[String]) -> Vec<String> {
    let dir = tempfile::tempdir().unwrap();
    let files: Vec<_> = (0..texts.len()).map(|n| dir.path().join(n.to_string())).collect();
    for (file, text) in files.iter().zip(texts) {
        std::fs::write(file, text).unwrap();
    }
    let mut python = Command::new("python3");
    let ran = python.args(["-B", "-c", MANY]).arg(script()).args(&files).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8(ran.stdout).unwrap().lines().map(str::to_owned).collect()
}

fn export(trail: &Trail, range: std::ops::Range<u64>) -> Vec<u8> {
    let mut text = Vec::new();
    let summary = trail.export(range, &mut text).unwrap();
    assert_eq!(summary.bytes, text.len() as u64);
    text
}

#[test]
fn the_script_is_short_enough_to_be_read() {
    let text = std::fs::read_to_string(script()).unwrap();
    assert!(text.lines().count() <= 100, "{} lines", text.lines().count());
}

/// Proves: CR 4.3, P11-23.
#[test]
fn exports_of_any_range_hold() {
    let disk = disk(1);
    let trail = open(&disk);
    fill(&trail, 203);
    for range in [0..203, 202..203, 5..5, 64..128, 203..203, 7..u64::MAX] {
        let text = export(&trail, range.clone());
        let (holds, said) = check(&text, &["--key", &trail.verifier_key()]);
        assert!(holds, "{range:?}: {said}");
    }
    let (holds, said) = check(&export(&trail, 10..13), &[]);
    assert!(holds && said.starts_with("OK: entries 10 to 12 of 203 are what was signed"), "{said}");
    let empty = open(&super::disk(2));
    assert!(check(&export(&empty, 0..0), &[]).0);
    assert!(trail.export(204..300, &mut Vec::new()).is_err());
}

/// Proves: CR 2.12.
#[test]
fn exports_that_were_tampered_with_do_not() {
    let disk = disk(1);
    let trail = open(&disk);
    fill(&trail, 60);
    let text = String::from_utf8(export(&trail, 20..45)).unwrap();
    let mut bad = Vec::new();
    let lines: Vec<_> = text.lines().collect();
    let joined = |lines: &[&str]| lines.join("\n") + "\n";
    // Every line removed, doubled, and with one character changed.
    for at in 0..lines.len() {
        let mut without = lines.clone();
        without.remove(at);
        bad.push(joined(&without));
        let mut twice = lines.clone();
        twice.insert(at, lines[at]);
        bad.push(joined(&twice));
        let changed: String = lines[at].replace('1', "2");
        if changed != lines[at] {
            let mut with = lines.clone();
            with[at] = &changed;
            bad.push(joined(&with));
        }
    }
    bad.push(text.replacen("node", "nobody", 1));
    bad.push(text[..text.len() - 1].into());
    bad.push(text.clone() + "\n");
    assert!(bad.len() > 100);
    let said = check_many(&bad);
    assert_eq!(said.len(), bad.len());
    for (bad, said) in bad.iter().zip(said) {
        assert!(said.starts_with("BROKEN"), "{said}\n{bad}");
    }
    assert!(check_many(&[text])[0].starts_with("OK"));
    // Sound in itself, and signed by somebody else.
    let other = open(&super::disk(3));
    fill(&other, 60);
    let (holds, said) = check(&export(&other, 20..45), &["--key", &trail.verifier_key()]);
    assert!(!holds && said.contains("another key"), "{said}");
}

#[test]
fn a_checkpoint_that_was_kept_tells_an_export_made_anew() {
    let trail = open(&disk(1));
    fill(&trail, 30);
    let dir = tempfile::tempdir().unwrap();
    let kept = dir.path().join("checkpoint");
    std::fs::write(&kept, trail.checkpoint().text()).unwrap();
    let kept = kept.to_str().unwrap();
    assert!(check(&export(&trail, 0..30), &["--checkpoint", kept]).0);
    fill(&trail, 1);
    assert!(!check(&export(&trail, 0..30), &["--checkpoint", kept]).0);
}
