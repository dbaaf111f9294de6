//! From tag tables and pipeline files to a graph, with every mistake on the way.

mod derive;

use lineshaft_model::{TagId, TagMap, TagMeta, TagPath, Tags};

use crate::config::{Band, Rule};
use crate::derived::Derived;
use crate::expr::Position;
use crate::mistake::{NUMERIC, PATTERN, PipelineMistake, RULE, STEP, UNIT, Where};
use crate::op::{Deadband, OpConfig, SILENCE_MAX_DEFAULT, Scale, ScaleConfig, Step, StepError};
use crate::pattern::Pattern;
use crate::pipeline::Pipeline;

/// What the tag table says about one tag.
#[derive(Debug, Clone, PartialEq)]
pub struct TagSteps {
    /// Which tag.
    pub tag: TagId,
    /// What to multiply by; `None` for an empty cell.
    pub scale: Option<f64>,
    /// What to add then; `None` for an empty cell.
    pub offset: Option<f64>,
    /// What is no news, of the scaled value; `None` for an empty cell. Silence ends after
    /// [`SILENCE_MAX_DEFAULT`].
    pub deadband: Option<Band>,
}

/// What a pipeline is built from.
#[derive(Debug)]
pub struct Plan<'a> {
    /// The prefix of the node's tags.
    pub node: &'a TagPath,
    /// The table that turns paths into ids.
    pub tags: &'a Tags,
    /// All tags, as the devices deliver them; the unit is that of the scaled value.
    pub metas: Vec<TagMeta>,
    /// The steps of the tag tables.
    pub steps: &'a [TagSteps],
    /// The rules with their names, in the order of the files.
    pub rules: &'a [(String, Rule)],
}

/// What came of a plan.
#[derive(Debug)]
pub struct Built {
    /// The graph.
    pub pipeline: Pipeline,
    /// All tags as they are behind the pipeline: type and unit after the steps, and the derived tags at the end.
    pub metas: Vec<TagMeta>,
}

impl Pipeline {
    /// Builds the graph of a plan.
    ///
    /// # Errors
    /// All mistakes, those of the tag table first, then those of the rules in their order.
    pub fn build(plan: Plan<'_>) -> Result<Built, Vec<PipelineMistake>> {
        let Plan { node, tags, metas, steps, rules } = plan;
        let ids = metas.iter().map(|meta| tags.intern(&meta.path)).collect();
        let mut draft =
            Draft { node, tags, metas, ids, steps: TagMap::default(), mistakes: Vec::new() };
        draft.tag_tables(steps);
        for (name, rule) in rules {
            draft.check_shape(name, rule);
        }
        let derived = derive::derive(&mut draft, rules);
        for (name, rule) in rules {
            if let Some(tags) = &rule.tags
                && rule.tag.is_none()
            {
                draft.rule(name, tags, &rule.ops);
            }
        }
        draft.finish(derived)
    }
}

/// The plan while it is read.
struct Draft<'a> {
    node: &'a TagPath,
    tags: &'a Tags,
    metas: Vec<TagMeta>,
    /// In step with `metas`.
    ids: Vec<TagId>,
    steps: TagMap<Vec<Step>>,
    mistakes: Vec<PipelineMistake>,
}

impl Draft<'_> {
    fn wrong(
        &mut self,
        place: Where,
        code: &'static str,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        let (what, remedy) = (what.into(), remedy.into());
        self.mistakes.push(PipelineMistake { place, code, what, remedy });
    }

    fn tag_tables(&mut self, all: &[TagSteps]) {
        let places: TagMap<usize> = self.ids.iter().copied().zip(0..).collect();
        for row in all {
            let Some(place) = places.get(&row.tag).copied() else { continue };
            if row.scale.is_some() || row.offset.is_some() {
                self.table_scale(place, row);
            }
            if let Some(band) = row.deadband {
                match Deadband::of(band, SILENCE_MAX_DEFAULT) {
                    Ok(step) => self.push(place, Step::Deadband(step)),
                    Err(error) => {
                        self.wrong(self.cell(place, "deadband"), STEP, error.to_string(), "")
                    }
                }
            }
        }
    }

    fn table_scale(&mut self, place: usize, row: &TagSteps) {
        let column = if row.scale.is_some() { "scale" } else { "offset" };
        let before = self.metas[place].data_type;
        if !before.is_numeric() {
            let what = format!("a tag of type {before} has no number to scale");
            return self.wrong(self.cell(place, column), NUMERIC, what, "leave the cell empty");
        }
        let (factor, offset) = (row.scale.unwrap_or(1.0), row.offset.unwrap_or(0.0));
        let config = ScaleConfig { factor, offset };
        match Scale::new(&config) {
            Ok(step) => {
                self.metas[place].data_type = OpConfig::Scale(config).data_type(before);
                self.push(place, Step::Scale(step));
            }
            Err(StepError::Setting { key: "offset", .. }) => {
                self.wrong(
                    self.cell(place, "offset"),
                    STEP,
                    "`offset` must be a finite number",
                    "",
                );
            }
            Err(error) => {
                let what = error.to_string().replace("`factor`", "`scale`");
                self.wrong(self.cell(place, column), STEP, what, "");
            }
        }
    }

    fn cell(&self, place: usize, column: &'static str) -> Where {
        Where::Tag { tag: self.metas[place].path.clone(), column }
    }

    fn push(&mut self, place: usize, step: Step) {
        self.steps.entry(self.ids[place]).or_default().push(step);
    }

    /// A rule is steps for tags, or a derived tag, and whole.
    fn check_shape(&mut self, name: &str, rule: &Rule) {
        let is_steps = rule.tags.is_some() || !rule.ops.is_empty();
        let about_derived = [&rule.tag, &rule.expr, &rule.unit, &rule.description];
        let is_derived = about_derived.iter().any(|key| key.is_some());
        let (key, what, remedy) = match (is_steps, is_derived) {
            (false, false) => (
                "",
                "the rule is empty",
                "write `tags` and `ops` for steps, `tag` and `expr` for a derived tag",
            ),
            (true, true) => {
                let what = "a rule is either steps (`tags`, `ops`) or a derived tag (`tag`, `expr`, `unit`, `description`)";
                ("", what, "make two rules of it")
            }
            (true, false) if rule.tags.is_none() => {
                ("tags", "`tags` is missing", "say which tags the steps are for")
            }
            (true, false) if rule.ops.is_empty() => {
                ("ops", "`ops` is missing or empty", "say what to do with the tags")
            }
            (false, true) if rule.tag.is_none() => {
                ("tag", "`tag` is missing", "say the path of the derived tag")
            }
            (false, true) if rule.expr.is_none() => {
                ("expr", "`expr` is missing", "say how to compute the tag")
            }
            _ => return,
        };
        self.wrong(in_rule(name, key), RULE, what, remedy);
    }

    fn rule(&mut self, name: &str, tags: &str, ops: &[OpConfig]) {
        let pattern = match Pattern::new(tags) {
            Ok(pattern) => pattern,
            Err(error) => {
                return self.wrong(in_rule(name, "tags"), PATTERN, error.to_string(), "");
            }
        };
        let below = |path: &TagPath| {
            let rest = path.as_str().strip_prefix(self.node.as_str())?.strip_prefix('/')?;
            pattern.matches(rest).then_some(())
        };
        let places: Vec<usize> = (0..self.metas.len())
            .filter(|place| below(&self.metas[*place].path).is_some())
            .collect();
        if places.is_empty() {
            let what = format!("no tag is like `{tags}`");
            let remedy =
                match tags.strip_prefix(self.node.as_str()).and_then(|rest| rest.strip_prefix('/'))
                {
                    Some(rest) => format!("patterns are below the node's path; write `{rest}`"),
                    None => {
                        "`*` stands for letters within one segment, `**` for any number of segments"
                            .into()
                    }
                };
            self.wrong(in_rule(name, "tags"), PATTERN, what, remedy);
        }
        for (number, op) in ops.iter().enumerate() {
            self.step_for_all(name, number, op, &places);
        }
    }

    /// Adds one step of a rule to all its tags. The same mistake is said once, not for each tag.
    fn step_for_all(&mut self, name: &str, number: usize, op: &OpConfig, places: &[usize]) {
        let key = |key: &str| {
            let dot = if key.is_empty() { "" } else { "." };
            in_rule(name, &format!("ops[{number}].{}{dot}{key}", op.verb()))
        };
        let fits = |meta: &TagMeta| !op.needs_numbers() || meta.data_type.is_numeric();
        if places.is_empty() {
            // Nothing to do, but a wrong setting is wrong all the same.
            if let Err(StepError::Setting { key: setting, what }) = Step::new(op, None) {
                self.wrong(key(setting), STEP, what, "");
            }
            return;
        }
        if !places.iter().any(|place| fits(&self.metas[*place])) {
            let what = format!("none of the tags has numbers, which `{}` needs", op.verb());
            return self.wrong(key(""), NUMERIC, what, "leave the step out, or name other tags");
        }
        for place in places {
            if !fits(&self.metas[*place]) {
                continue;
            }
            match Step::new(op, self.metas[*place].unit.as_ref()) {
                Ok(step) => {
                    let meta = &mut self.metas[*place];
                    meta.data_type = op.data_type(meta.data_type);
                    if let Step::Convert(convert) = &step {
                        meta.unit = Some(convert.unit().clone());
                    }
                    self.push(*place, step);
                }
                Err(StepError::Setting { key: setting, what }) => {
                    return self.wrong(key(setting), STEP, what, "");
                }
                Err(StepError::Unit { key: setting, what, remedy }) => {
                    let what = format!("{what} (tag `{}`)", self.metas[*place].path);
                    return self.wrong(key(setting), UNIT, what, remedy);
                }
            }
        }
    }

    fn finish(self, derived: Vec<Derived>) -> Result<Built, Vec<PipelineMistake>> {
        if !self.mistakes.is_empty() {
            return Err(self.mistakes);
        }
        let mut steps: Vec<(TagId, Vec<Step>)> = self.steps.into_iter().collect();
        steps.sort_unstable_by_key(|(tag, _)| *tag);
        Ok(Built { pipeline: Pipeline::assemble(steps, derived), metas: self.metas })
    }
}

fn in_rule(name: &str, key: &str) -> Where {
    Where::Rule { name: name.into(), key: key.into(), position: None }
}

fn in_expr(name: &str, position: Option<Position>) -> Where {
    Where::Rule { name: name.into(), key: "expr".into(), position }
}
