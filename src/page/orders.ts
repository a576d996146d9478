/**
 * Orders: forms whose script sends JSON to the API with the control token. Each asks for a reason, which the audit keeps with the
 * name of who gives the order.
 *
 * **Invariant**: without scripts an order stays hidden: a plain form could carry neither the token nor JSON.
 */
import { h, type Element, type Part } from './element.ts';
import type { Choice } from './filters.ts';
import type { PageContext } from './view.ts';

export interface OrderField {
  name: string;
  label: string;
  /** Numbers are sent as numbers, days as `2026-11-28`. */
  type: 'text' | 'number' | 'date';
  /** Values to choose from: themselves, or with a label. */
  choices?: readonly (string | Choice)[];
  /** An empty one is not sent. */
  isOptional?: boolean;
  /** What the field holds at first. */
  value?: string | null;
  /** A placeholder. */
  example?: string;
}

export interface Order {
  method: 'POST' | 'DELETE';
  /** Of the API. */
  path: string;
  button: string;
  fields?: readonly OrderField[];
  /** Values that are not asked for. */
  fixed?: Readonly<Record<string, string | number>>;
  /** The field that says why: `reason`, or `source` where the API wants the source of a fact. */
  why?: 'reason' | 'source';
}

/** Makes the form of an order. */
export function orderForm(
  { words }: PageContext,
  { method, path, button, fields, fixed, why = 'reason' }: Order,
): Element {
  const { orders } = words;
  const asked: readonly OrderField[] = [
    ...(fields ?? []),
    { name: why, label: orders[why], type: 'text' },
    { name: 'actor', label: orders.actor, type: 'text' },
  ];
  return h(
    'form',
    {
      class: 'order',
      hidden: true,
      'data-method': method,
      'data-path': path,
      'data-done': orders.done,
      'data-fixed': fixed && JSON.stringify(fixed),
    },
    asked.map((field) => h('label', null, h('span', null, field.label), control(field))),
    h('button', { type: 'submit' }, button),
    h('output', { role: 'status' }),
  );
}

function control({ name, type, choices, isOptional = false, value, example }: OrderField): Part {
  if (choices) {
    return h(
      'select',
      { name },
      choices.map((choice) => {
        const { value: chosen, label } =
          typeof choice === 'string' ? { value: choice, label: choice } : choice;
        return h('option', { value: chosen, selected: chosen === value }, label);
      }),
    );
  }
  const isActor = name === 'actor';
  return h('input', {
    name,
    type,
    value,
    placeholder: example,
    required: !isActor && !isOptional,
    autocomplete: 'off',
    step: type === 'number' ? '0.001' : null,
    min: type === 'number' ? '0.001' : null,
    maxlength: type === 'text' ? 500 : null,
  });
}

/** Makes a part of a page that is closed until somebody opens it, unless it is open from the beginning. */
export function folded(summary: string, body: Part, isOpen = false): Element {
  return h('details', { open: isOpen }, h('summary', null, summary), body);
}
