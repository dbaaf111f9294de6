//! Prefixes and atoms, each in terms of others, as in the tables of `[UCUM §4]`.

/// A base quantity.
#[derive(Debug, Clone, Copy)]
pub(super) enum Base {
    Length,
    Mass,
    Time,
    Current,
    Temperature,
    Amount,
    Luminosity,
    Angle,
    Information,
    Bel,
    Acidity,
    Activity,
}

/// How large an atom is.
#[derive(Debug)]
pub(super) enum Size {
    /// One, by definition.
    Base(Base),
    /// The number pi.
    Pi,
    /// A decimal number of a unit.
    Of(&'static str, &'static str),
}

/// Where an atom's scale starts.
#[derive(Debug)]
pub(super) enum Zero {
    /// At nothing.
    Nothing,
    /// At this ratio of base units.
    At(i128, i128),
}

/// A unit with a code of its own.
#[derive(Debug)]
pub(super) struct Atom {
    pub(super) code: &'static str,
    /// Whether it takes prefixes.
    pub(super) metric: bool,
    pub(super) size: Size,
    pub(super) zero: Zero,
}

/// A power of ten with a code.
#[derive(Debug)]
pub(super) struct Prefix {
    pub(super) code: &'static str,
    pub(super) exponent: i32,
}

const fn prefix(code: &'static str, exponent: i32) -> Prefix {
    Prefix { code, exponent }
}

const fn base(code: &'static str, base: Base) -> Atom {
    Atom { code, metric: true, size: Size::Base(base), zero: Zero::Nothing }
}

/// Takes prefixes.
const fn metric(code: &'static str, number: &'static str, of: &'static str) -> Atom {
    Atom { code, metric: true, size: Size::Of(number, of), zero: Zero::Nothing }
}

/// Takes none.
const fn plain(code: &'static str, number: &'static str, of: &'static str) -> Atom {
    Atom { code, metric: false, size: Size::Of(number, of), zero: Zero::Nothing }
}

pub(super) const PREFIXES: [Prefix; 20] = [
    prefix("Y", 24),
    prefix("Z", 21),
    prefix("E", 18),
    prefix("P", 15),
    prefix("T", 12),
    prefix("G", 9),
    prefix("M", 6),
    prefix("k", 3),
    prefix("h", 2),
    prefix("da", 1),
    prefix("d", -1),
    prefix("c", -2),
    prefix("m", -3),
    prefix("u", -6),
    prefix("n", -9),
    prefix("p", -12),
    prefix("f", -15),
    prefix("a", -18),
    prefix("z", -21),
    prefix("y", -24),
];

pub(super) const ATOMS: &[Atom] = &[
    // Base units. The mass is the gram: `kg` is a prefix and an atom like any other.
    base("m", Base::Length),
    base("g", Base::Mass),
    base("s", Base::Time),
    base("A", Base::Current),
    base("K", Base::Temperature),
    base("mol", Base::Amount),
    base("cd", Base::Luminosity),
    base("rad", Base::Angle),
    base("bit", Base::Information),
    base("B", Base::Bel),
    Atom { code: "[pH]", metric: false, size: Size::Base(Base::Acidity), zero: Zero::Nothing },
    Atom { code: "[iU]", metric: true, size: Size::Base(Base::Activity), zero: Zero::Nothing },
    // Plain numbers.
    Atom { code: "[pi]", metric: false, size: Size::Pi, zero: Zero::Nothing },
    plain("10*", "10", "1"),
    plain("10^", "10", "1"),
    plain("%", "0.01", "1"),
    plain("[ppth]", "0.001", "1"),
    plain("[ppm]", "0.000001", "1"),
    plain("[ppb]", "0.000000001", "1"),
    // SI units with names.
    metric("Hz", "1", "1/s"),
    metric("N", "1", "kg.m/s2"),
    metric("Pa", "1", "N/m2"),
    metric("J", "1", "N.m"),
    metric("W", "1", "J/s"),
    metric("C", "1", "A.s"),
    metric("V", "1", "J/C"),
    metric("F", "1", "C/V"),
    metric("Ohm", "1", "V/A"),
    metric("S", "1", "A/V"),
    metric("Wb", "1", "V.s"),
    metric("T", "1", "Wb/m2"),
    metric("H", "1", "Wb/A"),
    metric("sr", "1", "rad2"),
    metric("lm", "1", "cd.sr"),
    metric("lx", "1", "lm/m2"),
    metric("Bq", "1", "1/s"),
    metric("Gy", "1", "J/kg"),
    metric("Sv", "1", "J/kg"),
    metric("kat", "1", "mol/s"),
    // Temperatures.
    Atom { code: "Cel", metric: true, size: Size::Of("1", "K"), zero: Zero::At(27_315, 100) },
    Atom {
        code: "[degF]",
        metric: false,
        size: Size::Of("5", "K/9"),
        zero: Zero::At(45_967 * 5, 900),
    },
    plain("[degR]", "5", "K/9"),
    // Beside the SI.
    plain("min", "60", "s"),
    plain("h", "60", "min"),
    plain("d", "24", "h"),
    plain("wk", "7", "d"),
    plain("mo", "30.4375", "d"),
    plain("a", "365.25", "d"),
    plain("deg", "2", "[pi].rad/360"),
    plain("'", "1", "deg/60"),
    plain("''", "1", "'/60"),
    plain("gon", "0.9", "deg"),
    plain("circ", "2", "[pi].rad"),
    metric("l", "1", "dm3"),
    metric("L", "1", "l"),
    metric("ar", "100", "m2"),
    metric("t", "1000", "kg"),
    metric("bar", "100000", "Pa"),
    plain("atm", "101325", "Pa"),
    plain("att", "1", "kgf/cm2"),
    metric("m[H2O]", "9.80665", "kPa"),
    metric("m[Hg]", "133.3220", "kPa"),
    metric("gf", "1", "g.[g]"),
    metric("[g]", "9.80665", "m/s2"),
    metric("eV", "0.0000000000000000001602176634", "J"),
    metric("cal", "4.184", "J"),
    metric("cal_IT", "4.1868", "J"),
    metric("dyn", "1", "g.cm/s2"),
    metric("erg", "1", "dyn.cm"),
    metric("P", "1", "dyn.s/cm2"),
    metric("St", "1", "cm2/s"),
    metric("G", "0.0001", "T"),
    metric("Gal", "1", "cm/s2"),
    metric("By", "8", "bit"),
    metric("Bd", "1", "1/s"),
    // Of the inch and the pound.
    plain("[in_i]", "2.54", "cm"),
    plain("[ft_i]", "12", "[in_i]"),
    plain("[yd_i]", "3", "[ft_i]"),
    plain("[mi_i]", "5280", "[ft_i]"),
    plain("[nmi_i]", "1852", "m"),
    plain("[kn_i]", "1", "[nmi_i]/h"),
    plain("[mil_i]", "0.001", "[in_i]"),
    plain("[sin_i]", "1", "[in_i]2"),
    plain("[sft_i]", "1", "[ft_i]2"),
    plain("[cin_i]", "1", "[in_i]3"),
    plain("[cft_i]", "1", "[ft_i]3"),
    plain("[lb_av]", "453.59237", "g"),
    plain("[oz_av]", "1", "[lb_av]/16"),
    plain("[gr]", "64.79891", "mg"),
    plain("[ston_av]", "2000", "[lb_av]"),
    plain("[lton_av]", "2240", "[lb_av]"),
    plain("[lbf_av]", "1", "[lb_av].[g]"),
    plain("[psi]", "1", "[lbf_av]/[in_i]2"),
    plain("[in_i'H2O]", "1", "m[H2O].[in_i]/m"),
    plain("[in_i'Hg]", "1", "m[Hg].[in_i]/m"),
    plain("[gal_us]", "231", "[in_i]3"),
    plain("[bbl_us]", "42", "[gal_us]"),
    plain("[qt_us]", "1", "[gal_us]/4"),
    plain("[pt_us]", "1", "[qt_us]/2"),
    plain("[foz_us]", "1", "[gal_us]/128"),
    plain("[gal_br]", "4.54609", "l"),
    plain("[Btu_IT]", "1.05505585262", "kJ"),
    plain("[Btu_th]", "1.054350", "kJ"),
    plain("[HP]", "550", "[ft_i].[lbf_av]/s"),
];
