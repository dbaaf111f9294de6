//! The derived tags of a plan: which tags they name, in which order they are computed, of which kind they are.

use std::collections::HashMap;

use lineshaft_model::{Access, DataType, TagId, TagMap, TagMeta, TagPath, Unit, UnitError};

use super::{Draft, in_expr, in_rule};
use crate::config::Rule;
use crate::derived::Derived;
use crate::expr::{ExprError, Kind, Name, Parsed, Position};
use crate::mistake::{CIRCLE, DERIVED, EXPRESSION, INPUT, TYPES, UNIT};

/// A derived tag on its way.
struct Candidate<'a> {
    rule: &'a str,
    path: TagPath,
    unit: Option<Unit>,
    description: String,
    parsed: Parsed,
    /// The tags it names; empty when one of them does not exist.
    inputs: Vec<TagId>,
}

/// Adds the derived tags' metadata to the draft, and returns them in an order in which each is behind its inputs.
pub(super) fn derive(draft: &mut Draft<'_>, rules: &[(String, Rule)]) -> Vec<Derived> {
    let mut places: TagMap<usize> = draft.ids.iter().copied().zip(0..).collect();
    let mut candidates: Vec<Candidate<'_>> = Vec::new();
    // Also those that are wrong themselves, so that nobody who names one is told that it does not exist.
    let mut written: TagMap<()> = TagMap::default();
    let mut numbers: TagMap<usize> = TagMap::default();
    for (name, rule) in rules {
        let (Some(tag), None) = (&rule.tag, &rule.tags) else { continue };
        if let Ok(path) = draft.node.join(tag) {
            written.insert(draft.tags.intern(&path), ());
        }
        let Some(expr) = &rule.expr else { continue };
        let Some(candidate) = read(draft, name, rule, tag, expr) else { continue };
        let id = draft.tags.intern(&candidate.path);
        if places.contains_key(&id) || numbers.contains_key(&id) {
            let what = format!("the tag `{}` exists already", candidate.path);
            draft.wrong(
                in_rule(name, "tag"),
                DERIVED,
                what,
                "give the derived tag a path of its own",
            );
            continue;
        }
        numbers.insert(id, candidates.len());
        candidates.push(candidate);
    }
    for candidate in &mut candidates {
        candidate.inputs = resolve(draft, candidate, &places, &written);
    }
    let order = order(draft, &candidates, &numbers);
    let mut derived = Vec::with_capacity(order.len());
    for number in order {
        let candidate = &candidates[number];
        let Some(expression) = compile(draft, candidate, &places) else { continue };
        let id = draft.tags.intern(&candidate.path);
        places.insert(id, draft.metas.len());
        draft.ids.push(id);
        draft.metas.push(meta(candidate, expression.kind()));
        derived.push(Derived::new(id, expression, candidate.inputs.clone()));
    }
    derived
}

fn read<'a>(
    draft: &mut Draft<'_>,
    name: &'a str,
    rule: &Rule,
    tag: &str,
    expr: &str,
) -> Option<Candidate<'a>> {
    let path = match draft.node.join(tag) {
        Ok(path) => Some(path),
        Err(error) => {
            draft.wrong(in_rule(name, "tag"), DERIVED, error.to_string(), "");
            None
        }
    };
    let unit = match rule.unit.as_deref().map(Unit::new).transpose() {
        Ok(unit) => unit,
        Err(error) => {
            let remedy = match &error {
                UnitError::Unknown { meant: Some(meant), .. } => format!("did you mean `{meant}`?"),
                _ => String::new(),
            };
            draft.wrong(in_rule(name, "unit"), UNIT, error.to_string(), remedy);
            None
        }
    };
    let parsed = match Parsed::new(expr) {
        Ok(parsed) if parsed.names().is_empty() => {
            let what = "the expression names no tag, so nothing would ever compute it";
            draft.wrong(in_expr(name, None), INPUT, what, "");
            None
        }
        Ok(parsed) => Some(parsed),
        Err(error) => {
            expression_is_wrong(draft, name, &error);
            None
        }
    };
    let description = rule.description.clone().unwrap_or_default();
    Some(Candidate { rule: name, path: path?, unit, description, parsed: parsed?, inputs: vec![] })
}

fn expression_is_wrong(draft: &mut Draft<'_>, rule: &str, error: &ExprError) {
    let code = if matches!(error, ExprError::Type { .. }) { TYPES } else { EXPRESSION };
    draft.wrong(in_expr(rule, error.position()), code, error.to_string(), "");
}

/// The ids of the tags an expression names; empty when one does not exist.
fn resolve(
    draft: &mut Draft<'_>,
    candidate: &Candidate<'_>,
    places: &TagMap<usize>,
    written: &TagMap<()>,
) -> Vec<TagId> {
    let names = candidate.parsed.names();
    let mut ids = Vec::with_capacity(names.len());
    for (name, at) in names {
        let path = match name {
            Name::Below(path) => draft.node.join(path),
            Name::Beside(name) => {
                TagPath::new(&format!("{}/{name}", candidate.path.parent().unwrap_or_default()))
            }
        };
        let path = match path {
            Ok(path) => path,
            Err(error) => {
                draft.wrong(in_expr(candidate.rule, *at), INPUT, error.to_string(), "");
                continue;
            }
        };
        match draft.tags.id(&path).filter(|id| places.contains_key(id) || written.contains_key(id))
        {
            Some(id) => ids.push(id),
            None => no_such_tag(draft, candidate.rule, *at, &path),
        }
    }
    // Two ways to name one tag are two inputs; that is fine. One input too few is not.
    if ids.len() == names.len() { ids } else { Vec::new() }
}

fn no_such_tag(draft: &mut Draft<'_>, rule: &str, at: Option<Position>, path: &TagPath) {
    let near =
        draft.metas.iter().map(|meta| &meta.path).filter(|known| known.name() == path.name());
    let common = |known: &&TagPath| {
        known.segments().zip(path.segments()).take_while(|(a, b)| a == b).count()
    };
    let nearest = near.max_by_key(common);
    let remedy = nearest.and_then(|known| known.as_str().strip_prefix(draft.node.as_str())).map_or_else(
        || "a bare name is a tag in the same folder, a path in double quotes is one below the node's path".into(),
        |below| format!("did you mean \"{}\"?", below.trim_start_matches('/')),
    );
    draft.wrong(in_expr(rule, at), INPUT, format!("there is no tag `{path}`"), remedy);
}

/// Kahn's order; what is left over runs in circles.
fn order(
    draft: &mut Draft<'_>,
    candidates: &[Candidate<'_>],
    numbers: &TagMap<usize>,
) -> Vec<usize> {
    let needs = |number: usize| {
        candidates[number].inputs.iter().filter_map(|tag| numbers.get(tag).copied())
    };
    let mut readers: HashMap<usize, Vec<usize>> = HashMap::new();
    let mut missing: Vec<usize> = Vec::with_capacity(candidates.len());
    for number in 0..candidates.len() {
        missing.push(needs(number).count());
        for needed in needs(number) {
            readers.entry(needed).or_default().push(number);
        }
    }
    let mut order: Vec<usize> = (0..candidates.len()).filter(|n| missing[*n] == 0).collect();
    let mut done = 0;
    while let Some(number) = order.get(done).copied() {
        done += 1;
        for reader in readers.get(&number).into_iter().flatten() {
            missing[*reader] -= 1;
            if missing[*reader] == 0 {
                order.push(*reader);
            }
        }
    }
    let mut told = vec![false; candidates.len()];
    for start in 0..candidates.len() {
        if missing[start] == 0 || told[start] {
            continue;
        }
        // Each one left needs one left: walking along must come back to where it was.
        let mut walk = vec![start];
        let circle = loop {
            let here = walk[walk.len() - 1];
            let Some(next) = needs(here).find(|next| missing[*next] > 0) else { break &walk[..0] };
            if let Some(first) = walk.iter().position(|seen| *seen == next) {
                break &walk[first..];
            }
            walk.push(next);
        };
        if let Some(first) = circle.first().filter(|first| !told[**first]) {
            let path = |number: &usize| candidates[*number].path.to_string();
            let names: Vec<String> = circle.iter().chain([first]).map(path).collect();
            let what = format!("derived tags need each other: {}", names.join(" -> "));
            let remedy = "a tag cannot be computed from itself";
            draft.wrong(in_expr(candidates[*first].rule, None), CIRCLE, what, remedy);
        }
        for number in walk {
            told[number] = true;
        }
    }
    order
}

/// `None` when it is wrong, or when an input is, which has been said already.
fn compile(
    draft: &mut Draft<'_>,
    candidate: &Candidate<'_>,
    places: &TagMap<usize>,
) -> Option<crate::expr::Expression> {
    if candidate.inputs.is_empty() {
        return None;
    }
    let mut kinds = Vec::with_capacity(candidate.inputs.len());
    for (tag, (_, at)) in candidate.inputs.iter().zip(candidate.parsed.names()) {
        let meta = &draft.metas[*places.get(tag)?];
        let Some(kind) = Kind::of(meta.data_type) else {
            let what = format!(
                "`{}` is of type {}, which cannot be computed with",
                meta.path, meta.data_type
            );
            draft.wrong(in_expr(candidate.rule, *at), TYPES, what, "");
            return None;
        };
        kinds.push(kind);
    }
    match candidate.parsed.compile(&kinds) {
        Ok(expression) => Some(expression),
        Err(error) => {
            expression_is_wrong(draft, candidate.rule, &error);
            None
        }
    }
}

fn meta(candidate: &Candidate<'_>, kind: Kind) -> TagMeta {
    let data_type: DataType = kind.data_type();
    TagMeta {
        path: candidate.path.clone(),
        data_type,
        unit: candidate.unit.clone(),
        access: Access::Read,
        step: !data_type.is_numeric(),
        description: candidate.description.clone(),
        device: std::sync::Arc::default(),
    }
}
