//! Which of the known words was probably meant.

/// The word of `words` nearest to `wrong`, if one is near enough to be worth a question.
///
/// Near enough is one slip (a letter too many, too few, wrong, or two swapped) for every three letters,
/// and one slip for shorter words. Upper and lower case, `-` and `_` count as the same. When no word is that
/// near, the only one that begins like `wrong` (three letters or more) will do: `desc` for `description`.
pub fn nearest<'a>(wrong: &str, words: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let words: Vec<&str> =
        words.into_iter().filter(|word| word.len() <= 4 * WORD_CHARS_MAX).collect();
    let folded = fold(wrong);
    if folded.is_empty() || folded.len() > WORD_CHARS_MAX {
        return None;
    }
    let limit = (folded.len() / 3).max(1);
    let near = words
        .iter()
        .map(|word| (slips(&folded, &fold(word)), *word))
        .filter(|(slips, _)| *slips <= limit)
        .min_by_key(|(slips, _)| *slips);
    if let Some((_, word)) = near {
        return Some(word);
    }
    let mut longer = words.iter().filter(|word| fold(word).starts_with(&folded));
    match (longer.next(), longer.next()) {
        (Some(word), None) if folded.len() >= 3 => Some(word),
        _ => None,
    }
}

/// Longer words are not compared: the comparison takes the product of the lengths.
const WORD_CHARS_MAX: usize = 128;

fn fold(word: &str) -> Vec<char> {
    let plain = |c: char| if c == '_' || c == ' ' { '-' } else { c };
    word.chars().map(plain).flat_map(char::to_lowercase).collect()
}

/// Insertions, deletions, replacements and swaps of neighbours between two words (optimal string alignment).
fn slips(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let replace = above[j] + usize::from(x != y);
            let mut best = replace.min(above[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                best = best.min(before[j - 1] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut above, row);
    }
    above[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_seen_through_and_a_guess_is_not_made() {
        let words = ["period", "path", "endpoint", "driver", "stale_after"];
        for (wrong, meant) in [
            ("periode", Some("period")),
            ("Period", Some("period")),
            ("endpiont", Some("endpoint")),
            ("pth", Some("path")),
            ("stale-after", Some("stale_after")),
            ("dri", Some("driver")),
            ("interval", None),
            ("", None),
            ("x", None),
        ] {
            assert_eq!(nearest(wrong, words), meant, "{wrong}");
        }
    }
}
