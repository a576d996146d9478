/**
 * Tables of fields, and the one interpreter that reads a body by them.
 *
 * A table has a row for each field, in the order in which Kling's refusals name them: its type, bounds, allowed values, default,
 * and its models. Fields that exclude each other are checked by the code of the routes.
 *
 * **Invariant**: a field without a row is ignored; the refusal names the first wrong field.
 */
import { KlingRefusal } from './replies.ts';
import type { Fields } from './fields.ts';

/** Bounds are inclusive. `required` refuses a missing field with 400/1200; a wrong one is 400/1201. */
export type FieldRow =
  /** `max` in characters. */
  | { is: 'text'; max?: number; required?: true }
  /** Without a default it is required. `modelsOf` names the models of a value that only some models accept. */
  | {
      is: 'choice';
      of: readonly string[];
      default?: string;
      modelsOf?: Readonly<Record<string, readonly string[]>>;
    }
  /** `models`: those that accept `true`; absent: all. */
  | { is: 'flag'; default: boolean; models?: readonly string[] }
  | { is: 'number' | 'whole'; min: number; max: number; required?: true; default?: number }
  /** The allowed lengths; `ofModel` overrides `of`. */
  | {
      is: 'seconds';
      of: readonly number[];
      ofModel?: Readonly<Record<string, readonly number[]>>;
      wanted: 'string' | 'number';
    }
  /** `media` is a URL or base64, `url` a URL alone, `id` text or an integer. */
  | { is: 'media' | 'url' | 'id'; required?: true }
  /** `known`: the models of all paths; every other one is 404/1203. */
  | { is: 'model'; of: readonly string[]; known: readonly string[]; default: string }
  /** Without a table the items are not read. */
  | { is: 'list'; min?: number; max: number; of?: FieldTable }
  | { is: 'object'; of?: FieldTable };

export interface FieldTable {
  readonly [name: string]: FieldRow;
}

/** The type of a row's value. */
type ValueOf<Row> = Row extends { is: 'choice'; of: readonly (infer Choice extends string)[] }
  ? Choice
  : Row extends { is: 'text' | 'media' | 'url' | 'id' }
    ? string | (Row extends { required: true } ? never : undefined)
    : Row extends { is: 'number' | 'whole' }
      ? number | (Row extends { required: true } | { default: number } ? never : undefined)
      : Row extends { is: 'flag' }
        ? boolean
        : Row extends { is: 'seconds' }
          ? number
          : Row extends { is: 'model' }
            ? string
            : Row extends { is: 'list' }
              ? (Row extends { of: infer Table extends FieldTable } ? ValuesOf<Table> : Fields)[]
              : (Row extends { of: infer Table extends FieldTable } ? ValuesOf<Table> : Fields) | undefined;

export type ValuesOf<Table extends FieldTable> = { -readonly [Name in keyof Table]: ValueOf<Table[Name]> };

/**
 * Reads a body by a table.
 * @param model the body's model, for rows that depend on it; a row of type `model` in the table sets it for those after it.
 * @throws KlingRefusal for the first field that Kling would refuse.
 */
export function readFields<const Table extends FieldTable>(
  body: Fields,
  table: Table,
  model = '',
): ValuesOf<Table> {
  const values: Record<string, unknown> = {};
  let current = model;
  for (const [name, row] of Object.entries(table)) {
    const value = readField(body, { name, row, model: current });
    if (row.is === 'model') current = String(value);
    values[name] = value;
  }
  return values as ValuesOf<Table>;
}

interface Asked<Row> {
  name: string;
  row: Row;
  model: string;
}
type RowOf<Type extends FieldRow['is']> = Extract<FieldRow, { is: Type }>;

function readField(body: Fields, { name, row, model }: Asked<FieldRow>): unknown {
  switch (row.is) {
    case 'text':
      return body.text(name, row);
    case 'choice':
      return readChoice(body, { name, row, model });
    case 'flag':
      return readFlag(body, { name, row, model });
    case 'number':
    case 'whole':
      return need(body, name, row) ?? row.default;
    case 'seconds':
      return body.seconds(name, row.ofModel?.[model] ?? row.of, row.wanted);
    case 'media':
    case 'url':
    case 'id':
      return need(body, name, row);
    case 'model':
      return readModel(body, name, row);
    case 'list':
      return readList(body, name, row);
    case 'object':
      return readObject(body, name, row);
  }
}

function need(
  body: Fields,
  name: string,
  row: RowOf<'number' | 'whole'> | RowOf<'media' | 'url' | 'id'>,
): unknown {
  const value = 'min' in row ? body[row.is](name, row.min, row.max) : body[row.is](name);
  return row.required === true && value === undefined ? body.missing(name) : value;
}

function readChoice(body: Fields, { name, row, model }: Asked<RowOf<'choice'>>): string {
  const value =
    row.default === undefined ? body.needChoice(name, row.of) : body.choice(name, row.of, row.default);
  const models = row.modelsOf?.[value];
  if (models?.includes(model) === false) body.refuse(name, `value '${value}' is not supported by ${model}`);
  return value;
}

function readFlag(body: Fields, { name, row, model }: Asked<RowOf<'flag'>>): boolean {
  const value = body.flag(name, row.default);
  if (value && row.models?.includes(model) === false) body.refuse(name, `is not supported by ${model}`);
  return value;
}

/** An unknown model is 404/1203, a model that this path does not have is 400/1201. */
function readModel(body: Fields, name: string, row: RowOf<'model'>): string {
  const model = body.text(name) ?? row.default;
  if (!row.known.includes(model)) throw new KlingRefusal(1203, `model ${model} does not exist`);
  if (!row.of.includes(model))
    body.refuse(name, `value '${model}' is invalid, allowed: ${row.of.join(', ')}`);
  return model;
}

function readList(body: Fields, name: string, { min, max, of }: RowOf<'list'>): unknown[] {
  const items = body.list(name, max, min);
  return of === undefined ? items : items.map((item) => readFields(item, of));
}

function readObject(body: Fields, name: string, { of }: RowOf<'object'>): unknown {
  const value = body.object(name);
  return of === undefined || value === undefined ? value : readFields(value, of);
}
