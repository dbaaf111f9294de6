//! From the tree to typed closures.

use std::sync::Arc;

use super::lower::{Arithmetic, Comparison, Node, Target, Term};
use super::{ExprError, Inputs, Kind, Position};

/// A compiled part. Shared, because `BETWEEN` and `CASE x` use their operand more than once.
pub(super) type Run<T> = Arc<dyn Fn(&Inputs<'_>) -> Option<T> + Send + Sync>;

/// A compiled part with its kind.
#[derive(Clone)]
pub(super) enum Code {
    /// NULL itself: of any kind.
    Null,
    Number(Number),
    Bool(Run<bool>),
    Text(Text),
}

/// A number. Constants and inputs are told apart, so that an operation on them needs no call.
#[derive(Clone)]
pub(super) enum Number {
    Constant(f64),
    Input(usize),
    Run(Run<f64>),
}

/// Text; the same.
#[derive(Clone)]
pub(super) enum Text {
    Constant(Arc<str>),
    Input(usize),
    Run(Run<Arc<str>>),
}

impl Code {
    pub(super) fn kind(&self) -> Option<Kind> {
        match self {
            Code::Null => None,
            Code::Number(_) => Some(Kind::Number),
            Code::Bool(_) => Some(Kind::Bool),
            Code::Text(_) => Some(Kind::Text),
        }
    }
}

impl Number {
    pub(super) fn run(&self, inputs: &Inputs<'_>) -> Option<f64> {
        match self {
            Number::Constant(number) => Some(*number),
            Number::Input(slot) => inputs.number(*slot),
            Number::Run(run) => run(inputs),
        }
    }

    pub(super) fn into_run(self) -> Run<f64> {
        match self {
            Number::Constant(number) => Arc::new(move |_| Some(number)),
            Number::Input(slot) => Arc::new(move |inputs| inputs.number(slot)),
            Number::Run(run) => run,
        }
    }

    pub(super) fn map(self, f: impl Fn(f64) -> f64 + Send + Sync + 'static) -> Run<f64> {
        self.try_map(move |number, _| Some(f(number)))
    }

    pub(super) fn try_map(
        self,
        f: impl Fn(f64, &Inputs<'_>) -> Option<f64> + Send + Sync + 'static,
    ) -> Run<f64> {
        match self {
            Number::Input(slot) => Arc::new(move |inputs| f(inputs.number(slot)?, inputs)),
            other => {
                let run = other.into_run();
                Arc::new(move |inputs| f(run(inputs)?, inputs))
            }
        }
    }

    pub(super) fn pair<T: 'static>(
        self,
        other: Number,
        f: impl Fn(f64, f64, &Inputs<'_>) -> Option<T> + Send + Sync + 'static,
    ) -> Run<T> {
        match (self, other) {
            (Number::Input(a), Number::Constant(b)) => {
                Arc::new(move |inputs| f(inputs.number(a)?, b, inputs))
            }
            (Number::Input(a), Number::Input(b)) => {
                Arc::new(move |inputs| f(inputs.number(a)?, inputs.number(b)?, inputs))
            }
            (Number::Run(a), Number::Constant(b)) => {
                Arc::new(move |inputs| f(a(inputs)?, b, inputs))
            }
            (Number::Run(a), Number::Input(b)) => {
                Arc::new(move |inputs| f(a(inputs)?, inputs.number(b)?, inputs))
            }
            (a, b) => {
                let (a, b) = (a.into_run(), b.into_run());
                Arc::new(move |inputs| f(a(inputs)?, b(inputs)?, inputs))
            }
        }
    }
}

impl Text {
    pub(super) fn run(&self, inputs: &Inputs<'_>) -> Option<Arc<str>> {
        match self {
            Text::Constant(text) => Some(text.clone()),
            Text::Input(slot) => inputs.text(*slot).cloned(),
            Text::Run(run) => run(inputs),
        }
    }

    fn into_run(self) -> Run<Arc<str>> {
        match self {
            Text::Run(run) => run,
            other => Arc::new(move |inputs| other.run(inputs)),
        }
    }

    fn pair<T: 'static>(
        self,
        other: Text,
        f: impl Fn(&str, &str) -> T + Send + Sync + 'static,
    ) -> Run<T> {
        match (self, other) {
            (Text::Input(a), Text::Constant(b)) => {
                Arc::new(move |inputs| Some(f(inputs.text(a)?, &b)))
            }
            (a, b) => Arc::new(move |inputs| Some(f(&a.run(inputs)?, &b.run(inputs)?))),
        }
    }
}

pub(super) fn compile(node: &Node, kinds: &[Kind]) -> Result<Code, ExprError> {
    Ok(match &node.term {
        Term::Null => Code::Null,
        Term::Number(number) => Code::Number(Number::Constant(*number)),
        Term::Bool(bool) => {
            let bool = *bool;
            Code::Bool(Arc::new(move |_| Some(bool)))
        }
        Term::Text(text) => Code::Text(Text::Constant(text.clone())),
        Term::Input(slot) => {
            let slot = *slot;
            match kinds.get(slot) {
                Some(Kind::Number) => Code::Number(Number::Input(slot)),
                Some(Kind::Bool) => Code::Bool(Arc::new(move |inputs| inputs.bool(slot))),
                Some(Kind::Text) => Code::Text(Text::Input(slot)),
                None => Code::Null,
            }
        }
        Term::Negate(inner) => Code::Number(Number::Run(as_number(inner, kinds)?.map(|x| -x))),
        Term::Not(inner) => {
            let inner = as_bool(inner, kinds)?;
            Code::Bool(Arc::new(move |inputs| inner(inputs).map(|on| !on)))
        }
        Term::Arithmetic(op, pair) => {
            let (a, b) = (as_number(&pair.0, kinds)?, as_number(&pair.1, kinds)?);
            Code::Number(Number::Run(arithmetic(*op, a, b)))
        }
        Term::Compare(op, pair) => Code::Bool(compare(*op, node.at, &pair.0, &pair.1, kinds)?),
        Term::And(pair) => Code::Bool(connect(&pair.0, &pair.1, kinds, false)?),
        Term::Or(pair) => Code::Bool(connect(&pair.0, &pair.1, kinds, true)?),
        Term::IsNull(inner) => Code::Bool(is_null(compile(inner, kinds)?)),
        Term::IsBool(inner, wanted) => {
            let (inner, wanted) = (as_bool(inner, kinds)?, *wanted);
            Code::Bool(Arc::new(move |inputs| Some(inner(inputs) == Some(wanted))))
        }
        Term::In(inner, list) => Code::Bool(is_in(node.at, inner, list, kinds)?),
        Term::Case(branches, otherwise) => case(branches, otherwise.as_deref(), kinds)?,
        Term::Call(call, arguments) => call.compile(arguments, kinds)?,
        Term::Cast(inner, target) => cast(inner, *target, kinds)?,
    })
}

fn wrong(at: Option<Position>, what: impl Into<String>) -> ExprError {
    ExprError::Type { at, what: what.into() }
}

pub(super) fn as_number(node: &Node, kinds: &[Kind]) -> Result<Number, ExprError> {
    match compile(node, kinds)? {
        Code::Number(number) => Ok(number),
        Code::Null => Ok(Number::Run(Arc::new(|_| None))),
        Code::Bool(_) => Err(wrong(
            node.at,
            "a number is needed here, this is a bool; CAST(… AS INTEGER) makes it 1 or 0",
        )),
        Code::Text(_) => Err(wrong(node.at, "a number is needed here, this is text")),
    }
}

fn as_bool(node: &Node, kinds: &[Kind]) -> Result<Run<bool>, ExprError> {
    match compile(node, kinds)? {
        Code::Bool(bool) => Ok(bool),
        Code::Null => Ok(Arc::new(|_| None)),
        Code::Number(_) => {
            Err(wrong(node.at, "a condition is needed here, this is a number; write `… <> 0`"))
        }
        Code::Text(_) => Err(wrong(node.at, "a condition is needed here, this is text")),
    }
}

fn arithmetic(op: Arithmetic, a: Number, b: Number) -> Run<f64> {
    match op {
        Arithmetic::Add => a.pair(b, |a, b, _| Some(a + b)),
        Arithmetic::Subtract => a.pair(b, |a, b, _| Some(a - b)),
        Arithmetic::Multiply => a.pair(b, |a, b, _| Some(a * b)),
        Arithmetic::Divide => {
            a.pair(b, |a, b, i| if b == 0.0 { i.undefined() } else { Some(a / b) })
        }
        Arithmetic::Remainder => {
            a.pair(b, |a, b, i| if b == 0.0 { i.undefined() } else { Some(a % b) })
        }
    }
}

fn compare(
    op: Comparison,
    at: Option<Position>,
    left: &Node,
    right: &Node,
    kinds: &[Kind],
) -> Result<Run<bool>, ExprError> {
    compare_codes(op, at, compile(left, kinds)?, compile(right, kinds)?)
}

fn compare_codes(
    op: Comparison,
    at: Option<Position>,
    left: Code,
    right: Code,
) -> Result<Run<bool>, ExprError> {
    match (left, right) {
        (Code::Null, _) | (_, Code::Null) => Ok(Arc::new(|_| None)),
        (Code::Number(a), Code::Number(b)) => Ok(match op {
            #[expect(clippy::float_cmp, reason = "SQL's = is exact; a tolerance is BETWEEN")]
            Comparison::Equal => a.pair(b, |a, b, _| Some(a == b)),
            #[expect(clippy::float_cmp, reason = "SQL's <> is exact")]
            Comparison::Unequal => a.pair(b, |a, b, _| Some(a != b)),
            Comparison::Less => a.pair(b, |a, b, _| Some(a < b)),
            Comparison::LessOrEqual => a.pair(b, |a, b, _| Some(a <= b)),
            Comparison::Greater => a.pair(b, |a, b, _| Some(a > b)),
            Comparison::GreaterOrEqual => a.pair(b, |a, b, _| Some(a >= b)),
        }),
        (Code::Text(a), Code::Text(b)) => Ok(match op {
            Comparison::Equal => a.pair(b, |a, b| a == b),
            Comparison::Unequal => a.pair(b, |a, b| a != b),
            Comparison::Less => a.pair(b, |a, b| a < b),
            Comparison::LessOrEqual => a.pair(b, |a, b| a <= b),
            Comparison::Greater => a.pair(b, |a, b| a > b),
            Comparison::GreaterOrEqual => a.pair(b, |a, b| a >= b),
        }),
        (Code::Bool(a), Code::Bool(b)) => match op {
            Comparison::Equal => Ok(Arc::new(move |i| Some(a(i)? == b(i)?))),
            Comparison::Unequal => Ok(Arc::new(move |i| Some(a(i)? != b(i)?))),
            _ => Err(wrong(at, "bools are equal or not, none is less than the other")),
        },
        (left, right) => {
            let name = |code: &Code| code.kind().map_or("null".into(), |kind| kind.to_string());
            let what = format!("a {} cannot be compared with a {}", name(&left), name(&right));
            Err(wrong(at, what))
        }
    }
}

/// `AND` is decided by a false, `OR` by a true, whatever the other says.
#[expect(clippy::fn_params_excessive_bools, reason = "the value that decides is a bool itself")]
fn connect(
    left: &Node,
    right: &Node,
    kinds: &[Kind],
    decisive: bool,
) -> Result<Run<bool>, ExprError> {
    let (left, right) = (as_bool(left, kinds)?, as_bool(right, kinds)?);
    Ok(Arc::new(move |inputs| {
        let first = left(inputs);
        if first == Some(decisive) {
            return first;
        }
        let second = right(inputs);
        if second == Some(decisive) {
            return second;
        }
        first.and(second)
    }))
}

fn is_null(code: Code) -> Run<bool> {
    match code {
        Code::Null => Arc::new(|_| Some(true)),
        Code::Number(number) => Arc::new(move |inputs| Some(number.run(inputs).is_none())),
        Code::Bool(bool) => Arc::new(move |inputs| Some(bool(inputs).is_none())),
        Code::Text(text) => Arc::new(move |inputs| Some(text.run(inputs).is_none())),
    }
}

fn is_in(
    at: Option<Position>,
    inner: &Node,
    list: &[Node],
    kinds: &[Kind],
) -> Result<Run<bool>, ExprError> {
    let code = compile(inner, kinds)?;
    let mut equals = Vec::with_capacity(list.len());
    for item in list {
        let item_code = compile(item, kinds)?;
        equals.push(compare_codes(Comparison::Equal, item.at.or(at), code.clone(), item_code)?);
    }
    Ok(Arc::new(move |inputs| {
        let mut unknown = false;
        for equal in &equals {
            match equal(inputs) {
                Some(true) => return Some(true),
                Some(false) => {}
                None => unknown = true,
            }
        }
        if unknown { None } else { Some(false) }
    }))
}

fn case(
    branches: &[(Node, Node)],
    otherwise: Option<&Node>,
    kinds: &[Kind],
) -> Result<Code, ExprError> {
    let mut conditions = Vec::with_capacity(branches.len());
    let mut results = Vec::with_capacity(branches.len() + 1);
    for (condition, result) in branches {
        conditions.push(as_bool(condition, kinds)?);
        results.push((result.at, compile(result, kinds)?));
    }
    results.push(match otherwise {
        Some(node) => (node.at, compile(node, kinds)?),
        None => (None, Code::Null),
    });
    Ok(match common(&results, "the results of a CASE")? {
        None => Code::Null,
        Some(Kind::Number) => {
            Code::Number(Number::Run(choose(conditions, into_runs(results, code_to_number))))
        }
        Some(Kind::Bool) => Code::Bool(choose(conditions, into_runs(results, code_to_bool))),
        Some(Kind::Text) => {
            Code::Text(Text::Run(choose(conditions, into_runs(results, code_to_text))))
        }
    })
}

/// The first result whose condition is true, or the last, which has none.
fn choose<T: 'static>(conditions: Vec<Run<bool>>, results: Vec<Run<T>>) -> Run<T> {
    Arc::new(move |inputs| {
        let chosen = conditions.iter().position(|condition| condition(inputs) == Some(true));
        results[chosen.unwrap_or(conditions.len())](inputs)
    })
}

pub(super) fn coalesce(arguments: &[Node], kinds: &[Kind]) -> Result<Code, ExprError> {
    let mut codes = Vec::with_capacity(arguments.len());
    for argument in arguments {
        codes.push((argument.at, compile(argument, kinds)?));
    }
    fn first<T: 'static>(runs: Vec<Run<T>>) -> Run<T> {
        Arc::new(move |inputs| runs.iter().find_map(|run| run(inputs)))
    }
    Ok(match common(&codes, "the arguments of COALESCE")? {
        None => Code::Null,
        Some(Kind::Number) => Code::Number(Number::Run(first(into_runs(codes, code_to_number)))),
        Some(Kind::Bool) => Code::Bool(first(into_runs(codes, code_to_bool))),
        Some(Kind::Text) => Code::Text(Text::Run(first(into_runs(codes, code_to_text)))),
    })
}

/// `a`, or NULL when it equals `b`.
pub(super) fn null_if(a: &Node, b: &Node, kinds: &[Kind]) -> Result<Code, ExprError> {
    let equal = compare(Comparison::Equal, b.at, a, b, kinds)?;
    fn unless<T: 'static>(equal: Run<bool>, run: Run<T>) -> Run<T> {
        Arc::new(move |inputs| if equal(inputs) == Some(true) { None } else { run(inputs) })
    }
    Ok(match compile(a, kinds)? {
        Code::Null => Code::Null,
        Code::Number(number) => Code::Number(Number::Run(unless(equal, number.into_run()))),
        Code::Bool(bool) => Code::Bool(unless(equal, bool)),
        Code::Text(text) => Code::Text(Text::Run(unless(equal, text.into_run()))),
    })
}

/// The one kind of all that are not NULL; `None` when all are.
fn common(codes: &[(Option<Position>, Code)], what: &str) -> Result<Option<Kind>, ExprError> {
    let mut common = None;
    for (at, code) in codes {
        match (common, code.kind()) {
            (_, None) => {}
            (None, kind) => common = kind,
            (Some(first), Some(kind)) if first == kind => {}
            (Some(first), Some(kind)) => {
                let what =
                    format!("{what} are of one kind; the first is a {first}, this is a {kind}");
                return Err(wrong(*at, what));
            }
        }
    }
    Ok(common)
}

fn into_runs<T>(
    codes: Vec<(Option<Position>, Code)>,
    into: impl Fn(Code) -> Option<Run<T>>,
) -> Vec<Run<T>> {
    let null: Run<T> = Arc::new(|_| None);
    codes.into_iter().map(|(_, code)| into(code).unwrap_or_else(|| null.clone())).collect()
}

fn code_to_number(code: Code) -> Option<Run<f64>> {
    match code {
        Code::Number(number) => Some(number.into_run()),
        _ => None,
    }
}

fn code_to_bool(code: Code) -> Option<Run<bool>> {
    match code {
        Code::Bool(bool) => Some(bool),
        _ => None,
    }
}

fn code_to_text(code: Code) -> Option<Run<Arc<str>>> {
    match code {
        Code::Text(text) => Some(text.into_run()),
        _ => None,
    }
}

fn cast(inner: &Node, target: Target, kinds: &[Kind]) -> Result<Code, ExprError> {
    let code = compile(inner, kinds)?;
    let to_number = |code: Code| -> Number {
        match code {
            Code::Null => Number::Run(Arc::new(|_| None)),
            Code::Number(number) => number,
            Code::Bool(bool) => {
                Number::Run(Arc::new(move |inputs| bool(inputs).map(|on| f64::from(u8::from(on)))))
            }
            Code::Text(text) => Number::Run(Arc::new(move |inputs| {
                let number = text.run(inputs)?.trim().parse().ok();
                number.filter(|number: &f64| number.is_finite()).or_else(|| inputs.undefined())
            })),
        }
    };
    Ok(match (target, code) {
        (Target::Whole, code) => Code::Number(Number::Run(to_number(code).map(f64::round))),
        (Target::Kind(Kind::Number), code) => Code::Number(to_number(code)),
        (Target::Kind(Kind::Bool), Code::Number(number)) => {
            Code::Bool(Arc::new(move |inputs| number.run(inputs).map(|number| number != 0.0)))
        }
        (Target::Kind(Kind::Bool), Code::Text(_)) => {
            return Err(wrong(inner.at, "text is not cast to a bool; compare it: `… = 'on'`"));
        }
        (Target::Kind(Kind::Bool), code) => {
            Code::Bool(code_to_bool(code).unwrap_or_else(|| Arc::new(|_| None)))
        }
        (Target::Kind(Kind::Text), Code::Number(number)) => {
            Code::Text(Text::Run(Arc::new(move |inputs| {
                number.run(inputs).map(|number| number.to_string().into())
            })))
        }
        (Target::Kind(Kind::Text), Code::Bool(bool)) => {
            Code::Text(Text::Run(Arc::new(move |inputs| {
                bool(inputs).map(|on| if on { "true".into() } else { "false".into() })
            })))
        }
        (Target::Kind(Kind::Text), Code::Text(text)) => Code::Text(text),
        (Target::Kind(Kind::Text), Code::Null) => Code::Text(Text::Run(Arc::new(|_| None))),
    })
}
