//! From SQL text to a small tree of what is offered here. Everything else is refused with its place.

use std::sync::Arc;

use sqlparser::ast::{
    BinaryOperator, CaseWhen, CeilFloorKind, DataType, DateTimeField, Expr, Function, FunctionArg,
    FunctionArgExpr, FunctionArguments, Ident, Spanned, UnaryOperator, Value, ValueWithSpan,
};
use sqlparser::dialect::GenericDialect;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Location, Token, Tokenizer};

use super::functions::Call;
use super::{
    DEPTH_MAX, ExprError, INPUTS_MAX, Kind, Name, OPERATIONS_MAX, Position, TEXT_BYTES_MAX,
    TOKENS_MAX,
};

/// A part of an expression with its place.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) at: Option<Position>,
    pub(super) term: Term,
}

#[derive(Debug, Clone)]
pub(super) enum Term {
    Null,
    Input(usize),
    Number(f64),
    Bool(bool),
    Text(Arc<str>),
    Negate(Box<Node>),
    Not(Box<Node>),
    Arithmetic(Arithmetic, Box<(Node, Node)>),
    Compare(Comparison, Box<(Node, Node)>),
    And(Box<(Node, Node)>),
    Or(Box<(Node, Node)>),
    IsNull(Box<Node>),
    /// Whether it is this, and not the other or unknown.
    IsBool(Box<Node>, bool),
    In(Box<Node>, Vec<Node>),
    Case(Vec<(Node, Node)>, Option<Box<Node>>),
    Call(Call, Vec<Node>),
    Cast(Box<Node>, Target),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// What a `CAST` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    Whole,
    Kind(Kind),
}

type Names = Vec<(Name, Option<Position>)>;

pub(super) fn parse(text: &str) -> Result<(Node, Names), ExprError> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(ExprError::TooLarge { of: "bytes", max: TEXT_BYTES_MAX });
    }
    let dialect = GenericDialect {};
    let tokens = Tokenizer::new(&dialect, text)
        .tokenize_with_location()
        .map_err(|error| syntax(position(error.location), error.message))?;
    if tokens.iter().filter(|t| !matches!(t.token, Token::Whitespace(_))).count() > TOKENS_MAX {
        return Err(ExprError::TooLarge { of: "words and signs", max: TOKENS_MAX });
    }
    let mut parser =
        Parser::new(&dialect).with_recursion_limit(DEPTH_MAX).with_tokens_with_locations(tokens);
    let expr = parser.parse_expr().map_err(from_parser)?;
    let rest = parser.peek_token();
    if rest.token != Token::EOF {
        let what = format!("`{}` does not belong to the expression", rest.token);
        return Err(syntax(position(rest.span.start), what));
    }
    let mut lowering = Lowering { names: Vec::new(), operations: 0 };
    let root = lowering.node(&expr)?;
    Ok((root, lowering.names))
}

fn from_parser(error: ParserError) -> ExprError {
    let message = match error {
        ParserError::TokenizerError(message) | ParserError::ParserError(message) => message,
        ParserError::RecursionLimitExceeded => {
            return ExprError::TooLarge { of: "levels of brackets", max: DEPTH_MAX };
        }
    };
    let lower_case =
        |what: &str| what.replacen("Expected: ", "expected ", 1).replacen("found: ", "found ", 1);
    // The parser writes the place into its message; there is no other way to it.
    let Some((what, place)) = message.rsplit_once(" at Line: ") else {
        return syntax(None, lower_case(&message));
    };
    let at = place.split_once(", Column: ").and_then(|(line, column)| {
        Some(Position { line: line.parse().ok()?, column: column.parse().ok()? })
    });
    syntax(at, lower_case(what))
}

fn position(location: Location) -> Option<Position> {
    let line = u32::try_from(location.line).ok().filter(|line| *line > 0)?;
    Some(Position { line, column: u32::try_from(location.column).ok()? })
}

fn syntax(at: Option<Position>, what: impl Into<String>) -> ExprError {
    ExprError::Syntax { at, what: what.into() }
}

struct Lowering {
    names: Names,
    operations: usize,
}

impl Lowering {
    fn node(&mut self, expr: &Expr) -> Result<Node, ExprError> {
        self.count(1)?;
        let at = position(expr.span().start);
        let term = self.term(expr, at)?;
        Ok(Node { at, term })
    }

    fn count(&mut self, operations: usize) -> Result<(), ExprError> {
        self.operations += operations;
        if self.operations > OPERATIONS_MAX {
            return Err(ExprError::TooLarge { of: "operations", max: OPERATIONS_MAX });
        }
        Ok(())
    }

    fn boxed(&mut self, expr: &Expr) -> Result<Box<Node>, ExprError> {
        self.node(expr).map(Box::new)
    }

    fn pair(&mut self, left: &Expr, right: &Expr) -> Result<Box<(Node, Node)>, ExprError> {
        Ok(Box::new((self.node(left)?, self.node(right)?)))
    }

    fn term(&mut self, expr: &Expr, at: Option<Position>) -> Result<Term, ExprError> {
        Ok(match expr {
            Expr::Identifier(ident) => Term::Input(self.input(ident)?),
            Expr::CompoundIdentifier(_) => {
                let what = "a tag of another folder is written as a path in double quotes";
                return Err(syntax(at, what));
            }
            Expr::Nested(inner) => return self.node(inner).map(|node| node.term),
            Expr::Value(value) => literal(value)?,
            Expr::UnaryOp { op, expr: inner } => match op {
                UnaryOperator::Minus => Term::Negate(self.boxed(inner)?),
                UnaryOperator::Plus => return self.node(inner).map(|node| node.term),
                UnaryOperator::Not => Term::Not(self.boxed(inner)?),
                other => return Err(not_offered(at, &format!("the operator `{other}`"))),
            },
            Expr::BinaryOp { left, op, right } => self.binary(at, left, op, right)?,
            Expr::IsNull(inner) => Term::IsNull(self.boxed(inner)?),
            Expr::IsNotNull(inner) => not(at, Term::IsNull(self.boxed(inner)?)),
            Expr::IsTrue(inner) => Term::IsBool(self.boxed(inner)?, true),
            Expr::IsNotTrue(inner) => not(at, Term::IsBool(self.boxed(inner)?, true)),
            Expr::IsFalse(inner) => Term::IsBool(self.boxed(inner)?, false),
            Expr::IsNotFalse(inner) => not(at, Term::IsBool(self.boxed(inner)?, false)),
            Expr::IsUnknown(inner) => Term::IsNull(self.boxed(inner)?),
            Expr::IsNotUnknown(inner) => not(at, Term::IsNull(self.boxed(inner)?)),
            Expr::InList { expr: inner, list, negated } => {
                let inner = self.boxed(inner)?;
                let list = list.iter().map(|item| self.node(item)).collect::<Result<_, _>>()?;
                negate_if(*negated, at, Term::In(inner, list))
            }
            Expr::Between { expr: inner, negated, low, high } => {
                let (low, high) = (self.pair(inner, low)?, self.pair(inner, high)?);
                let low = Node { at, term: Term::Compare(Comparison::GreaterOrEqual, low) };
                let high = Node { at, term: Term::Compare(Comparison::LessOrEqual, high) };
                negate_if(*negated, at, Term::And(Box::new((low, high))))
            }
            Expr::Case { operand, conditions, else_result, .. } => {
                self.case(operand.as_deref(), conditions, else_result.as_deref())?
            }
            Expr::Cast { expr: inner, data_type, format: None, .. } => {
                Term::Cast(self.boxed(inner)?, target(at, data_type)?)
            }
            Expr::Ceil { expr: inner, field } => self.whole(at, Call::Ceil, inner, field)?,
            Expr::Floor { expr: inner, field } => self.whole(at, Call::Floor, inner, field)?,
            Expr::Function(function) => self.call(at, function)?,
            other => return Err(not_offered(at, &format!("`{}`", short(&other.to_string())))),
        })
    }

    fn input(&mut self, ident: &Ident) -> Result<usize, ExprError> {
        let at = position(ident.span.start);
        let name = match ident.quote_style {
            None => Name::Beside(ident.value.clone()),
            Some('"') => Name::Below(ident.value.clone()),
            Some(_) => return Err(syntax(at, "a path stands in double quotes")),
        };
        if let Some(slot) = self.names.iter().position(|(known, _)| *known == name) {
            return Ok(slot);
        }
        if self.names.len() == INPUTS_MAX {
            return Err(ExprError::TooLarge { of: "tags", max: INPUTS_MAX });
        }
        self.names.push((name, at));
        Ok(self.names.len() - 1)
    }

    fn binary(
        &mut self,
        at: Option<Position>,
        left: &Expr,
        op: &BinaryOperator,
        right: &Expr,
    ) -> Result<Term, ExprError> {
        let arithmetic = match op {
            BinaryOperator::Plus => Some(Arithmetic::Add),
            BinaryOperator::Minus => Some(Arithmetic::Subtract),
            BinaryOperator::Multiply => Some(Arithmetic::Multiply),
            BinaryOperator::Divide => Some(Arithmetic::Divide),
            BinaryOperator::Modulo => Some(Arithmetic::Remainder),
            _ => None,
        };
        let comparison = match op {
            BinaryOperator::Eq => Some(Comparison::Equal),
            BinaryOperator::NotEq => Some(Comparison::Unequal),
            BinaryOperator::Lt => Some(Comparison::Less),
            BinaryOperator::LtEq => Some(Comparison::LessOrEqual),
            BinaryOperator::Gt => Some(Comparison::Greater),
            BinaryOperator::GtEq => Some(Comparison::GreaterOrEqual),
            _ => None,
        };
        let pair = self.pair(left, right)?;
        Ok(match (arithmetic, comparison, op) {
            (Some(arithmetic), _, _) => Term::Arithmetic(arithmetic, pair),
            (_, Some(comparison), _) => Term::Compare(comparison, pair),
            (_, _, BinaryOperator::And) => Term::And(pair),
            (_, _, BinaryOperator::Or) => Term::Or(pair),
            _ => return Err(not_offered(at, &format!("the operator `{op}`"))),
        })
    }

    fn case(
        &mut self,
        operand: Option<&Expr>,
        conditions: &[CaseWhen],
        otherwise: Option<&Expr>,
    ) -> Result<Term, ExprError> {
        let mut branches = Vec::with_capacity(conditions.len());
        for CaseWhen { condition, result } in conditions {
            let condition = match operand {
                None => self.node(condition)?,
                Some(operand) => {
                    let pair = self.pair(operand, condition)?;
                    Node { at: pair.1.at, term: Term::Compare(Comparison::Equal, pair) }
                }
            };
            branches.push((condition, self.node(result)?));
        }
        let otherwise = otherwise.map(|expr| self.boxed(expr)).transpose()?;
        Ok(Term::Case(branches, otherwise))
    }

    fn whole(
        &mut self,
        at: Option<Position>,
        call: Call,
        inner: &Expr,
        field: &CeilFloorKind,
    ) -> Result<Term, ExprError> {
        match field {
            CeilFloorKind::DateTimeField(DateTimeField::NoDateTime) => {
                Ok(Term::Call(call, vec![self.node(inner)?]))
            }
            _ => Err(not_offered(at, "FLOOR and CEIL with a second argument")),
        }
    }

    fn call(&mut self, at: Option<Position>, function: &Function) -> Result<Term, ExprError> {
        let name = function.name.to_string();
        let plain = !function.uses_odbc_syntax
            && function.parameters == FunctionArguments::None
            && function.within_group.is_empty()
            && function.filter.is_none()
            && function.null_treatment.is_none()
            && function.over.is_none();
        let FunctionArguments::List(list) = &function.args else {
            return Err(not_offered(at, &format!("`{name}`")));
        };
        if !plain || list.duplicate_treatment.is_some() || !list.clauses.is_empty() {
            return Err(not_offered(at, &format!("`{name}` with clauses")));
        }
        let Some(call) = Call::named(&name) else {
            return Err(syntax(at, Call::unknown(&name)));
        };
        let mut arguments = Vec::with_capacity(list.args.len());
        for argument in &list.args {
            match argument {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => {
                    arguments.push(self.node(expr)?);
                }
                other => return Err(not_offered(at, &format!("the argument `{other}`"))),
            }
        }
        call.check_count(arguments.len()).map_err(|what| syntax(at, what))?;
        Ok(Term::Call(call, arguments))
    }
}

fn not(at: Option<Position>, term: Term) -> Term {
    Term::Not(Box::new(Node { at, term }))
}

#[expect(clippy::fn_params_excessive_bools, reason = "SQL's NOT as its parser hands it over")]
fn negate_if(negated: bool, at: Option<Position>, term: Term) -> Term {
    if negated { not(at, term) } else { term }
}

fn literal(value: &ValueWithSpan) -> Result<Term, ExprError> {
    let at = position(value.span.start);
    Ok(match &value.value {
        Value::Null => Term::Null,
        Value::Boolean(bool) => Term::Bool(*bool),
        Value::SingleQuotedString(text) => Term::Text(text.as_str().into()),
        Value::Number(digits, _) => match digits.parse::<f64>() {
            Ok(number) if number.is_finite() => Term::Number(number),
            _ => return Err(syntax(at, format!("`{}` is not a number", short(digits)))),
        },
        other => return Err(not_offered(at, &format!("`{}`", short(&other.to_string())))),
    })
}

fn target(at: Option<Position>, data_type: &DataType) -> Result<Target, ExprError> {
    Ok(match data_type {
        DataType::Int(_)
        | DataType::Integer(_)
        | DataType::BigInt(_)
        | DataType::SmallInt(_)
        | DataType::TinyInt(_) => Target::Whole,
        DataType::Double(_)
        | DataType::DoublePrecision
        | DataType::Float(_)
        | DataType::Float64
        | DataType::Float8
        | DataType::Real
        | DataType::Numeric(_)
        | DataType::Decimal(_) => Target::Kind(Kind::Number),
        DataType::Bool | DataType::Boolean => Target::Kind(Kind::Bool),
        DataType::Text | DataType::Varchar(_) | DataType::String(_) => Target::Kind(Kind::Text),
        other => {
            let what = format!("a cast to {other} (DOUBLE, INTEGER, BOOLEAN and TEXT are)");
            return Err(not_offered(at, &what));
        }
    })
}

fn not_offered(at: Option<Position>, what: &str) -> ExprError {
    syntax(at, format!("{what} is not offered in tag expressions"))
}

/// A message shows where the text begins, not all of it.
fn short(text: &str) -> String {
    match text.char_indices().nth(40) {
        None => text.into(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}
