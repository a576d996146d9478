/** Checks plain values against the schema, section by section, so that one bad section hides nothing in others. */
import { type ConfigProblem, placeOf, problemsOf, unknownKey } from './config-problem.ts';
import { SECTIONS, type ConfigValues, type SectionName } from './config-schema.ts';
import { findSecrets } from './literal-secret.ts';
import { keyOf, type PlainObject } from './plain.ts';

export interface ParsedValues {
  /** Complete; broken sections have their defaults. */
  values: ConfigValues;
  problems: ConfigProblem[];
  brokenSections: ReadonlySet<SectionName>;
}

/** Parses file and environment together; `sources` names the variable that set a key. */
export function parseValues(raw: PlainObject, sources: ReadonlyMap<string, string>): ParsedValues {
  const broken = new Set<SectionName>();
  const values: PlainObject = {};
  const found: ConfigProblem[] = [];
  for (const name of Object.keys(raw)) {
    if (!Object.hasOwn(SECTIONS, name)) found.push(unknownKey([], name, raw));
  }
  for (const name of Object.keys(SECTIONS) as SectionName[]) {
    const parsed = SECTIONS[name].safeParse(Object.hasOwn(raw, name) ? raw[name] : undefined);
    if (parsed.success) {
      values[name] = parsed.data;
    } else {
      broken.add(name);
      values[name] = SECTIONS[name].parse(undefined);
      found.push(...parsed.error.issues.flatMap((issue) => problemsOf(issue, [name], raw)));
    }
  }
  return {
    values: values as unknown as ConfigValues,
    problems: withoutSecrets(found, raw).map((problem) => withSource(problem, sources)),
    brokenSections: broken,
  };
}

/** Puts the secrets first and drops other problems of the keys that hold them. */
function withoutSecrets(problems: readonly ConfigProblem[], raw: PlainObject): ConfigProblem[] {
  const secrets = findSecrets(raw).map(({ path, place }) => ({
    key: keyOf(path),
    ...placeOf(path, raw),
    value: '[hidden]',
    allowed: 'no secret in the config file, nor in the variables that set its keys',
    suggestion: place,
  }));
  const hidden = new Set(secrets.map(({ key }) => key));
  return [...secrets, ...problems.filter(({ key }) => !hidden.has(key))];
}

/** Gives the variable that set a key, or one of its parents. */
function withSource(problem: ConfigProblem, sources: ReadonlyMap<string, string>): ConfigProblem {
  for (const [key, source] of sources) {
    const isWithin =
      problem.key === key || problem.key.startsWith(`${key}.`) || problem.key.startsWith(`${key}[`);
    if (isWithin) return { ...problem, source };
  }
  return problem;
}
