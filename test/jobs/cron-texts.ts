/** Random cron expressions that are right, in all the ways in which fields may be written. */
import fc from 'fast-check';

interface Shape {
  min: number;
  max: number;
  /** Names of the values, from `min` on. */
  names?: readonly string[];
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

const word = ({ min, names }: Shape, value: number): fc.Arbitrary<string> => {
  const name = names?.[value - min];
  return name === undefined
    ? fc.constant(String(value))
    : fc.constantFrom(String(value), name, name.toUpperCase());
};

function item(shape: Shape): fc.Arbitrary<string> {
  const value = fc.integer({ min: shape.min, max: shape.max });
  const range = fc
    .tuple(value, value)
    .map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const)
    .map(([from, to]) => `${from}-${to}`);
  const step = fc.integer({ min: 1, max: Math.min(shape.max, 31) });
  return fc.oneof(
    value.chain((one) => word(shape, one)),
    range,
    fc.tuple(range, step).map(([span, by]) => `${span}/${by}`),
  );
}

function field(shape: Shape): fc.Arbitrary<string> {
  const step = fc.integer({ min: 1, max: Math.min(shape.max, 31) });
  return fc.oneof(
    { weight: 3, arbitrary: fc.constant('*') },
    { weight: 1, arbitrary: step.map((by) => `*/${by}`) },
    {
      weight: 4,
      arbitrary: fc.array(item(shape), { minLength: 1, maxLength: 3 }).map((all) => all.join(',')),
    },
  );
}

/** Expressions whose day is at most 28, so that each comes. */
export const cronTexts: fc.Arbitrary<string> = fc
  .tuple(
    field({ min: 0, max: 59 }),
    field({ min: 0, max: 23 }),
    field({ min: 1, max: 28 }),
    field({ min: 1, max: 12, names: MONTHS }),
    field({ min: 0, max: 7, names: [...WEEKDAYS] }),
  )
  .map((fields) => fields.join(' '));

/** Expressions that are due on many days, with hours and minutes around those at which clocks are changed. */
export const nightlyTexts: fc.Arbitrary<string> = fc
  .tuple(
    field({ min: 0, max: 59 }),
    fc.constantFrom('*', '*/2', '0', '1', '2', '3', '1,2', '0-4', '23', '23,0', '22-23', '2-3'),
    fc.constantFrom('*', '*', '*', '*/2', '1-15', '1,8,15,22,29', '25-31'),
    fc.constantFrom('*', '*', '*', '3,4', '9-11'),
    fc.constantFrom('*', '*', '*', 'sun', '7', '0-3', 'mon-fri'),
  )
  .map((fields) => fields.join(' '));
