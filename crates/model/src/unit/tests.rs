use super::table::{ATOMS, Size};
use super::*;
use proptest::prelude::*;

#[track_caller]
fn unit(code: &str) -> Unit {
    Unit::new(code).unwrap()
}

#[test]
fn conversions_agree_with_published_figures() {
    // NIST SP 811 appendix B.8 (rounded there to 7 digits), ISO 80000, and definitions, which are exact.
    for (number, from, to, expected, relative) in [
        (1.0, "[psi]", "Pa", 6_894.757, 1e-7),
        (1.0, "bar", "kPa", 100.0, 0.0),
        (1.0, "atm", "bar", 1.013_25, 0.0),
        (1.0, "att", "kPa", 98.066_5, 0.0),
        (1.0, "mm[Hg]", "Pa", 133.322, 0.0),
        (1.0, "m[H2O]", "kPa", 9.806_65, 0.0),
        (1.0, "[in_i'H2O]", "Pa", 249.088_9, 1e-7),
        (1.0, "[in_i'Hg]", "kPa", 3.386_389, 1e-5),
        (1.0, "kgf", "N", 9.806_65, 0.0),
        (1.0, "[lbf_av]", "N", 4.448_222, 1e-7),
        (1.0, "[lb_av]", "kg", 0.453_592_37, 0.0),
        (1.0, "[gal_us]", "L", 3.785_412, 1e-6),
        (1.0, "[bbl_us]", "m3", 0.158_987_3, 1e-6),
        (1.0, "[cft_i]", "m3", 0.028_316_85, 1e-6),
        (1.0, "[HP]", "W", 745.699_9, 1e-6),
        (1.0, "[Btu_IT]", "J", 1_055.055_852_62, 0.0),
        (1.0, "kW.h", "MJ", 3.6, 0.0),
        (1.0, "cal", "J", 4.184, 0.0),
        (1.0, "cP", "mPa.s", 1.0, 0.0),
        (1.0, "cSt", "mm2/s", 1.0, 0.0),
        (1.0, "[kn_i]", "m/s", 0.514_444_4, 1e-6),
        (1.0, "[mi_i]/h", "km/h", 1.609_344, 0.0),
        (1.0, "deg", "rad", 0.017_453_29, 1e-6),
        (360.0, "deg", "circ", 1.0, 1e-15),
        (90.0, "1/min", "Hz", 1.5, 0.0),
        (1.0, "G", "mT", 0.1, 0.0),
        (36.0, "m3/h", "L/s", 10.0, 1e-15),
        (3.6, "t/h", "kg/s", 1.0, 0.0),
        (1.0, "uS/cm", "mS/m", 0.1, 0.0),
        (1.0, "kat", "umol/min", 6e7, 0.0),
        (50.0, "%", "1", 0.5, 0.0),
        (1.0, "10*3/uL", "1/L", 1e9, 0.0),
        (1.0, "W/(m2.K)", "W/m2/Cel", 1.0, 0.0),
        (1.0, "kg.m2.s-2", "J", 1.0, 0.0),
        (1.0, "{bottle}/h", "1/h", 1.0, 0.0),
        (100.0, "Cel", "[degF]", 212.0, 0.0),
        (212.0, "[degF]", "Cel", 100.0, 1e-15),
        (-40.0, "[degF]", "Cel", -40.0, 1e-15),
        (0.0, "Cel", "K", 273.15, 0.0),
        (0.0, "K", "[degF]", -459.67, 0.0),
        (18.0, "[degF]/h", "Cel/h", 10.0, 0.0),
        (1.0, "V.A", "W", 1.0, 0.0),
        (1.0, "kBy", "bit", 8_000.0, 0.0),
    ] {
        let converted = unit(from).conversion_to(&unit(to)).unwrap().apply(number);
        assert!(
            (converted - expected).abs() <= relative * f64::abs(expected),
            "{number} {from} = {converted} {to}, not {expected}"
        );
    }
}

#[test]
fn what_measures_something_else_is_refused() {
    for (from, to) in [
        ("bar", "Cel"),
        ("m", "m2"),
        ("rad/s", "1/s"),
        ("mol/L", "1/L"),
        ("dB", "1"),
        ("[pH]", "1"),
        ("lm", "cd"),
    ] {
        let error = unit(from).conversion_to(&unit(to)).unwrap_err();
        assert_eq!(error, UnitError::Dimension { from: from.into(), to: to.into() });
    }
}

#[test]
fn what_is_no_code_is_refused_with_what_was_meant() {
    for (text, meant) in [
        ("°C", Some("Cel")),
        ("degC", Some("Cel")),
        ("°F", Some("[degF]")),
        ("rpm", Some("1/min")),
        ("RPM", Some("1/min")),
        ("kWh", Some("kW.h")),
        ("MWh", Some("MW.h")),
        ("m³/h", Some("m3/h")),
        ("m^3/h", Some("m3/h")),
        ("Nm3/h", Some("m3{normal}/h")),
        ("psi", Some("[psi]")),
        ("gal/min", Some("[gal_us]/min")),
        ("°C/min", Some("Cel/min")),
        ("kg/kWh", Some("kg/(kW.h)")),
        ("ft", Some("[ft_i]")),
        ("pH", Some("[pH]")),
        ("ft/sec", Some("[ft_i]/s")),
        ("N·m", Some("N.m")),
        ("Nm", Some("N.m")),
        ("µm", Some("um")),
        ("kΩ", Some("kOhm")),
        ("kvar", Some("kV.A{reactive}")),
        ("KPA", Some("kPa")),
        ("Bar", Some("bar")),
        ("l / min", Some("l/min")),
        ("mbra", None),
        ("mbarr", Some("mbar")),
        ("bottle/h", Some("{bottle}/h")),
        ("", None),
        ("xyzzy", None),
        ("m/", None),
        ("m//s", Some("mm/s")),
        ("kmin", Some("min")),
    ] {
        let meant = meant.map(String::from);
        assert_eq!(Unit::new(text), Err(UnitError::Unknown { code: text.into(), meant }), "{text}");
    }
}

#[test]
fn codes_of_the_plant_are_read() {
    for code in [
        "m3/h",
        "l/min",
        "L/min",
        "1/min",
        "/min",
        "min-1",
        "kW.h",
        "%",
        "{bottle}",
        "{bottle}/h",
        "m3{normal}/h",
        "10*6/L",
        "10^3",
        "mm[Hg]",
        "[in_i'H2O]",
        "kg/(m2.s)",
        "W/(m2.K)",
        "uS/cm",
        "dB",
        "har",
        "cd",
        "das",
        "[lb_av]/[in_i]2",
        "J/(kg.K)",
        "100.m",
        "(m)",
    ] {
        assert_eq!(unit(code).code(), code);
    }
}

#[test]
fn the_table_has_no_code_twice_and_its_definitions_are_codes() {
    for (index, atom) in ATOMS.iter().enumerate() {
        assert!(ATOMS[..index].iter().all(|other| other.code != atom.code), "{}", atom.code);
        if let Size::Of(_, code) = atom.size {
            assert!(parse::parse(code).is_some(), "{}: {code}", atom.code);
        }
    }
}

#[test]
fn a_unit_too_large_for_whole_numbers_still_converts() {
    let conversion = unit("Ym9").conversion_to(&unit("km9")).unwrap();
    assert!((conversion.factor / 1e189 - 1.0).abs() < 1e-12);
    assert_eq!(unit("Ym9").conversion_to(&unit("Ym9")), Ok(Conversion::IDENTITY));
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,70}") {
        let _ = Unit::new(&text);
    }

    #[test]
    fn no_code_makes_it_panic(text in "[kmsbarCel0-9./()\\[\\]{}*'-]{0,30}") {
        if let Ok(unit) = Unit::new(&text) {
            let _ = unit.conversion_to(&Unit::new("m").unwrap());
        }
    }

    #[test]
    fn there_and_back_is_the_same(from in 0..ATOMS.len(), to in 0..ATOMS.len(), number in -1e6..1e6) {
        let (from, to) = (unit(ATOMS[from].code), unit(ATOMS[to].code));
        if let (Ok(there), Ok(back)) = (from.conversion_to(&to), to.conversion_to(&from)) {
            let again = back.apply(there.apply(number));
            prop_assert!((again - number).abs() <= 1e-9 * (1.0 + number.abs()), "{from} {to}");
        }
    }
}
