//! The functions of expressions.

use super::compile::{Code, Number, Run, as_number, coalesce, null_if};
use super::lower::{Node, Term};
use super::{ExprError, Kind};

/// A function by its SQL name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    Abs,
    Sign,
    Round,
    Floor,
    Ceil,
    Trunc,
    Sqrt,
    Power,
    Mod,
    Exp,
    Ln,
    Log10,
    Least,
    Greatest,
    Coalesce,
    NullIf,
}

const CALLS: [(&str, Call); 18] = [
    ("ABS", Call::Abs),
    ("SIGN", Call::Sign),
    ("ROUND", Call::Round),
    ("FLOOR", Call::Floor),
    ("CEIL", Call::Ceil),
    ("CEILING", Call::Ceil),
    ("TRUNC", Call::Trunc),
    ("SQRT", Call::Sqrt),
    ("POWER", Call::Power),
    ("POW", Call::Power),
    ("MOD", Call::Mod),
    ("EXP", Call::Exp),
    ("LN", Call::Ln),
    ("LOG10", Call::Log10),
    ("LEAST", Call::Least),
    ("GREATEST", Call::Greatest),
    ("COALESCE", Call::Coalesce),
    ("NULLIF", Call::NullIf),
];

/// `ROUND(x, 15)` is as far as a double goes.
const DIGITS_MAX: f64 = 15.0;

impl Call {
    pub(super) fn named(name: &str) -> Option<Call> {
        CALLS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, call)| *call)
    }

    /// What to say about a function that is not there.
    pub(super) fn unknown(name: &str) -> String {
        let instead = match name.to_ascii_uppercase().as_str() {
            "MIN" => "; the smallest of several is LEAST(a, b, …)",
            "MAX" => "; the largest of several is GREATEST(a, b, …)",
            "IF" | "IIF" => "; a choice is CASE WHEN … THEN … ELSE … END",
            "IFNULL" | "NVL" | "ISNULL" => "; a replacement for NULL is COALESCE(a, b)",
            "LOG" => "; it is LN for the natural and LOG10 for the decimal logarithm",
            "AVG" | "SUM" | "COUNT" => {
                "; an expression sees the present values only, a window is the moving_average operator"
            }
            _ => "",
        };
        format!("there is no function `{name}`{instead}")
    }

    pub(super) fn check_count(self, count: usize) -> Result<(), String> {
        let (least, most) = match self {
            Call::Round => (1, 2),
            Call::Power | Call::Mod | Call::NullIf => (2, 2),
            Call::Least | Call::Greatest | Call::Coalesce => (1, usize::MAX),
            _ => (1, 1),
        };
        if (least..=most).contains(&count) {
            return Ok(());
        }
        let name = CALLS.iter().find(|(_, call)| *call == self).map_or("", |(name, _)| name);
        let arguments = match (least, most) {
            (1, 1) => "1 argument".into(),
            (1, usize::MAX) => "1 argument or more".into(),
            (least, most) if least == most => format!("{least} arguments"),
            (least, most) => format!("{least} or {most} arguments"),
        };
        Err(format!("{name} takes {arguments}, not {count}"))
    }

    pub(super) fn compile(self, arguments: &[Node], kinds: &[Kind]) -> Result<Code, ExprError> {
        match self {
            Call::Coalesce => return coalesce(arguments, kinds),
            Call::NullIf => return null_if(&arguments[0], &arguments[1], kinds),
            _ => {}
        }
        let mut numbers = Vec::with_capacity(arguments.len());
        for argument in arguments {
            numbers.push(as_number(argument, kinds)?);
        }
        let digits = arguments.get(1).filter(|_| self == Call::Round).map(digits).transpose()?;
        Ok(Code::Number(Number::Run(self.of_numbers(numbers, digits.unwrap_or(0)))))
    }

    fn of_numbers(self, numbers: Vec<Number>, digits: i32) -> Run<f64> {
        let mut numbers = numbers.into_iter();
        let first = numbers.next().unwrap_or(Number::Constant(0.0));
        match self {
            Call::Abs => first.map(f64::abs),
            Call::Sign => first.map(|x| if x == 0.0 { 0.0 } else { x.signum() }),
            Call::Round => first.map(move |x| round(x, digits)),
            Call::Floor => first.map(f64::floor),
            Call::Ceil => first.map(f64::ceil),
            Call::Trunc => first.map(f64::trunc),
            Call::Exp => first.map(f64::exp),
            Call::Sqrt => {
                first.try_map(|x, i| if x < 0.0 { i.undefined() } else { Some(x.sqrt()) })
            }
            Call::Ln => first.try_map(|x, i| if x <= 0.0 { i.undefined() } else { Some(x.ln()) }),
            Call::Log10 => {
                first.try_map(|x, i| if x <= 0.0 { i.undefined() } else { Some(x.log10()) })
            }
            Call::Power | Call::Mod => {
                let second = numbers.next().unwrap_or(Number::Constant(1.0));
                if self == Call::Mod {
                    return first.pair(
                        second,
                        |a, b, i| {
                            if b == 0.0 { i.undefined() } else { Some(a % b) }
                        },
                    );
                }
                first.pair(second, |a, b, i| {
                    let power = a.powf(b);
                    if power.is_finite() { Some(power) } else { i.undefined() }
                })
            }
            Call::Least => numbers
                .fold(first, |a, b| Number::Run(a.pair(b, |a, b, _| Some(a.min(b)))))
                .into_run(),
            Call::Greatest => numbers
                .fold(first, |a, b| Number::Run(a.pair(b, |a, b, _| Some(a.max(b)))))
                .into_run(),
            Call::Coalesce | Call::NullIf => first.into_run(),
        }
    }
}

fn digits(node: &Node) -> Result<i32, ExprError> {
    let number = match &node.term {
        Term::Number(number) => *number,
        Term::Negate(inner) => match inner.term {
            Term::Number(number) => -number,
            _ => f64::NAN,
        },
        _ => f64::NAN,
    };
    if number.abs() <= DIGITS_MAX && number.fract() == 0.0 {
        #[expect(clippy::cast_possible_truncation, reason = "checked the line before")]
        return Ok(number as i32);
    }
    let what = format!("the digits of ROUND are a whole number from -{DIGITS_MAX} to {DIGITS_MAX}");
    Err(ExprError::Type { at: node.at, what })
}

fn round(x: f64, digits: i32) -> f64 {
    if digits == 0 {
        return x.round();
    }
    let power = 10_f64.powi(digits.abs());
    let rounded =
        if digits > 0 { (x * power).round() / power } else { (x / power).round() * power };
    // So large that it has no such digits.
    if rounded.is_finite() { rounded } else { x }
}
