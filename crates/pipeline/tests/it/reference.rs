//! Expressions against the smallest evaluator that could be right: it walks a tree and knows nothing of closures, slots or
//! short cuts. The tree is written as SQL with every bracket, so the parser is tested with it.

use lineshaft_model::Value;
use lineshaft_pipeline::expr::{Absent, Input, Kind, Name, Parsed};
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Number {
    Tag(usize),
    Constant(i32),
    Negate(Box<Number>),
    Binary(&'static str, Box<Number>, Box<Number>),
    Call(&'static str, Vec<Number>),
    Case(Box<Bool>, Box<Number>, Option<Box<Number>>),
    Coalesce(Vec<Number>),
    FromBool(Box<Bool>),
}

#[derive(Debug, Clone)]
enum Bool {
    Tag(usize),
    Constant(bool),
    Not(Box<Bool>),
    And(Box<Bool>, Box<Bool>),
    Or(Box<Bool>, Box<Bool>),
    Compare(&'static str, Box<Number>, Box<Number>),
    Between(Box<Number>, Box<Number>, Box<Number>),
    In(Box<Number>, Vec<Number>),
    IsNull(Box<Number>),
}

impl Number {
    fn sql(&self) -> String {
        let list = |list: &[Number]| list.iter().map(Number::sql).collect::<Vec<_>>().join(", ");
        match self {
            Number::Tag(tag) => format!("n{tag}"),
            Number::Constant(constant) => format!("({constant})"),
            Number::Negate(a) => format!("(-{})", a.sql()),
            Number::Binary(op, a, b) => format!("({} {op} {})", a.sql(), b.sql()),
            Number::Call(name, arguments) => format!("{name}({})", list(arguments)),
            Number::Case(when, then, None) => {
                format!("CASE WHEN {} THEN {} END", when.sql(), then.sql())
            }
            Number::Case(when, then, Some(otherwise)) => {
                format!("CASE WHEN {} THEN {} ELSE {} END", when.sql(), then.sql(), otherwise.sql())
            }
            Number::Coalesce(arguments) => format!("COALESCE({})", list(arguments)),
            Number::FromBool(a) => format!("CAST({} AS INTEGER)", a.sql()),
        }
    }

    fn value(&self, numbers: &[Option<f64>], bools: &[Option<bool>]) -> Option<f64> {
        let of = |number: &Number| number.value(numbers, bools);
        match self {
            Number::Tag(tag) => numbers[*tag],
            Number::Constant(constant) => Some(f64::from(*constant)),
            Number::Negate(a) => Some(-of(a)?),
            Number::Binary(op, a, b) => {
                let (a, b) = (of(a)?, of(b)?);
                match *op {
                    "+" => Some(a + b),
                    "-" => Some(a - b),
                    "*" => Some(a * b),
                    "/" => (b != 0.0).then(|| a / b),
                    _ => (b != 0.0).then(|| a % b),
                }
            }
            Number::Call(name, arguments) => {
                let values: Option<Vec<f64>> = arguments.iter().map(of).collect();
                let values = values?;
                match *name {
                    "ABS" => Some(values[0].abs()),
                    "FLOOR" => Some(values[0].floor()),
                    "ROUND" => Some(values[0].round()),
                    "SQRT" => (values[0] >= 0.0).then(|| values[0].sqrt()),
                    "LEAST" => values.into_iter().reduce(f64::min),
                    _ => values.into_iter().reduce(f64::max),
                }
            }
            Number::Case(when, then, otherwise) => {
                if when.value(numbers, bools) == Some(true) {
                    of(then)
                } else {
                    otherwise.as_deref().and_then(of)
                }
            }
            Number::Coalesce(arguments) => arguments.iter().find_map(of),
            Number::FromBool(a) => a.value(numbers, bools).map(|on| if on { 1.0 } else { 0.0 }),
        }
    }
}

impl Bool {
    fn sql(&self) -> String {
        match self {
            Bool::Tag(tag) => format!("\"b/{tag}\""),
            Bool::Constant(on) => on.to_string().to_uppercase(),
            Bool::Not(a) => format!("(NOT {})", a.sql()),
            Bool::And(a, b) => format!("({} AND {})", a.sql(), b.sql()),
            Bool::Or(a, b) => format!("({} OR {})", a.sql(), b.sql()),
            Bool::Compare(op, a, b) => format!("({} {op} {})", a.sql(), b.sql()),
            Bool::Between(a, low, high) => {
                format!("({} BETWEEN {} AND {})", a.sql(), low.sql(), high.sql())
            }
            Bool::In(a, list) => {
                let list: Vec<String> = list.iter().map(Number::sql).collect();
                format!("({} IN ({}))", a.sql(), list.join(", "))
            }
            Bool::IsNull(a) => format!("({} IS NULL)", a.sql()),
        }
    }

    #[expect(clippy::float_cmp, reason = "SQL's = is exact")]
    fn value(&self, numbers: &[Option<f64>], bools: &[Option<bool>]) -> Option<bool> {
        let of = |number: &Number| number.value(numbers, bools);
        // False, unknown and true as 0, 1 and 2: AND is the smaller, OR the larger of two.
        let rank = |bool: &Bool| bool.value(numbers, bools).map_or(1, |on| if on { 2 } else { 0 });
        let unrank = |rank: i32| (rank != 1).then_some(rank == 2);
        match self {
            Bool::Tag(tag) => bools[*tag],
            Bool::Constant(on) => Some(*on),
            Bool::Not(a) => unrank(2 - rank(a)),
            Bool::And(a, b) => unrank(rank(a).min(rank(b))),
            Bool::Or(a, b) => unrank(rank(a).max(rank(b))),
            Bool::Compare(op, a, b) => {
                let (a, b) = (of(a)?, of(b)?);
                Some(match *op {
                    "=" => a == b,
                    "<>" => a != b,
                    "<" => a < b,
                    "<=" => a <= b,
                    ">" => a > b,
                    _ => a >= b,
                })
            }
            Bool::Between(a, low, high) => {
                let at_least =
                    of(a).zip(of(low)).map_or(1, |(a, low)| if a >= low { 2 } else { 0 });
                let at_most =
                    of(a).zip(of(high)).map_or(1, |(a, high)| if a <= high { 2 } else { 0 });
                unrank(at_least.min(at_most))
            }
            Bool::In(a, list) => {
                let a = of(a)?;
                let items: Vec<Option<f64>> = list.iter().map(of).collect();
                if items.contains(&Some(a)) {
                    Some(true)
                } else {
                    (!items.contains(&None)).then_some(false)
                }
            }
            Bool::IsNull(a) => Some(of(a).is_none()),
        }
    }
}

fn leaf_number() -> impl Strategy<Value = Number> {
    prop_oneof![(0usize..3).prop_map(Number::Tag), (-4i32..5).prop_map(Number::Constant)]
}

fn leaf_bool() -> impl Strategy<Value = Bool> {
    prop_oneof![(0usize..2).prop_map(Bool::Tag), any::<bool>().prop_map(Bool::Constant)]
}

fn compare_op() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(vec!["=", "<>", "<", "<=", ">", ">="])
}

/// A tree of at most `depth` levels of either kind.
fn any_number(depth: u32) -> BoxedStrategy<Number> {
    if depth == 0 {
        return leaf_number().boxed();
    }
    let number = || any_number(depth - 1).prop_map(Box::new);
    let bool = || any_bool(depth - 1).prop_map(Box::new);
    let list = || proptest::collection::vec(any_number(depth - 1), 1..3);
    prop_oneof![
        2 => leaf_number(),
        1 => number().prop_map(Number::Negate),
        4 => (proptest::sample::select(vec!["+", "-", "*", "/", "%"]), number(), number())
            .prop_map(|(op, a, b)| Number::Binary(op, a, b)),
        1 => (proptest::sample::select(vec!["ABS", "FLOOR", "ROUND", "SQRT"]), any_number(depth - 1))
            .prop_map(|(name, a)| Number::Call(name, vec![a])),
        1 => (proptest::sample::select(vec!["LEAST", "GREATEST"]), list())
            .prop_map(|(name, list)| Number::Call(name, list)),
        1 => (bool(), number(), proptest::option::of(number()))
            .prop_map(|(when, then, otherwise)| Number::Case(when, then, otherwise)),
        1 => list().prop_map(Number::Coalesce),
        1 => bool().prop_map(Number::FromBool),
    ]
    .boxed()
}

fn any_bool(depth: u32) -> BoxedStrategy<Bool> {
    if depth == 0 {
        return leaf_bool().boxed();
    }
    let number = || any_number(depth - 1).prop_map(Box::new);
    let bool = || any_bool(depth - 1).prop_map(Box::new);
    prop_oneof![
        1 => leaf_bool(),
        1 => bool().prop_map(Bool::Not),
        2 => (bool(), bool()).prop_map(|(a, b)| Bool::And(a, b)),
        2 => (bool(), bool()).prop_map(|(a, b)| Bool::Or(a, b)),
        3 => (compare_op(), number(), number()).prop_map(|(op, a, b)| Bool::Compare(op, a, b)),
        1 => (number(), number(), number()).prop_map(|(a, low, high)| Bool::Between(a, low, high)),
        1 => (number(), proptest::collection::vec(any_number(depth - 1), 1..3))
            .prop_map(|(a, list)| Bool::In(a, list)),
        1 => number().prop_map(Bool::IsNull),
    ]
    .boxed()
}

fn evaluate(sql: &str, numbers: &[Option<f64>], bools: &[Option<bool>]) -> Result<Value, Absent> {
    let parsed = Parsed::new(sql).expect(sql);
    let (mut kinds, mut inputs) = (Vec::new(), Vec::new());
    for (name, _) in parsed.names() {
        match name {
            Name::Beside(name) => {
                let tag: usize = name[1..].parse().unwrap();
                kinds.push(Kind::Number);
                inputs.push(numbers[tag].map_or(Input::Null, Input::Number));
            }
            Name::Below(path) => {
                let tag: usize = path[2..].parse().unwrap();
                kinds.push(Kind::Bool);
                inputs.push(bools[tag].map_or(Input::Null, Input::Bool));
            }
        }
    }
    parsed.compile(&kinds).expect(sql).evaluate(&inputs)
}

fn inputs() -> impl Strategy<Value = (Vec<Option<f64>>, Vec<Option<bool>>)> {
    let number = proptest::option::weighted(0.8, (-5i32..6).prop_map(|n| f64::from(n) / 2.0));
    let bool = proptest::option::weighted(0.8, any::<bool>());
    (proptest::collection::vec(number, 3), proptest::collection::vec(bool, 2))
}

proptest! {
    #[test]
    fn a_number_is_what_the_tree_says(tree in any_number(3), (numbers, bools) in inputs()) {
        let expected = tree.value(&numbers, &bools).filter(|number| number.is_finite());
        let found = evaluate(&tree.sql(), &numbers, &bools).ok().and_then(|value| value.as_f64());
        prop_assert_eq!(found, expected, "{}", tree.sql());
    }

    #[test]
    fn a_condition_is_what_the_tree_says(tree in any_bool(3), (numbers, bools) in inputs()) {
        let expected = tree.value(&numbers, &bools).map(Value::Bool);
        prop_assert_eq!(evaluate(&tree.sql(), &numbers, &bools).ok(), expected, "{}", tree.sql());
    }
}
