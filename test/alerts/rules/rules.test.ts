import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { RULE_WORDS } from '../../../src/alerts/rule-words.ts';
import { ALERT_RULES, ruleOf } from '../../../src/alerts/rules/rules.ts';
import { PROJECT, readProject } from '../../docs/markdown.ts';

const RUNBOOKS = join(PROJECT, 'docs/runbooks');
/** What no rule of ours can see: that the sidecar itself is down, and what to do then. */
const OTHERS = ['sidecar_down', 'sidecar_without_data', 'bypass'];

describe('the list of rules', () => {
  it('has a rule for every word, each once', () => {
    expect(RULE_WORDS.filter((word) => ruleOf(word) === undefined)).toEqual([]);
    const words = ALERT_RULES.map(({ word }) => word);
    expect(words.filter((word) => ruleOf(word)?.word !== word)).toEqual([]);
    expect(new Set(words).size).toBe(words.length);
  });

  it('has a runbook for every rule: its meaning, the steps to take, its end', () => {
    for (const { word } of ALERT_RULES) {
      const path = join(RUNBOOKS, `${word}.md`);
      expect(existsSync(path), path).toBe(true);
      const text = readProject(`docs/runbooks/${word}.md`);
      expect(text, word).toContain('**What it means.**');
      expect(text, word).toMatch(/## What to do\n\n1\. \S/);
      expect(text, word).toMatch(/## When it is over\n\n\S/);
    }
  });

  it('has no runbook that no alert links to', () => {
    const pages = readdirSync(RUNBOOKS).map((file) => file.replace(/\.md$/, ''));
    expect(pages.filter((page) => ![...RULE_WORDS, ...OTHERS].includes(page))).toEqual([]);
  });
});
