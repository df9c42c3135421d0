/**
 * Holds differences against the table of explanations, both ways. An entry explains a stage for the models that its patterns name
 * (`*` is any text), where what is said matches `says`. Answers what is unexplained, and what of the table no longer applies: a pattern
 * that names a model without that difference (but for an entry that `varies`, by chance or by machine); in a whole run also one that names none.
 */
export function checkExplanations(results, { table, isWhole }) {
  const problems = [];
  for (const { name, differences } of results) {
    for (const [stage, difference] of Object.entries(differences)) {
      const entry = table.find((entry) => explains(entry, { name, stage, difference }));
      if (entry === undefined) problems.push(`${name}: unexplained (${stage}): ${difference}`);
    }
  }
  for (const entry of table) {
    for (const pattern of entry.models) problems.push(...checkPattern(pattern, { entry, results, isWhole }));
  }
  return problems;
}

function explains(entry, { name, stage, difference }) {
  if (!entry.stages.includes(stage) || (entry.says !== undefined && !new RegExp(entry.says).test(difference)))
    return false;
  return entry.models.some((pattern) => isNamed(pattern, name));
}

function checkPattern(pattern, { entry, results, isWhole }) {
  const named = results.filter(({ name }) => isNamed(pattern, name));
  if (named.length === 0) return isWhole ? [`the table's '${pattern}' names no test`] : [];
  if (entry.varies === true) return [];
  return named.flatMap(({ name, differences }) =>
    entry.stages
      .filter(
        (stage) =>
          differences[stage] === undefined || !explains(entry, { name, stage, difference: differences[stage] }),
      )
      .map((stage) => `${name}: the table explains a difference that is not there (${stage}, '${pattern}')`),
  );
}

function isNamed(pattern, name) {
  const [start, ...rest] = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${[start, ...rest].join('.*')}$`).test(name);
}
