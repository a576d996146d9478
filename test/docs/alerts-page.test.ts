import { describe, expect, it } from 'vitest';
import { channelSection } from '../../src/alerts/channel-configs.ts';
import { CHANNEL_TYPES } from '../../src/alerts/channel.ts';
import { withRulesTable } from '../../src/alerts/rules-table.ts';
import { loadConfig } from '../../src/config/config.ts';
import { codeSpans, fencedBlocks, PROJECT, readProject, sectionOf, tableRows } from './markdown.ts';

const PAGE = readProject('docs/alerts.md');

describe('the page of alerts', () => {
  it('has the rules as they are in the code (npm run docs:alerts)', () => {
    expect(PAGE).toBe(withRulesTable(PAGE));
  });

  it('shows configs that load', () => {
    const blocks = fencedBlocks(PAGE, 'json');
    expect(blocks.length).toBeGreaterThan(0);
    for (const text of blocks) {
      const { config } = loadConfig({ path: 'x.json', env: {}, cwd: PROJECT, readFile: () => text });
      expect(config.alerts.channels.length).toBeGreaterThan(0);
    }
  });

  it('has every type of channel with keys that it takes', () => {
    const rows = tableRows(sectionOf(PAGE, 'Channels'));
    expect(rows.map(([type = '']) => codeSpans(type)[0])).toEqual([...CHANNEL_TYPES]);
    const shapes = new Map(
      channelSection.options.map(({ shape }) => [shape.type.value as string, Object.keys(shape)]),
    );
    for (const [type = '', keys = ''] of rows) {
      const known = shapes.get(codeSpans(type)[0] ?? '') ?? [];
      expect(
        codeSpans(keys).filter((key) => !known.includes(key)),
        type,
      ).toEqual([]);
      expect(codeSpans(keys).length, type).toBeGreaterThan(0);
    }
  });
});
