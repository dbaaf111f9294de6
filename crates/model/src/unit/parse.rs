//! The grammar of a UCUM code `[UCUM §2]`.

use super::Unit;
use super::table::{ATOMS, Atom, PREFIXES, Prefix};

/// Brackets within brackets; real codes have one.
const DEPTH_MAX: u32 = 8;
/// Real exponents end at 4; powers of ten (`10*24`) at 24.
const EXPONENT_MAX: i32 = 24;

/// A factor of a unit.
#[derive(Debug, Clone, Copy)]
pub(super) enum Part {
    /// A whole number, `1` or `-1` as its exponent.
    Number(u32, i32),
    /// An atom with its prefix and exponent.
    Atom(Option<&'static Prefix>, &'static Atom, i32),
}

/// What the grammar makes of them is never what a plant means: femtotonne, picotonne, attotonne, picohenry. The
/// feet, pints, technical atmospheres and pH values that are meant have codes of their own.
const MISLEADING: [&str; 4] = ["ft", "pt", "at", "pH"];

/// The factors of a code; `None` when it is not one.
pub(super) fn parse(code: &str) -> Option<Vec<Part>> {
    let graphic = code.bytes().all(|byte| byte.is_ascii_graphic());
    if code.is_empty() || code.len() > Unit::BYTES_MAX || !graphic {
        return None;
    }
    let mut reader = Reader { rest: code, parts: Vec::new() };
    let sign = if reader.eat('/') { -1 } else { 1 };
    reader.product(sign, 1, 0)?;
    reader.rest.is_empty().then_some(reader.parts)
}

struct Reader<'a> {
    rest: &'a str,
    parts: Vec<Part>,
}

impl<'a> Reader<'a> {
    fn eat(&mut self, symbol: char) -> bool {
        match self.rest.strip_prefix(symbol) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// `first` is the sign of the first factor, `sign` that of a factor behind a point.
    fn product(&mut self, first: i32, sign: i32, depth: u32) -> Option<()> {
        self.factor(first, depth)?;
        loop {
            if self.eat('.') {
                self.factor(sign, depth)?;
            } else if self.eat('/') {
                self.factor(-sign, depth)?;
            } else {
                return Some(());
            }
        }
    }

    fn factor(&mut self, sign: i32, depth: u32) -> Option<()> {
        if self.eat('(') {
            if depth == DEPTH_MAX {
                return None;
            }
            self.product(sign, sign, depth + 1)?;
            return self.eat(')').then_some(());
        }
        if !self.rest.starts_with('{') {
            let symbol = self.symbol();
            self.parts.push(part(symbol, sign)?);
        }
        self.annotation()
    }

    fn annotation(&mut self) -> Option<()> {
        if self.eat('{') {
            let end = self.rest.find('}')?;
            if self.rest[..end].contains('{') {
                return None;
            }
            self.rest = &self.rest[end + 1..];
        }
        Some(())
    }

    /// Up to the next operator; what is in square brackets belongs to the symbol.
    fn symbol(&mut self) -> &'a str {
        let mut bracketed = false;
        let end = self.rest.find(|c: char| {
            match c {
                '[' => bracketed = true,
                ']' => bracketed = false,
                _ => {}
            }
            !bracketed && matches!(c, '.' | '/' | '(' | ')' | '{' | '}')
        });
        let (symbol, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        symbol
    }
}

fn part(symbol: &str, sign: i32) -> Option<Part> {
    if let Ok(number) = symbol.parse::<u32>() {
        let plain = number > 0 && !symbol.starts_with('+');
        return plain.then_some(Part::Number(number, sign));
    }
    let (name, exponent) = split_exponent(symbol)?;
    let (prefix, atom) = find(name)?;
    Some(Part::Atom(prefix, atom, exponent * sign))
}

/// `m-3` is `m` and -3, `m` is `m` and 1.
pub(super) fn split_exponent(symbol: &str) -> Option<(&str, i32)> {
    let name = symbol.trim_end_matches(|c: char| c.is_ascii_digit());
    if name.len() == symbol.len() {
        return Some((symbol, 1));
    }
    let name = name.strip_suffix(['+', '-']).unwrap_or(name);
    let exponent: i32 = symbol[name.len()..].parse().ok()?;
    let possible = exponent != 0 && exponent.abs() <= EXPONENT_MAX;
    possible.then_some((name, exponent))
}

/// An atom, or a prefix and an atom that takes prefixes. The whole name first: `cd` is a candela.
fn find(name: &str) -> Option<(Option<&'static Prefix>, &'static Atom)> {
    if let Some(atom) = ATOMS.iter().find(|atom| atom.code == name) {
        return Some((None, atom));
    }
    if MISLEADING.contains(&name) {
        return None;
    }
    PREFIXES.iter().find_map(|prefix| {
        let rest = name.strip_prefix(prefix.code)?;
        let atom = ATOMS.iter().find(|atom| atom.metric && atom.code == rest)?;
        Some((Some(prefix), atom))
    })
}
