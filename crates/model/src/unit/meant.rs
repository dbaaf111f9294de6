//! What somebody meant who wrote something else than a UCUM code.

use super::parse::{parse, split_exponent};

/// What people write, in lower case, and the code of it. Where case tells two apart, both are here as written.
const ALIASES: &[(&str, &str)] = &[
    ("°c", "Cel"),
    ("degc", "Cel"),
    ("deg_c", "Cel"),
    ("celsius", "Cel"),
    ("℃", "Cel"),
    ("°f", "[degF]"),
    ("degf", "[degF]"),
    ("deg_f", "[degF]"),
    ("fahrenheit", "[degF]"),
    ("℉", "[degF]"),
    ("°k", "K"),
    ("degk", "K"),
    ("kelvin", "K"),
    ("°", "deg"),
    ("degree", "deg"),
    ("degrees", "deg"),
    ("rpm", "1/min"),
    ("u/min", "1/min"),
    ("rev/min", "1/min"),
    ("r/min", "1/min"),
    ("rps", "1/s"),
    ("Wh", "W.h"),
    ("wh", "W.h"),
    ("kwh", "kW.h"),
    ("MWh", "MW.h"),
    ("mwh", "MW.h"),
    ("gwh", "GW.h"),
    ("ah", "A.h"),
    ("mAh", "mA.h"),
    ("va", "V.A"),
    ("kva", "kV.A"),
    ("mva", "MV.A"),
    ("kvah", "kV.A.h"),
    ("var", "V.A{reactive}"),
    ("kvar", "kV.A{reactive}"),
    ("mvar", "MV.A{reactive}"),
    ("varh", "V.A.h{reactive}"),
    ("kvarh", "kV.A.h{reactive}"),
    ("ws", "W.s"),
    ("nm", "N.m"),
    ("knm", "kN.m"),
    ("psi", "[psi]"),
    ("psia", "[psi]{absolute}"),
    ("psig", "[psi]{gauge}"),
    ("bara", "bar{absolute}"),
    ("bar(a)", "bar{absolute}"),
    ("barg", "bar{gauge}"),
    ("bar(g)", "bar{gauge}"),
    ("inh2o", "[in_i'H2O]"),
    ("inhg", "[in_i'Hg]"),
    ("mmhg", "mm[Hg]"),
    ("at", "att"),
    ("torr", "mm[Hg]"),
    ("mmh2o", "mm[H2O]"),
    ("mmwc", "mm[H2O]"),
    ("mws", "m[H2O]"),
    ("in", "[in_i]"),
    ("inch", "[in_i]"),
    ("\"", "[in_i]"),
    ("ft", "[ft_i]"),
    ("feet", "[ft_i]"),
    ("yd", "[yd_i]"),
    ("mi", "[mi_i]"),
    ("mile", "[mi_i]"),
    ("mph", "[mi_i]/h"),
    ("kmh", "km/h"),
    ("kph", "km/h"),
    ("kn", "[kn_i]"),
    ("knots", "[kn_i]"),
    ("lb", "[lb_av]"),
    ("lbs", "[lb_av]"),
    ("lbf", "[lbf_av]"),
    ("oz", "[oz_av]"),
    ("gal", "[gal_us]"),
    ("gpm", "[gal_us]/min"),
    ("pt", "[pt_us]"),
    ("bbl", "[bbl_us]"),
    ("cfm", "[cft_i]/min"),
    ("scfm", "[cft_i]{standard}/min"),
    ("ft3", "[cft_i]"),
    ("lpm", "L/min"),
    ("ltr", "L"),
    ("liter", "L"),
    ("litre", "L"),
    ("cbm", "m3"),
    ("ccm", "cm3"),
    ("Nm3", "m3{normal}"),
    ("Sm3", "m3{standard}"),
    ("hp", "[HP]"),
    ("btu", "[Btu_IT]"),
    ("ppm", "[ppm]"),
    ("ppb", "[ppb]"),
    ("ph", "[pH]"),
    ("percent", "%"),
    ("pct", "%"),
    ("%rh", "%{relative_humidity}"),
    ("‰", "[ppth]"),
    ("ntu", "{NTU}"),
    ("pcs", "{piece}"),
    ("pieces", "{piece}"),
    ("stk", "{piece}"),
    ("ea", "{piece}"),
    ("bottles", "{bottle}"),
    ("cycles", "{cycle}"),
    ("sec", "s"),
    ("second", "s"),
    ("seconds", "s"),
    ("msec", "ms"),
    ("minute", "min"),
    ("minutes", "min"),
    ("hr", "h"),
    ("hrs", "h"),
    ("hour", "h"),
    ("hours", "h"),
    ("day", "d"),
    ("days", "d"),
    ("week", "wk"),
    ("year", "a"),
    ("ton", "t"),
    ("tonne", "t"),
    ("to", "t"),
    ("tph", "t/h"),
    ("kgs", "kg"),
    ("ha", "har"),
    ("amp", "A"),
    ("amps", "A"),
    ("ampere", "A"),
    ("volt", "V"),
    ("volts", "V"),
    ("watt", "W"),
    ("watts", "W"),
    ("ohms", "Ohm"),
    ("meter", "m"),
    ("metre", "m"),
    ("byte", "By"),
    ("bytes", "By"),
    ("none", "1"),
    ("-", "1"),
];

/// Codes that are common in plants, for the nearest one and for letters in the wrong case.
const COMMON: &[&str] = &[
    "Cel",
    "K",
    "[degF]",
    "%",
    "1",
    "1/min",
    "1/s",
    "Hz",
    "kHz",
    "MHz",
    "mm",
    "cm",
    "m",
    "km",
    "um",
    "mm/s",
    "m/s",
    "m/min",
    "km/h",
    "m/s2",
    "m2",
    "m3",
    "m3/h",
    "m3/s",
    "L",
    "mL",
    "L/min",
    "L/h",
    "L/s",
    "g",
    "kg",
    "mg",
    "t",
    "kg/h",
    "kg/s",
    "t/h",
    "kg/m3",
    "g/L",
    "mg/L",
    "Pa",
    "hPa",
    "kPa",
    "MPa",
    "bar",
    "mbar",
    "[psi]",
    "N",
    "kN",
    "N.m",
    "kN.m",
    "J",
    "kJ",
    "MJ",
    "GJ",
    "W",
    "kW",
    "MW",
    "W.h",
    "kW.h",
    "MW.h",
    "V",
    "mV",
    "kV",
    "A",
    "mA",
    "A.h",
    "V.A",
    "kV.A",
    "Ohm",
    "kOhm",
    "MOhm",
    "F",
    "uF",
    "uS/cm",
    "mS/cm",
    "S/m",
    "T",
    "mT",
    "lx",
    "lm",
    "cd",
    "rad",
    "deg",
    "rad/s",
    "s",
    "ms",
    "min",
    "h",
    "d",
    "mol",
    "mol/L",
    "dB",
    "[pH]",
    "[ppm]",
    "cP",
    "mPa.s",
    "cSt",
    "{piece}",
    "{piece}/h",
    "{piece}/min",
    "{bottle}/h",
    "{bottle}/min",
    "kJ/kg",
    "W/m2",
    "kW.h/t",
    "m3/m3",
    "By",
    "bit/s",
];

/// The code that was probably meant; `None` when nothing is near.
pub(super) fn meant(text: &str) -> Option<String> {
    let plain = in_ascii(text);
    if plain.is_empty() || plain.len() > super::Unit::BYTES_MAX {
        return None;
    }
    // What was refused as it was written and is a code now needed only other letters.
    if parse(&plain).is_some() {
        return Some(plain);
    }
    if let Some(code) = other_word(&plain) {
        return Some(code.into());
    }
    by_factor(&plain).or_else(|| nearest(&plain))
}

/// Superscripts, Greek letters and other people's multiplication signs.
fn in_ascii(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.trim().chars() {
        match c {
            '²' => plain.push('2'),
            '³' => plain.push('3'),
            '⁻' => plain.push('-'),
            '¹' => plain.push('1'),
            '\u{b5}' | '\u{3bc}' => plain.push('u'),
            '\u{3a9}' | '\u{2126}' => plain.push_str("Ohm"),
            '·' | '⋅' | '×' | '*' => plain.push('.'),
            '^' | ' ' => {}
            other => plain.push(other),
        }
    }
    plain
}

fn other_word(word: &str) -> Option<&'static str> {
    let find = |word: &str| ALIASES.iter().find(|(alias, _)| *alias == word).map(|(_, code)| *code);
    let in_lower_case =
        || COMMON.iter().copied().find(|code| code.eq_ignore_ascii_case(word) && *code != word);
    find(word).or_else(|| find(&word.to_lowercase())).or_else(in_lower_case)
}

/// Replaces each factor that has another word: `gal/min`, `°C/min`, `t/kWh`.
fn by_factor(text: &str) -> Option<String> {
    let mut code = String::new();
    let mut divides = false;
    for factor in text.split_inclusive(['.', '/']) {
        let symbol = factor.trim_end_matches(['.', '/']);
        let operator = &factor[symbol.len()..];
        let replaced = replace_factor(symbol)?;
        if divides && replaced.contains(['.', '/']) {
            code.push_str(&format!("({replaced})"));
        } else {
            code.push_str(&replaced);
        }
        code.push_str(operator);
        divides = operator == "/";
    }
    parse(&code).map(|_| code)
}

fn replace_factor(symbol: &str) -> Option<String> {
    if parse(symbol).is_some() {
        return Some(symbol.into());
    }
    if let Some(code) = other_word(symbol) {
        return Some(code.into());
    }
    let (name, exponent) = split_exponent(symbol)?;
    other_word(name).map(|code| format!("{code}{exponent}"))
}

fn nearest(text: &str) -> Option<String> {
    // One slip in a short code, two in a longer one: `m` is near everything.
    let reach = match text.chars().count() {
        0..=2 => return None,
        3..=5 => 1,
        _ => 2,
    };
    let lower = text.to_lowercase();
    let aliases = ALIASES.iter().map(|(alias, code)| (alias.to_lowercase(), *code));
    let common = COMMON.iter().map(|code| (code.to_lowercase(), *code));
    common
        .chain(aliases)
        .map(|(word, code)| (distance(&lower, &word), code))
        .filter(|(distance, _)| *distance <= reach)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, code)| code.into())
}

/// How many letters must be put in, taken out or changed (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let change = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_leads_to_a_code() {
        for code in ALIASES.iter().map(|(_, code)| code).chain(COMMON) {
            assert!(parse(code).is_some(), "{code}");
        }
    }
}
